"""Bounds on the offset between two counters, from nothing but what must have come before what.

A sampler answers a question with its counter, read after the question came. A tick that we have
heard of before we ask is over by then. So each question to the guest bounds the offset from below
by the newest tick of the host, and each question to the host bounds it from above by the newest
tick of the guest. No clock of ours is in it, and no assumption on how long anything takes: delays
only widen the bounds.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from hvconsole.model.guest_clock import ClockRelation, GuestClock
from hvconsole.wire.values import Hello

_MOST_OPEN = 64
_SAME_RATE = 0.01
_SAME_UNTIL_S, _SAME_UNTIL = 1.0, 0.01
"""Bounds wider than this, or than this part of the time since the counter began, prove no counter
to be the same: a moved one began with its guest, and would fit them by chance."""


@dataclass(slots=True)
class _Side:
    """One counter: what it said last, and the questions that wait for its answer.

    Attributes:
        newest: Newest tick heard of; None before the first.
        open: Questions: number, and the other side's newest tick when it was asked.
    """

    newest: int | None = None
    open: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=_MOST_OPEN))

    def ticked(self, tick: int) -> None:
        if self.newest is None or tick > self.newest:
            self.newest = tick

    def asked(self, number: int, other: int | None) -> None:
        if other is not None:
            self.open.append((number, other))

    def answered(self, count: int) -> int | None:
        """Return the other side's tick before the newest of the answered questions."""
        found = None
        while self.open and self.open[0][0] <= count:
            found = self.open.popleft()[1]
        return found


class ClockJoin:
    """Finds the offset of a guest's counter to its host's.

    Args:
        host: The host's run.
        guest: The guest's.
        shared: CNTPCT is known to be the same for both, where both read it.
    """

    def __init__(self, host: Hello, guest: Hello, *, shared: bool = False) -> None:
        self._host_hello, self._guest_hello = host, guest
        self._shared = shared and host.counter == guest.counter == "cntpct"
        self._ratio = _ratio(host.frequency_hz, guest.frequency_hz)
        self._host, self._guest = _Side(), _Side()
        self._low: int | None = None
        self._high: int | None = None
        self._exchanges = 0

    def host_ticked(self, tick: int) -> None:
        """The host's counter has said this."""
        self._host.ticked(tick)

    def guest_ticked(self, tick: int) -> None:
        """The guest's counter has said this."""
        self._guest.ticked(tick)

    def host_asked(self, number: int) -> None:
        """The host is asked for the `number`-th time, now."""
        self._host.asked(number, self._guest.newest)

    def guest_asked(self, number: int) -> None:
        """The guest is asked for the `number`-th time, now."""
        self._guest.asked(number, self._host.newest)

    def host_answered(self, count: int, tick: int) -> None:
        """The host has answered that many questions, with its tick."""
        self._host.ticked(tick)
        if (before := self._host.answered(count)) is not None:
            self._exchanges += 1
            bound = tick - self._as_host(before, up=False)
            self._high = bound if self._high is None else min(self._high, bound)

    def guest_answered(self, count: int, tick: int) -> None:
        """The guest has answered that many questions, with its tick."""
        self._guest.ticked(tick)
        if (before := self._guest.answered(count)) is not None:
            self._exchanges += 1
            bound = before - self._as_host(tick, up=True)
            self._low = bound if self._low is None else max(self._low, bound)

    @property
    def clock(self) -> GuestClock:
        """What is known by now."""
        low, high = self._low, self._high
        offset, around = None, None
        relation: ClockRelation = "unknown"
        how = "no question to both counters was answered"
        if low is not None and high is not None:
            offset, around = (low + high) // 2, math.ceil(abs(high - low) / 2) + 1
            within = around / self._ratio[0]
            relation = "constant offset"
            how = f"bounded by {self._exchanges} answers to ± {_time(within)}"
            if low > high + 1:
                relation = "not constant"
                how = (
                    f"no offset fits all {self._exchanges} answers: they disagree by "
                    f"{_time((low - high) / self._ratio[0])}"
                )
            elif self._shared and low <= 0 <= high and self._proves(within):
                relation, offset, around = "same counter", 0, 0
                how = (
                    f"both read CNTPCT, which is the same for guests here; {self._exchanges} "
                    f"answers agree to ± {_time(within)}"
                )
        return GuestClock(
            relation=relation,
            offset_ticks=offset,
            uncertainty_ticks=around,
            lowest_ticks=low,
            highest_ticks=high,
            exchanges=self._exchanges,
            host_counter=self._host_hello.counter,
            guest_counter=self._guest_hello.counter,
            host_hz=self._ratio[0],
            guest_hz=self._ratio[1],
            host_start_tick=self._host_hello.start_tick,
            how=how,
        )

    def _proves(self, within_s: float) -> bool:
        since_s = (self._host.newest or 0) / self._ratio[0]
        return within_s < min(_SAME_UNTIL_S, since_s * _SAME_UNTIL)

    def _as_host(self, tick: int, *, up: bool) -> int:
        """Return a guest's tick in the host's ticks, rounded so that a bound stays one."""
        host, guest = self._ratio
        return -(-tick * host // guest) if up else tick * host // guest


def _ratio(host_hz: int, guest_hz: int) -> tuple[int, int]:
    """Return how the two counters run against each other.

    A guest's counter is its host's, moved: it runs as fast. Where frequencies were measured, those
    of two samplers differ by what measuring costs, and would let the offset drift.
    """
    apart = abs(host_hz / guest_hz - 1.0)
    return (host_hz, host_hz) if apart < _SAME_RATE else (host_hz, guest_hz)


def _time(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"
