"""Distributions of conditions on common axes: what is drawn over each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from hvconsole.analysis.runs import MeasuredRun

F64 = npt.NDArray[np.float64]

BINS_A_DECADE: Final = 20


@dataclass(frozen=True, slots=True)
class Distribution:
    """The switches of one condition by length, all its runs together, artefacts left out.

    Attributes:
        condition: Its name.
        edges_ns: Shape (k + 1,), ascending; `BINS_A_DECADE` bins a decade. Empty without switches.
        rate: Shape (k,), switches a watched second in each bin.
        longer: Shape (k + 1,), switches a watched second that are longer than each edge; it ends
            at 0. A bin counts as longer than its lower edge.
        longest_ns: The longest; NaN without switches.
    """

    condition: str
    edges_ns: F64
    rate: F64
    longer: F64
    longest_ns: float


def distributions(
    runs: Sequence[MeasuredRun], conditions: Sequence[str]
) -> tuple[Distribution, ...]:
    """Return one distribution a condition, in the order of `conditions`."""
    return tuple(
        _distribution(name, [run for run in runs if run.figures.condition == name])
        for name in conditions
    )


def _distribution(name: str, runs: Sequence[MeasuredRun]) -> Distribution:
    watched = sum(run.figures.watched_s for run in runs)
    bins: dict[int, int] = {}
    for run in runs:
        used = np.flatnonzero(run.counts)
        # A bucket of the wire is a thirty-second of an octave wide: finer than a bin.
        middle = np.maximum((run.edges_ns[used] + run.edges_ns[used + 1]) / 2, 1.0)
        at = np.floor(np.log10(middle) * BINS_A_DECADE + 1e-9).astype(int)
        for place, number in zip(at.tolist(), run.counts[used].tolist(), strict=True):
            bins[place] = bins.get(place, 0) + number
    if not bins or watched <= 0:
        nothing = np.zeros(0)
        return Distribution(name, nothing, nothing, nothing, float("nan"))
    first, last = min(bins), max(bins)
    number = np.array([bins.get(place, 0) for place in range(first, last + 1)], dtype=np.float64)
    edges = 10.0 ** (np.arange(first, last + 2) / BINS_A_DECADE)
    longer = np.append(np.cumsum(number[::-1])[::-1], 0.0)
    longest = max(run.figures.max_ns for run in runs if np.isfinite(run.figures.max_ns))
    return Distribution(name, edges, number / watched, longer / watched, float(longest))
