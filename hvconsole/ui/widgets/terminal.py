"""A terminal on the screen."""

from __future__ import annotations

from textual import events
from textual.message import Message

from hvconsole.ui.chart.cells import Role, Row, selected
from hvconsole.ui.chart.frame import Caption
from hvconsole.ui.view.line import pad
from hvconsole.ui.view.serial import Terminal, key_bytes
from hvconsole.ui.widgets.painted import Panel

PREFIX = "ctrl+right_square_bracket"


class TerminalPanel(Panel):
    """Shows a terminal; every key but the prefix is the board's."""

    class Typed(Message):
        """Bytes for the board."""

        def __init__(self, data: bytes, *, pasted: bool = False) -> None:
            super().__init__()
            self.data = data
            self.pasted = pasted

    class Commanded(Message):
        """A key for the console came after the prefix, or the prefix itself."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, terminal: Terminal, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name for it
        super().__init__(id=id)
        self.terminal = terminal
        self.title = "serial"
        self.state = ""
        self.prefixed = False

    def caption(self) -> Caption:
        """Name the line; say how it is."""
        return Caption(self.title, info=((self.state, int(Role.MUTED)),))

    def inside(self, width: int, height: int) -> list[Row]:
        """Return the terminal's lines, the cursor reversed."""
        if (width, height) != self.terminal.size:
            self.terminal.resize(width, height)
        cursor = self.terminal.cursor
        return [
            self._row(text, cursor[0] if cursor and cursor[1] == y else None, width)
            for y, text in enumerate(self.terminal.rows())
        ]

    def on_key(self, event: events.Key) -> None:
        """Pass keys on; none of the console's bindings sees them."""
        event.stop()
        event.prevent_default()
        if self.prefixed or event.key == PREFIX:
            self.post_message(self.Commanded(event.key))
        elif event.key in {"shift+pageup", "shift+pagedown"}:
            page = max(self.size.height - 3, 1)
            self.terminal.scroll(page if event.key == "shift+pageup" else -page)
            self.repaint()
        elif (data := key_bytes(event.key, event.character)) is not None:
            self.terminal.back = 0
            self.post_message(self.Typed(data))

    def on_paste(self, event: events.Paste) -> None:
        """Ask before a text from elsewhere is typed."""
        event.stop()
        self.post_message(self.Typed(event.text.replace("\n", "\r").encode(), pasted=True))

    @staticmethod
    def _row(text: str, column: int | None, width: int) -> Row:
        if column is None:
            return pad([(text, int(Role.TEXT))], width)
        text = text.ljust(width)
        at = min(column, max(width - 1, 0))
        role = selected(int(Role.TEXT))
        return pad(
            [
                (text[:at], int(Role.TEXT)),
                (text[at : at + 1], role),
                (text[at + 1 :], int(Role.TEXT)),
            ],
            width,
        )
