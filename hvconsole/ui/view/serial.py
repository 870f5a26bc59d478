"""What a serial console's terminal shows: any bytes in, a screen of plain characters out."""

from __future__ import annotations

from collections import deque
from typing import Any

import pyte

from hvconsole.link.serial_name import link_name
from hvconsole.model.status import Status
from hvconsole.model.text import plain

SCROLLBACK = 2000
MOST_A_FRAME = 8 << 10

_KEYS = {
    "enter": b"\r",
    "tab": b"\t",
    "shift+tab": b"\x1b[Z",
    "escape": b"\x1b",
    "backspace": b"\x7f",
    "delete": b"\x1b[3~",
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "right": b"\x1b[C",
    "left": b"\x1b[D",
    "home": b"\x1b[H",
    "end": b"\x1b[F",
    "pageup": b"\x1b[5~",
    "pagedown": b"\x1b[6~",
    "insert": b"\x1b[2~",
}


class _Screen(pyte.Screen):
    """Keeps what scrolls out at the top."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self.past: deque[str] = deque(maxlen=SCROLLBACK)

    def index(self) -> None:
        """Go a line down; at the bottom everything scrolls."""
        if self.margins is None and self.cursor.y == self.lines - 1:
            row = self.buffer[0]
            self.past.append("".join(row[x].data for x in range(self.columns)).rstrip())
        super().index()


class Terminal:
    """A terminal without a screen of its own.

    Titles, clipboards and answers to queries go nowhere: only characters get out.
    What is more than `MOST_A_FRAME` bytes when a frame is due is skipped, and counted.

    Attributes:
        skipped: Bytes that were never shown; the log has them.
        back: How many lines the view is scrolled back.
    """

    def __init__(self, columns: int = 80, lines: int = 24) -> None:
        self.skipped = 0
        self.back = 0
        self._screen = _Screen(columns, lines)
        self._stream: Any = pyte.ByteStream(self._screen)
        self._waiting = bytearray()

    def feed(self, data: bytes) -> None:
        """Take bytes as they came; they are shown with the next frame."""
        self._waiting += data
        if (excess := len(self._waiting) - MOST_A_FRAME) > 0:
            del self._waiting[:excess]
            self.skipped += excess

    def settle(self) -> bool:
        """Take what came since the last frame; return whether there was anything."""
        if not self._waiting:
            return False
        data = bytes(self._waiting)
        self._waiting.clear()
        try:
            self._stream.feed(data)
        except Exception:  # noqa: BLE001  # hostile sequences meet bugs of the parser: start it anew
            self._stream = pyte.ByteStream(self._screen)
        return True

    def resize(self, columns: int, lines: int) -> None:
        """Take another size, in cells."""
        if columns > 0 and lines > 0:
            self._screen.resize(lines, columns)

    def scroll(self, lines: int) -> None:
        """Go back by lines, forward if negative."""
        self.back = min(max(self.back + lines, 0), len(self._screen.past))

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        return self._screen.columns, self._screen.lines

    @property
    def cursor(self) -> tuple[int, int] | None:
        """Column and line of the cursor; None where it is not seen."""
        hidden = self.back > 0 or self._screen.cursor.hidden
        return None if hidden else (self._screen.cursor.x, self._screen.cursor.y)

    def rows(self) -> list[str]:
        """Return the lines that are seen, as text that a terminal shows and nothing else."""
        screen = self._screen
        now = [
            "".join(screen.buffer[y][x].data for x in range(screen.columns))
            for y in range(screen.lines)
        ]
        if self.back:
            past = list(screen.past)
            now = [*past[len(past) - self.back :], *now][: screen.lines]
        return [_indented(row, screen.columns) for row in now]


def _indented(row: str, columns: int) -> str:
    """Make a row safe to show, its indentation kept."""
    text = row.rstrip()
    indent = len(text) - len(text.lstrip(" "))
    return " " * indent + plain(text, columns - indent)


def key_bytes(key: str, character: str | None) -> bytes | None:
    """Return what a key sends down the line; None for keys that send nothing.

    Args:
        key: Textual's name of the key.
        character: The character it makes, if any.
    """
    if key in _KEYS:
        return _KEYS[key]
    if key.startswith("ctrl+") and len(key) == len("ctrl+a") and key[-1].isalpha():
        return bytes([ord(key[-1].upper()) & 0x1F])
    return character.encode("utf-8", "replace") if character else None


def refusal(status: Status, line: str) -> str:
    """Return why nothing may be typed now; empty if it may.

    Args:
        status: The state of affairs.
        line: Name of the serial line.
    """
    if status.read_only:
        return "read-only: typing could change the board"
    if status.link == "connected" and status.link_detail == link_name(line):
        doing = "a run measures" if status.run in {"preparing", "running"} else "the session works"
        return f"{doing} over this line: typing would spoil it"
    return ""
