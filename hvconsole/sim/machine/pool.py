"""A cpupool: CPUs, the vCPUs on them and a scheduler, driven by timers.

While nothing contends, that is every busy vCPU has a CPU of its own and idle ones have another to
wake on, a pool has no events: what Xen does then recurs by the clock and is computed for whole
stretches of time (`Pulse`). Otherwise each decision is taken in turn.
"""

from __future__ import annotations

from typing import Final

from hvconsole.sim.machine.chunk import Cause
from hvconsole.sim.machine.noise import key_of, mix
from hvconsole.sim.machine.profile import Mix
from hvconsole.sim.machine.sched.base import FOREVER, Pulse, Scheduler, TimerKey
from hvconsole.sim.machine.source import Source
from hvconsole.sim.machine.unit import Unit

_WAKE: Final = 0
# Ranks 10 to 19 are the scheduler's own.
_DONE: Final = 20
_SLICE: Final = 21
_SPREAD: Final = 0.03


class Pool:
    """One cpupool.

    Args:
        name: As `xl cpupool-list` shows it.
        scheduler: A fresh one.
        cpus: Its CPUs.
        seed: The machine's.
        now: Tick at which it begins.
    """

    def __init__(
        self, name: str, scheduler: Scheduler, cpus: list[int], seed: int, now: int
    ) -> None:
        self.name = name
        self.scheduler = scheduler
        self.cpus = sorted(cpus)
        self.units: list[Unit] = []
        self.current: dict[int, Unit | None] = dict.fromkeys(self.cpus)
        self.timers: dict[TimerKey, int] = {}
        self.time = now
        self.quiet = False
        self._seed = seed
        self._since: dict[int, int] = dict.fromkeys(self.cpus, now)
        self._calm_since = now
        self._pulses: list[tuple[Unit, Source]] = []
        self._wakers: dict[int, Unit] = {}
        scheduler.pool = self

    def slice_key(self, cpu: int) -> TimerKey:
        """Return the key of the timer that ends a turn."""
        return TimerKey(_SLICE, cpu)

    def run(self, until: int) -> None:
        """Let everything happen that is due before a tick."""
        if self.quiet:
            for unit, source in self._pulses:
                if unit.tape is not None:
                    unit.tape.blocks.append(source.between(self.time, until))
        else:
            while self.timers:
                due, key = min((due, key) for key, due in self.timers.items())
                if due >= until:
                    break
                self.time = due
                self._fire(key, due)
        self.time = until

    def _fire(self, key: TimerKey, now: int) -> None:
        if key.rank == _SLICE:
            self.reschedule(key.number, now)
        elif key.rank == _WAKE:
            self._woken(self._wakers[key.number], now)
        elif key.rank == _DONE:
            self._done(key.number, now)
        else:
            self.scheduler.fire(key, now)

    def burn(self, cpu: int, now: int) -> None:
        """Account the time the CPU's present vCPU ran up to now."""
        unit = self.current[cpu]
        if unit is None:
            return
        ticks = now - self._since[cpu]
        self._since[cpu] = now
        unit.ran += ticks
        if not unit.busy:
            unit.work_left -= ticks
        self.scheduler.burn(unit, ticks)

    def charge(self, cpu: int, now: int, instructions: float) -> None:
        """Let Xen take time on a CPU."""
        unit = self.current[cpu]
        if unit is not None and unit.tape is not None:
            unit.tape.charge(now, instructions * self._vary(now))

    def reschedule(self, cpu: int, now: int) -> None:
        """Decide anew who has a CPU."""
        self.burn(cpu, now)
        old = self.current[cpu]
        new, until = self.scheduler.pick(cpu, now)
        if new is old:
            self.charge(cpu, now, self.scheduler.pass_cost)
        else:
            self._switch(cpu, old, new, now)
        self.timers[self.slice_key(cpu)] = until
        done = TimerKey(_DONE, cpu)
        self.timers.pop(done, None)
        if new is not None and not new.busy:
            self.timers[done] = now + new.work_left
        if new is not old and old is not None and old.runnable:
            self.place(old, now)

    def yield_to(self, unit: Unit, now: int) -> None:
        """Take its CPUs from all, and give one to this vCPU before the others."""
        for cpu in self.cpus:
            self._evict(cpu, now)
        self.place(unit, now)

    def place(self, unit: Unit, now: int) -> None:
        """Give a waiting vCPU a CPU, if its scheduler finds it should have one now."""
        if unit.cpu is None and unit.runnable:
            cpu = self.scheduler.contender(unit, now)
            if cpu is not None:
                self.reschedule(cpu, now)

    def add(self, unit: Unit, now: int) -> None:
        """Take a vCPU in."""
        unit.cpu = None
        unit.home = min(self.cpus, key=lambda cpu: (self._crowd(cpu), cpu), default=0)
        self.units.append(unit)
        self.scheduler.insert(unit, now)
        if unit.tape is not None and unit.tape.away_since is None:
            unit.tape.leave(now, Cause.PREEMPTED)
        if not unit.busy:
            self._sleep(unit, now)

    def drop(self, unit: Unit, now: int) -> None:
        """Let a vCPU go."""
        if unit.cpu is not None:
            self._evict(unit.cpu, now)
        self.units.remove(unit)
        self._unwake(unit)
        self.scheduler.remove(unit, now)

    def add_cpu(self, cpu: int, now: int) -> None:
        """Take a CPU in."""
        self.cpus = sorted([*self.cpus, cpu])
        self.current[cpu] = None
        self._since[cpu] = now

    def drop_cpu(self, cpu: int, now: int) -> None:
        """Let a CPU go; who ran there waits for another."""
        self._evict(cpu, now)
        self.cpus.remove(cpu)
        del self.current[cpu]
        for key in [k for k in self.timers if k.rank >= _DONE and k.number == cpu]:
            del self.timers[key]

    def disturb(self, now: int) -> None:
        """Go over to taking decisions one by one: something is about to change."""
        if not self.quiet:
            return
        self.quiet = False
        for cpu, unit in self.current.items():
            if unit is not None:
                unit.ran += now - self._since[cpu]
            self._since[cpu] = now
        for unit in self.units:
            if unit.activity is not None and not unit.held:
                unit.ran += (now - self._calm_since) * unit.activity.work // unit.activity.period
                self._sleep(unit, now)
            elif unit.activity is not None and unit.asleep:
                self._unwake(unit)  # what was due while nothing was looked at is over
        self.scheduler.resume(now)
        for cpu in self.cpus:
            self.timers.setdefault(self.slice_key(cpu), FOREVER)

    def settle(self, now: int) -> None:
        """Let a change take effect, and see whether anything contends now."""
        self.scheduler.arm(now)
        for cpu in self.cpus:
            unit = self.current[cpu]
            if unit is not None and not (unit.runnable and unit.allowed(cpu)):
                self.reschedule(cpu, now)
        for unit in self.units:
            if unit.asleep and not unit.held and self._wake_key(unit) not in self.timers:
                self._sleep(unit, now)
            self.place(unit, now)
        running = self._undisturbed()
        if running is not None and self.scheduler.steady(running):
            self._calm(now)

    def changed(self, unit: Unit, now: int) -> None:
        """Note that a vCPU's parameters changed."""
        self.scheduler.changed(unit, now)

    def stay_awake(self, unit: Unit, now: int) -> None:
        """Let a vCPU that became busy run without end."""
        self._unwake(unit)
        if unit.cpu is not None:
            self.timers.pop(TimerKey(_DONE, unit.cpu), None)
        if unit.asleep:
            unit.asleep = False
            self.scheduler.wake(unit, now)

    def fall_asleep(self, unit: Unit, now: int) -> None:
        """Let a vCPU that is not busy any more sleep."""
        if unit.cpu is not None:
            self.burn(unit.cpu, now)
        unit.work_left = 0
        self._sleep(unit, now)

    def time_of(self, unit: Unit) -> int:
        """Return how many ticks a vCPU has had so far."""
        ran = unit.ran
        if self.quiet and unit.activity is not None and not unit.held:
            ran += (self.time - self._calm_since) * unit.activity.work // unit.activity.period
        elif unit.cpu is not None:
            ran += self.time - self._since[unit.cpu]
        return ran

    def _calm(self, now: int) -> None:
        for cpu in self.cpus:
            while (unit := self.current[cpu]) is not None and not unit.busy:
                self._done(cpu, now)
            self.burn(cpu, now)
            self._since[cpu] = now
        self.quiet = True
        self._calm_since = now
        self._pulses = [
            (unit, self._source(cpu, number, pulse))
            for cpu, unit in self.current.items()
            if unit is not None
            for number, pulse in enumerate(self.scheduler.pulses(cpu, now))
        ]

    def _source(self, cpu: int, number: int, pulse: Pulse) -> Source:
        return Source(
            key_of(self._seed, f"{self.name} pulse {cpu} {number}"),
            first=pulse.first,
            period=pulse.period,
            lengths=Mix(((1.0, pulse.instructions),), _SPREAD),
            cause=Cause.HYPERVISOR,
        )

    def _undisturbed(self) -> list[Unit] | None:
        """Return the busy vCPUs if each has a CPU to itself, None if anything contends."""
        busy = [unit for unit in self.units if unit.busy and unit.runnable]
        taken = {unit.cpu for unit in busy}
        if None in taken:
            return None
        free = [cpu for cpu in self.cpus if cpu not in taken]
        idlers = [unit for unit in self.units if not unit.busy and not unit.held]
        if any(not any(unit.allowed(cpu) for cpu in free) for unit in idlers):
            return None
        return busy

    def _switch(self, cpu: int, old: Unit | None, new: Unit | None, now: int) -> None:
        if old is not None:
            old.cpu = None
            if old.tape is not None:
                old.tape.leave(now, Cause.PREEMPTED if new is not None else Cause.NO_BUDGET)
        self.current[cpu] = new
        self._since[cpu] = now
        if new is not None:
            new.cpu = new.home = cpu
            new.dispatched = now
            if new.tape is not None:
                new.tape.enter(now)
                self.charge(cpu, now, self.scheduler.switch_cost)

    def _evict(self, cpu: int, now: int) -> None:
        self.burn(cpu, now)
        self._switch(cpu, self.current[cpu], None, now)
        self.timers[self.slice_key(cpu)] = FOREVER
        self.timers.pop(TimerKey(_DONE, cpu), None)

    def _done(self, cpu: int, now: int) -> None:
        unit = self.current[cpu]
        self.timers.pop(TimerKey(_DONE, cpu), None)
        if unit is None:
            return
        self.burn(cpu, now)
        self._sleep(unit, now)
        self.reschedule(cpu, now)

    def _sleep(self, unit: Unit, now: int) -> None:
        unit.asleep = True
        key = self._wake_key(unit)
        self._wakers[key.number] = unit
        self.timers[key] = unit.waking_after(now, self._seed)

    def _woken(self, unit: Unit, now: int) -> None:
        self._unwake(unit)
        if unit.activity is None:
            return
        unit.asleep = False
        unit.work_left = unit.activity.work
        self.scheduler.wake(unit, now)
        self.place(unit, now)

    def _unwake(self, unit: Unit) -> None:
        self.timers.pop(self._wake_key(unit), None)

    def _wake_key(self, unit: Unit) -> TimerKey:
        return TimerKey(_WAKE, unit.domain << 16 | unit.index)

    def _crowd(self, cpu: int) -> int:
        return sum(unit.home == cpu for unit in self.units)

    def _vary(self, now: int) -> float:
        # One scalar at a time: events are rare, and the spread is that of the pulses.
        return 1 + _SPREAD * (2 * mix(self._seed ^ now) / (1 << 64) - 1)
