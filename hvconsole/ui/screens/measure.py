"""The Measure screen: what takes the CPU away, live or from a recording."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from hvconsole.stream.snapshot import Snapshot, Totals, View
from hvconsole.ui.actions import bindings
from hvconsole.ui.screens.playback import PlaybackScreen
from hvconsole.ui.source import Status
from hvconsole.ui.view import banner, measure, table
from hvconsole.ui.view.keys import Bound
from hvconsole.ui.view.look import Look
from hvconsole.ui.view.window import Window
from hvconsole.ui.widgets.bars import Banner
from hvconsole.ui.widgets.charts import ChartPanel, HistogramPanel, RatePanel, TimelinePanel
from hvconsole.ui.widgets.painted import Panel
from hvconsole.ui.widgets.problem import ProblemPanel
from hvconsole.ui.widgets.tables import LaneTable, NotesPanel

_FIGURES_EVERY_S = 0.5  # figures that change faster cannot be read


class MeasureScreen(PlaybackScreen):
    """Timeline, rate, histogram and figures of one run."""

    CSS_PATH: ClassVar = ["base.tcss", "measure.tcss"]
    AUTO_FOCUS = "#timeline"
    BINDINGS: ClassVar[list[BindingType]] = bindings("measure")
    # Textual declares these two as if they belonged to instances.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (66, "-medium"), (120, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (23, "-short"), (34, "-tall")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.look = Look()
        self._snapshot: Snapshot | None = None
        self._shown: tuple[Look, View] | None = None
        self._all = Totals()
        self._received = 0
        self._figures_at = 0.0

    @property
    def seen(self) -> Snapshot | None:
        """The snapshot that is shown."""
        return self._snapshot

    @property
    def timeline(self) -> TimelinePanel:
        """The timeline."""
        return self.query_one(TimelinePanel)

    def body(self) -> ComposeResult:
        """Yield charts, figures and notes, and the seek bar of a recording."""
        yield TimelinePanel(id="timeline")
        with Horizontal(id="middle"):
            yield RatePanel(id="rate")
            yield HistogramPanel(id="lengths")
        yield LaneTable(id="figures")
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
        if action == "toggle_run":
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
        elif self._snapshot is not None:
            self.app.copy_to_clipboard(table.as_text(self._snapshot, self._all))
            self.notify("figures copied, tab-separated, lengths in ns", markup=False)

    def action_zoom(self, steps: int) -> None:
        """Zoom about the cursor that was set, else about what the window holds on to.

        Not about the pointer: it may rest anywhere, and following must not end by accident.
        """
        self._move(self.look.window.zoom(steps, self._right, self.timeline.set_cursor_s))

    def action_pan(self, spans: float) -> None:
        """Go to earlier or later times."""
        self._move(self.look.window.pan(spans, self._right))

    def action_begin(self) -> None:
        """Go to the run's beginning."""
        self._move(replace(self.look.window, start_s=0.0))

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

    def action_cursor(self, steps: int) -> None:
        """Move the cursor by cells; it begins at the newest."""
        timeline, window = self.timeline, self.look.window
        cell = window.span_s / max(timeline.columns / 2, 1)
        newest = min(window.left(self._now) + window.span_s, self._now)
        at = newest if timeline.cursor_s is None else timeline.cursor_s + steps * cell
        timeline.cursor_s = max(min(at, self._now), 0.0)
        self._move(window.showing(timeline.cursor_s, self._now))

    def action_longest(self) -> None:
        """Put the cursor on the longest switch in view; the view then stays there."""
        if self._snapshot is None:
            return
        moment = measure.longest_moment(self._snapshot.columns)
        if moment is None:
            self.notify("no switch in view", markup=False)
            return
        self.timeline.cursor_s = moment
        self._move(self.look.window.held(self._right))

    def action_maximise(self) -> None:
        """Give the panel that has the focus all the room, or give it back."""
        if not self._restore() and isinstance(self.focused, Panel):
            self.add_class("-maximised")
            self.focused.add_class("-max")
            self.query_one("#middle").set_class(self.focused.parent is not self, "-max")

    def action_back(self) -> None:
        """Close what is on top: problem, maximised panel, cursor."""
        if not self.put_problem_away() and not self._restore():
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

    @on(TimelinePanel.Zoomed)
    def _zoomed(self, event: TimelinePanel.Zoomed) -> None:
        self._move(self.look.window.zoom(event.steps, self._right, event.at_s))

    @on(TimelinePanel.Panned)
    def _panned(self, event: TimelinePanel.Panned) -> None:
        self._move(self.look.window.pan(event.spans, self._right))

    @on(LaneTable.Picked)
    def _picked(self, event: LaneTable.Picked) -> None:
        self._choose(event.lane)

    @property
    def _now(self) -> float:
        return self._snapshot.now_s if self._snapshot is not None else 0.0

    @property
    def _right(self) -> float:
        """Where the window ends that follows: with the column that holds the newest moment."""
        if self._snapshot is None or not self.look.window.follows:
            return self._now
        return max(self._now, float(self._snapshot.columns.edges_s[-1]))

    def _cpus(self) -> list[int]:
        return sorted(self._snapshot.lanes) if self._snapshot is not None else []

    def _take(self, look: Look) -> None:
        self.look = look
        self.tick()

    def _move(self, window: Window) -> None:
        self._take(replace(self.look, window=window))

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
            if same and fresh.version == before.version:
                return
            if fresh.hello != before.hello:
                self.look, self._figures_at = self.look.anew(), 0.0
                self.timeline.cursor_s = None
        self._snapshot, self._shown = self.look.of(fresh), (self.look, view)
        self._show_charts(self._snapshot)

    def _show_charts(self, snapshot: Snapshot) -> None:
        colours = measure.lengths(snapshot, log=True)
        scale = colours if self.look.logarithmic else measure.lengths(snapshot, log=False)
        self.timeline.lanes = self.look.lanes
        # Only a recording with Xen's scheduler records has one.
        self.timeline.vcpus = getattr(self.source, "vcpus", None)
        for chart in self.query(ChartPanel):
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
        newest = self.source.snapshot(View(columns=1)).totals
        received = newest.received + newest.dropped
        if not self.look.paused:
            self._all, self._received = newest, received
        figures = self.query_one(LaneTable)
        figures.show(snapshot, self._all, self.look.lane, measure.lengths(snapshot, log=True))
        figures.styles.height = min(figures.wanted_height, max(self.size.height // 3, 5))
        self.query_one(NotesPanel).show(snapshot)
        self._show_pause(received - self._received)

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
