"""Conditions side by side: what the runs show, and what they cannot.

Each figure of each run is one observation. Verdicts rest on the larger of two p values, Welch's
on the logs and the exact rank test's, adjusted for the number of pairs (Holm). Where no outcome
of so few runs could have decided, the verdict is ``underpowered``, with the number that could.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Literal

from hvconsole.analysis import statistics
from hvconsole.analysis.compare_notes import notes_on
from hvconsole.analysis.conditions import FIGURES, Condition, Figure
from hvconsole.analysis.runs import RunFigures
from hvconsole.analysis.statistics import ALPHA, Drift, Estimate
from hvconsole.model.problem import RecordProblem, UsageProblem
from hvconsole.model.text import plain

Verdict = Literal[
    "higher", "lower", "no difference shown", "underpowered", "deterministic", "no figure"
]

WANTED_RATIO = 1.1
"""The ratio for which it is said how many runs would show it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One condition against another, in one figure.

    Attributes:
        condition, reference: Names.
        figure: Key of the figure.
        ratio: Of geometric means, with interval.
        shift: Hodges and Lehmann's, in the figure's unit, with interval.
        delta: Cliff's.
        p: The larger of both tests'; NaN where there is none.
        adjusted: The same after Holm.
        verdict: What follows.
        needed: Runs a condition that could decide at all; 0 where there are enough.
        detectable: Smallest ratio that would have shown four times out of five; NaN if unknown.
        runs_for_ratio: Runs a condition that would show `WANTED_RATIO`; 0 if unknown.
    """

    condition: str
    reference: str
    figure: str
    ratio: Estimate
    shift: Estimate
    delta: float
    p: float
    adjusted: float
    verdict: Verdict
    needed: int
    detectable: float
    runs_for_ratio: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """All conditions, all pairs.

    Attributes:
        reference: Name of the condition that others are shown relative to.
        conditions: The reference first, then by first run.
        pairs: For each figure every pair once; those with the reference have it as `reference`.
        drift: By figure, whether values follow the order of runs.
        notes: What a reader has to know.
    """

    reference: str
    conditions: tuple[Condition, ...]
    pairs: tuple[Pair, ...]
    drift: dict[str, Drift]
    notes: tuple[str, ...]

    def against_reference(self, condition: str, figure: str) -> Pair | None:
        """Return the pair of a condition and the reference."""
        wanted = (condition, self.reference, figure)
        return next((p for p in self.pairs if (p.condition, p.reference, p.figure) == wanted), None)

    def as_dict(self) -> dict[str, Any]:
        """Return everything for JSON: what is not a number is null."""
        return {
            "reference": self.reference,
            "conditions": [_condition_dict(one) for one in self.conditions],
            "pairs": [_finite(asdict(pair)) for pair in self.pairs],
            "drift": {key: _finite(asdict(one)) for key, one in self.drift.items()},
            "notes": list(self.notes),
        }


def compare(
    runs: Sequence[RunFigures], reference: str | None = None, *, missing: Sequence[str] = ()
) -> Comparison:
    """Compare all conditions that runs belong to.

    Args:
        runs: In the order in which they were made.
        reference: Name of the condition others are shown relative to, with or without the words
            in parentheses; by default the one called native, otherwise the first.
        missing: What could not be measured, in sentences: it belongs to the notes.

    Raises:
        UsageProblem: No condition has that name.
        RecordProblem: There is no run.
    """
    if not runs:
        raise RecordProblem("there is no run to compare")
    names = list(dict.fromkeys(run.condition for run in runs))
    first = _reference(names, reference)
    names.sort(key=lambda name: name != first)
    conditions = tuple(_condition(name, runs) for name in names)
    pairs = [pair for figure in FIGURES for pair in _pairs(conditions, figure)]
    order = [run.order for run in runs]
    groups = [run.condition for run in runs]
    drift = {
        f.key: Drift()
        if all(run.deterministic for run in runs)
        else statistics.drift(order, [f.of(run) for run in runs], groups)
        for f in FIGURES
    }
    return Comparison(
        first, conditions, tuple(pairs), drift, (*missing, *notes_on(conditions, drift))
    )


def _reference(names: list[str], wanted: str | None) -> str:
    if wanted is None:
        return next((n for n in names if bare(n).lower() in {"native", "bare", "idle"}), names[0])
    exact = [name for name in names if wanted == name] or [n for n in names if bare(n) == wanted]
    if len(exact) == 1:
        return exact[0]
    raise UsageProblem(
        f"{'no condition is' if not exact else 'several conditions are'} called '{wanted}'",
        hint="choose from: " + ", ".join(repr(plain(name, 60)) for name in names),
    )


def bare(name: str) -> str:
    """Return a condition's name without the kind of its figures."""
    return name.rsplit(" (", 1)[0] if name.endswith(")") else name


