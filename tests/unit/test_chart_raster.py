"""Dots, cells and rows: nothing is lost, nothing is drawn outside."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from hvconsole.ui.chart.canvas import Canvas
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.chart.raster import (
    braille,
    dot_rows,
    resample_extremes,
    resample_mean,
    spans,
)

SIZES = st.integers(1, 40)
VALUES = st.floats(allow_nan=True, allow_infinity=True, width=64)


@pytest.mark.parametrize(
    ("x", "y", "char"),
    [(0, 0, "⠁"), (1, 0, "⠈"), (0, 1, "⠂"), (1, 2, "⠠"), (0, 3, "⡀"), (1, 3, "⢀")],
)
def test_each_dot_is_where_braille_has_it(x: int, y: int, char: str) -> None:
    dots = np.zeros((4, 2), dtype=bool)
    dots[y, x] = True
    assert chr(braille(dots)[0, 0]) == char


def test_all_dots_and_none() -> None:
    assert chr(braille(np.ones((4, 2), dtype=bool))[0, 0]) == "⣿"
    assert chr(braille(np.zeros((4, 2), dtype=bool))[0, 0]) == " "


@given(hnp.arrays(np.bool_, st.tuples(SIZES.map(lambda n: 4 * n), SIZES.map(lambda n: 2 * n))))
def test_as_many_bits_as_dots(dots: np.ndarray) -> None:
    codes = braille(dots)
    bits = np.where(codes == ord(" "), 0, codes - 0x2800)
    assert sum(int(b).bit_count() for b in bits.ravel()) == int(dots.sum())


@given(hnp.arrays(np.float64, st.integers(0, 50), elements=VALUES), st.integers(1, 400))
def test_rows_of_dots_are_within_the_raster(position: np.ndarray, height: int) -> None:
    rows = dot_rows(position, height)
    assert ((rows == -1) == np.isnan(position)).all()
    assert (rows < height).all()
    assert (rows >= -1).all()


def test_a_span_includes_both_ends() -> None:
    dots = spans(np.array([1, -1, 2]), np.array([3, 5, 2]), 5)
    assert dots[:, 0].tolist() == [False, True, True, True, False]
    assert not dots[:, 1].any()
    assert dots[:, 2].tolist() == [False, False, True, False, False]


@given(hnp.arrays(np.float64, st.integers(1, 300), elements=VALUES), st.integers(1, 120))
def test_no_extreme_is_lost_by_resampling(values: np.ndarray, size: int) -> None:
    low, high = resample_extremes(values, values, size)
    assert low.size == high.size == size
    if np.isnan(values).all():
        assert np.isnan(high).all()
        return
    assert np.nanmax(high) == np.nanmax(values)
    assert np.nanmin(low) == np.nanmin(values)


@given(st.integers(1, 300), st.integers(1, 120))
def test_every_column_reaches_the_column_over_it(count: int, size: int) -> None:
    """A lone spike is in the resampled column that covers its place, wherever it is."""
    for at in {0, count // 2, count - 1}:
        values = np.full(count, np.nan)
        values[at] = 7.0
        _, high = resample_extremes(values, values, size)
        hit = np.flatnonzero(high == 7.0)
        assert hit.size >= 1
        assert hit[0] - 1 < at * size / count < hit[-1] + 1


@given(hnp.arrays(np.float64, st.integers(0, 300), elements=st.floats(0, 1)), st.integers(1, 120))
def test_means_stay_within_the_values(values: np.ndarray, size: int) -> None:
    mean = resample_mean(values, size)
    assert mean.size == size
    if values.size:
        assert mean.min() >= values.min() - 1e-9
        assert mean.max() <= values.max() + 1e-9


@given(st.integers(0, 30), st.integers(0, 10), st.integers(-50, 50), st.integers(-20, 20))
def test_text_outside_of_a_canvas_is_cut_off(width: int, height: int, x: int, y: int) -> None:
    canvas = Canvas(width, height)
    canvas.text(x, y, "0123456789", Role.LABEL)
    rows = canvas.rows()
    assert len(rows) == height
    assert all(sum(len(text) for text, _ in row) == width for row in rows)
    if 0 <= y < height:
        shown = "".join(text for text, _ in rows[y])
        expected = [" "] * width
        for index in range(10):
            if 0 <= x + index < width:
                expected[x + index] = str(index)
        assert shown == "".join(expected)


def test_rows_are_cut_where_the_role_changes() -> None:
    canvas = Canvas(5, 2)
    canvas.text(1, 0, "ab", Role.WARN)
    assert canvas.rows() == [[(" ", 0), ("ab", Role.WARN), ("  ", 0)], [("     ", 0)]]


def test_filling_spares_what_is_drawn() -> None:
    canvas = Canvas(4, 1)
    canvas.text(1, 0, "x", Role.WARN)
    canvas.fill_empty((0, slice(None)), "-", Role.GRID)
    assert canvas.rows() == [[("-", Role.GRID), ("x", Role.WARN), ("--", Role.GRID)]]


def test_a_canvas_goes_into_a_canvas() -> None:
    small, large = Canvas(3, 3), Canvas(4, 2)
    small.text(0, 0, "abc", Role.WARN)
    large.put(2, 1, small)
    assert large.rows()[1] == [("  ", 0), ("ab", Role.WARN)]


def test_what_lies_under_shows_where_nothing_is_drawn() -> None:
    under = Canvas(3, 1)
    under.text(0, 0, "ab", Role.LABEL)
    canvas = Canvas(4, 2)
    canvas.text(2, 1, "x", Role.STRONG)
    canvas.under(1, 1, under)
    assert canvas.rows()[1] == [
        (" ", Role.TEXT), ("a", Role.LABEL), ("x", Role.STRONG), (" ", Role.TEXT),
    ]  # fmt: skip
    assert canvas.rows()[0] == [("    ", Role.TEXT)]
