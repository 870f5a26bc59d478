"""Xvisor's line editor: keys in, echo out, whole lines handed on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

LONGEST: Final = 256
_HISTORY: Final = 10
_ESCAPE: Final = "\x1b"
_BACK: Final = "\x1b[D"
_SEQUENCE: Final = 2


class LineEditor:
    """What stands between the line and the command manager.

    An escape takes the two bytes behind it. Ctrl-C, Ctrl-U and other control characters do
    nothing at all. A character beyond the longest line is shown and taken back again.

    Args:
        out: Takes echo.
    """

    def __init__(self, out: Callable[[str], None]) -> None:
        self._out = out
        self._typed: list[str] = []
        self._at = 0
        self._escape: str | None = None
        self._history: list[str] = []
        self._looking = 0

    def feed(self, key: str) -> str | None:
        """Take one character; return the line when it was ended."""
        if self._escape is not None:
            self._escaped(key)
        elif key in "\r\n":
            return self._end()
        elif key == _ESCAPE:
            self._escape = ""
        elif key in "\x7f\x08":
            self._delete()
        elif key == "\t" or " " <= key <= "~":
            self._add(key)
        return None

    def _end(self) -> str:
        line, self._typed, self._at = "".join(self._typed), [], 0
        self._out("\n")
        if line and self._history[-1:] != [line]:
            self._history = [*self._history, line][-_HISTORY:]
        self._looking = len(self._history)
        return line

    def _escaped(self, key: str) -> None:
        sequence = (self._escape or "") + key
        self._escape = sequence
        if len(sequence) < _SEQUENCE or sequence == "[3":
            return
        self._escape = None
        match sequence:
            case "[A":
                self._look(-1)
            case "[B":
                self._look(1)
            case "[C":
                self._move(self._at + 1)
            case "[D":
                self._move(self._at - 1)
            case "[H" | "OH":
                self._move(0)
            case "[F" | "OF":
                self._move(len(self._typed))
            case "[3~":
                if self._at < len(self._typed):
                    self._move(self._at + 1)
                    self._delete()

    def _look(self, step: int) -> None:
        """Show another line of those typed before."""
        wanted = self._looking + step
        if not 0 <= wanted <= len(self._history):
            return
        self._looking = wanted
        if self._at:
            count = len(self._typed)
            self._out(f"\x1b[{self._at}D" + " " * (count + 1) + f"\x1b[{count + 1}D")
        text = self._history[wanted] if wanted < len(self._history) else ""
        self._typed, self._at = list(text), len(text)
        self._out(text)

    def _move(self, wanted: int) -> None:
        wanted = min(max(wanted, 0), len(self._typed))
        step, self._at = wanted - self._at, wanted
        if step:
            many = "" if abs(step) == 1 else str(abs(step))
            self._out(f"\x1b[{many}{'C' if step > 0 else 'D'}")

    def _add(self, key: str) -> None:
        self._out(key)
        if len(self._typed) >= LONGEST:
            self._out(f"{_BACK} {_BACK}")
            return
        rest = "".join(self._typed[self._at :])
        self._out(rest + _BACK * len(rest))
        self._typed.insert(self._at, key)
        self._at += 1

    def _delete(self) -> None:
        if not self._at:
            return
        self._at -= 1
        del self._typed[self._at]
        rest = "".join(self._typed[self._at :])
        self._out(f"{_BACK}{rest} " + _BACK * (len(rest) + 1))
