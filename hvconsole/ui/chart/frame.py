"""The frame around a panel, with a title and figures in it."""

from __future__ import annotations

from dataclasses import dataclass

from hvconsole.ui.chart.cells import Role, Row

Pieces = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands in the upper edge of a frame, and in its lower one.

    Texts are narrow (one cell a character).
    """

    title: str
    info: Pieces = ()
    foot: Pieces = ()


def framed(inside: list[Row], caption: Caption, width: int, *, edge: int = Role.FRAME) -> list[Row]:
    """Put a frame around rows that are `width` − 2 cells wide."""
    title = ((caption.title, int(Role.TITLE)),)
    top = _edge("╭╮", title, caption.info, width, int(edge))
    bottom = _edge("╰╯", (), caption.foot, width, int(edge))
    side = ("│", int(edge))
    return [top, *([side, *row, side] for row in inside), bottom]


def _edge(corners: str, left: Pieces, right: Pieces, width: int, role: int) -> Row:
    """Draw one edge: what stands on the right gives way first."""
    first, last = corners[0], corners[1]
    room = width - 4
    if room < 1:
        return [((first + "─" * max(width - 2, 0) + last)[:width], role)]
    west = _inset(left, room)
    west_width = sum(len(text) for text, _ in west)
    east: Row = []
    for index in range(len(right)):
        east = _inset(right[index:], room)
        if west_width + sum(len(text) for text, _ in east) < room:
            break
        east = []
    line = room - west_width - sum(len(text) for text, _ in east)
    return [(first + "─", role), *west, ("─" * max(line, 0), role), *east, ("─" + last, role)]


def _inset(pieces: Pieces, room: int) -> Row:
    row: Row = []
    for text, role in pieces:
        if not text or room <= 2:  # noqa: PLR2004  # a blank on either side
            continue
        shown = f" {text[: room - 2]} "
        row.append((shown, role))
        room -= len(shown)
    return row
