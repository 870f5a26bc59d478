"""Characters for terminals whose font has few: the Linux console's is that of the first PCs.

Its built-in font has the 256 characters of code page 437. What it lacks it shows as one and the
same blot, so a chart of braille dots would be a field of blots. Here each character becomes one of
the same width that the font has: dots become blocks by where and how many they are.
"""

from __future__ import annotations

import os
from typing import Final

_BRAILLE: Final = 0x2800
# Bits of the dots: the two upper rows, the two lower ones, the left column, the right one.
_UPPER, _LOWER, _LEFT, _RIGHT = 0b00011011, 0b11100100, 0b01000111, 0b10111000
_MANY, _SOME, _FEW = 7, 5, 3

_ALIKE: Final = {
    "╭╮╰╯": "┌┐└┘",
    "╌┈┉": "─··",
    "┊┆╎\u2571": "│││/",
    "━┃┄": "─│─",
    "▁▂▃▅▆▇": "▄▄▄▄██",
    "▊▎▔▏▕": "█▌▀▌▐",
    "▶▸◀◂": "►►◄◄",
    "●◉◆◌": "•••○",
    "❚‖": "▌║",
    "✓✔✕✗✘": "√√xxx",
    "–—…·": "--··",
    "\u2039\u203a\u201c\u201d\u2018\u2019": "<>\"\"''",
    "\u00d7⌀\u2212": "xφ-",
    "⇄⌁↺↻⟳": "↔~ooo",
}


def has_few_characters(term: str | None = None) -> bool:
    """Whether the terminal is a Linux console, told by ``TERM``."""
    return (os.environ.get("TERM", "") if term is None else term).split("-")[0] == "linux"


def plainer(text: str) -> str:
    """Return a text of the same width in characters that the Linux console has."""
    return text if text.isascii() else text.translate(_TABLE)


def _block(dots: int) -> str:
    number = dots.bit_count()
    for part, char in ((_LOWER, "▄"), (_UPPER, "▀"), (_LEFT, "▌"), (_RIGHT, "▐")):
        if not dots & ~part:
            return char
    if number >= _MANY:
        return "█"
    return "▓" if number > _SOME else "▒" if number > _FEW else "░"


def _table() -> dict[int, str]:
    table = {_BRAILLE + dots: _block(dots) for dots in range(1, 256)}
    table[_BRAILLE] = " "
    for chars, alike in _ALIKE.items():
        table |= {ord(char): other for char, other in zip(chars, alike, strict=True)}
    return table


_TABLE: Final = _table()
