"""A panel that lists things by key: a head, rows, one of them selected; keys and mouse."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from hvconsole.ui.chart.cells import Role, Row, selected
from hvconsole.ui.chart.frame import Caption, Pieces
from hvconsole.ui.view.line import middle
from hvconsole.ui.widgets.painted import Panel

_FRAME = 1


class RowsPanel(Panel):
    """Shows rows that stand for something; scrolls so that the selected one is seen.

    Args:
        title: What stands in the frame.
        alone: It is the only list of its screen: the selected row is marked without the focus, too.
    """

    class Picked(Message):
        """Somebody clicked on a row; twice means to act on it."""

        def __init__(self, panel: RowsPanel, key: str, *, act: bool) -> None:
            super().__init__()
            self.panel = panel
            self.key = key
            self.act = act

    def __init__(
        self,
        title: str,
        *,
        id: str | None = None,  # noqa: A002  # Textual's name for it
        alone: bool = True,
    ) -> None:
        super().__init__(id=id)
        self._alone = alone
        self.title = title
        self.chosen = ""
        self._wanted = ""
        self._info: Pieces = ()
        self._head: Row = []
        self._lines: list[tuple[str, Row]] = []
        self._empty = ""
        self._first = 0
        self._room = 1

    @property
    def keys(self) -> list[str]:
        """What the rows stand for, in order."""
        return [key for key, _ in self._lines]

    @property
    def width_inside(self) -> int:
        """Cells across between the edges of the frame."""
        return max(self.size.width - 2, 0)

    @property
    def page(self) -> int:
        """Rows that are seen at once."""
        return self._room

    def show(
        self,
        lines: Sequence[tuple[str, Row]],
        *,
        head: Row | None = None,
        info: Pieces = (),
        empty: str = "",
    ) -> None:
        """Show rows, `empty` where there are none; the selected key stays if it is still there."""
        at = self._at
        self._lines, self._head = list(lines), head or []
        self._info, self._empty = info, empty
        keys = self.keys
        if self._wanted in keys:
            self.chosen, self._wanted = self._wanted, ""
        if self.chosen not in keys:
            self.chosen = keys[min(at, len(keys) - 1)] if keys else ""
        self.repaint()

    def choose(self, key: str) -> None:
        """Select a row, or one that is about to be shown."""
        self._wanted = "" if key in self.keys else key
        if not self._wanted:
            self.chosen = key
            self.repaint()

    def move(self, steps: int) -> None:
        """Select a row further down (positive) or up."""
        keys = self.keys
        if keys:
            self.choose(keys[min(max(self._at + steps, 0), len(keys) - 1)])

    def caption(self) -> Caption:
        """Name the list, and say which rows are seen."""
        info = list(self._info)
        if 0 < self._room < len(self._lines):
            seen = f"{self._first + 1}–{self._first + self._room} of {len(self._lines)}"
            info.append((seen, int(Role.MUTED)))
        return Caption(self.title, info=tuple(info))

    def inside(self, width: int, height: int) -> list[Row]:
        """Return the head and as many rows as fit, the selected one among them."""
        if not self._lines:
            return middle(self._empty, width, height) if self._empty else []
        head = [self._head] if self._head else []
        self._room = room = max(height - len(head), 1)
        at = self._at
        self._first = min(self._first, at, max(len(self._lines) - room, 0))
        self._first = max(self._first, at - room + 1, 0)
        seen = self._lines[self._first : self._first + room]
        return [*head, *(self._shown(key, row) for key, row in seen)]

    def on_click(self, event: events.Click) -> None:
        """Select what is under the mouse; a double click acts on it."""
        row = event.y - _FRAME - bool(self._head)
        at = row + self._first
        if row >= 0 and at < len(self._lines):
            self.choose(self._lines[at][0])
            self.post_message(self.Picked(self, self._lines[at][0], act=event.chain > 1))

    @property
    def _at(self) -> int:
        keys = self.keys
        return keys.index(self.chosen) if self.chosen in keys else 0

    def _shown(self, key: str, row: Row) -> Row:
        if key != self.chosen or not (self._alone or self.has_focus):
            return row
        return [(text, selected(role)) for text, role in row]
