"""Each verdict says what it rests on."""

from __future__ import annotations

import numpy as np
import pytest
from test_compare import figures

from hvconsole.analysis.compare import Pair, compare
from hvconsole.analysis.reasons import reasons


def pair_of(comparison, figure: str = "p99_ns") -> Pair:
    found = comparison.against_reference(comparison.conditions[1].name, figure)
    assert found is not None
    return found


def told(runs, figure: str = "p99_ns") -> dict[str, str]:
    comparison = compare(runs, "native")
    return dict(reasons(comparison, pair_of(comparison, figure)))


def interleaved(number: int, ratio: float, spread: float, **changed: object):
    rng = np.random.default_rng(3)
    runs = []
    for i in range(number):
        for place, (name, scale) in enumerate((("native", 1.0), ("xen", ratio))):
            scattered = scale * float(np.exp(rng.normal(0, spread)))
            runs.append(figures(name, 2 * i + place + 1, scattered, **changed))
    return runs


def test_too_few_runs_say_how_many_could_decide() -> None:
    said = told(interleaved(3, 2.0, 0.01))
    assert said["verdict"].startswith("underpowered: with 3 and 3 runs")
    assert "p would be 0.100" in said["verdict"]
    assert "4 runs of each could decide" in said["verdict"]
    assert "9 of 9 couples" in said["runs"]


def test_a_difference_names_test_effect_and_figures() -> None:
    said = told(interleaved(10, 2.0, 0.05))
    assert said["verdict"].startswith("higher: both tests stay below 5 %")
    assert "after Holm over 1 pair" in said["tested"]
    assert "p99: xen 39" in said["seen"] or "p99: xen 40" in said["seen"]
    assert "100 of 100 couples" in said["runs"]
    assert "mind" not in said


def test_no_difference_says_what_would_have_shown() -> None:
    said = told(interleaved(10, 1.0, 0.2))
    assert "not the same as equal" in said["verdict"]
    assert "four times out of five" in said["verdict"]
    assert "×1.1 would need" in said["verdict"]


def test_virtual_time_is_exact() -> None:
    said = told(interleaved(2, 2.0, 0.0, labels=("virtual time",)))
    assert said["verdict"].startswith("deterministic")
    assert "tested" not in said
    assert said["mind"] == "these figures are virtual time"


def test_drift_labels_and_unwatched_time_are_to_be_minded() -> None:
    runs = [figures("native", i, 1 + i / 10, coverage=0.9) for i in range(1, 11)]
    runs += [figures("xen", i, 1 + i / 10, labels=("simulated",)) for i in range(11, 21)]
    comparison = compare(runs, "native")
    minded = [text for head, text in reasons(comparison, pair_of(comparison)) if head == "mind"]
    assert any("follows the order of runs" in text for text in minded)
    assert "these figures are simulated" in minded
    assert "figures of different kinds stand against each other" in minded
    assert "in one run only 90.0 % of the time was watched" in minded


@pytest.mark.parametrize("name", ["xen\x1b[31m", "[bold]x"])
def test_names_are_safe_to_show(name: str) -> None:
    runs = [figures("native", 1, 1.0), figures(name, 2, 2.0)]
    comparison = compare(runs, "native")
    assert all("\x1b" not in text for _, text in reasons(comparison, pair_of(comparison)))
