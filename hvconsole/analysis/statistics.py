"""What repeated runs can say: intervals, effects and tests, with the run as the unit.

Pure functions over one-dimensional arrays, one value a run. scipy is imported where it is used:
it takes a while to load.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

ALPHA = 0.05
POWER = 0.8
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval at level 1 − `ALPHA`; NaN bounds where there is none."""

    value: float
    low: float = NAN
    high: float = NAN

    @property
    def has_interval(self) -> bool:
        """Whether the bounds are known."""
        return math.isfinite(self.low) and math.isfinite(self.high)


@dataclass(frozen=True, slots=True)
class Drift:
    """Spearman's correlation of run order and value, and its p; NaN where too few runs stand."""

    correlation: float = NAN
    p: float = NAN

    @property
    def shown(self) -> bool:
        """Whether the board changed while it was measured, at `ALPHA`."""
        return self.p < ALPHA


def geometric_mean(values: Sequence[float]) -> Estimate:
    """Return the mean on the log scale with Student's t interval.

    Args:
        values: One a run, all above 0 for an interval; otherwise the arithmetic mean without one.
    """
    data = np.asarray(values, dtype=np.float64)
    if not data.size or not np.isfinite(data).all():
        return Estimate(NAN)
    if (data <= 0).any():
        return Estimate(float(data.mean()))
    logs = np.log(data)
    middle = float(logs.mean())
    if logs.size < 2 or np.ptp(logs) == 0:  # noqa: PLR2004  # nothing is known of the spread
        return Estimate(math.exp(middle))
    half = t_quantile(logs.size - 1) * float(logs.std(ddof=1)) / math.sqrt(logs.size)
    return Estimate(math.exp(middle), math.exp(middle - half), math.exp(middle + half))


