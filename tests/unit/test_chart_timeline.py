"""The timeline: every spike is drawn, whatever the size; unwatched time is hatched."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from hvconsole.model.units import axis_length, moment
from hvconsole.stream.snapshot import Columns
from hvconsole.ui.chart.axes import layout
from hvconsole.ui.chart.canvas import Canvas
from hvconsole.ui.chart.cells import BAND, RAMP, ROLES, Role
from hvconsole.ui.chart.raster import ACROSS, DOWN, dot_rows
from hvconsole.ui.chart.scale import Scale
from hvconsole.ui.chart.timeline import Timeline, draw_timeline

SCALE = Scale(1e3, 1e7, log=True)
WIDTHS, HEIGHTS = st.integers(1, 130), st.integers(1, 45)
LENGTHS = st.one_of(st.just(np.nan), st.floats(1e3, 1e7), st.sampled_from([np.inf, -np.inf, 1e300]))


def columns(longest: np.ndarray, shortest: np.ndarray | None = None) -> Columns:
    size = longest.size
    return Columns(
        edges_s=np.linspace(0.0, 10.0, size + 1),
        count=np.where(np.isnan(longest), 0, 1),
        shortest_ns=longest if shortest is None else shortest,
        longest_ns=longest,
        lost_ns=np.zeros(size),
        watched=np.ones(size),
    )


def timeline(of: Columns, **changed: object) -> Timeline:
    what = Timeline(
        columns=of,
        now_s=10.0,
        scale=SCALE,
        colours=SCALE,
        length_label=axis_length,
        time_label=moment,
    )
    return replace(what, **changed)


def dots(canvas: Canvas, left: int, height: int) -> np.ndarray:
    """Read the raster back from the characters."""
    order = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
    cells = canvas.chars[:height, left:].astype(np.int64)
    codes = np.where((cells >= 0x2800) & (cells <= 0x28FF), cells - 0x2800, 0)
    bits = (codes[:, None, :, None] & order[None, :, None, :]) > 0
    return bits.reshape(codes.shape[0] * DOWN, codes.shape[1] * ACROSS)


@given(hnp.arrays(np.float64, st.integers(0, 400), elements=LENGTHS), WIDTHS, HEIGHTS)
def test_any_size_and_any_values_fill_exactly_the_picture(
    longest: np.ndarray, width: int, height: int
) -> None:
    canvas = draw_timeline(timeline(columns(longest), cursor_s=5.0), width, height)
    rows = canvas.rows()
    assert len(rows) == height
    assert all(sum(len(text) for text, _ in row) == width for row in rows)
    assert int(canvas.roles.max()) < ROLES


@given(hnp.arrays(np.float64, st.integers(1, 400), elements=LENGTHS), WIDTHS, HEIGHTS)
def test_the_longest_of_each_column_is_drawn(longest: np.ndarray, width: int, height: int) -> None:
    place = layout(width, height)
    canvas = draw_timeline(timeline(columns(longest)), width, height)
    drawn = dots(canvas, place.left, place.height)
    top = dot_rows(SCALE.position(longest), place.height * DOWN)
    across = place.width * ACROSS
    for index in np.flatnonzero(~np.isnan(longest)):
        first = index * across // longest.size
        last = max(((index + 1) * across - 1) // longest.size, first)
        over = drawn[: top[index] + 1, max(first - 1, 0) : last + 1]
        assert over.any(), "a switch is higher than everything drawn at its place"


def test_one_spike_among_a_million_stays_visible() -> None:
    longest = np.full(1_000_000, 2e3)
    longest[654_321] = 9e6
    canvas = draw_timeline(timeline(columns(longest)), 80, 12)
    place = layout(80, 12)
    drawn = dots(canvas, place.left, place.height)
    highest = np.flatnonzero(drawn[:2].any(axis=0))
    assert highest.tolist() == [654_321 * place.width * ACROSS // 1_000_000]


def test_a_column_is_drawn_from_its_shortest_to_its_longest() -> None:
    canvas = draw_timeline(timeline(columns(np.array([1e7]), np.array([1e3]))), 30, 10)
    place = layout(30, 10)
    assert dots(canvas, place.left, place.height).all()


def test_the_longest_shines_and_what_is_below_is_quiet() -> None:
    canvas = draw_timeline(timeline(columns(np.full(4, 1e7), np.full(4, 1e3))), 30, 10)
    place = layout(30, 10)
    assert (canvas.roles[0, place.left :] >= RAMP).all()
    assert (canvas.roles[0, place.left :] < BAND).all()
    assert (canvas.roles[1 : place.height, place.left :] >= BAND).all()


def test_a_colour_means_a_length_also_on_another_axis() -> None:
    linear = Scale(0.0, 1e7)
    half = timeline(columns(np.full(4, 5e6)), scale=linear)
    place = layout(60, 21)
    canvas = draw_timeline(half, 60, 21)
    row = int(np.flatnonzero(dots(canvas, place.left, place.height).any(axis=1))[0]) // DOWN
    length = linear.at(1 - (row + 0.5) / place.height)
    expected = RAMP + int(float(SCALE.position(np.asarray(length))) * 16)
    assert set(canvas.roles[row, place.left :].tolist()) == {expected}


@pytest.mark.parametrize(
    ("watched", "share"), [(0.0, 1.0), (0.5, 0.5), (0.9, 0.1), (0.999, 0.0), (1.0, 0.0)]
)
def test_unwatched_time_is_hatched_as_high_as_it_is_long(watched: float, share: float) -> None:
    seen = replace(columns(np.full(100, np.nan)), watched=np.full(100, watched))
    canvas = draw_timeline(timeline(seen), 58, 21)
    place = layout(58, 21)
    hatched = (canvas.roles[: place.height, place.left :] == Role.BLIND).sum(axis=0)
    # The last column is not known yet when the stream is at 10 s: see the next test.
    assert hatched[:-3].tolist() == [round(share * place.height)] * (place.width - 3)


def test_what_has_not_happened_yet_is_not_called_unwatched() -> None:
    unseen = replace(columns(np.full(100, np.nan)), watched=np.zeros(100))
    canvas = draw_timeline(timeline(unseen, now_s=5.0), 58, 21)
    place = layout(58, 21)
    hatched = (canvas.roles[: place.height, place.left :] == Role.BLIND).any(axis=0)
    at = (np.arange(place.width) + 0.5) / place.width * 10
    assert not hatched[at > 5.0].any()
    assert hatched[at < 4.5].all()


def test_hatching_never_hides_a_switch() -> None:
    seen = replace(columns(np.full(100, 5e6)), watched=np.zeros(100))
    canvas = draw_timeline(timeline(seen), 58, 21)
    place = layout(58, 21)
    assert dots(canvas, place.left, place.height).any(axis=0).all()


def test_thresholds_lie_across_where_they_belong() -> None:
    canvas = draw_timeline(timeline(columns(np.full(4, np.nan)), thresholds_ns=(1e5, 1e5)), 40, 14)
    place = layout(40, 14)
    rows = np.flatnonzero((canvas.roles == Role.THRESHOLD).any(axis=1))
    assert rows.tolist() == [round((1 - 0.5) * (place.height - 1))]


def test_a_threshold_off_the_axis_is_not_drawn() -> None:
    canvas = draw_timeline(timeline(columns(np.full(4, np.nan)), thresholds_ns=(1.0,)), 40, 14)
    assert not (canvas.roles == Role.THRESHOLD).any()


@given(st.floats(-5, 15), WIDTHS, HEIGHTS)
def test_the_cursor_is_one_column_inside_the_plot_or_not_there(
    cursor_s: float, width: int, height: int
) -> None:
    place = layout(width, height)
    canvas = draw_timeline(timeline(columns(np.full(9, 1e5)), cursor_s=cursor_s), width, height)
    at = np.flatnonzero((canvas.roles == Role.CURSOR).any(axis=0))
    if 0 <= cursor_s <= 10:
        assert at.tolist() == [place.left + min(int(cursor_s / 10 * place.width), place.width - 1)]
    else:
        assert not at.size


def test_the_axes_are_labelled() -> None:
    text = "\n".join(
        "".join(part for part, _ in row)
        for row in draw_timeline(timeline(columns(np.full(9, np.nan))), 80, 20).rows()
    )
    for label in ("1 µs", "100 µs", "10 ms", "2 s", "10 s"):
        assert label in text
