r"""A terminal's byte stream, taken apart: text, control characters, escape sequences.

The states are those of ECMA-48 terminals: ground, escape, control sequence, control string. What
cannot be understood is passed over as a real terminal does, and nothing is kept of it: a string
(title, clipboard, pictures) may be of any length, a control sequence keeps `MOST_PARAMETERS`
figures of at most `MOST_FIGURE`.
"""

from __future__ import annotations

import codecs
import re
from enum import Enum, auto
from typing import Protocol

MOST_PARAMETERS = 32
MOST_FIGURE = 9999
_MOST_PENDING = 128  # characters of one control sequence; longer ones are ignored to their end

_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")
_CSI = re.compile(r"\x1b\[([<-?]?)([0-9:;]{0,100})([ -/]?)([@-~])")
_STRING_END = re.compile(r"[\x07\x18\x1a\x1b\x9c]")
_CSI_SPLIT = re.compile(r"([<-?]?)([0-9:;]*)([ -/]?)([@-~])\Z")
_STRINGS = frozenset("P]X^_")
_CANCEL = frozenset("\x18\x1a")
_ESC = "\x1b"


class Parameters(tuple[int, ...]):
    """The figures of a control sequence; 0 where none was written."""

    __slots__ = ()

    def steps(self, at: int = 0) -> int:
        """Return a figure that counts something: at least 1."""
        return max(self[at], 1) if at < len(self) else 1

    def value(self, at: int, default: int = 0) -> int:
        """Return a figure, or the default where there is none."""
        return self[at] if at < len(self) else default


class Actor(Protocol):
    """What does what the stream says; `hvconsole.wire.vt_screen.Screen` is one."""

    def write(self, text: str) -> None:
        """Put characters that are no controls (C0, DEL, C1)."""

    def control(self, char: str) -> None:
        """Do what a C0 control character says."""

    def escape(self, intermediate: str, final: str) -> None:
        """Do what a two- or three-character escape sequence says."""

    def sequence(self, mark: str, parameters: Parameters, intermediate: str, final: str) -> None:
        """Do what a control sequence says.

        Args:
            mark: ``?``, ``>``, ``=``, ``<`` or nothing.
            parameters: Its figures; colons count as semicolons.
            intermediate: One character or nothing.
            final: The character that says what is to be done.
        """


class _State(Enum):
    GROUND = auto()
    ESCAPE = auto()
    CSI = auto()
    IGNORE = auto()
    STRING = auto()


class Parser:
    """Bytes in any portions in, calls of an actor out. Never raises, keeps next to nothing."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._state = _State.GROUND
        self._pending = ""

    @property
    def kept(self) -> int:
        """Characters kept of a sequence that is not complete yet."""
        return len(self._pending)

    def reset(self) -> None:
        """Forget what was begun; what follows is taken as a beginning."""
        self._decoder.reset()
        self._state, self._pending = _State.GROUND, ""

    def feed(self, data: bytes) -> None:
        """Take bytes."""
        text = self._decoder.decode(data)
        at, end = 0, len(text)
        actor = self._actor
        while at < end:
            if self._state is not _State.GROUND:
                at = self._go_on(text, at)
            elif match := _TEXT.match(text, at):
                actor.write(match[0])
                at = match.end()
            elif match := _CSI.match(text, at):
                actor.sequence(match[1], _figures(match[2]), match[3], match[4])
                at = match.end()
            else:
                self._ground(text[at])
                at += 1

    def _ground(self, char: str) -> None:
        if char == _ESC:
            self._state, self._pending = _State.ESCAPE, ""
        elif char < " ":
            self._actor.control(char)
        # DEL and C1 do nothing: in UTF-8 nobody sends them in earnest.

    def _go_on(self, text: str, at: int) -> int:
        """Go on with what was begun; return how far it went."""
        if self._state is _State.STRING:
            return self._skip_string(text, at)
        char = text[at]
        if char == _ESC:
            self._state, self._pending = _State.ESCAPE, ""
        elif char in _CANCEL:
            self._state = _State.GROUND
        elif char < " ":
            self._actor.control(char)  # controls inside a sequence act at once
        elif char >= "\x7f":
            if char > "\x9f":  # no sequence has such a character: it was none
                self._state = _State.GROUND
                return at
        else:
            self._collect(char)
        return at + 1

    def _skip_string(self, text: str, at: int) -> int:
        match = _STRING_END.search(text, at)
        if match is None:
            return len(text)
        # ESC begins what ends the string (ESC \) or the next sequence: one case for us.
        self._state = _State.ESCAPE if match[0] == _ESC else _State.GROUND
        self._pending = ""
        return match.end()

    def _collect(self, char: str) -> None:
        if self._state is _State.ESCAPE:
            self._escape(char)
            return
        if self._state is _State.CSI:
            self._pending += char
        if char >= "@":
            if self._state is _State.CSI and (match := _CSI_SPLIT.match(self._pending)):
                self._actor.sequence(match[1], _figures(match[2]), match[3], match[4])
            self._state, self._pending = _State.GROUND, ""
        elif len(self._pending) >= _MOST_PENDING:
            self._state, self._pending = _State.IGNORE, ""

    def _escape(self, char: str) -> None:
        if char < "0":
            self._pending = (self._pending + char)[:2]
            return
        begun, self._pending = self._pending, ""
        if not begun and char == "[":
            self._state = _State.CSI
        elif not begun and char in _STRINGS:
            self._state = _State.STRING
        else:
            self._state = _State.GROUND
            self._actor.escape(begun, char)


def _figures(text: str) -> Parameters:
    if not text:
        return Parameters()
    parts = text.replace(":", ";").split(";")[:MOST_PARAMETERS]
    return Parameters([min(int(part[:5]), MOST_FIGURE) if part else 0 for part in parts])
