"""Control sequences that concern the grid alone: cursor, edges, pen, regions, scrolling."""

from __future__ import annotations

from collections.abc import Callable

from hvconsole.wire.vt import Parameters
from hvconsole.wire.vt_grid import Grid
from hvconsole.wire.vt_pen import draw_with

MOVES = {
    "A": (0, -1, False),
    "B": (0, 1, False),
    "C": (1, 0, False),
    "D": (-1, 0, False),
    "E": (0, 1, True),
    "F": (0, -1, True),
    "a": (1, 0, False),
    "e": (0, 1, False),
}
"""How far right and down a sequence moves for each count; whether it goes to the first column."""


def _go_to(grid: Grid, figures: Parameters) -> None:
    """Put the cursor at a line and a column."""
    grid.go(figures.steps(1) - 1, figures.steps(0) - 1)


def _repeat(grid: Grid, figures: Parameters) -> None:
    """Write the last character again; never more than a line of it."""
    if grid.last:
        grid.put(grid.last * min(figures.steps(), grid.columns))


def _take_pen(grid: Grid, figures: Parameters) -> None:
    """Take another pen."""
    grid.pen = draw_with(grid.pen, figures)


def _set_region(grid: Grid, figures: Parameters) -> None:
    """Set the region that scrolls."""
    grid.set_region(figures.steps(0) - 1, (figures.value(1) or grid.rows) - 1)


def _clear_stops(grid: Grid, figures: Parameters) -> None:
    """Take the tabulator here (0) or all (3) away."""
    if figures.value(0) == 3:  # noqa: PLR2004  # the standard's figure for it
        grid.stops.clear()
    else:
        grid.stops.discard(grid.x)


ACTS: dict[str, Callable[[Grid, Parameters], None]] = {
    "G": lambda grid, p: grid.go(p.steps() - 1, None),
    "`": lambda grid, p: grid.go(p.steps() - 1, None),
    "d": lambda grid, p: grid.go(None, p.steps() - 1),
    "H": _go_to,
    "f": _go_to,
    "I": lambda grid, p: grid.tab(p.steps()),
    "Z": lambda grid, p: grid.tab(-p.steps()),
    "K": lambda grid, p: grid.erase_line(p.value(0)) if p.value(0) <= 2 else None,  # noqa: PLR2004
    "L": lambda grid, p: grid.insert_lines(p.steps()),
    "M": lambda grid, p: grid.delete_lines(p.steps()),
    "S": lambda grid, p: grid.scroll_up(p.steps()),
    "T": lambda grid, p: grid.scroll_down(p.steps()),
    "b": _repeat,
    "g": _clear_stops,
    "m": _take_pen,
    "r": _set_region,
}
"""What a sequence does, by its last character."""
