"""Credit: proportional share by credits, with slices, boost and caps.

Credits are ticks of CPU time. Each vCPU's running time is taken from its credits; once a slice
the accounting deals out what all CPUs of the pool can give, by weight. Who is in debt is *over*
and waits behind those who are *under*; who wakes while under is *boosted* past both until the
next tick. Equals take turns of a whole slice. After csched in Xen's xen/common/sched/credit.c.
"""

from __future__ import annotations

from typing import Final

from hvconsole.sim.machine.profile import Costs
from hvconsole.sim.machine.sched.base import FOREVER, LATENCY, Pulse, Scheduler, TimerKey
from hvconsole.sim.machine.ticks import MS, US, next_due
from hvconsole.sim.machine.unit import Unit

BOOST: Final = 0
UNDER: Final = 1
OVER: Final = 2

_ACCOUNT: Final = TimerKey(10)
_TICK_RANK: Final = 11
_TICKS_A_SLICE: Final = 3
# Ticks, accounting and slices begin at different times, as in the lab's traces; in step they
# would join into one switch and be too few.
_TICK_PHASE: Final = 3300 * US
_ACCOUNT_PHASE: Final = 2100 * US


class Credit(Scheduler):
    """Xen's Credit scheduler."""

    name = "credit"

    def __init__(self, costs: Costs) -> None:
        super().__init__(costs)
        self.tslice = 30 * MS
        self.ratelimit = 1000 * US
        self.pass_cost = costs.credit_pass

    def insert(self, unit: Unit, now: int) -> None:  # noqa: ARG002  # the interface's
        """Take a vCPU into the pool."""
        unit.credit, unit.priority, unit.active, unit.parked = 0, UNDER, False, False
        unit.order = self.next_order()

    def burn(self, unit: Unit, ticks: int) -> None:
        """Account time that a vCPU ran."""
        unit.credit -= ticks

    def wake(self, unit: Unit, now: int) -> None:
        """Boost who wakes and is not in debt."""
        super().wake(unit, now)
        if unit.priority == UNDER and not unit.parked:
            unit.priority = BOOST

    def contender(self, unit: Unit, now: int) -> int | None:  # noqa: ARG002  # the interface's
        """Return an idle CPU, or the vCPU's own one where it has the better priority."""
        if unit.parked:
            return None
        idle = self.idle_cpu(unit)
        if idle is not None:
            return idle
        if unit.home not in self.pool.cpus or not unit.allowed(unit.home):
            unit.home = next((cpu for cpu in self.pool.cpus if unit.allowed(cpu)), unit.home)
        present = self.pool.current.get(unit.home)
        if present is not None and unit.priority < present.priority:
            return unit.home
        return None

    def pick(self, cpu: int, now: int) -> tuple[Unit | None, int]:
        """Return the first of the best class; take a better one from another CPU's queue."""
        present = self.pool.current[cpu]
        queued = [unit for unit in self.waiting(cpu) if not unit.parked]
        local = [unit for unit in queued if unit.home == cpu]
        if present is not None and present.runnable and present.allowed(cpu) and not present.parked:
            rest = present.dispatched + self.ratelimit - now
            if rest > 0:
                return present, now + rest
            present.order = self.next_order()
            local.append(present)
        best = min(local, key=_rank, default=None)
        if best is None or best.priority == OVER:
            limit = OVER + 1 if best is None else OVER
            others = [u for u in queued if u.home != cpu and u.priority < limit]
            best = min(others, key=_rank, default=best)
        if best is None:
            return None, FOREVER
        return best, now + self.tslice + LATENCY

    def fire(self, key: TimerKey, now: int) -> None:
        """Handle accounting and ticks."""
        if key == _ACCOUNT:
            self._account(now)
            self.pool.timers[key] = now + self.tslice + LATENCY
        elif key.number in self.pool.current:
            self._tick(key.number, now)
            self.pool.timers[key] = now + self._tick_period
        else:
            del self.pool.timers[key]

    def retune(self, now: int) -> None:
        """Let a new slice or ratelimit take effect at once."""
        timers = self.pool.timers
        for key, period in self._periods():
            timers[key] = min(timers[key], now + period)

    def changed(self, unit: Unit, now: int) -> None:
        """Let a vCPU run that has no cap any more."""
        if unit.parked and not unit.cap:
            unit.parked = False
            self.pool.place(unit, now)

    def steady(self, running: list[Unit]) -> bool:
        """Only a cap interrupts who is alone."""
        return not any(unit.cap for unit in running)

    def arm(self, now: int) -> None:
        """Set timers that are missing."""
        self.pool.timers.setdefault(_ACCOUNT, now + self.tslice - _ACCOUNT_PHASE)
        for cpu in self.pool.cpus:
            self.pool.timers.setdefault(
                TimerKey(_TICK_RANK, cpu), now + self._tick_period - _TICK_PHASE
            )
            self.pool.timers.setdefault(self.pool.slice_key(cpu), FOREVER)

    def pulses(self, cpu: int, now: int) -> list[Pulse]:  # noqa: ARG002  # the interface's
        """Tick, end of slice and, on the pool's first CPU, the accounting."""
        timers, costs = self.pool.timers, self.costs
        every = self.tslice + LATENCY
        found = [
            Pulse(timers[TimerKey(_TICK_RANK, cpu)], self._tick_period, costs.credit_tick),
            Pulse(timers[self.pool.slice_key(cpu)], every, costs.credit_pass),
        ]
        if cpu == self.pool.cpus[0]:
            found.append(Pulse(timers[_ACCOUNT], every, costs.credit_account))
        return found

    def resume(self, now: int) -> None:
        """Go on with the timers' own rhythm; credits are as they were, income equal to use."""
        for key, period in self._periods():
            self.pool.timers[key] = next_due(self.pool.timers[key], period, now)

    @property
    def _tick_period(self) -> int:
        return self.tslice // _TICKS_A_SLICE + LATENCY

    def _periods(self) -> list[tuple[TimerKey, int]]:
        every = self.tslice + LATENCY
        found = [(_ACCOUNT, every)]
        for cpu in self.pool.cpus:
            found.append((TimerKey(_TICK_RANK, cpu), self._tick_period))
            if self.pool.current[cpu] is not None:
                found.append((self.pool.slice_key(cpu), every))
        return found

    def _tick(self, cpu: int, now: int) -> None:
        self.pool.burn(cpu, now)
        unit = self.pool.current[cpu]
        if unit is None:
            return
        unit.active = True
        if unit.priority == BOOST:
            unit.priority = UNDER
        self.pool.charge(cpu, now, self.costs.credit_tick)

    def _account(self, now: int) -> None:
        pool = self.pool
        if not pool.cpus:
            return
        for cpu in pool.cpus:
            pool.burn(cpu, now)
        pool.charge(pool.cpus[0], now, self.costs.credit_account)
        active = [unit for unit in pool.units if unit.active]
        weight = sum(unit.weight for unit in active)
        for unit in active:
            self._deal(unit, len(pool.cpus) * self.tslice * unit.weight // weight, active)
        for unit in active:
            if unit.parked and unit.cpu is not None:
                pool.reschedule(unit.cpu, now)
            elif unit.cpu is None:
                pool.place(unit, now)

    def _deal(self, unit: Unit, fair: int, active: list[Unit]) -> None:
        fair = min(fair, self.tslice)
        limit = self.tslice
        if unit.cap:
            siblings = sum(other.domain == unit.domain for other in active)
            limit = unit.cap * self.tslice // 100 // siblings
            fair = min(fair, limit)
        unit.credit += fair
        if unit.credit < 0:
            unit.priority = OVER
            unit.parked = unit.parked or bool(unit.cap and unit.credit < -limit)
            unit.credit = max(unit.credit, -self.tslice)
            return
        unit.priority = UNDER
        unit.parked = False
        if unit.credit > self.tslice:
            # It uses less than its share: out of the accounting, with some credits in hand.
            unit.active = False
            unit.credit //= 2


def _rank(unit: Unit) -> tuple[int, int]:
    return unit.priority, unit.order
