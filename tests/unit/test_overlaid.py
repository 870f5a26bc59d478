"""Distributions on common axes, and their pictures: nothing that was measured gets lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sessions import make_session, run_values

from hvconsole.analysis.overlaid import distributions
from hvconsole.analysis.runs import measured_runs
from hvconsole.ui.chart.cells import RAMP_STEPS, ramp
from hvconsole.ui.chart.overlay import (
    LETTERS,
    Curve,
    Overlay,
    RunMarks,
    colour,
    draw_overlay,
    draw_runs,
    letter,
)
from hvconsole.ui.chart.scale import Scale


def test_all_runs_of_a_condition_are_one_distribution(tmp_path: Path) -> None:
    runs = [run_values(seed=1), run_values(seed=2), run_values(seed=3, each=200)]
    path = make_session(tmp_path / "a.hvs", runs, ["busy", "busy", "idle"])
    busy, idle, none = distributions(measured_runs([path]), ["busy", "idle", "none"])
    assert busy.rate.sum() == pytest.approx(80, rel=0.01)  # 400 in 5 s, twice
    assert idle.longer[0] == pytest.approx(40, rel=0.01)
    assert busy.longer[-1] == 0
    assert (np.diff(busy.longer) <= 1e-9).all()
    assert np.allclose(-np.diff(busy.longer), busy.rate)
    assert busy.edges_ns[0] <= busy.longest_ns <= busy.edges_ns[-1] * 1.001
    assert none.edges_ns.size == 0
    assert np.isnan(none.longest_ns)


def text(canvas) -> list[str]:
    return ["".join(part for part, _ in row) for row in canvas.rows()]


def overlay(*curves: Curve) -> Overlay:
    return Overlay(curves, Scale(1, 1e6, log=True), Scale(0.1, 1e4, log=True), str, str)


def test_conditions_are_told_apart_without_colour() -> None:
    x = np.array([10.0, 1e5])
    low, high = (Curve(m, ramp(0), x, np.array([v, v])) for m, v in (("a", 1.0), ("b", 1000.0)))
    lines = text(draw_overlay(overlay(low, high), 80, 20))
    assert any("a" in line for line in lines[10:19])
    assert any("b" in line for line in lines[:10])


@given(
    st.lists(st.floats(0.5, 9e3), min_size=2, max_size=60),
    st.integers(30, 200),
    st.integers(6, 50),
)
@settings(max_examples=60, deadline=None)
def test_the_highest_value_is_always_drawn(values: list[float], width: int, height: int) -> None:
    x = np.geomspace(10, 9e5, len(values))
    canvas = draw_overlay(overlay(Curve("a", ramp(3), x, np.array(values))), width, height)
    place = canvas.roles[:-1, 8:] == ramp(3)
    rows = np.flatnonzero(place.any(axis=1))
    up = Scale(0.1, 1e4, log=True).position(np.array([max(values)]))[0]
    assert abs(rows[0] - (1 - up) * (height - 2)) <= 1.5


@given(st.integers(0, 12), st.integers(0, 8))
def test_no_size_is_too_small(width: int, height: int) -> None:
    curve = Curve("a", ramp(0), np.array([1.0, 10.0]), np.array([1.0, 2.0]))
    canvas = draw_overlay(overlay(curve), width, height)
    assert (canvas.width, canvas.height) == (width, height)
    marks = RunMarks("a", ramp(0), np.array([1.0, 2.0]), 1.5, (1.0, 2.0))
    draw_runs([marks, marks], Scale(0.5, 3.0), str, width, height)


def test_every_run_is_a_mark_in_its_order() -> None:
    marks = [
        RunMarks("a", ramp(0), np.array([1.0, 5.0, 9.0]), 4.0, (2.0, 8.0)),
        RunMarks("b", ramp(9), np.array([5.0, np.nan]), np.nan, (np.nan, np.nan)),
    ]
    lines = text(draw_runs(marks, Scale(0.0, 10.0), str, 60, 12))
    plot = lines[:-1]
    columns = [line.index("a") for line in plot if "a" in line]
    assert columns == sorted(columns, reverse=True)  # rising from left to right
    assert len(columns) == 3
    assert sum(line.count("b") for line in plot) == 1
    assert "a" in lines[-1]
    assert "b" in lines[-1]


def test_many_conditions_still_have_letters_and_colours() -> None:
    assert letter(0) == "a"
    assert letter(len(LETTERS)) == "*"
    assert [colour(i, 3) for i in range(3)] == [ramp(0), ramp(8), ramp(RAMP_STEPS - 1)]
    assert colour(0, 1) == ramp(0)
