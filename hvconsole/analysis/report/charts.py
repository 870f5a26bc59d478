"""The charts of a report: distributions, the order of runs, and each run over time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hvconsole.analysis.compare import Comparison
from hvconsole.analysis.conditions import Figure
from hvconsole.analysis.report.svg import Chart, linear_axis, log_axis, nines_axis
from hvconsole.analysis.run_lanes import COLUMNS
from hvconsole.analysis.runs import MeasuredRun
from hvconsole.model.units import axis_count, axis_length, clock, duration

F64 = npt.NDArray[np.float64]

_BINS_A_DECADE = 20
_MOST_POINTS = 400


def cumulative(runs: Sequence[MeasuredRun], conditions: Sequence[str]) -> str:
    """Draw the share of switches up to each length, a line a run."""
    filled = [run for run in runs if run.counts.sum()]
    if not filled:
        return ""
    most = max(int(run.counts.sum()) for run in filled)
    lengths = [edge for run in filled for edge in (_lowest(run), float(run.edges_ns[-1]))]
    chart = Chart(
        log_axis(lengths, axis_length, "length of a switch"),
        nines_axis("share", min(max(math.ceil(math.log10(most)), 1), 7)),
        "share of switches up to each length, a line a run",
    )
    for run in filled:
        chart.line(_steps(run), conditions.index(run.figures.condition), thin=True)
    return chart.done()


def _lowest(run: MeasuredRun) -> float:
    return max(float(run.edges_ns[0]), 1.0)


def _steps(run: MeasuredRun) -> list[tuple[float, float]]:
    """Return the corners of a run's cumulative distribution; its end is left below 100 %."""
    used = np.flatnonzero(run.counts)
    used = used[np.unique(np.linspace(0, used.size - 1, min(_MOST_POINTS, used.size)).astype(int))]
    reached = np.cumsum(run.counts)
    total = int(reached[-1])
    points, before = [(float(run.edges_ns[used[0]]), 0.0)], 0.0
    for i in used:
        share = min(float(reached[i]) / total, 1 - 0.5 / total)
        points += [(float(run.edges_ns[i]), before), (float(run.edges_ns[i + 1]), share)]
        before = share
    return points


def histogram(runs: Sequence[MeasuredRun], conditions: Sequence[str]) -> str:
    """Draw how many switches a second have which length, a line a condition."""
    rates = {name: _binned([r for r in runs if r.figures.condition == name]) for name in conditions}
    rates = {name: bins for name, bins in rates.items() if bins}
    if not rates:
        return ""
    edges = [10 ** (i / _BINS_A_DECADE) for bins in rates.values() for i in (*bins, max(bins) + 1)]
    highest = [value for bins in rates.values() for value in bins.values()]
    chart = Chart(
        log_axis(edges, axis_length, "length of a switch"),
        log_axis(highest, axis_count, "a second"),
        "switches a watched second by length, a line a condition",
    )
    floor = min(highest) / 10
    for name, bins in rates.items():
        points = []
        for i in range(min(bins), max(bins) + 1):
            left, right = (10 ** (j / _BINS_A_DECADE) for j in (i, i + 1))
            points += [(left, bins.get(i, floor)), (right, bins.get(i, floor))]
        ends = [(points[0][0], floor)], [(points[-1][0], floor)]
        chart.line([*ends[0], *points, *ends[1]], conditions.index(name))
    return chart.done()


def _binned(runs: Sequence[MeasuredRun]) -> dict[int, float]:
    """Return switches a watched second by log bin, all runs of a condition together."""
    bins: dict[int, float] = {}
    watched = sum(run.figures.watched_s for run in runs)
    for run in runs:
        used = np.flatnonzero(run.counts)
        middle = np.maximum((run.edges_ns[used] + run.edges_ns[used + 1]) / 2, 1.0)
        at = np.floor(np.log10(middle) * _BINS_A_DECADE + 1e-9).astype(int)
        for i, number in zip(at.tolist(), run.counts[used].tolist(), strict=True):
            bins[i] = bins.get(i, 0.0) + number / max(watched, 1e-9)
    return bins


def run_order(comparison: Comparison, figure: Figure) -> str:
    """Draw a figure of each run over the order in which runs were made."""
    runs = [run for condition in comparison.conditions for run in condition.runs]
    values = [figure.of(run) for run in runs]
    if not any(value > 0 for value in values):
        return ""
    chart = Chart(
        linear_axis(0.5, len(runs) + 0.5, lambda v: f"{v:g}", "order of runs"),
        log_axis(values, figure.show, figure.title, whole=False),
        f"{figure.title} of each run in the order of runs",
        height=220,
    )
    for colour, condition in enumerate(comparison.conditions):
        for run in condition.runs:
            if (value := figure.of(run)) > 0:
                told = f"{run.order}: {run.condition}, {run.session}: {figure.show(value)}"
                chart.point(run.order, value, colour, told)
    return chart.done()


def timeline(run: MeasuredRun, colour: int, shown_ns: tuple[float, float]) -> str:
    """Draw the longest switch of each moment of a run; artefacts are crosses.

    Args:
        run: The run.
        colour: Of its condition.
        shown_ns: Shortest and longest that the axis has to hold (see `shown_lengths`).
    """
    chart = Chart(
        linear_axis(0.0, max(run.seconds, 1e-9), _seconds, "since the run's start"),
        log_axis(shown_ns, axis_length, "longest switch"),
        f"longest switch over time, run {run.figures.order}",
        height=170,
    )
    for column in range(COLUMNS):
        at = (column + 0.5) / COLUMNS * run.seconds
        if (length := float(run.longest_ns[column])) > 0:
            chart.bar(at, length, colour)
        if (length := float(run.artefact_ns[column])) > 0:
            chart.cross(at, length, f"artefact, {duration(length)} at {clock(at)}")
    return chart.done()


def shown_lengths(runs: Sequence[MeasuredRun]) -> tuple[float, float]:
    """Return the shortest and longest that timelines show, so that all have one scale."""
    drawn = np.concatenate([part for run in runs for part in (run.longest_ns, run.artefact_ns)])
    drawn = drawn[drawn > 0]
    return (float(drawn.min()), float(drawn.max())) if drawn.size else (1e3, 1e6)


def _seconds(value: float) -> str:
    return f"{value:.6g} s"
