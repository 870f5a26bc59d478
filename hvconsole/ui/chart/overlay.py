"""Several conditions in one picture: curves over lengths, and each run as a mark.

Conditions are told apart by letters as well as by colours, so that the picture can be read without
any, and by everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from hvconsole.ui.chart.axes import Layout, draw_below, draw_left, layout, row_of
from hvconsole.ui.chart.canvas import Canvas
from hvconsole.ui.chart.cells import RAMP_STEPS, Role, ramp
from hvconsole.ui.chart.raster import ACROSS, DOWN, braille, dot_rows, spans
from hvconsole.ui.chart.scale import Scale, grid, ticks

F64 = npt.NDArray[np.float64]

LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CELLS_A_LABEL: Final = 9
_CELLS_A_LETTER: Final = 16
_BLANK: Final = ord(" ")


def letter(place: int) -> str:
    """Return what marks the condition at a place; after the last letter all are ``*``."""
    return LETTERS[place] if place < len(LETTERS) else "*"


def colour(place: int, number: int) -> int:
    """Return the role of the condition at a place of `number`: far apart on the ramp."""
    return ramp(round(place * (RAMP_STEPS - 1) / max(number - 1, 1)))


@dataclass(frozen=True, slots=True)
class Curve:
    """A condition's curve.

    Attributes:
        mark: The letter that stands on it.
        role: Its colour.
        x: Shape (k,), ascending, above 0.
        y: Shape (k,), from x[i] on; above 0, NaN where the curve is interrupted.
        sloped: Straight lines between the values, instead of steps.
    """

    mark: str
    role: int
    x: F64
    y: F64
    sloped: bool = False


@dataclass(frozen=True, slots=True)
class Overlay:
    """What to draw; later curves lie above earlier ones.

    Attributes:
        curves: All of them.
        across: The axis of lengths.
        up: The other axis.
        x_label, y_label: Say a value.
    """

    curves: Sequence[Curve]
    across: Scale
    up: Scale
    x_label: Callable[[float], str]
    y_label: Callable[[float], str]


@dataclass(frozen=True, slots=True)
class RunMarks:
    """The runs of one condition.

    Attributes:
        mark: The condition's letter.
        role: Its colour.
        values: Shape (n,), one a run in the order in which they were made.
        mean: Their mean; NaN where there is none.
        interval: Of the mean; NaN where there is none.
    """

    mark: str
    role: int
    values: F64
    mean: float
    interval: tuple[float, float]


def draw_overlay(what: Overlay, width: int, height: int) -> Canvas:
    """Draw curves with their axes, `width` × `height` cells."""
    canvas = Canvas(width, height)
    place = layout(width, height)
    if place.width < 1 or place.height < 1 or not what.curves:
        return canvas
    plot = Canvas(place.width, place.height)
    bits = np.zeros((place.height, place.width), dtype=np.uint32)
    for curve in what.curves:
        cells = braille(_dots(curve, what, place))
        drawn = cells != _BLANK
        bits[drawn] |= cells[drawn]
        plot.roles[drawn] = curve.role
    plot.chars[bits > 0] = bits[bits > 0]
    for number, curve in enumerate(what.curves):
        _letters(plot, curve, what, number)
    canvas.put(place.left, 0, plot)
    draw_left(canvas, place, ticks(what.up, place.most_rows_ticks, what.y_label))
    most = max(place.width // _CELLS_A_LABEL, 1)
    draw_below(canvas, place, ticks(what.across, most, what.x_label))
    return canvas


def draw_runs(
    groups: Sequence[RunMarks], up: Scale, y_label: Callable[[float], str], width: int, height: int
) -> Canvas:
    """Draw each run of each condition as a letter, and the mean with its interval beside them."""
    canvas = Canvas(width, height)
    place = layout(width, height)
    if place.width < 1 or place.height < 1 or not groups:
        return canvas
    room = place.width / len(groups)
    for number, group in enumerate(groups):
        first, last = place.left + int(number * room), place.left + int((number + 1) * room)
        _interval(canvas, group, up, first, place)
        _runs(canvas, group, up, (first + min(4, last - first), last), place)
        if place.below:
            canvas.text(first + max((last - first) // 2, 0), place.height, group.mark, group.role)
    draw_left(canvas, place, ticks(up, place.most_rows_ticks, y_label))
    return canvas


def _dots(curve: Curve, what: Overlay, place: Layout) -> npt.NDArray[np.bool_]:
    """Return the curve's dots: in each column all that it passes, so that no corner is lost."""
    across, down = place.width * ACROSS, place.height * DOWN
    values = _at(curve, grid(what.across, across, centres=False))
    low, high = np.fmin(values[:-1], values[1:]), np.fmax(values[:-1], values[1:])
    if not curve.sloped:
        # A step may rise and fall within one column.
        column = np.clip((what.across.position(curve.x) * across).astype(int), 0, across - 1)
        known = np.isfinite(curve.y)
        np.fmin.at(low, column[known], curve.y[known])
        np.fmax.at(high, column[known], curve.y[known])
    return spans(
        dot_rows(what.up.position(high), down), dot_rows(what.up.position(low), down), down
    )


def _at(curve: Curve, x: F64) -> F64:
    """Return the curve's value at each x, NaN outside of it."""
    if not curve.x.size:
        return np.full(x.size, np.nan)
    inside = (x >= curve.x[0]) & (x <= curve.x[-1])
    if curve.sloped:
        with np.errstate(all="ignore"):
            values = np.exp(np.interp(np.log(x), np.log(curve.x), np.log(curve.y)))
    else:
        values = curve.y[np.clip(np.searchsorted(curve.x, x, "right") - 1, 0, curve.x.size - 1)]
    return np.where(inside, values, np.nan)


def _letters(plot: Canvas, curve: Curve, what: Overlay, number: int) -> None:
    """Put the curve's letter on it now and then; neighbours stand at other columns."""
    if not curve.mark:
        return
    shift = (number * 3) % _CELLS_A_LETTER
    for x in range(2 + shift, plot.width, _CELLS_A_LETTER):
        value = _at(curve, np.array([what.across.at((x + 0.5) / plot.width)]))
        position = what.up.place(float(value[0]))
        if np.isfinite(position) and float(value[0]) > what.up.low:
            plot.text(x, row_of(position, plot.height), curve.mark, curve.role)


def _interval(canvas: Canvas, group: RunMarks, up: Scale, x: int, place: Layout) -> None:
    low, high = (float(p) for p in up.position(np.array(group.interval)))
    if np.isfinite(low) and np.isfinite(high):
        top, bottom = row_of(high, place.height), row_of(low, place.height)
        for y in range(top, bottom + 1):
            canvas.text(x + 1, y, "│", group.role)
        canvas.text(x + 1, top, "┬", group.role)
        canvas.text(x + 1, bottom, "┴" if bottom > top else "─", group.role)
    mean = up.place(group.mean)
    if np.isfinite(mean):
        canvas.text(x, row_of(mean, place.height), "━━━", Role.STRONG)


def _runs(
    canvas: Canvas, group: RunMarks, up: Scale, columns: tuple[int, int], place: Layout
) -> None:
    """Spread the runs from left to right in their order."""
    first, last = columns
    count = group.values.size
    for number, position in enumerate(up.position(group.values)):
        if np.isfinite(position):
            x = first + int((number + 0.5) / count * max(last - first - 1, 1))
            canvas.text(x, row_of(float(position), place.height), group.mark, group.role)
