"""A terminal's line discipline: echo, the last letter taken back, Ctrl-C, whole lines."""

from __future__ import annotations

from collections.abc import Callable

_BACKSPACE = b"\x08\x7f"
_INTERRUPT, _END, _KILL = 3, 4, 21
_ENTER = b"\r\n"


class Discipline:
    """Between a line and who reads whole lines.

    Args:
        out: Where the echo goes.
        line: Takes a whole line, without its end.
        interrupt: Ctrl-C was typed.
        end: Ctrl-D was typed on an empty line.

    Attributes:
        echo: Whether what is typed comes back.
    """

    def __init__(
        self,
        out: Callable[[bytes], None],
        line: Callable[[bytes], None],
        interrupt: Callable[[], None],
        end: Callable[[], None],
    ) -> None:
        self._out, self._line, self._interrupt, self._end = out, line, interrupt, end
        self.echo = True
        self._typed = bytearray()

    def feed(self, data: bytes) -> None:
        """Take what was typed."""
        for byte in data:
            self._key(byte)

    def _key(self, byte: int) -> None:
        if byte in _ENTER:
            self._say(b"\r\n")
            typed, self._typed = bytes(self._typed), bytearray()
            self._line(typed)
        elif byte in _BACKSPACE:
            if self._typed:
                self._typed.pop()
                self._say(b"\x08 \x08")
        elif byte == _INTERRUPT:
            self._typed.clear()
            self._say(b"^C")
            self._interrupt()
        elif byte == _END:
            if not self._typed:
                self._end()
        elif byte == _KILL:
            self._say(b"\x08 \x08" * len(self._typed))
            self._typed.clear()
        else:
            self._typed.append(byte)
            self._say(bytes([byte]))

    def _say(self, data: bytes) -> None:
        if self.echo:
            self._out(data)


def for_terminal(data: bytes) -> bytes:
    """Return what a program writes as a terminal gets it: each line's end is CR LF."""
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