def ratio(values: Sequence[float], reference: Sequence[float]) -> tuple[Estimate, float]:
    """Compare two conditions on the log scale without assuming equal spread (Welch 1947).

    Args:
        values: One a run, above 0.
        reference: Likewise.

    Returns:
        The ratio of the geometric means with its interval, and the two-sided p; NaN where a
        value is not above 0 (no log) or a condition has one run only.
    """
    a, b = np.asarray(values, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if not a.size or not b.size or not ((a > 0).all() and (b > 0).all()):
        return Estimate(NAN), NAN
    x, y = np.log(a), np.log(b)
    shift = float(x.mean() - y.mean())
    if min(x.size, y.size) < 2:  # noqa: PLR2004  # one run has no spread
        return Estimate(math.exp(shift)), NAN
    error, freedom = _welch(x, y)
    if error == 0:
        # Equal runs: nothing is known of the spread, so nothing of the error.
        return Estimate(math.exp(shift)), NAN
    half = t_quantile(freedom) * error
    bounds = (math.exp(shift - half), math.exp(shift + half))
    return Estimate(math.exp(shift), *bounds), _t_p(shift / error, freedom)


def _welch(x: F64, y: F64) -> tuple[float, float]:
    """Return the error of the difference of means, and the degrees of freedom (Satterthwaite)."""
    u, v = float(x.var(ddof=1)) / x.size, float(y.var(ddof=1)) / y.size
    below = u**2 / (x.size - 1) + v**2 / (y.size - 1)
    return math.sqrt(u + v), (u + v) ** 2 / below if below > 0 else 1.0


def t_quantile(freedom: float, alpha: float = ALPHA) -> float:
    """Return how many errors a two-sided interval reaches."""
    from scipy import stats  # noqa: PLC0415  # scipy takes its time to load

    return float(stats.t.ppf(1 - alpha / 2, freedom))


def _t_p(t: float, freedom: float) -> float:
    from scipy import stats  # noqa: PLC0415  # scipy takes its time to load

    return float(2 * stats.t.sf(abs(t), freedom))


def rank_p(values: Sequence[float], reference: Sequence[float]) -> float:
    """Return the two-sided p of Mann and Whitney's test: exact, or approximate with ties."""
    a, b = np.asarray(values, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if not a.size or not b.size:
        return NAN
    from scipy import stats  # noqa: PLC0415  # scipy takes its time to load

    both = np.concatenate([a, b])
    if (both == both[0]).all():
        return 1.0
    has_ties = np.unique(both).size < both.size
    method = "asymptotic" if has_ties else "exact"
    p = float(stats.mannwhitneyu(a, b, alternative="two-sided", method=method).pvalue)
    # The approximation may promise more than any order of so few runs can show.
    return max(p, smallest_p(a.size, b.size))


def shift(values: Sequence[float], reference: Sequence[float]) -> Estimate:
    """Return Hodges and Lehmann's shift: the median of all differences, with its exact interval.

    The interval's bounds are differences too, as far from the ends as the null distribution of
    the rank sum allows (Hollander, Wolfe, Chicken: Nonparametric Statistical Methods, 4.2). With
    too few runs for the level there is none.
    """
    a, b = np.asarray(values, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if not a.size or not b.size:
        return Estimate(NAN)
    differences = np.sort(np.subtract.outer(a, b).ravel())
    below = _rank_cut(a.size, b.size)
    middle = float(np.median(differences))
    if below < 1 or differences[0] == differences[-1]:
        return Estimate(middle)
    return Estimate(middle, float(differences[below - 1]), float(differences[-below]))


def _rank_cut(n: int, m: int, alpha: float = ALPHA) -> int:
    """Return the largest c with P(U < c) at most `alpha` / 2 (the bounds are its differences)."""
    counts = rank_counts(n, m)
    reached = np.cumsum(counts) / counts.sum()
    return int(np.searchsorted(reached, alpha / 2, side="right"))


def rank_counts(n: int, m: int) -> F64:
    """Return in how many orders of n and m values Mann and Whitney's U is 0, 1, …, n·m.

    They are the coefficients of Gauss's binomial: multiply by 1 − q^(m+i), divide by 1 − q^i.
    """
    counts = np.zeros(n * m + 1)
    counts[0] = 1
    for i in range(1, n + 1):
        for at in range(n * m, m + i - 1, -1):
            counts[at] -= counts[at - m - i]
        for at in range(i, n * m + 1):
            counts[at] += counts[at - i]
    return counts


def cliffs_delta(values: Sequence[float], reference: Sequence[float]) -> float:
    """Return how much more often a run exceeds one of the reference than the reverse, −1 to 1."""
    a, b = np.asarray(values, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if not a.size or not b.size:
        return NAN
    return float(np.sign(np.subtract.outer(a, b)).mean())


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values adjusted for their number (Holm 1979); NaN stays and counts as a test."""
    order = sorted(range(len(p_values)), key=lambda i: _or_one(p_values[i]))
    adjusted, highest = [NAN] * len(p_values), 0.0
    for place, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - place) * _or_one(p_values[i])))
        if math.isfinite(p_values[i]):
            adjusted[i] = highest
    return adjusted


def _or_one(p: float) -> float:
    return p if math.isfinite(p) else 1.0


def smallest_p(n: int, m: int) -> float:
    """Return the smallest p that any outcome of n against m runs can reach by ranks."""
    return min(1.0, 2 / math.comb(n + m, n))


def runs_needed(pairs: int, alpha: float = ALPHA) -> int:
    """Return how many runs a condition needs so that one of `pairs` comparisons can be decided."""
    n = 2
    while max(pairs, 1) * smallest_p(n, n) > alpha:
        n += 1
    return n


def detectable_ratio(values: Sequence[float], reference: Sequence[float], pairs: int = 1) -> float:
    """Return the smallest ratio that these numbers of runs would show four times out of five.

    Welch's test of the logs at `ALPHA` / `pairs`, with the spread that was seen. NaN where there
    is no spread to go by.
    """
    a, b = np.asarray(values, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if min(a.size, b.size) < 2 or not ((a > 0).all() and (b > 0).all()):  # noqa: PLR2004
        return NAN
    error, freedom = _welch(np.log(a), np.log(b))
    if error == 0:
        return NAN
    reach = t_quantile(freedom, ALPHA / max(pairs, 1)) + t_quantile(freedom, 2 * (1 - POWER))
    return math.exp(min(error * reach, 700.0))


def runs_for_ratio(spread: float, wanted: float, pairs: int = 1, most: int = 1000) -> int:
    """Return how many runs a condition would need to show a ratio four times out of five.

    Args:
        spread: Standard deviation of the logs over runs.
        wanted: The ratio, other than 1.
        pairs: How many comparisons share the level.
        most: Where to stop looking.
    """
    effect = abs(math.log(wanted))
    for n in range(runs_needed(pairs), most):
        freedom = 2 * (n - 1)
        reach = t_quantile(freedom, ALPHA / max(pairs, 1)) + t_quantile(freedom, 2 * (1 - POWER))
        if spread * math.sqrt(2 / n) * reach <= effect:
            return n
    return most


def upper_bound_of_none(exposure: float) -> float:
    """Return the 95 % upper bound of a rate of which nothing was seen: the rule of three.

    Args:
        exposure: Seconds watched (for a rate a second) or number of trials.
    """
    return 3 / exposure if exposure > 0 else NAN


def drift(order: Sequence[float], values: Sequence[float], groups: Sequence[str]) -> Drift:
    """Say whether the values of runs follow the order in which they were made.

    Value and place are taken relative to their condition's means, so that an effect of the
    condition is no drift; each condition costs a degree of freedom. Nothing is said with fewer
    than five runs more than conditions.
    """
    data, names = np.asarray(values, dtype=np.float64), np.asarray(groups)
    places = np.asarray(order, dtype=np.float64).copy()
    kinds = sorted(set(groups))
    freedom = data.size - len(kinds) - 1
    if freedom < 4 or not np.isfinite(data).all():  # noqa: PLR2004  # too few to follow anything
        return Drift()
    rest = np.log(data) if (data > 0).all() else data.copy()
    for name in kinds:
        rest[names == name] -= rest[names == name].mean()
        places[names == name] -= places[names == name].mean()
    if np.ptp(rest) < 1e-12 or np.ptp(places) == 0:  # noqa: PLR2004  # equal but for rounding
        return Drift(0.0, 1.0)
    from scipy import stats  # noqa: PLC0415  # scipy takes its time to load

    # Rounded, so that values equal but for rounding have equal ranks.
    found = float(stats.spearmanr(places, rest.round(12)).statistic)
    t = found * math.sqrt(freedom / max(1 - found**2, 1e-12))
    return Drift(found, _t_p(t, freedom))
