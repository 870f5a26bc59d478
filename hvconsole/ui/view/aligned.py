"""Rows whose parts stand in columns; where room is scarce, whole columns go. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from hvconsole.model.text import width as wide
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.line import Part, pad

_GAP = 2
_WIDEST_GAP = 4


def aligned(lines: Sequence[tuple[Part, Sequence[Part]]], width: int) -> list[Row]:
    """Lay rows out: a first part, and the others in columns beside it.

    The columns stay near to each other: on a wide screen the eye should not have to travel from a
    name to what is said of it. Figures stand flush right in their column, words flush left.

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
    spare = width - first - sum(sizes[at] + _GAP for at in shown)
    gap = min(_GAP + spare // len(shown), _WIDEST_GAP) if shown else 0
    right = {at for at in shown if all(_is_figure(parts[at].text) for _, parts in lines)}
    return [
        _row(part, first, [(parts[at], sizes[at], at in right) for at in shown], gap, width)
        for part, parts in lines
    ]


def _row(
    first: Part, room: int, parts: Sequence[tuple[Part, int, bool]], gap: int, width: int
) -> Row:
    row = pad([(first.text, int(first.role))], room)
    for part, size, right in parts:
        blank = " " * (size - wide(part.text))
        before, after = (blank, "") if right else ("", blank)
        row += [(" " * gap + before, int(Role.TEXT)), (part.text, int(part.role))]
        row.append((after, int(Role.TEXT)))
    return pad([piece for piece in row if piece[0]], width)


def _is_figure(text: str) -> bool:
    """Whether it is a figure with its unit; what says nothing stands in no one's way."""
    return not text or text[0].isdigit()
