"""The timeline: from when to when the CPU was away, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hvconsole.stream.snapshot import Columns
from hvconsole.ui.chart.axes import Layout, draw_below, draw_left, layout, row_of
from hvconsole.ui.chart.canvas import Canvas
from hvconsole.ui.chart.cells import RAMP_STEPS, ROLES, Role, band, ramp
from hvconsole.ui.chart.raster import (
    ACROSS,
    BRAILLE,
    DOWN,
    braille,
    dot_rows,
    resample_extremes,
    resample_mean,
    spans,
)
from hvconsole.ui.chart.scale import Scale, grid, ticks, time_ticks

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

# Heartbeats come every 100 ms a lane: what is newer than two of them may still be under way, and
# to call it unwatched would make the newest edge flicker.
_UNDER_WAY_S = 0.25
_FULLY_WATCHED = 0.995
_CELLS_A_LABEL = 12
_HATCH = "\N{BOX DRAWINGS LIGHT DIAGONAL UPPER RIGHT TO LOWER LEFT}"


@dataclass(frozen=True, slots=True)
class Timeline:
    """What to draw.

    Attributes:
        columns: Switches by column of time.
        now_s: Newest moment heard of; nothing right of it is called unwatched.
        scale: The axis of lengths, in ns.
        colours: The scale that colours lengths, the same in all charts and tables.
        thresholds_ns: Lines to draw across.
        cursor_s: Moment to mark, or None.
        markers_s: Moments at which something was done to the board.
        part_s: Both ends of a part of time to bring out, or None.
        length_label: Says a length in ns.
        time_label: Says a moment in seconds, given the distance of two labels.
    """

    columns: Columns
    now_s: float
    scale: Scale
    colours: Scale
    length_label: Callable[[float], str]
    time_label: Callable[[float, float], str]
    thresholds_ns: tuple[float, ...] = ()
    cursor_s: float | None = None
    markers_s: tuple[float, ...] = ()
    part_s: tuple[float, float] | None = None


_LEAST_LANE = 3


def lanes_that_fit(cpus: Sequence[int], chosen: int | None, height: int) -> list[int]:
    """Return the lanes there is room for, one above the other, the chosen one among them.

    Args:
        cpus: All lanes, ascending.
        chosen: The lane that has to be seen, or None.
        height: Rows of cells.
    """
    room = max((height - 1) // _LEAST_LANE, 1)
    at = cpus.index(chosen) if chosen in cpus else 0
    first = max(min(at - room // 2, len(cpus) - room), 0)
    return list(cpus[first : first + room])


def draw_lanes(lanes: Sequence[tuple[str, Timeline]], width: int, height: int) -> Canvas:
    """Draw timelines one above the other with their names, over a single axis of time."""
    canvas = Canvas(width, height)
    for (name, what), (y, rows) in zip(lanes, lane_rows(len(lanes), height), strict=True):
        # One row more: its labels of time lie under the next lane, but for the last.
        canvas.put(0, y, draw_timeline(what, width, rows + 1))
        left = layout(width, rows + 1).left
        canvas.text(left, y, f" {name} ", Role.STRONG)
    return canvas


def lane_rows(lanes: int, height: int) -> list[tuple[int, int]]:
    """Return first row and number of rows of each lane; the last row of all is for labels."""
    room = max(height - 1, 0)
    bounds = [lane * room // max(lanes, 1) for lane in range(lanes + 1)]
    return [(top, bottom - top) for top, bottom in pairwise(bounds)]


def draw_timeline(what: Timeline, width: int, height: int) -> Canvas:
    """Draw a timeline with its axes, `width` × `height` cells."""
    canvas = Canvas(width, height)
    place = layout(width, height)
    if place.width < 1 or place.height < 1:
        return canvas
    canvas.put(place.left, 0, _data(what, place))
    _shade_unwatched(canvas, what, place)
    _threshold_lines(canvas, what, place)
    _markers(canvas, what, place)
    _cursor(canvas, what, place)
    _bring_out(canvas, what, place)
    draw_left(canvas, place, ticks(what.scale, place.most_rows_ticks, what.length_label))
    start, end = span_of(what.columns)
    if end > start:
        wanted = max(place.width // _CELLS_A_LABEL, 1)
        draw_below(canvas, place, time_ticks((start, end), wanted, what.time_label))
    return canvas


def span_of(columns: Columns) -> tuple[float, float]:
    """Return both ends of the view in seconds; (0, 0) for a view of nothing."""
    edges = columns.edges_s
    return (float(edges[0]), float(edges[-1])) if edges.size > 1 else (0.0, 0.0)


def ramp_steps(position: F64) -> I64:
    """Return the step of the ramp at positions on the axis of lengths."""
    shown = np.nan_to_num(position, nan=0.0)
    return np.minimum((shown * RAMP_STEPS).astype(np.int64), RAMP_STEPS - 1)


def _data(what: Timeline, place: Layout) -> Canvas:
    """Draw each column from its shortest to its longest switch; the longest shines."""
    across, down = place.width * ACROSS, place.height * DOWN
    low, high = resample_extremes(what.columns.shortest_ns, what.columns.longest_ns, across)
    top = dot_rows(what.scale.position(high), down)
    bottom = np.maximum(dot_rows(what.scale.position(low), down), top)
    canvas = Canvas(place.width, place.height)
    canvas.chars[:] = braille(spans(top, bottom, down))
    steps = _row_steps(what.scale, what.colours, place.height)
    canvas.roles[:] = (steps + band(0))[:, None]
    shown = np.flatnonzero(top >= 0)
    rows = top[shown] // DOWN
    canvas.roles[rows, shown // ACROSS] = steps[rows] + ramp(0)
    canvas.roles[canvas.chars == ord(" ")] = Role.TEXT
    return canvas


@lru_cache(maxsize=32)
def _row_steps(scale: Scale, colours: Scale, height: int) -> I64:
    """Return the step of the ramp of each row, from the top. Not to be written to."""
    return ramp_steps(colours.position(grid(scale, height, centres=True)[::-1]))


def _shade_unwatched(canvas: Canvas, what: Timeline, place: Layout) -> None:
    """Hatch from below: as much of the height as nobody watched of the time."""
    edges = what.columns.edges_s
    if edges.size < 2:  # noqa: PLR2004  # one edge is no column
        return
    known = (edges[:-1] >= 0) & (edges[1:] <= what.now_s - _UNDER_WAY_S)
    if not (known & (what.columns.watched < _FULLY_WATCHED)).any():
        return  # as it should be
    watched = np.where(known, np.nan_to_num(what.columns.watched, nan=1.0), 1.0)
    share = 1.0 - resample_mean(watched, place.width)
    rows = np.where(share > 1 - _FULLY_WATCHED, np.ceil(share * place.height - 1e-9), 0)
    above = np.arange(place.height, 0, -1)[:, None]
    if rows.any():
        plot = slice(place.height), slice(place.left, None)
        canvas.fill_empty(plot, _HATCH, Role.BLIND, where=above <= rows)


def _threshold_lines(canvas: Canvas, what: Timeline, place: Layout) -> None:
    for threshold in dict.fromkeys(what.thresholds_ns):
        if not what.scale.low <= threshold <= what.scale.high:
            continue
        y = row_of(what.scale.place(threshold), place.height)
        canvas.fill_empty((y, slice(place.left, None)), "╌", Role.THRESHOLD)


def _markers(canvas: Canvas, what: Timeline, place: Layout) -> None:
    for moment in what.markers_s:
        x = _column(what, place, moment)
        if x is not None:
            canvas.fill_empty((slice(place.height), x), "┆", Role.MARK)
            canvas.text(x, 0, "▼", Role.KEY)


def _column(what: Timeline, place: Layout, moment_s: float) -> int | None:
    """Return the column of cells of a moment, None outside of the view."""
    start, end = span_of(what.columns)
    if not start <= moment_s <= end or end <= start:
        return None
    share = (moment_s - start) / (end - start)
    return place.left + min(int(share * place.width), place.width - 1)


def _bring_out(canvas: Canvas, what: Timeline, place: Layout) -> None:
    """Paint a part of time as a selected row is painted."""
    start, end = span_of(what.columns)
    if what.part_s is None or end <= start:
        return
    low, high = min(what.part_s), max(what.part_s)
    if high < start or low > end:
        return
    first, last = (_column(what, place, min(max(s, start), end)) for s in (low, high))
    if first is not None and last is not None:
        canvas.roles[: place.height, first : last + 1] += ROLES


def _cursor(canvas: Canvas, what: Timeline, place: Layout) -> None:
    x = None if what.cursor_s is None else _column(what, place, what.cursor_s)
    if x is None:
        return
    chars = canvas.chars[: place.height, x]
    chars[(chars < BRAILLE) | (chars >= BRAILLE + 256)] = ord("│")
    canvas.roles[: place.height, x] = Role.CURSOR
