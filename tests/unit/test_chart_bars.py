"""Histogram and rate: every bucket counts, nothing is drawn outside."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from hvconsole.model.units import axis_count, axis_length, moment
from hvconsole.stream.snapshot import Distribution
from hvconsole.ui.chart.axes import layout
from hvconsole.ui.chart.bars import (
    Histogram,
    Rate,
    at_moments,
    draw_histogram,
    draw_rate,
    rebin,
)
from hvconsole.ui.chart.canvas import Canvas
from hvconsole.ui.chart.cells import RAMP, ROLES, Role
from hvconsole.ui.chart.scale import Scale

SCALE = Scale(1e3, 1e7, log=True)
WIDTHS, HEIGHTS = st.integers(1, 130), st.integers(1, 45)
BARS = " ▁▂▃▄▅▆▇█"


@st.composite
def distributions(draw: st.DrawFn) -> Distribution:
    counts = draw(hnp.arrays(np.int64, st.integers(0, 200), elements=st.integers(0, 10**12)))
    low = draw(st.floats(0, 1e6))
    ratio = draw(st.floats(1.01, 1.5))
    edges = low * ratio ** np.arange(counts.size + 1) if counts.size else np.empty(0)
    return Distribution(edges, counts)


def histogram(distribution: Distribution, **changed: object) -> Histogram:
    return Histogram(
        distribution=distribution,
        colours=SCALE,
        length_label=axis_length,
        count_label=axis_count,
        **changed,
    )


def filled(canvas: Canvas, width: int, height: int) -> np.ndarray:
    """Return the eighths drawn in each column of the plot."""
    place = layout(width, height)
    chars = canvas.chars[: place.height, place.left :]
    eighths = np.zeros(chars.shape, dtype=int)
    for number, char in enumerate(BARS):
        eighths[chars == ord(char)] = number
    return eighths.sum(axis=0)


@given(distributions(), WIDTHS, HEIGHTS)
def test_any_distribution_fits_any_size(of: Distribution, width: int, height: int) -> None:
    marks = (("p50", 5e3), ("p99", float("nan")), ("p99.9", float("inf")))
    canvas = draw_histogram(histogram(of, marks=marks), width, height)
    rows = canvas.rows()
    assert len(rows) == height
    assert all(sum(len(text) for text, _ in row) == width for row in rows)
    assert int(canvas.roles.max()) < ROLES


@given(distributions(), st.integers(1, 150))
def test_rebinning_keeps_the_total(of: Distribution, size: int) -> None:
    if of.edges_ns.size < 2 or not of.edges_ns[-1] > 0:
        return
    positive = of.edges_ns[of.edges_ns > 0]
    scale = Scale(float(positive[0]) / 1.1, float(positive[-1]) * 1.1, log=True)
    assert rebin(of, scale, size).sum() == pytest.approx(of.count.sum(), rel=1e-9)


def test_a_single_switch_far_out_is_seen() -> None:
    edges = np.geomspace(1e3, 1e8, 401)
    counts = np.zeros(400, dtype=np.int64)
    counts[10], counts[399] = 10**9, 1
    drawn = filled(draw_histogram(histogram(Distribution(edges, counts)), 90, 12), 90, 12)
    assert drawn[-1] >= 1
    assert drawn.max() == drawn[: drawn.size // 10].max()
    assert (drawn > 0).sum() <= 4


def test_a_bucket_wider_than_a_column_leaves_no_gap() -> None:
    edges = np.array([1e3, 2e3, 4e3, 8e3])
    counts = np.array([5, 5, 5])
    drawn = filled(draw_histogram(histogram(Distribution(edges, counts)), 110, 10), 110, 10)
    inside = np.flatnonzero(drawn)
    assert (np.diff(inside) == 1).all()


def test_bars_grow_with_the_logarithm_of_the_count() -> None:
    edges = np.geomspace(1e3, 1e6, 4)
    counts = np.array([10, 1000, 100_000])
    drawn = filled(draw_histogram(histogram(Distribution(edges, counts)), 68, 20), 68, 20)
    heights = [int(drawn[at]) for at in (10, 30, 50)]
    assert heights[0] < heights[1] < heights[2]
    assert heights[2] - heights[1] == pytest.approx(heights[1] - heights[0], abs=2)


def test_lengths_are_coloured_as_in_the_timeline() -> None:
    edges = np.geomspace(1e3, 1e7, 65)
    canvas = draw_histogram(histogram(Distribution(edges, np.full(64, 1000))), 72, 12)
    place = layout(72, 12)
    lowest = canvas.roles[place.height - 1, place.left :].astype(int)
    assert lowest[0] == RAMP
    assert lowest[-1] == RAMP + 15
    assert (np.diff(lowest) >= 0).all()


def test_marks_are_named_where_there_is_room() -> None:
    edges = np.geomspace(1e3, 1e6, 61)
    counts = np.zeros(60, dtype=np.int64)
    counts[0] = counts[-1] = 1
    canvas = draw_histogram(
        histogram(Distribution(edges, counts), marks=(("p50", 1e4), ("p99", 1.05e4))), 80, 10
    )
    top = "".join(text for text, _ in canvas.rows()[0])
    assert "p50" in top
    assert "p99" not in top, "two names on one place would be unreadable"
    assert (canvas.roles == Role.MARK).any(axis=0).sum() >= 2


def test_nothing_measured_draws_nothing() -> None:
    canvas = draw_histogram(histogram(Distribution(np.empty(0), np.empty(0, dtype=int))), 40, 10)
    assert (canvas.chars == ord(" ")).all()


RATES = st.one_of(st.just(np.nan), st.floats(0, 1e9))


@given(hnp.arrays(np.float64, st.integers(0, 60), elements=RATES), WIDTHS, HEIGHTS)
def test_any_rate_fits_any_size(values: np.ndarray, width: int, height: int) -> None:
    edges = np.linspace(0, 10, values.size + 1)
    what = Rate(edges, values, (0.0, 10.0), axis_count, moment)
    rows = draw_rate(what, width, height).rows()
    assert len(rows) == height
    assert all(sum(len(text) for text, _ in row) == width for row in rows)


def test_a_rate_is_an_area_from_zero_with_gaps_where_nothing_is_known() -> None:
    what = Rate(np.arange(5.0), np.array([4.0, np.nan, 2.0, 4.0]), (0.0, 4.0), axis_count, moment)
    canvas = draw_rate(what, 48, 11)
    place = layout(48, 11)
    plot = canvas.chars[: place.height, place.left :]
    drawn = (plot >= 0x2800) & (plot <= 0x28FF)
    columns = drawn.sum(axis=0)
    assert columns[:9].min() > columns[21:29].max() > 0
    assert columns[11:19].max() == 0
    assert drawn[-1, :9].all(), "the area reaches down to zero"


@given(st.integers(0, 30), st.lists(st.floats(-5, 15), max_size=30))
def test_moments_outside_of_all_bins_have_no_value(bins: int, moments: list[float]) -> None:
    edges = np.linspace(0, 10, bins + 1)
    values = np.arange(float(bins))
    at = np.asarray(moments)
    found = at_moments(edges, values, at)
    assert found.shape == at.shape
    inside = (at >= 0) & (at < 10) if bins else np.zeros(at.shape, dtype=bool)
    assert (np.isfinite(found) == inside).all()
