"""Lets the machine's time pass with the host's, and hands out what its samplers see."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from hvconsole.sim.machine import HZ, Machine, SwitchChunk
from hvconsole.sim.machine.changes import Change, StopSampling, vcpu_of

_STEP_S: Final = 0.04
# The event loop is held up for about twice as long at a time.
_SLICE_S: Final = 0.005
# What could not be simulated in time is left out: then the board's time passes more slowly.
_MOST_BEHIND_S: Final = 0.5
_SHORT_ROUND, _LONG_ROUND = 5 * HZ, 30 * HZ
_MOST_PACE: Final = 20.0
_SHORTEST_SLICE, _FIRST_SLICE, _LONGEST_SLICE = HZ // 1000, HZ // 100, HZ


class Watcher(Protocol):
    """A sampler's process, as far as time is concerned."""

    @property
    def end_tick(self) -> int | None:
        """When its time is over; None for never."""

    def take(self, chunks: Mapping[int, SwitchChunk]) -> None:
        """Take switches that became certain."""

    def over(self) -> None:
        """Its time is over."""


class Timekeeper:
    """Owns the machine of the present boot: nobody else advances or changes it.

    Args:
        machine: What to advance.
        speed: Simulated seconds a second.
        clock: The host's clock, in seconds.
    """

    def __init__(
        self, machine: Machine, speed: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.speed = speed
        self._pace = min(max(speed, 1.0), _MOST_PACE)  # of rounding: it takes the host's time
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._slice = _FIRST_SLICE
        self._watchers: list[Watcher] = []
        self.replace(machine)

    def replace(self, machine: Machine) -> None:
        """Go on with another machine: the board was booted again."""
        self.machine = machine
        self._first_tick = machine.now
        self._begun = self._clock()
        self._watchers = []
        self._frozen = False
        self._round = -_LONG_ROUND

    @property
    def uptime_s(self) -> float:
        """Simulated seconds since this boot's machine began."""
        return (self.machine.now - self._first_tick) / HZ

    def start(self) -> None:
        """Let time pass from now on. Needs a running event loop."""
        if self._task is None:
            self._begun = self._clock() - self.uptime_s / self.speed
            self._task = asyncio.create_task(self._run(), name="simulated time")

    async def stop(self) -> None:
        """Let time stand still."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def to_round_moment(self) -> None:
        """Let time pass at once up to a round moment, unless somebody samples.

        What follows from a seed follows from the ticks at which things begin. Who types, and the
        host, decide those to some tenths of a second; so a first program begins at a whole half
        minute of the board's time, and what is started right behind it five seconds later. What
        is applied there has to say ``same_tick``.
        """
        if self._watchers or self._frozen:
            self.catch_up()
            return
        machine = self.machine
        passed = machine.now - self._round
        step = _SHORT_ROUND if 0 <= passed < _SHORT_ROUND * self._pace else _LONG_ROUND
        step = round(step * self._pace)
        moment = self._first_tick + -(-(machine.now - self._first_tick) // step) * step
        while self.machine is machine and machine.now < moment and not self._frozen:
            self._go_on(moment)
            await asyncio.sleep(0)
        self._begun = self._clock() - self.uptime_s / self.speed
        self._round = machine.now

    def freeze(self) -> None:
        """Let this boot's time stand still for good: the whole machine hangs."""
        self._frozen = True

    async def sleep(self, seconds: float) -> None:
        """Let simulated seconds pass."""
        await asyncio.sleep(seconds / self.speed)

    def apply(self, change: Change, *, same_tick: bool = False) -> None:
        """Change the machine now.

        Args:
            change: What happens.
            same_tick: At the tick of the change before, so that both happen at once.

        Raises:
            BoardProblem: It cannot be done.
        """
        if not same_tick:
            self.catch_up()
        self.machine.apply(change)
        self._slice = min(self._slice, _FIRST_SLICE)  # what it costs from now on is not known

    def watch(self, watcher: Watcher) -> None:
        """Hand switches to somebody, who has told the machine to sample."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Watcher, cpus: tuple[int, ...]) -> int:
        """End a sampler: hand over what is left, return the tick of its end."""
        if watcher in self._watchers:
            self.catch_up()
        if watcher in self._watchers:
            self._stop_sampling(cpus)
            watcher.take(self.machine.advance(self.machine.now))
            self._watchers.remove(watcher)
        return self.machine.now

    def catch_up(self) -> bool:
        """Advance the machine towards the present, for a few milliseconds of work at most.

        Stops where a sampler's time is over.

        Returns:
            Whether the present is reached.
        """
        if self._frozen:
            return True
        began = self._clock()
        until = self._first_tick + int((began - self._begun) * self.speed * HZ)
        late = until - self.machine.now - int(_MOST_BEHIND_S * self.speed * HZ)
        if late > 0:
            self._begun += late / HZ / self.speed
            until -= late
        while self.machine.now < until:
            self._go_on(until)
            if self._clock() - began > _SLICE_S:
                break
        return self.machine.now >= until

    def _go_on(self, until: int) -> None:
        """Advance the machine by a slice at most; not beyond a sampler's end."""
        ends = [each.end_tick for each in self._watchers if each.end_tick is not None]
        before, since = self.machine.now, self._clock()
        self._advance(min([until, before + self._slice, *ends]))
        self._tune(self.machine.now - before, self._clock() - since)

    def _tune(self, ticks: int, spent_s: float) -> None:
        """Choose the next slice by what this one cost: short enough, in as few as possible."""
        if spent_s > _SLICE_S / 2:
            self._slice = max(ticks // 2, _SHORTEST_SLICE)
        elif ticks >= self._slice and spent_s < _SLICE_S / 4:
            self._slice = min(2 * self._slice, _LONGEST_SLICE)

    def _stop_sampling(self, cpus: tuple[int, ...]) -> None:
        for cpu in cpus:
            if cpu in self.machine.sampled:
                domain, number = vcpu_of(cpu)
                self.machine.apply(StopSampling(number, domain))

    def _advance(self, until: int) -> None:
        chunks = self.machine.advance(max(until, self.machine.now))
        for watcher in list(self._watchers):
            watcher.take(chunks)
        for watcher in list(self._watchers):
            if watcher.end_tick is not None and watcher.end_tick <= self.machine.now:
                self._watchers.remove(watcher)
                watcher.over()

    async def _run(self) -> None:
        while True:
            reached = self.catch_up()
            await asyncio.sleep(_STEP_S if reached else 0)
