"""A screen with a timeline on which moments and parts of time are picked out."""

from __future__ import annotations

from dataclasses import replace

from textual import on

from hvconsole.stream.snapshot import Snapshot, TimePart, View
from hvconsole.ui.screens.playback import PlaybackScreen
from hvconsole.ui.screens.said import SaidScreen
from hvconsole.ui.view import measure, part
from hvconsole.ui.view.look import Look, Part
from hvconsole.ui.view.window import Window
from hvconsole.ui.widgets.chart_panel import TimePanel
from hvconsole.ui.widgets.charts import TimelinePanel


class PickedScreen(SaidScreen):
    """Shows the figures of a part of time and its longest switches, the longest on top."""

    ends_with_newest = False


class PickingScreen(PlaybackScreen):
    """Moves a window, a cursor, and a part of time between two moments."""

    def __init__(self) -> None:
        super().__init__()
        self.look = Look()
        self._snapshot: Snapshot | None = None
        self._known: TimePart | None = None

    @property
    def seen(self) -> Snapshot | None:
        """The snapshot that is shown."""
        return self._snapshot

    @property
    def timeline(self) -> TimelinePanel:
        """The timeline."""
        return self.query_one(TimelinePanel)

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

    def action_cursor(self, steps: int) -> None:
        """Move the cursor by cells; it begins at the newest."""
        timeline, window = self.timeline, self.look.window
        cell = window.span_s / max(timeline.columns / 2, 1)
        newest = min(window.left(self._now) + window.span_s, self._now)
        at = newest if timeline.set_cursor_s is None else timeline.set_cursor_s + steps * cell
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

    def action_part(self) -> None:
        """Begin a part of time at the cursor, end it there, or let it go: one after the other."""
        picked = self.look.part
        if picked is not None and picked.to_s is not None:
            self._pick(None)
            return
        if self.timeline.set_cursor_s is None:
            self.action_cursor(0)
        cursor = self.timeline.set_cursor_s
        if cursor is None:
            return
        if picked is None:
            self._pick(Part(cursor))
            self._move(self.look.window.held(self._right))
        elif cursor != picked.from_s:
            self._pick(replace(picked, to_s=cursor))
        else:
            self.notify("move the cursor to the other end first: Shift+Left, Shift+Right",
                        markup=False)  # fmt: skip

    def action_zoom_part(self) -> None:
        """Zoom to the part that is picked out."""
        ends = self._ends()
        if ends is None or ends[0] == ends[1]:
            self.notify("no part of time is picked out", markup=False)
        else:
            self._move(self.look.window.fitting(*ends, self._now))

    def action_inspect(self) -> None:
        """Show figures and longest switches of the picked part, else of what is in view."""
        snapshot = self._snapshot
        if snapshot is None or snapshot.hello is None:
            self.notify("there is no run yet", markup=False)
            return
        left = self.look.window.left(self._now)
        ends = self._ends() or (left, min(left + self.look.window.span_s, self._now))
        found = self._part_of(ends)
        if found is not None:
            self.app.push_screen(PickedScreen(part.span_said(found), part.lines(snapshot, found)))

    @property
    def _now(self) -> float:
        return self._snapshot.now_s if self._snapshot is not None else 0.0

    @property
    def _right(self) -> float:
        """Where the window ends that follows: with the column that holds the newest moment."""
        if self._snapshot is None or not self.look.window.follows:
            return self._now
        return max(self._now, float(self._snapshot.columns.edges_s[-1]))

    def _ends(self) -> tuple[float, float] | None:
        picked = self.look.part
        return picked.ends(self.timeline.set_cursor_s) if picked is not None else None

    def _part_of(self, ends: tuple[float, float]) -> TimePart | None:
        """Return the figures of a part of time; while a view is paused, of what it shows."""
        before = self._known
        if (
            before is not None
            and before.exact
            and before.settled
            and (before.start_s, before.end_s) == ends
        ):
            return before  # what is known of it can only become less
        view = View(columns=1, part_s=ends)
        self._known = self.source.snapshot(view).part
        return self._known

    def _pick(self, picked: Part | None) -> None:
        self._known = None
        self._take(replace(self.look, part=picked))

    def _take(self, look: Look) -> None:
        self.look = look
        self.timeline.part_s = self._ends()
        self.acted()

    def _move(self, window: Window) -> None:
        self._take(replace(self.look, window=window))

    @on(TimePanel.Zoomed)
    def _zoomed(self, event: TimePanel.Zoomed) -> None:
        self._move(self.look.window.zoom(event.steps, self._right, event.at_s))

    @on(TimePanel.Panned)
    def _panned(self, event: TimePanel.Panned) -> None:
        self._move(self.look.window.pan(event.spans, self._right))

    @on(TimePanel.Picked)
    def _picked_part(self, event: TimePanel.Picked) -> None:
        self.look = replace(self.look, window=self.look.window.held(self._right))
        self._pick(Part(event.from_s, event.to_s))
