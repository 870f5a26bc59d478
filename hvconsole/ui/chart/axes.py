"""The surroundings of a plot: labels on the left and below, a faint grid inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from hvconsole.ui.chart.canvas import Canvas
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.chart.scale import Tick

_GUTTER = 8
_NARROWEST_WITH_GUTTER = 24
_LOWEST_WITH_LABELS = 4
_ROWS_A_TICK = 2


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the plot lies inside a picture.

    Attributes:
        left: Cells left of the plot, for labels and the axis.
        width: Cells of the plot across.
        height: Cells of the plot down; what is below are labels.
        below: 1 where there is a row of labels, otherwise 0.
    """

    left: int
    width: int
    height: int
    below: int

    @property
    def most_rows_ticks(self) -> int:
        """How many labels the left axis has room for."""
        return max(1 + (self.height - 1) // _ROWS_A_TICK, 1)


def layout(width: int, height: int) -> Layout:
    """Divide a picture; small ones do without labels."""
    left = _GUTTER if width >= _NARROWEST_WITH_GUTTER else 0
    below = 1 if height >= _LOWEST_WITH_LABELS else 0
    return Layout(left, max(width - left, 0), max(height - below, 0), below)


def draw_left(canvas: Canvas, place: Layout, ticks: Sequence[Tick]) -> None:
    """Draw the axis on the left with its labels, and a faint line across at each of them."""
    canvas.under(0, 0, _left(place, tuple(_free_rows(place, ticks).items())))


@lru_cache(maxsize=64)
def _left(place: Layout, labels: tuple[tuple[int, str], ...]) -> Canvas:
    """Return the left axis by itself: it is the same from frame to frame."""
    canvas = Canvas(place.left + place.width, place.height)
    rows = dict(labels)
    if place.left:
        for y in range(place.height):
            canvas.text(place.left - 1, y, "┤" if y in rows else "│", Role.AXIS)
    for y, label in labels:
        if place.left:
            canvas.text(0, y, label[: place.left - 1].rjust(place.left - 1), Role.LABEL)
        _grid_row(canvas, place, y)
    return canvas


def draw_below(canvas: Canvas, place: Layout, ticks: Sequence[Tick], *, unit: str = "") -> None:
    """Draw the labels below the plot, and a faint line upwards from each of them."""
    if place.width < 1 or place.height < 1:
        return
    y = place.height
    if place.below and place.left:
        canvas.text(0, y, unit[: place.left - 2].rjust(place.left - 2), Role.LABEL)
        canvas.text(place.left - 1, y, "└", Role.AXIS)
    free = place.left
    for tick in ticks:
        x = place.left + min(int(tick.position * place.width), place.width - 1)
        _grid_column(canvas, place, x)
        first = min(max(x - len(tick.label) // 2, place.left), canvas.width - len(tick.label))
        if place.below and first >= free:
            canvas.text(first, y, tick.label, Role.LABEL)
            free = first + len(tick.label) + 1


def row_of(position: float, height: int) -> int:
    """Return the row of cells at a position (0 bottom, 1 top) of a plot."""
    return min(max(round((1 - position) * (height - 1)), 0), max(height - 1, 0))


def _free_rows(place: Layout, ticks: Sequence[Tick]) -> dict[int, str]:
    """Give each label a row; those that would share one with an earlier tick are left out."""
    rows: dict[int, str] = {}
    if place.height:
        for tick in ticks:
            rows.setdefault(row_of(tick.position, place.height), tick.label)
    return rows


def _grid_row(canvas: Canvas, place: Layout, y: int) -> None:
    canvas.fill_empty((y, slice(place.left, None)), "┈", Role.GRID)


def _grid_column(canvas: Canvas, place: Layout, x: int) -> None:
    canvas.fill_empty((slice(place.height), x), "┊", Role.GRID)
