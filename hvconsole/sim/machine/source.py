"""Sources of disturbances that come by the clock, evaluated over whole stretches of time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hvconsole.model.ticks import I64, U64
from hvconsole.sim.machine.chunk import Cause
from hvconsole.sim.machine.noise import F64, uniform, words
from hvconsole.sim.machine.profile import Mix


@dataclass(frozen=True, slots=True)
class Source:
    """Event k comes at `first + k·period`, up to `jitter` later, with probability `chance`.

    The k-th event is a pure function of the source and k, so any division of time into windows
    gives the same events. A Poisson process is approached by slots that are short against the
    mean distance, at most one event a slot.

    Attributes:
        key: Stream of random numbers, see `noise`.
        first: Tick of event 0; there are events before it as well.
        period: Ticks.
        lengths: In instructions.
        cause: Of all its events.
        jitter: Ticks, at most `period`.
        chance: 0 to 1.
        extra: Instructions the hypervisor adds to each.
        line: See `Disturbances.line`.
    """

    key: int
    first: int
    period: int
    lengths: Mix
    cause: Cause
    jitter: int = 0
    chance: float = 1.0
    extra: float = 0.0
    line: int = -1
    _steps: F64 = field(init=False, repr=False, compare=False)
    _means: F64 = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        shares = np.array([share for share, _ in self.lengths.parts])
        object.__setattr__(self, "_steps", np.cumsum(shares)[:-1])
        object.__setattr__(
            self, "_means", np.array([mean for _, mean in self.lengths.parts], dtype=np.float64)
        )

    def between(self, begin: int, end: int) -> tuple[I64, F64]:
        """Return the events of [begin, end).

        Returns:
            Starts in ticks, ascending, and lengths in instructions, both shape (n,).
        """
        lowest = -(-(begin - self.first - self.jitter) // self.period)
        highest = -(-(end - self.first) // self.period)
        index = np.arange(lowest, highest, dtype=np.int64)
        drawn = words(self.key, index)
        start = index * self.period
        start += self.first
        if self.jitter:
            start += (uniform(drawn, 0) * self.jitter).astype(np.int64)
        if self.jitter or self.chance < 1:
            keep = (start >= begin) & (start < end)
            if self.chance < 1:
                keep &= uniform(drawn, 1) < self.chance
            start, drawn = start[keep], drawn[keep]
        return start, self._instructions(drawn)

    def _instructions(self, drawn: U64) -> F64:
        if self._steps.size:
            picked = np.searchsorted(self._steps, uniform(drawn, 2), side="right")
            instructions = self._means[picked]
        else:
            instructions = np.full(drawn.size, self._means[0])
        instructions *= 1 + self.lengths.spread * (2 * uniform(drawn, 3) - 1)
        instructions += self.extra
        return instructions


def at_random(
    key: int, rate_hz: float, hz: int, lengths: Mix, cause: Cause, *, extra: float, line: int
) -> Source:
    """Return a source of events at random times, in slots of a quarter of their mean distance.

    Args:
        key: Stream of random numbers.
        rate_hz: Events a second.
        hz: Ticks a second.
        lengths: In instructions.
        cause: Of its events.
        extra: Instructions the hypervisor adds to each.
        line: See `Disturbances.line`.
    """
    slot = max(int(hz / rate_hz / 4), 1)
    return Source(
        key,
        first=0,
        period=slot,
        lengths=lengths,
        cause=cause,
        jitter=slot,
        chance=rate_hz * slot / hz,
        extra=extra,
        line=line,
    )
