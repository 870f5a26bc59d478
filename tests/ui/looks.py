"""The colours of a whole screen as a text that stays small: for snapshots that people can read.

Styles have letters in the order in which they come; a row is runs of them, ``12a3b`` for twelve
cells of a and three of b. Where the runs are those of a screen seen before, they are not repeated.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from itertools import groupby

from rich.color import Color, ColorType
from rich.segment import Segment
from rich.style import Style

_LETTERS = string.ascii_letters + "".join(map(chr, range(0x391, 0x3C9)))
_ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse", "strike")


def looks(strips: Iterable[Iterable[Segment]]) -> tuple[str, str]:
    """Return the legend of a screen's styles, and where they are."""
    letters: dict[str, str] = {}
    rows = []
    for strip in strips:
        runs: list[list[object]] = []
        for segment in strip:
            name = _said(segment)
            letter = letters.setdefault(name, _LETTERS[len(letters) % len(_LETTERS)])
            if runs and runs[-1][1] == letter:
                runs[-1][0] += segment.cell_length  # type: ignore[operator]
            elif segment.cell_length:
                runs.append([segment.cell_length, letter])
        rows.append("".join(f"{length}{letter}" for length, letter in runs))
    legend = "\n".join(f"{letter} {name}" for name, letter in letters.items())
    places = "\n".join(f"{len(list(same))}× {row}" for row, same in groupby(rows))
    return legend, places


def _said(segment: Segment) -> str:
    """Say in words how a piece of the screen looks."""
    style = segment.style or Style.null()
    attributes = [name for name in _ATTRIBUTES if getattr(style, name)]
    drawn = segment.text.strip() or {"underline", "reverse", "strike"} & set(attributes)
    front = _colour(style.color) if drawn else "nothing"
    return " ".join([front, "on", _colour(style.bgcolor), *(attributes if drawn else [])])


def _colour(colour: Color | None) -> str:
    if colour is None or colour.type is ColorType.DEFAULT:
        return "default"
    if colour.type is ColorType.TRUECOLOR:
        return colour.get_truecolor().hex
    return colour.name
