"""Axes: round ends, round labels, no value outside."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from hvconsole.model.units import axis_length
from hvconsole.ui.chart.scale import (
    Scale,
    grid,
    length_scale,
    linear_scale,
    nice_step,
    ticks,
    time_ticks,
)

ANY = st.floats(allow_nan=True, allow_infinity=True)
LENGTH = st.floats(1, 1e13)


@given(ANY, ANY, st.booleans())
def test_a_scale_is_always_usable(low: float, high: float, log: bool) -> None:
    scale = length_scale(low, high, log=log)
    assert math.isfinite(scale.low)
    assert math.isfinite(scale.high)
    assert scale.high > scale.low
    assert not log or scale.low > 0


@given(LENGTH, LENGTH, st.booleans())
def test_a_scale_holds_its_values(a: float, b: float, log: bool) -> None:
    low, high = min(a, b), max(a, b)
    scale = length_scale(low, high, log=log)
    assert scale.low <= low * (1 + 1e-9)
    assert scale.high >= high * (1 - 1e-9)


def test_a_logarithmic_scale_is_at_least_a_decade() -> None:
    scale = length_scale(3e3, 4e3, log=True)
    assert (scale.low, scale.high) == (2e3, 2e4)


@given(LENGTH, LENGTH, st.booleans(), st.floats(0, 1))
def test_positions_can_be_read_back(a: float, b: float, log: bool, share: float) -> None:
    scale = length_scale(min(a, b), max(a, b), log=log)
    value = scale.at(share)
    assert float(scale.position(np.asarray(value))) == pytest.approx(share, abs=1e-6)


@given(st.lists(ANY, min_size=1, max_size=20), st.booleans())
def test_positions_are_within_the_axis_or_nowhere(values: list[float], log: bool) -> None:
    position = length_scale(1e3, 1e6, log=log).position(np.asarray(values))
    assert ((position >= 0) & (position <= 1) | np.isnan(position)).all()
    assert (np.isnan(position) == np.isnan(np.asarray(values))).all()


@given(LENGTH, LENGTH, st.booleans(), st.integers(0, 40))
def test_labels_are_few_ascending_and_inside(a: float, b: float, log: bool, most: int) -> None:
    marks = ticks(length_scale(min(a, b), max(a, b), log=log), most, axis_length)
    assert len(marks) <= most
    assert all(0 <= mark.position <= 1 for mark in marks)
    assert [m.value for m in marks] == sorted({m.value for m in marks})
    assert most == 0 or marks


def test_decades_are_labelled_with_units() -> None:
    marks = ticks(Scale(100.0, 1e9, log=True), 9, axis_length)
    assert [mark.label for mark in marks] == [
        *("100 ns", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s"),
    ]


def test_decades_are_thinned_where_there_is_little_room() -> None:
    assert [m.label for m in ticks(Scale(100.0, 1e9, log=True), 3, axis_length)] == [
        *("100 ns", "100 µs", "100 ms"),
    ]


def test_a_short_logarithmic_axis_gets_steps_in_between() -> None:
    assert [m.label for m in ticks(Scale(2e3, 2e4, log=True), 6, axis_length)] == [
        *("2 µs", "5 µs", "10 µs", "20 µs"),
    ]


@given(st.floats(1e-6, 1e12), st.integers(1, 50))
def test_steps_are_round(span: float, most: int) -> None:
    step = nice_step(span, most)
    mantissa = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(mantissa - nice) for nice in (1, 2, 5, 10)) < 1e-6
    assert span / step <= most * (1 + 1e-6)


@given(st.floats(1e-3, 1e15))
def test_a_linear_scale_is_not_much_higher_than_needed(highest: float) -> None:
    scale = linear_scale(highest)
    assert highest <= scale.high <= 1.6 * highest


@given(LENGTH, LENGTH, st.booleans(), st.one_of(ANY, LENGTH))
def test_one_value_lies_where_many_do(a: float, b: float, log: bool, value: float) -> None:
    scale = length_scale(min(a, b), max(a, b), log=log)
    many = float(scale.position(np.array([value]))[0])
    assert scale.place(value) == pytest.approx(many, abs=1e-12, nan_ok=True)


@given(LENGTH, LENGTH, st.booleans(), st.integers(1, 50))
def test_a_grid_has_the_values_of_its_columns(a: float, b: float, log: bool, size: int) -> None:
    scale = length_scale(min(a, b), max(a, b), log=log)
    middles, ends = grid(scale, size, centres=True), grid(scale, size, centres=False)
    assert middles == pytest.approx([scale.at((x + 0.5) / size) for x in range(size)])
    assert ends == pytest.approx([scale.at(x / size) for x in range(size + 1)])


@given(st.floats(-1e3, 1e5), st.floats(1e-3, 1e5), st.integers(1, 20))
def test_moments_are_said_with_their_distance(start: float, span: float, most: int) -> None:
    found = time_ticks((start, start + span), most, lambda s, step: f"{s} {step}")
    assert len(found) <= most
    steps = {tick.label.split()[1] for tick in found}
    assert len(steps) <= 1
    if len(found) > 1:
        assert float(steps.pop()) == found[1].value - found[0].value
