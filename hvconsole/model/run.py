"""What a measured run is asked to do, and how ticks become time."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]

CounterChoice = Literal["auto", "cntpct", "cntvct", "tsc"]


class LoadRequest(msgspec.Struct, frozen=True):
    """A load to run beside the sampler: its name and the CPU it is pinned to."""

    name: str
    cpu: int

    def __str__(self) -> str:
        return f"{self.name}@{self.cpu}"


class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One measured run as a person asks for it.

    Attributes:
        seconds: Length in seconds; None runs until stopped.
        threshold_ns: A switch is longer than this; None calibrates it (``auto``).
        cpus: CPUs to sample; empty lets the board choose (its last CPU that may be used).
        counter: Which counter to read; ``auto`` takes the best that can be read.
        loads: Loads to run meanwhile.
        fifo: SCHED_FIFO priority of the sampling threads, 0 for the normal scheduler.
        fenced: Order the reads with a barrier (slower, sharper edges).
        window_ms: Sample in windows of this length and write in between; None decides by the
            number of CPUs; 0 never.
        label: The condition this run belongs to, in the person's words.
    """

    seconds: float | None = None
    threshold_ns: int | None = None
    cpus: tuple[int, ...] = ()
    counter: CounterChoice = "auto"
    loads: tuple[LoadRequest, ...] = ()
    fifo: int = 0
    fenced: bool = False
    window_ms: int | None = None
    label: str = ""


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
