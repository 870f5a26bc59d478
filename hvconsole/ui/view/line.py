"""One line of the screen from parts that matter more or less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hvconsole.model.text import clip, width
from hvconsole.ui.chart.cells import Role, Row

ALWAYS = 100


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line.

    Attributes:
        text: Sanitised text.
        role: How it is painted.
        keep: Where room is scarce, what has the lowest figure goes first; `ALWAYS` never does.
    """

    text: str
    role: int = Role.TEXT
    keep: int = 50


def fit(left: Sequence[Part], right: Sequence[Part], room: int, gap: str = "  ") -> Row:
    """Lay parts out to the left and to the right of a line exactly `room` cells wide.

    Parts are left out, the least important first, until the rest fits; if only what must stay is
    left and still too long, it is cut.
    """
    kept = sorted([*left, *right], key=lambda part: part.keep)
    while kept and kept[0].keep < ALWAYS and _needed(kept, gap) > room:
        kept.pop(0)
    west = [part for part in left if part in kept]
    east = _joined([part for part in right if part in kept], gap)
    east_width = sum(width(text) for text, _ in east)
    west_room = max(room - east_width - (len(gap) if east else 0), 0)
    row = cut(_joined(west, gap), west_room)
    blank = room - row_width(row) - east_width
    return cut([*row, (" " * max(blank, 0), Role.TEXT), *east], room)


def row_width(row: Row) -> int:
    """Return how many cells a row takes."""
    return sum(width(text) for text, _ in row)


def cut(row: Row, room: int) -> Row:
    """Cut a row to at most `room` cells."""
    out: Row = []
    for text, role in row:
        shown = clip(text, room)
        if shown:
            out.append((shown, role))
        room -= width(shown)
        if room <= 0:
            break
    return out


def pad(row: Row, room: int) -> Row:
    """Bring a row to exactly `room` cells."""
    short = cut(row, room)
    blank = room - row_width(short)
    return [*short, (" " * blank, int(Role.TEXT))] if blank > 0 else short


def middle(text: str, room: int, height: int) -> list[Row]:
    """Return rows with a sentence in the middle of them."""
    shown = clip(text, room)
    before = (room - width(shown)) // 2
    rows: list[Row] = [pad([], room) for _ in range(height)]
    if height:
        line: Row = [(" " * before, int(Role.TEXT)), (shown, int(Role.MUTED))]
        rows[height // 2] = pad(line, room)
    return rows


def _needed(parts: Sequence[Part], gap: str) -> int:
    return sum(width(part.text) + len(gap) for part in parts)


def _joined(parts: Sequence[Part], gap: str) -> Row:
    row: Row = []
    for part in parts:
        if row:
            row.append((gap, int(Role.MUTED)))
        row.append((part.text, int(part.role)))
    return row
