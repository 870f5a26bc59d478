"""Rows whose parts stand in columns; where room is scarce, whole columns go. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from hvconsole.model.text import width as wide
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.line import Part, cut, pad

_GAP = 2


def aligned(lines: Sequence[tuple[Part, Sequence[Part]]], width: int) -> list[Row]:
    """Lay rows out: a first part on the left, the others in columns flush right.

    Args:
        lines: For each row its first part and the parts of its columns, as many in each row; the
            greatest `keep` of a column's parts says how important the column is.
        width: Cells across.
    """
    if not lines:
        return []
    count = len(lines[0][1])
    sizes = [max(wide(parts[at].text) for _, parts in lines) for at in range(count)]
    keep = [max(parts[at].keep for _, parts in lines) for at in range(count)]
    first = max(wide(part.text) for part, _ in lines)
    shown = [at for at in range(count) if sizes[at]]
    while shown and first + sum(sizes[at] + _GAP for at in shown) > width:
        shown.remove(min(shown, key=lambda at: keep[at]))
    room = width - sum(sizes[at] + _GAP for at in shown)
    return [
        _row(part, [parts[at] for at in shown], [sizes[at] for at in shown], room, width)
        for part, parts in lines
    ]


def _row(first: Part, parts: Sequence[Part], sizes: Sequence[int], room: int, width: int) -> Row:
    row = pad([(first.text, int(first.role))], max(room, 0))
    for part, size in zip(parts, sizes, strict=True):
        blank = " " * (_GAP + size - wide(part.text))
        row += [(blank, int(Role.TEXT)), (part.text, int(part.role))]
    return cut(row, width)
