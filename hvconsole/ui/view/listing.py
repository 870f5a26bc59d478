"""A list with a head, its columns flush left or right; where room is scarce, columns go. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hvconsole.model.text import clip, width as wide
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.line import ALWAYS, Part, cut, pad

_GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        title: Its head.
        keep: Where room is scarce, the lowest figure goes first; `ALWAYS` never does.
        right: Flush right, as figures are.
        least: Cells it can do with, its text cut; 0 wants its whole text.
    """

    title: str
    keep: int = ALWAYS
    right: bool = False
    least: int = 0


def listing(
    columns: Sequence[Column], lines: Sequence[Sequence[Part]], width: int
) -> tuple[Row, list[Row]]:
    """Return the head, and one row a line, each exactly `width` cells wide.

    Args:
        columns: The columns; one in which nothing stands is left out.
        lines: One part a column, in each line. Texts are sanitised.
        width: Cells across.
    """
    sizes = [max([wide(line[at].text) for line in lines], default=0) for at in range(len(columns))]
    shown = [at for at, size in enumerate(sizes) if size]
    sizes = [max(size, wide(columns[at].title)) for at, size in enumerate(sizes)]
    least = [min(size, column.least or size) for size, column in zip(sizes, columns, strict=True)]
    while _needed(shown, least) > width:
        spare = [at for at in shown if columns[at].keep < ALWAYS]
        if not spare:
            break
        shown.remove(min(spare, key=lambda at: columns[at].keep))
    for at in shown:  # what can be cut gives way
        over = max(_needed(shown, sizes) - width, 0)
        sizes[at] = max(sizes[at] - over, least[at])
    titles = [Part(column.title, Role.LABEL) for column in columns]
    made = [_row(line, columns, shown, sizes, width) for line in (titles, *lines)]
    return made[0], made[1:]


def _needed(shown: Sequence[int], sizes: Sequence[int]) -> int:
    return sum(sizes[at] + _GAP for at in shown) - _GAP


def _row(
    line: Sequence[Part],
    columns: Sequence[Column],
    shown: Sequence[int],
    sizes: Sequence[int],
    width: int,
) -> Row:
    row: Row = []
    for at in shown:
        if row:
            row.append((" " * _GAP, int(Role.TEXT)))
        part = replace(line[at], text=clip(line[at].text, sizes[at]))
        blank = " " * max(sizes[at] - wide(part.text), 0)
        if columns[at].right:
            row += [(blank, int(Role.TEXT)), (part.text, int(part.role))]
        else:
            row += [(part.text, int(part.role)), (blank, int(Role.TEXT))]
    return pad(cut(row, width), width)
