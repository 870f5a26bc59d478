"""A panel of rows of which one is selected, with keys and mouse."""

from __future__ import annotations

from textual import events
from textual.message import Message

from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.chart.frame import Caption, Pieces
from hvconsole.ui.view.guests import Item
from hvconsole.ui.view.line import middle
from hvconsole.ui.widgets.painted import Panel

_FRAME = 1


class ItemPanel(Panel):
    """Shows rows that stand for something; scrolls so that the selected one is seen.

    Args:
        title: What stands in the frame.
    """

    class Picked(Message):
        """Somebody clicked on something; twice means to act on it."""

        def __init__(self, item: Item, *, act: bool) -> None:
            super().__init__()
            self.item = item
            self.act = act

    def __init__(self, title: str, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name for it
        super().__init__(id=id)
        self._title = title
        self._info: Pieces = ()
        self._lines: list[tuple[Item, Row]] = []
        self._chosen: Item | None = None
        self._empty = ""
        self._first = 0

    @property
    def wanted_height(self) -> int:
        """Rows it would take if it had them all."""
        return max(len(self._lines), 1) + 2

    def show(
        self,
        lines: list[tuple[Item, Row]],
        chosen: Item | None,
        *,
        title: str = "",
        info: Pieces = (),
        empty: str = "",
    ) -> None:
        """Show rows, `empty` where there are none."""
        self._lines, self._chosen, self._empty = lines, chosen, empty
        self._title, self._info = title or self._title, info
        self.repaint()

    def caption(self) -> Caption:
        """Name the list, and say which rows are seen."""
        room = self.size.height - 2
        info = list(self._info)
        if 0 < room < len(self._lines):
            seen = f"rows {self._first + 1}–{self._first + room} of {len(self._lines)}"
            info.append((seen, int(Role.MUTED)))
        return Caption(self._title, info=tuple(info))

    def inside(self, width: int, height: int) -> list[Row]:
        """Return as many rows as fit, the selected one among them."""
        if not self._lines:
            return middle(self._empty, width, height) if self._empty else []
        at = next((n for n, (item, _) in enumerate(self._lines) if item == self._chosen), 0)
        self._first = min(self._first, at, max(len(self._lines) - height, 0))
        self._first = max(self._first, at - height + 1, 0)
        return [row for _, row in self._lines[self._first : self._first + height]]

    def on_click(self, event: events.Click) -> None:
        """Select what is under the mouse; a double click acts on it."""
        at = event.y - _FRAME + self._first
        if event.y >= _FRAME and 0 <= at < len(self._lines):
            self.post_message(self.Picked(self._lines[at][0], act=event.chain > 1))
