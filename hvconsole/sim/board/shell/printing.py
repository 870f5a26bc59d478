"""``echo`` and ``printf``."""

from __future__ import annotations

import re
from typing import Final

from hvconsole.sim.board.shell.call import FAILED, USAGE, Invocation, to_bytes

_ESCAPES: Final = {
    "a": b"\a",
    "b": b"\b",
    "f": b"\f",
    "n": b"\n",
    "r": b"\r",
    "t": b"\t",
    "v": b"\v",
    "\\": b"\\",
}
_FORMAT: Final = re.compile(
    r"%(?P<flags>[-+ 0#]*)(?P<width>\*|\d{0,4})(?:\.(?P<precision>\*|\d{0,4}))?"
    r"(?P<kind>[%sdiouxXcb])"
    r"|\\(?P<octal>[0-7]{1,3})|\\(?P<escape>.)|(?P<plain>[^%\\]+|.)",
    re.DOTALL,
)
_ESCAPED: Final = re.compile(
    r"\\(?:0(?P<octal>[0-7]{0,3})|(?P<escape>.))|(?P<plain>[^\\]+|.)", re.DOTALL
)
_MOST_DIGITS: Final = 20


def echo(call: Invocation) -> int:
    """Write the words; backslashes mean something, as in dash."""
    words, end = call.words[1:], b"\n"
    if words[:1] == ["-n"]:
        words, end = words[1:], b""
    text, stopped = _unescaped(" ".join(words))
    call.out(text if stopped else text + end)
    return 0


def printf(call: Invocation) -> int:
    """Write by a format, again and again while there are words left."""
    if len(call.words) == 1:
        return call.fail("usage: printf format [arg ...]", USAGE)
    job = _Printing(call, call.words[2:])
    job.run(call.words[1])
    return job.status


def _unescaped(text: str) -> tuple[bytes, bool]:
    """Undo backslashes; return the bytes, and whether a backslash and c ended them."""
    out = bytearray()
    for match in _ESCAPED.finditer(text):
        if match["octal"] is not None:
            out.append(int(match["octal"] or "0", 8) & 0xFF)
        elif match["escape"] == "c":
            return bytes(out), True
        elif match["escape"] is not None:
            out += _ESCAPES.get(match["escape"], to_bytes(f"\\{match['escape']}"))
        else:
            out += to_bytes(match["plain"])
    return bytes(out), False


class _Printing:
    def __init__(self, call: Invocation, words: list[str]) -> None:
        self.status = 0
        self._call = call
        self._words = words
        self._stopped = False

    def run(self, form: str) -> None:
        while True:
            before = len(self._words)
            text = bytearray()
            for match in _FORMAT.finditer(form):
                text += self._piece(match)
                if self._stopped:
                    break
            self._call.out(bytes(text))
            if self._stopped or not self._words or len(self._words) == before:
                return

    def _piece(self, match: re.Match[str]) -> bytes:
        if match["octal"]:
            return bytes([int(match["octal"], 8) & 0xFF])
        if match["escape"]:
            return _ESCAPES.get(match["escape"], to_bytes(f"\\{match['escape']}"))
        if match["plain"]:
            return to_bytes(match["plain"])
        if match["kind"] == "%":
            return b"%"
        return self._formatted(match)

    def _formatted(self, match: re.Match[str]) -> bytes:
        flags, kind = match["flags"], match["kind"]
        width = self._size(match["width"])
        if width < 0:
            flags, width = f"{flags}-", -width
        given = match["precision"]
        precision = None if given is None else max(self._size(given), 0)
        word = self._words.pop(0) if self._words else ""
        if kind in "diouxX":
            text = self._number(flags, precision, "d" if kind in "iu" else kind, word)
        elif kind == "b":
            text, self._stopped = _unescaped(word)
        else:
            text = to_bytes(word[:1] if kind == "c" else word)
        if precision is not None and kind in "sb":
            text = text[:precision]
        if "-" in flags:
            return text.ljust(width)
        if "0" in flags and kind in "diouxX" and precision is None:
            sign = text[:1] if text[:1] in (b"-", b"+") else b""
            return sign + text[len(sign) :].rjust(width - len(sign), b"0")
        return text.rjust(width)

    def _size(self, text: str) -> int:
        if text != "*":
            return int(text or "0")
        word = self._words.pop(0) if self._words else "0"
        return max(min(self._value(word), 9999), -9999)

    def _number(self, flags: str, precision: int | None, kind: str, word: str) -> bytes:
        value = self._value(word)
        if kind != "d":
            value %= 1 << 64
        digits = format(abs(value), kind).rjust(precision or 0, "0")
        sign = "-" if value < 0 else "+" if "+" in flags else " " if " " in flags else ""
        prefix = {"x": "0x", "X": "0X", "o": "0"}.get(kind, "") if "#" in flags and value else ""
        return f"{sign}{prefix}{digits}".encode()

    def _value(self, word: str) -> int:
        """Return a word as a number; one that is none is told, and counts as far as it is one."""
        if word[:1] in ("'", '"'):
            return ord(word[1:2] or "\0")
        text = word.strip()
        match = re.match(r"([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|\d+)", text, re.ASCII)
        whole = match[0] if match is not None else ""
        long = match is not None and len(match[2]) > _MOST_DIGITS
        if word and (whole != text or long):
            self._call.fail(f"{word}: expected numeric value")
            self.status = FAILED
        if match is None or long:
            return 0
        digits = match[2]
        base = 16 if digits[:2].lower() == "0x" else 8 if digits.startswith("0") else 10
        return int(digits, base) * (-1 if match[1] == "-" else 1)
