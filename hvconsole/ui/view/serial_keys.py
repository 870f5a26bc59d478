"""What keys and pasted texts send down a serial line."""

from __future__ import annotations

import re
from typing import Literal

LineEnd = Literal["CR", "LF", "CR LF"]
LINE_ENDS: dict[LineEnd, bytes] = {"CR": b"\r", "LF": b"\n", "CR LF": b"\r\n"}

_ARROWS = {"up": b"A", "down": b"B", "right": b"C", "left": b"D", "home": b"H", "end": b"F"}
_KEYS = {
    "tab": b"\t",
    "shift+tab": b"\x1b[Z",
    "escape": b"\x1b",
    "backspace": b"\x7f",
    "ctrl+backspace": b"\x08",
    "delete": b"\x1b[3~",
    "pageup": b"\x1b[5~",
    "pagedown": b"\x1b[6~",
    "insert": b"\x1b[2~",
    **{f"f{n}": b"\x1bO" + letter for n, letter in enumerate((b"P", b"Q", b"R", b"S"), 1)},
    **{
        f"f{n}": b"\x1b[%d~" % figure
        for n, figure in enumerate((15, 17, 18, 19, 20, 21, 23, 24), 5)
    },
}
_MODIFIERS = {"shift": 1, "alt": 2, "ctrl": 4}
_NAMED_CONTROLS = {
    "space": 0x00,
    "at": 0x00,
    "left_square_bracket": 0x1B,
    "backslash": 0x1C,
    "right_square_bracket": 0x1D,
    "circumflex_accent": 0x1E,
    "underscore": 0x1F,
    "question_mark": 0x7F,
}
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_ENDS_IN_TEXT = re.compile(r"\r\n|\r|\n")


def key_bytes(
    key: str, character: str | None, *, line_end: LineEnd = "CR", application: bool = False
) -> bytes | None:
    """Return what a key sends down the line; None for keys that send nothing.

    Args:
        key: Textual's name of the key.
        character: The character it makes, if any.
        line_end: What Enter sends.
        application: Whether the board asked for the other sequences of arrow keys.
    """
    if key == "enter":
        return LINE_ENDS[line_end]
    if key in _KEYS:
        return _KEYS[key]
    *modifiers, last = key.split("+")
    if last in _ARROWS:
        return _arrow(_ARROWS[last], modifiers, application=application)
    if modifiers == ["ctrl"]:
        return control_byte(last)
    if modifiers == ["alt"] and len(last) == 1:
        return b"\x1b" + last.encode()
    return character.encode("utf-8", "replace") if character else None


def control_byte(key: str) -> bytes | None:
    """Return the control character of a key: 3 for ``c``; None where there is none."""
    if key in _NAMED_CONTROLS:
        return bytes([_NAMED_CONTROLS[key]])
    if len(key) == 1 and key.isascii() and key.isalpha():
        return bytes([ord(key.upper()) & 0x1F])
    return None


def paste_bytes(text: str, *, line_end: LineEnd = "CR", bracketed: bool = False) -> bytes:
    """Return what a pasted text sends.

    Control characters but line ends and tabs are left out: a text from elsewhere ends no program,
    and closes no bracket.

    Args:
        text: The text.
        line_end: What its line ends become.
        bracketed: Whether the board asked for pasted text to be marked as such.
    """
    safe = _CONTROLS.sub("", text)
    data = LINE_ENDS[line_end].join(
        part.encode("utf-8", "replace") for part in _LINE_ENDS_IN_TEXT.split(safe)
    )
    return b"\x1b[200~" + data + b"\x1b[201~" if bracketed else data


def lines_in(text: str) -> int:
    """Return how many line ends a text has."""
    return len(_LINE_ENDS_IN_TEXT.findall(text))


def _arrow(letter: bytes, modifiers: list[str], *, application: bool) -> bytes:
    if modifiers:
        figure = 1 + sum(_MODIFIERS.get(one, 0) for one in modifiers)
        return b"\x1b[1;%d" % figure + letter
    return (b"\x1bO" if application else b"\x1b[") + letter
