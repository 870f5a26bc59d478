"""Statistics over runs: against scipy, against enumeration, and against known small cases."""

from __future__ import annotations

import math
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from hvconsole.analysis import statistics
from hvconsole.analysis.statistics import (
    cliffs_delta,
    detectable_ratio,
    drift,
    geometric_mean,
    holm,
    rank_counts,
    rank_p,
    ratio,
    runs_for_ratio,
    runs_needed,
    shift,
    smallest_p,
    upper_bound_of_none,
)

RNG = np.random.default_rng(20)
A = RNG.lognormal(1.0, 0.2, 6).tolist()
B = RNG.lognormal(1.4, 0.1, 8).tolist()

values = st.lists(st.floats(0.1, 1e6), min_size=2, max_size=8, unique=True)


def test_ratio_is_welch_on_logs() -> None:
    found, p = ratio(A, B)
    reference = stats.ttest_ind(np.log(A), np.log(B), equal_var=False)
    bounds = reference.confidence_interval(0.95)
    assert p == pytest.approx(reference.pvalue)
    assert (found.low, found.high) == pytest.approx((math.exp(bounds.low), math.exp(bounds.high)))
    assert found.value == pytest.approx(math.exp(np.log(A).mean() - np.log(B).mean()))


def test_mean_has_a_t_interval_on_logs() -> None:
    found = geometric_mean(A)
    logs = np.log(A)
    low, high = stats.t.interval(0.95, 5, logs.mean(), stats.sem(logs))
    assert (found.low, found.high) == pytest.approx((math.exp(low), math.exp(high)))


@pytest.mark.parametrize("data", [[3.0], [2.0, 2.0, 2.0], [0.0, 1.0], []])
def test_without_spread_or_logs_there_is_no_interval(data: list[float]) -> None:
    assert not geometric_mean(data).has_interval
    assert not ratio(data, data)[0].has_interval
    assert math.isnan(ratio(data, data)[1])


@pytest.mark.parametrize(("n", "m"), [(1, 3), (2, 2), (4, 4), (3, 5)])
def test_rank_counts_are_those_of_all_orders(n: int, m: int) -> None:
    counted = np.zeros(n * m + 1)
    for places in combinations(range(n + m), n):
        counted[sum(places) - n * (n - 1) // 2] += 1
    assert rank_counts(n, m).tolist() == counted.tolist()


def test_shift_is_the_median_of_differences_with_its_exact_interval() -> None:
    x, y = [5.0, 7.1, 9.3, 12.0, 13.7], [1.0, 2.2, 3.5, 4.1, 6.6]
    differences = sorted(a - b for a in x for b in y)
    found = shift(x, y)
    assert found.value == pytest.approx(differences[12])
    # The table for n = m = 5 at 95 %: the third difference from either end.
    assert (found.low, found.high) == pytest.approx((differences[2], differences[-3]))


def test_too_few_runs_have_no_interval_of_the_shift() -> None:
    assert not shift([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]).has_interval
    assert shift([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]).has_interval


@given(values, values)
def test_rank_test_and_delta_turn_with_the_sides(x: list[float], y: list[float]) -> None:
    assert cliffs_delta(x, y) == pytest.approx(-cliffs_delta(y, x))
    assert rank_p(x, y) == pytest.approx(rank_p(y, x))
    assert smallest_p(len(x), len(y)) - 1e-12 <= rank_p(x, y) <= 1


def test_ties_never_promise_more_than_the_runs_can_show() -> None:
    assert rank_p([1.0] * 4, [2.0] * 4) >= smallest_p(4, 4)
    assert rank_p([1.0, 1.0], [1.0, 1.0]) == 1


def test_delta_of_separate_runs_is_one() -> None:
    assert cliffs_delta([3.0, 4.0], [1.0, 2.0]) == 1
    assert cliffs_delta([1.0, 3.0], [2.0, 2.0]) == 0


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    adjusted = holm([0.01, float("nan")])
    assert adjusted[0] == pytest.approx(0.02)
    assert math.isnan(adjusted[1])
    assert holm([]) == []


def test_what_four_runs_can_never_show() -> None:
    assert smallest_p(4, 4) == pytest.approx(2 / 70)
    assert 6 * smallest_p(4, 4) == pytest.approx(0.171, abs=1e-3)
    assert runs_needed(6) == 5
    assert runs_needed(1) == 4


def test_power_agrees_with_simulation() -> None:
    spread, n = 0.2, 10
    rng = np.random.default_rng(4)
    x, y = (np.exp(spread * _standardised(rng.normal(size=n))) for _ in range(2))
    wanted = detectable_ratio(x.tolist(), y.tolist())
    shown = sum(
        ratio(
            np.exp(rng.normal(math.log(wanted), spread, n)).tolist(),
            np.exp(rng.normal(0, spread, n)).tolist(),
        )[1]
        < 0.05
        for _ in range(600)
    )
    assert 0.74 < shown / 600 < 0.86
    assert abs(runs_for_ratio(spread, wanted) - n) <= 1


def _standardised(data: np.ndarray) -> np.ndarray:
    return (data - data.mean()) / data.std(ddof=1)


def test_rule_of_three_covers() -> None:
    bound = upper_bound_of_none(60.0)
    assert bound == pytest.approx(0.05)
    assert math.exp(-bound * 60) == pytest.approx(0.05, abs=0.001)
    assert math.isnan(upper_bound_of_none(0.0))


def test_drift_is_seen_within_conditions_only() -> None:
    order = list(range(1, 13))
    groups = ["a", "b"] * 6
    rising = [(10.0 if g == "a" else 20.0) * 1.02**i for i, g in zip(order, groups, strict=True)]
    assert drift(order, rising, groups).shown
    steady = [10.0 if g == "a" else 20.0 for g in groups]
    assert not drift(order, steady, groups).shown
    assert math.isnan(drift(order[:4], rising[:4], groups[:4]).p)


def test_intervals_cover_and_false_positives_stay_rare() -> None:
    """The study of docs/statistics.md, smaller and seeded."""
    rng = np.random.default_rng(7)
    covered = wrong = 0
    trials = 600
    for _ in range(trials):
        # Runs differ among themselves more than their own switches explain.
        x, y = np.exp(rng.normal(0, 0.15, (2, 10)))
        estimate, welch = ratio((1.3 * x).tolist(), y.tolist())
        covered += estimate.low <= 1.3 <= estimate.high
        p = max(ratio(x.tolist(), y.tolist())[1], rank_p(x.tolist(), y.tolist()))
        wrong += p < statistics.ALPHA
        assert welch <= 1
    assert 0.93 <= covered / trials <= 0.97
    assert wrong / trials <= 0.05


def test_scipy_is_loaded_only_where_it_is_used() -> None:
    code = "import sys, hvconsole.cli as c; c.build_parser(['--help'])\n"
    code += "import hvconsole.commands.compare, hvconsole.commands.report\n"
    code += "import hvconsole.analysis.compare, hvconsole.analysis.report.page\n"
    code += "print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
