"""The table of figures and the list of notes as widgets."""

from __future__ import annotations

from textual import events
from textual.message import Message

from hvconsole.stream.snapshot import Snapshot, TimePart, Totals
from hvconsole.ui.chart.cells import Role, Row, selected
from hvconsole.ui.chart.frame import Caption
from hvconsole.ui.chart.scale import Scale
from hvconsole.ui.view.measure import colour_of
from hvconsole.ui.view.notes import damage, notes
from hvconsole.ui.view.part import span_said
from hvconsole.ui.view.table import Table, table
from hvconsole.ui.widgets.painted import Panel

_FRAME_AND_HEAD = 3
_FRAME = 2
_MOST_NOTES = 4


class LaneTable(Panel):
    """Figures of each CPU; a click on a row looks at that CPU alone."""

    class Picked(Message):
        """Somebody clicked on a row; None is the one over all CPUs."""

        def __init__(self, lane: int | None) -> None:
            super().__init__()
            self.lane = lane

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name for it
        super().__init__(id=id)
        self._snapshot: Snapshot | None = None
        self._all = Totals()
        self._lane: int | None = None
        self._scale = Scale(1e3, 1e6, log=True)
        self._table: Table | None = None
        self._first = 0
        self._part: TimePart | None = None

    @property
    def wanted_height(self) -> int:
        """Rows that the table would take if it had them all."""
        lanes = len(self._snapshot.lanes) if self._snapshot is not None else 1
        return max(lanes + (lanes > 1), 1) + _FRAME_AND_HEAD

    def show(
        self,
        snapshot: Snapshot,
        all_lanes: Totals,
        lane: int | None,
        lengths: Scale,
        part: TimePart | None = None,
    ) -> None:
        """Show figures.

        Args:
            snapshot: The values.
            all_lanes: Figures over all lanes.
            lane: The CPU that is looked at, None for all.
            lengths: The scale that colours lengths.
            part: The part of time that the figures are of; None is the whole run.
        """
        self._part = part
        self._snapshot, self._all, self._lane, self._scale = snapshot, all_lanes, lane, lengths
        self.repaint()

    def caption(self) -> Caption:
        """Name the table, and say what was lost on the way and which rows are seen."""
        info = []
        if self._snapshot is not None and (lost := damage(self._snapshot)):
            info.append((f"▲ {lost}", int(Role.WARN)))
        rows, room = self.wanted_height - _FRAME_AND_HEAD, self.size.height - _FRAME_AND_HEAD
        if 0 < room < rows:
            seen = f"rows {self._first + 1}–{self._first + room} of {rows}"
            info.append((seen, int(Role.MUTED)))
        title = "figures" if self._part is None else f"figures of {span_said(self._part)}"
        return Caption(title, info=tuple(info))

    def inside(self, width: int, height: int) -> list[Row]:
        """Return head and as many rows as fit, the selected one among them."""
        if self._snapshot is None:
            return []
        shown = table(self._snapshot, self._all, self._lane, width, colour_of(self._scale))
        self._table = shown
        room = max(height - 1, 0)
        last_first = max(len(shown.body) - room, 0)
        self._first = min(max(shown.selected - room + 1, 0), last_first)
        body = [
            [(text, selected(role)) for text, role in row] if index == shown.selected else row
            for index, row in enumerate(shown.body)
        ]
        return [shown.head, *body[self._first : self._first + room]]

    def on_click(self, event: events.Click) -> None:
        """Look at the CPU of the row under the mouse."""
        row = event.y - 2 + self._first  # the frame and the head
        if self._table is not None and 0 <= row < len(self._table.lanes) and event.y > 1:
            self.post_message(self.Picked(self._table.lanes[row]))


class NotesPanel(Panel):
    """What happened on the board, newest first."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name for it
        super().__init__(id=id)
        self._snapshot: Snapshot | None = None

    def show(self, snapshot: Snapshot) -> None:
        """Show the notes of a snapshot, in no more rows than they need."""
        self._snapshot = snapshot
        self.styles.height = len(notes(snapshot, 1, _MOST_NOTES)) + _FRAME
        self.repaint()

    def caption(self) -> Caption:
        """Name the list."""
        return Caption("notes")

    def inside(self, width: int, height: int) -> list[Row]:
        """Return the newest notes that fit."""
        return notes(self._snapshot, width, height) if self._snapshot is not None else []
