"""The Measure screen: what takes the CPU away, live or from a recording."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from hvconsole.model.problem import BoardProblem
from hvconsole.stream.snapshot import Snapshot, Totals, View
from hvconsole.ui.actions import bindings
from hvconsole.ui.screens.picking import PickingScreen
from hvconsole.ui.source import Status
from hvconsole.ui.view import banner, measure, runs, table, tracing as traced
from hvconsole.ui.view.curves import PICTURES, next_picture
from hvconsole.ui.view.keys import Bound
from hvconsole.ui.view.look import Look
from hvconsole.ui.widgets.bars import Banner
from hvconsole.ui.widgets.chart_panel import ChartPanel
from hvconsole.ui.widgets.charts import CurvePanel, HistogramPanel, RatePanel, TimelinePanel
from hvconsole.ui.widgets.painted import Panel
from hvconsole.ui.widgets.problem import ProblemPanel
from hvconsole.ui.widgets.rows import RowsPanel
from hvconsole.ui.widgets.tables import LaneTable, NotesPanel

_FIGURES_EVERY_S = 0.5  # figures that change faster cannot be read


class MeasureScreen(PickingScreen):
    """Timeline, rate, lengths, curves and figures of one run, or the table of runs."""

    CSS_PATH: ClassVar = ["base.tcss", "measure.tcss"]
    AUTO_FOCUS = "#timeline"
    BINDINGS: ClassVar[list[BindingType]] = bindings("measure")
    # Textual declares these two as if they belonged to instances.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (66, "-medium"), (120, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (23, "-short"), (34, "-tall")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Look, View] | None = None
        self._all = Totals()
        self._received = 0
        self._figures_at = 0.0
        self._lane_shown = -1
        self._charts: tuple[ChartPanel, ...] = ()

    def body(self) -> ComposeResult:
        """Yield charts, figures and notes, and the seek bar of a recording."""
        yield TimelinePanel(id="timeline")
        with Horizontal(id="middle"):
            yield RatePanel(id="rate")
            yield HistogramPanel(id="lengths")
            yield CurvePanel(id="curves")
        yield LaneTable(id="figures")
        yield RowsPanel("runs", id="runs")
        yield NotesPanel(id="notes")
        yield from self.seek_bar()

    def frame(self, status: Status) -> None:
        """Pull a snapshot if anything changed, and show it."""
        self._pull()
        self._explain(status)
        self._show_figures()
        self.show_position()

    def bound(self) -> list[Bound]:
        """Return what the keys do now, in words that fit the moment."""
        return [self._worded(one) for one in super().bound()]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what a recording cannot do."""
        if action in {"toggle_run", "xentrace"}:
            return self.source.playback is None
        return super().check_action(action, parameters)

    def action_toggle_run(self) -> None:
        """Start a run, or end the running one."""
        state = self.source.status.run
        if state in {"idle", "ended"}:
            self._take(self.look.resume())
            self.attempt(self.source.start_run(), "run")
        elif state == "running":
            self.attempt(self.source.stop_run(), "run")
        # While it is being prepared or ended, a second press would undo the first.

    def action_xentrace(self) -> None:
        """Trace Xen's scheduler beside this run and those that follow, or no more."""
        self.attempt(self._trace_or_not(), "xentrace")

    def action_pause(self) -> None:
        """Hold the view still, or let it go on."""
        if self.look.paused:
            self._take(self.look.resume())
        elif self._snapshot is not None:
            self._take(self.look.pause(self._snapshot))

    def action_copy(self) -> None:
        """Copy the problem that is shown, else the figures."""
        problem = self.query_one(ProblemPanel).problem
        if problem is not None:
            self.app.copy_to_clipboard("\n".join(problem.lines()))
            self.notify("problem copied", markup=False)
        elif self._snapshot is not None and self.look.runs:
            self.host.copy(runs.as_text(self._snapshot, self._all), "table of runs")
        elif self._snapshot is not None:
            shown, totals = self._of_part(self._snapshot, self._all)
            self.app.copy_to_clipboard(table.as_text(shown, totals))
            self.notify("figures copied, tab-separated, lengths in ns", markup=False)

    def action_follow(self) -> None:
        """Follow the newest; a paused view goes on."""
        self._take(self.look.follow())

    def action_reset(self) -> None:
        """Go back to how the screen began; a paused view stays paused."""
        self.timeline.cursor_s = None
        self._take(self.look.reset(self._right))

    def action_scale(self) -> None:
        """Change between logarithmic and linear lengths."""
        self._take(replace(self.look, logarithmic=not self.look.logarithmic))

    def action_apart(self) -> None:
        """Give each CPU a lane of its own in the timeline, or lay them over each other."""
        if len(self._cpus()) < 2 and not self.look.apart:  # noqa: PLR2004  # nothing to part
            self.notify("only one CPU is measured", markup=False)
            return
        self._take(replace(self.look, apart=not self.look.apart))

    def action_picture(self) -> None:
        """Show another picture of the lengths: histogram, at most so long, longer than."""
        look = self.look
        both = self.has_class("-wide")
        if both or look.curves:
            after = next_picture(look.picture)
            back = not both and after == PICTURES[0]
            look = replace(look, picture=after, curves=not back)
        else:
            look = replace(look, curves=True)
        self._take(look)

    def action_runs(self) -> None:
        """Show the table of runs instead of the figures, or the figures again."""
        self._figures_at = 0.0
        self._take(replace(self.look, runs=not self.look.runs))

    def action_maximise(self) -> None:
        """Give the panel that has the focus all the room, or give it back."""
        if not self._restore() and isinstance(self.focused, Panel):
            self.add_class("-maximised")
            self.focused.add_class("-max")
            self.query_one("#middle").set_class(self.focused.parent is not self, "-max")

    def action_back(self) -> None:
        """Close what is on top: problem, maximised panel, picked part, cursor."""
        if self.put_problem_away() or self._restore():
            return
        if self.look.part is not None:
            self._figures_at = 0.0
            self._pick(None)
        else:
            self.timeline.cursor_s = None

    def action_next_lane(self, steps: int) -> None:
        """Go to another row of the table."""
        rows: list[int | None] = [*self._cpus(), None]
        if len(rows) > 2:  # noqa: PLR2004  # a single CPU and the row over all are the same
            at = rows.index(self.look.lane) if self.look.lane in rows else -1
            self._choose(rows[(at + steps) % len(rows)])

    def action_pick_lane(self, row: int) -> None:
        """Look at the CPU in a row of the table; 0 at all."""
        cpus = self._cpus()
        if row == 0:
            self._choose(None)
        elif row <= len(cpus) and len(cpus) > 1:
            self._choose(cpus[row - 1])

    @on(LaneTable.Picked)
    def _picked(self, event: LaneTable.Picked) -> None:
        self._choose(event.lane)

    async def _trace_or_not(self) -> None:
        tracing = self.source.tracing
        if tracing is None:
            raise BoardProblem(
                "Xen's scheduler cannot be traced here", hint="connect to a board: F5"
            )
        on = await tracing.toggle()
        self.notify(traced.say_toggled(tracing.state, on, tracing.cost), markup=False, timeout=12)
        self._figures_at = 0.0
        self.acted()

    def _cpus(self) -> list[int]:
        return sorted(self._snapshot.lanes) if self._snapshot is not None else []

    def _choose(self, lane: int | None) -> None:
        self._figures_at = 0.0
        self._take(replace(self.look, lane=lane))

    def _pull(self) -> None:
        view = self.look.view(self.timeline.columns)
        same = self._shown == (self.look, view)
        if same and self.look.paused:
            return
        fresh = self.source.snapshot(view)
        before = self._snapshot
        if before is not None:
            known = fresh.version == before.version and self._lane_version == self._lane_shown
            if same and known:
                return
            if fresh.hello != before.hello:
                self.look, self._figures_at = self.look.anew(), 0.0
                self.timeline.cursor_s = None
        self._snapshot, self._shown = self.look.of(fresh), (self.look, view)
        self._lane_shown = self._lane_version
        self._show_charts(self._snapshot)

    @property
    def _lane_version(self) -> int:
        """Changes when more is known of who had the CPUs: that comes later than the samples."""
        lane = self.source.vcpus
        return lane.version if lane is not None else -1

    def _show_charts(self, snapshot: Snapshot) -> None:
        colours = measure.lengths(snapshot, log=True)
        scale = colours if self.look.logarithmic else measure.lengths(snapshot, log=False)
        self.timeline.lanes = self.look.lanes
        self.timeline.part_s = self._ends()
        self.timeline.vcpus = self.source.vcpus
        tracing = self.source.tracing
        self.timeline.trace = tracing.state if tracing is not None else None
        self.query_one(CurvePanel).picture = self.look.picture
        self.set_class(self.look.curves, "-curves")
        if not self._charts:
            self._charts = tuple(self.query(ChartPanel))  # takes as long as to draw one
        for chart in self._charts:
            chart.show(snapshot, self.look.window, scale, colours)

    def _explain(self, status: Status) -> None:
        """Say why there is nothing to see, where there is nothing."""
        started = self._snapshot is not None and self._snapshot.hello is not None
        keys = self.keys_of("run.toggle")
        message = "" if started else measure.why_empty(status, keys[0] if keys else "")
        self.timeline.say(message)

    def _show_figures(self) -> None:
        """Bring figures, notes and the banner up to date, twice a second at most."""
        now, snapshot = time.monotonic(), self._snapshot
        as_before = self.query_one("#banner", Banner).display == self.look.paused
        if snapshot is None or (as_before and now - self._figures_at < _FIGURES_EVERY_S):
            return
        self._figures_at = now
        live = not self.look.paused and self.look.lane is None
        newest = snapshot.totals if live else self.source.snapshot(View(columns=1)).totals
        received = newest.received + newest.dropped
        if not self.look.paused:
            self._all, self._received = newest, received
        self._show_tables(snapshot)
        self.query_one(NotesPanel).show(snapshot)
        self._show_pause(received - self._received)

    def _show_tables(self, snapshot: Snapshot) -> None:
        figures, table_of_runs = self.query_one(LaneTable), self.query_one(RowsPanel)
        colours = measure.lengths(snapshot, log=True)
        shown, totals = self._of_part(snapshot, self._all)
        figures.show(shown, totals, self.look.lane, colours, shown.part)
        most = max(self.size.height // 3, 5)
        figures.styles.height = min(figures.wanted_height, most)
        self.set_class(self.look.runs, "-runs")
        if self.look.runs:
            width, colour = table_of_runs.width_inside, measure.colour_of(colours)
            head, rows = runs.run_rows(snapshot, self._all, colour, width)
            table_of_runs.show(rows, head=head, empty="no run yet")
            table_of_runs.choose(rows[-1][0] if rows else "")
            table_of_runs.styles.height = min(max(len(rows) + 3, 5), most)

    def _of_part(self, snapshot: Snapshot, totals: Totals) -> tuple[Snapshot, Totals]:
        """Return the figures of the part that is picked out, where there is one."""
        ends = self._ends()
        found = self._part_of(ends) if ends is not None and ends[0] < ends[1] else None
        if found is None:
            return snapshot, totals
        return replace(snapshot, lanes=found.lanes, part=found), found.totals

    def _show_pause(self, since: int) -> None:
        keys = self.keys_of("view.pause") or self.keys_of("time.follow")
        row = banner.paused(self._now, since, keys[0] if keys else "", self.size.width)
        self.query_one("#banner", Banner).show([row] if self.look.paused else [])

    def _restore(self) -> bool:
        """Give the room back; tell whether a panel was maximised."""
        if not self.has_class("-maximised"):
            return False
        self.remove_class("-maximised")
        self.query(".-max").remove_class("-max")
        return True

    def _worded(self, one: Bound) -> Bound:
        if one.id == "run.toggle" and self.source.status.run in {"preparing", "running"}:
            return replace(one, label="stop")
        if one.id == "view.pause" and self.look.paused:
            return replace(one, label="resume")
        return one
