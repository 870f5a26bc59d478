"""Ticks of a counter: as arrays, and as time."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]


class TickClock(msgspec.Struct, frozen=True):
    """Turns ticks of one run into nanoseconds since the run's start.

    One frequency holds for a whole run, so that live display, replay and export agree exactly.

    Attributes:
        frequency_hz: Ticks a second, as the hello frame says.
        start_tick: The run's zero.
    """

    frequency_hz: int
    start_tick: int

    def span_ns(self, ticks: U64) -> I64:
        """Turn lengths in ticks into whole nanoseconds, rounded to nearest."""
        return np.rint(ticks.astype(np.float64) * (1e9 / self.frequency_hz)).astype(np.int64)

    def since_start_ns(self, ticks: U64) -> I64:
        """Turn points in time (ticks, none before the start) into nanoseconds since the start."""
        return self.span_ns(ticks - np.uint64(self.start_tick))

    def ns(self, ticks: int) -> float:
        """Turn one length in ticks into nanoseconds."""
        return ticks * 1e9 / self.frequency_hz

    def ticks(self, ns: float) -> int:
        """Turn one length in nanoseconds into whole ticks."""
        return round(ns * self.frequency_hz / 1e9)
