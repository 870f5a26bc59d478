"""Time in the simulated machine: whole ticks of the A20's 24 MHz counter, and nothing else."""

from __future__ import annotations

from typing import Final

HZ: Final = 24_000_000
US: Final = HZ // 1_000_000
MS: Final = HZ // 1_000
SECOND: Final = HZ


def next_due(first: int, period: int, now: int) -> int:
    """Return the first of `first`, `first + period`, … that is not before `now` (ticks)."""
    if first >= now:
        return first
    return first + -(-(now - first) // period) * period
