"""What is compared: figures of runs, and conditions as sets of runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from hvconsole.analysis.runs import RunFigures
from hvconsole.analysis.statistics import Estimate
from hvconsole.model.units import duration


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a run that is compared.

    Attributes:
        key: Name of the field of `RunFigures`.
        title: In words.
        show: Says a value.
    """

    key: str
    title: str
    show: Callable[[float], str]

    def of(self, run: RunFigures) -> float:
        """Return a run's value."""
        return float(getattr(run, self.key))


def _percent(value: float) -> str:
    return f"{value:.3g} %" if math.isfinite(value) else "–"


def rate_text(value: float) -> str:
    """Say a rate a second."""
    if not math.isfinite(value):
        return "–"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"  # noqa: PLR2004  # four digits


FIGURES = (
    Figure("rate", "switches a second", rate_text),
    Figure("lost_percent", "time lost", _percent),
    Figure("p50_ns", "p50", duration),
    Figure("p99_ns", "p99", duration),
    Figure("p999_ns", "p99.9", duration),
    Figure("max_ns", "longest", duration),
)


@dataclass(frozen=True, slots=True)
class Condition:
    """The runs of one condition.

    Attributes:
        name: With what kind of figures it has: ``native (simulated)``.
        runs: In the order in which they were made.
        estimates: Geometric mean over runs and its interval, by figure.
        none_bound: Upper bound of the rate where no switch was seen; NaN elsewhere.
    """

    name: str
    runs: tuple[RunFigures, ...]
    estimates: dict[str, Estimate]
    none_bound: float

    @property
    def deterministic(self) -> bool:
        """Whether time was virtual: repetition adds nothing, and there is no spread."""
        return all(run.deterministic for run in self.runs)