def _condition(name: str, runs: Sequence[RunFigures]) -> Condition:
    own = tuple(run for run in runs if run.condition == name)
    estimates = {f.key: statistics.geometric_mean([f.of(run) for run in own]) for f in FIGURES}
    if all(run.deterministic for run in own):
        estimates = {key: Estimate(one.value) for key, one in estimates.items()}
    is_empty = all(run.rate == 0 for run in own)
    watched = sum(run.watched_s for run in own)
    bound = statistics.upper_bound_of_none(watched) if is_empty else statistics.NAN
    return Condition(name, own, estimates, bound)


def _pairs(conditions: tuple[Condition, ...], figure: Figure) -> list[Pair]:
    """Compare each condition with each; Holm counts the pairs that have runs enough for a test."""
    couples = [(b, a) for a, b in combinations(conditions, 2)]
    scattering = [c for c in couples if not (c[0].deterministic or c[1].deterministic)]
    tested = [c for c in scattering if min(len(c[0].runs), len(c[1].runs)) > 1]
    p_values = [_p(a, b, figure) for a, b in tested]
    adjusted = statistics.holm(p_values)
    found = {_names(c): (p_values[i], adjusted[i], len(tested)) for i, c in enumerate(tested)}
    # A single run takes part in no test; with more runs all pairs would be tests.
    single = (statistics.NAN, statistics.NAN, len(scattering))
    found |= {_names(c): single for c in scattering if c not in tested}
    return [_pair(couple, figure, found.get(_names(couple))) for couple in couples]


def _names(couple: tuple[Condition, Condition]) -> tuple[str, str]:
    return couple[0].name, couple[1].name


def _p(a: Condition, b: Condition, figure: Figure) -> float:
    """Return the larger p of both tests; the rank test's where there are no logs to take."""
    x, y = _values(a, figure), _values(b, figure)
    if not all(map(math.isfinite, x + y)) or min(len(x), len(y)) < 2:  # noqa: PLR2004  # no spread
        return statistics.NAN
    welch, ranks = statistics.ratio(x, y)[1], statistics.rank_p(x, y)
    return max(welch, ranks) if math.isfinite(welch) else ranks


def _values(condition: Condition, figure: Figure) -> list[float]:
    return [figure.of(run) for run in condition.runs]


def _pair(
    couple: tuple[Condition, Condition], figure: Figure, found: tuple[float, float, int] | None
) -> Pair:
    """Return one pair; `found`: p, p after Holm, number of tests; None in virtual time."""
    a, b = couple
    x, y = _values(a, figure), _values(b, figure)
    p, adjusted, tests = found or (statistics.NAN, statistics.NAN, 0)
    ratio, shift = statistics.ratio(x, y)[0], statistics.shift(x, y)
    has_enough = tests * statistics.smallest_p(len(x), len(y)) <= ALPHA
    delta = statistics.cliffs_delta(x, y)
    return Pair(
        condition=a.name,
        reference=b.name,
        figure=figure.key,
        ratio=ratio if found else Estimate(ratio.value),
        shift=shift if found else Estimate(shift.value),
        delta=delta,
        p=p,
        adjusted=adjusted,
        verdict=_verdict(adjusted, delta, has_enough=has_enough) if found else "deterministic",
        needed=0 if has_enough else statistics.runs_needed(tests),
        detectable=statistics.detectable_ratio(x, y, tests) if found else statistics.NAN,
        runs_for_ratio=_runs_for_ratio(x, y, tests) if found else 0,
    )


def _verdict(adjusted: float, delta: float, *, has_enough: bool) -> Verdict:
    if not has_enough:
        return "underpowered"
    if math.isnan(adjusted):
        return "no figure"
    if adjusted < ALPHA:
        return "higher" if delta > 0 else "lower"
    return "no difference shown"


def _runs_for_ratio(x: list[float], y: list[float], tests: int) -> int:
    if min(len(x), len(y)) < 2 or not all(v > 0 for v in x + y):  # noqa: PLR2004  # no spread
        return 0
    spread = math.sqrt((_log_variance(x) + _log_variance(y)) / 2)
    return statistics.runs_for_ratio(spread, WANTED_RATIO, tests) if spread > 0 else 0


def _log_variance(values: list[float]) -> float:
    logs = [math.log(value) for value in values]
    middle = sum(logs) / len(logs)
    return sum((one - middle) ** 2 for one in logs) / (len(logs) - 1)


def _condition_dict(condition: Condition) -> dict[str, Any]:
    return {
        "name": condition.name,
        "runs": len(condition.runs),
        "deterministic": condition.deterministic,
        "estimates": {key: _finite(asdict(one)) for key, one in condition.estimates.items()},
        "rate_upper_bound": _finite({"x": condition.none_bound})["x"],
        "values": [run.as_dict() for run in condition.runs],
    }


def _finite(data: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _finite(value)
        if isinstance(value, dict)
        else None
        if isinstance(value, float) and not math.isfinite(value)
        else value
        for key, value in data.items()
    }
