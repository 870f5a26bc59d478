"""A terminal on the screen."""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.strip import Strip

from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.chart.frame import Pieces
from hvconsole.ui.host import host_of
from hvconsole.ui.view.line import pad
from hvconsole.ui.view.serial_look import Look
from hvconsole.ui.view.serial_rows import PEN, rows
from hvconsole.ui.widgets.painted import Painted
from hvconsole.ui.widgets.terminal_style import Pens

_MOST_STRIPS = 1024
_WHEEL_LINES = 3


class TerminalPanel(Painted, can_focus=True):
    """Shows a terminal over its full width, under a line that names it.

    Keys and pasted texts go to whoever is given here at once, not by way of messages: typing
    does not wait for what else is to be done.

    Args:
        look: What is seen of which terminal.
        key: Takes every key.
        paste: Takes every pasted text.

    Attributes:
        title: Names the line.
        info: Says how it is.
        overlay: Rows that cover the lowest of the terminal.
    """

    exact = True

    def __init__(
        self,
        look: Look,
        key: Callable[[events.Key], None],
        paste: Callable[[str], None],
        *,
        id: str | None = None,  # noqa: A002  # Textual's name for it
    ) -> None:
        super().__init__(id=id)
        self.look = look
        self.title = "serial"
        self.info: Pieces = ()
        self.overlay: list[Row] = []
        self._key, self._paste = key, paste
        self._pens: Pens | None = None
        self._made: dict[tuple[tuple[str, int], ...], Strip] = {}

    def rows(self, width: int, height: int) -> list[Row]:
        """Return the title and the terminal's lines, the cursor reversed."""
        room = max(height - 1, 1)
        self.fit()
        inside = rows(self.look, width, room, cursor=self.has_focus)
        if self.overlay:
            covered = [pad(row, width) for row in self.overlay[-room:]]
            inside[room - len(covered) :] = covered
        return [self._top(width), *inside]

    def fit(self) -> None:
        """Give the terminal the size that there is room for."""
        size = self.size.width, max(self.size.height - 1, 1)
        if self.size and size != self.look.terminal.size:
            self.look.terminal.resize(*size)

    def repaint(self) -> None:
        """Paint anew; rows that changed one below the other are sent as one region."""
        if not self.is_mounted or not self.display or not self.size:
            super().repaint()
            return
        changed = self._paint()
        if changed is None:
            self.refresh()
        elif changed:
            self.refresh(*_regions(changed, self.size.width))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return rows for Textual's compositor; without borders there is nothing to add."""
        strips = [self.render_line(y) for y in crop.line_range]
        background = self.background_colors[1]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        if crop.column_span != (0, self.size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def _top(self, width: int) -> Row:
        edge = int(Role.FOCUS if self.has_focus else Role.FRAME)
        left = f"─ {self.title} "
        info = [(f" {text} ", role) for text, role in self.info if text]
        while info and len(left) + sum(len(text) for text, _ in info) + 1 > width:
            info.pop(0)
        line = width - len(left) - sum(len(text) for text, _ in info) - 1
        row: Row = [
            ("─ ", edge),
            (left[2:], int(Role.TITLE)),
            ("─" * max(line, 0), edge),
            *info,
            ("─", edge),
        ]
        return pad(row, width)

    def on_key(self, event: events.Key) -> None:
        """Pass keys on; none of the console's bindings sees them."""
        event.stop()
        event.prevent_default()
        self._key(event)

    def on_paste(self, event: events.Paste) -> None:
        """Pass a pasted text on."""
        event.stop()
        self._paste(event.text)

    def on_focus(self, _event: events.Focus) -> None:
        """Show the focus."""
        self.repaint()

    def on_blur(self, _event: events.Blur) -> None:
        """Show that the focus is gone."""
        self.repaint()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Go back."""
        self._scroll(_WHEEL_LINES, event)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Go forward."""
        self._scroll(-_WHEEL_LINES, event)

    def _scroll(self, lines: int, event: events.MouseEvent) -> None:
        event.stop()
        self.look.scroll(lines)
        self.repaint()

    def _strip(self, row: Row, width: int, styles: tuple[Style, ...]) -> Strip:
        """Return a row as Textual paints it: of lines that only moved, the one made before."""
        pens = self._pens
        if pens is None or pens.palette is not host_of(self).palette:
            pens = self._pens = Pens(host_of(self).palette)
            self._made.clear()
        key = (*row, (str(width), -1))
        strip = self._made.get(key)
        if strip is None:
            if len(self._made) >= _MOST_STRIPS:
                self._made.clear()
            segments = [
                Segment(text, pens.style(role ^ PEN) if role >= PEN else styles[role])
                for text, role in row
            ]
            strip = self._made[key] = Strip(segments, width)
        return strip


def _regions(rows: list[int], width: int) -> list[Region]:
    """Return regions that cover some rows, ascending, and no others."""
    out: list[Region] = []
    begin = 0
    for at in range(1, len(rows) + 1):
        if at == len(rows) or rows[at] != rows[at - 1] + 1:
            out.append(Region(0, rows[begin], width, at - begin))
            begin = at
    return out
