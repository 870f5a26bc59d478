"""Bars and areas: how many, by length (a histogram) and by time (a rate)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hvconsole.stream.snapshot import Distribution
from hvconsole.ui.chart.axes import Layout, draw_below, draw_left, layout
from hvconsole.ui.chart.canvas import Canvas
from hvconsole.ui.chart.cells import Role, ramp
from hvconsole.ui.chart.raster import ACROSS, DOWN, braille, dot_rows, spans
from hvconsole.ui.chart.scale import Scale, grid, linear_scale, ticks, time_ticks
from hvconsole.ui.chart.timeline import ramp_steps

F64 = npt.NDArray[np.float64]

_EIGHTHS = np.array([ord(char) for char in " ▁▂▃▄▅▆▇█"], dtype=np.uint32)
_CELLS_A_LABEL = 9
_CELLS_A_TIME = 12
_SHORTEST_NS = 1e-9


@dataclass(frozen=True, slots=True)
class Histogram:
    """Lengths and how often they came, both axes logarithmic.

    Attributes:
        distribution: Lengths by bucket.
        colours: The scale that colours lengths, the same in all charts and tables.
        marks: Lengths to point at, with their names, such as ``p99``.
        length_label: Says a length in ns.
        count_label: Says a number of switches.
    """

    distribution: Distribution
    colours: Scale
    length_label: Callable[[float], str]
    count_label: Callable[[float], str]
    marks: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Rate:
    """Switches a second, by time.

    Attributes:
        edges_s: Shape (n + 1,), edges of the bins.
        rate: Shape (n,), NaN where nothing is known.
        span_s: Both ends of the view, in seconds.
        count_label: Says a number of switches.
        time_label: Says a moment in seconds, given the distance of two labels.
    """

    edges_s: F64
    rate: F64
    span_s: tuple[float, float]
    count_label: Callable[[float], str]
    time_label: Callable[[float, float], str]


def draw_histogram(what: Histogram, width: int, height: int) -> Canvas:
    """Draw a histogram with its axes, `width` × `height` cells."""
    canvas = Canvas(width, height)
    place = layout(width, height)
    if place.width < 1 or place.height < 1:
        return canvas
    edges = what.distribution.edges_ns
    usable = edges.size > 1 and float(edges[-1]) > 0
    if not usable or not what.distribution.count.any():
        return canvas
    across = _histogram_scale(edges)
    counts = rebin(what.distribution, across, place.width)
    up = Scale(0.5, max(float(counts.max()), 10.0), log=True)
    _bars(canvas, place, up, counts)
    colours = ramp_steps(what.colours.position(grid(across, place.width, centres=True)))
    canvas.roles[: place.height, place.left :] = colours + ramp(0)
    canvas.roles[canvas.chars == ord(" ")] = Role.TEXT
    _marks(canvas, place, across, what.marks)
    whole = [tick for tick in ticks(up, place.most_rows_ticks, what.count_label) if tick.value >= 1]
    draw_left(canvas, place, whole)
    labels = max(place.width // _CELLS_A_LABEL, 1)
    draw_below(canvas, place, ticks(across, labels, what.length_label))
    return canvas


def draw_rate(what: Rate, width: int, height: int) -> Canvas:
    """Draw a rate as an area with its axes, `width` × `height` cells."""
    canvas = Canvas(width, height)
    place = layout(width, height)
    if place.width < 1 or place.height < 1:
        return canvas
    start, end = what.span_s
    values = at_moments(what.edges_s, what.rate, _dot_moments(start, end, place.width))
    known = values[np.isfinite(values)]
    if not known.size:
        return canvas
    up = linear_scale(float(known.max()))
    down = place.height * DOWN
    top = dot_rows(up.position(values), down)
    bottom = np.where(top >= 0, down - 1, -1)
    area = Canvas(place.width, place.height)
    area.chars[:] = braille(spans(top, bottom, down))
    area.roles[area.chars != ord(" ")] = Role.AREA
    shown = np.flatnonzero(top >= 0)
    area.roles[top[shown] // DOWN, shown // ACROSS] = Role.RATE
    canvas.put(place.left, 0, area)
    draw_left(canvas, place, ticks(up, place.most_rows_ticks, what.count_label))
    if end > start:
        wanted = max(place.width // _CELLS_A_TIME, 2)
        draw_below(canvas, place, time_ticks((start, end), wanted, what.time_label))
    return canvas


def rebin(distribution: Distribution, scale: Scale, size: int) -> F64:
    """Share buckets out over columns of a logarithmic scale.

    A bucket wider than a column is spread over all it covers; the total stays the same, and no
    bucket with a switch in it leaves its columns empty.

    Returns:
        Shape (size,), switches a column.
    """
    used = np.flatnonzero(distribution.count > 0)
    ends = scale.position(distribution.edges_ns) * size
    low, high = ends[:-1][used], ends[1:][used]
    count = distribution.count[used].astype(np.float64)
    column = np.arange(size)
    overlap = np.minimum(high[:, None], column + 1) - np.maximum(low[:, None], column)
    share = np.maximum(overlap, 0.0) / np.maximum(high - low, 1e-12)[:, None]
    lost = share.sum(axis=1) < 0.5  # noqa: PLR2004  # clipped to an end of the scale, or no width
    share[lost, np.clip(low[lost].astype(np.int64), 0, size - 1)] = 1.0
    total: F64 = count @ share
    return total


def at_moments(edges_s: F64, values: F64, moments: F64) -> F64:
    """Return the value of the bin each moment lies in, NaN outside of all bins."""
    if not values.size:
        return np.full(moments.size, np.nan)
    index = np.searchsorted(edges_s, moments, side="right") - 1
    inside = (index >= 0) & (index < values.size)
    return np.where(inside, values[np.clip(index, 0, values.size - 1)], np.nan)


def _histogram_scale(edges: F64) -> Scale:
    """Hold all buckets, at least a third of a decade wide; bucket 0 begins at 0 ns."""
    positive = np.maximum(edges[edges > 0], _SHORTEST_NS)
    low, high = float(positive[0]), float(positive[-1])
    middle = (low * high) ** 0.5
    return Scale(min(low, middle / 1.5), max(high, middle * 1.5), log=True)


def _dot_moments(start: float, end: float, width: int) -> F64:
    dots = width * ACROSS
    return start + (np.arange(dots) + 0.5) * (end - start) / dots


def _bars(canvas: Canvas, place: Layout, up: Scale, counts: F64) -> None:
    """Draw one bar a column in eighths of a cell; what is not nothing gets at least one."""
    eighths = np.rint(up.position(np.maximum(counts, up.low)) * place.height * 8).astype(np.int64)
    eighths = np.where(counts > 0, np.maximum(eighths, 1), 0)
    below = (np.arange(place.height, 0, -1)[:, None] - 1) * 8
    fill = np.minimum(np.maximum(eighths - below, 0), 8)
    canvas.chars[: place.height, place.left : place.left + place.width] = _EIGHTHS[fill]


def _marks(
    canvas: Canvas, place: Layout, scale: Scale, marks: tuple[tuple[str, float], ...]
) -> None:
    """Point at lengths: a dotted line, and the name on top where there is room."""
    free = place.left
    for name, value in marks:
        if not scale.low <= value <= scale.high:
            continue
        x = place.left + min(int(scale.place(value) * place.width), place.width - 1)
        canvas.fill_empty((slice(place.height), x), "╎", Role.MARK)
        first = min(x + 1, place.left + place.width - len(name))
        if first >= free and (canvas.chars[0, first : first + len(name)] == ord(" ")).all():
            canvas.text(first, 0, name, Role.MARK)
            free = first + len(name) + 1
