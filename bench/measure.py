"""Ratios on a noisy machine: interleaved bursts, the median of their ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

ROUNDS = 9


@dataclass(frozen=True)
class Result:
    """One figure: what costs how much more than what, and how much it may."""

    name: str
    ratio: float
    against: str
    budget: float | None = None
    detail: str = ""

    @property
    def over(self) -> bool:
        return self.budget is not None and self.ratio > self.budget

    def line(self) -> str:
        limit = "" if self.budget is None else f"  (budget {self.budget:g})"
        mark = "OVER" if self.over else "ok" if self.budget is not None else "  "
        return f"{mark:<4}  {self.name}: {self.ratio:.2f} × {self.against}{limit}  {self.detail}"

    def as_dict(self) -> dict[str, object]:
        return asdict(self) | {"over": self.over}


def cpu_seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def interleaved(works: Sequence[Callable[[], float]], rounds: int = ROUNDS) -> list[list[float]]:
    """Measure several things in turn, so that the machine's moods hit all of them alike.

    Returns:
        For each thing its cost in each round. The first round warms up and is left out.
    """
    costs: list[list[float]] = [[] for _ in works]
    for number in range(rounds + 1):
        for cost, work in zip(costs, works, strict=True):
            value = work()
            if number:
                cost.append(value)
    return costs


def ratio(costs: Sequence[float], base: Sequence[float]) -> float:
    return statistics.median(a / b for a, b in zip(costs, base, strict=True))
