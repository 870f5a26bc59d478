"""RTDS: deferrable servers under global earliest deadline first.

Each vCPU has a budget in each period, and keeps what it does not use until the period ends. Those
with budget left run in order of their deadlines. With *extratime*, one that has used its budget
is given another at the next lower level, behind everybody of a higher one. Periods begin at
multiples of their length, so equal periods begin together; of vCPUs that are replenished together
the order turns round each time, as the lab's patterns show. The timer that ends a turn is not
moved by a replenishment: with 10/4 ms that makes four passes a period, as measured.
After rtds in Xen's xen/common/sched/rt.c.
"""

from __future__ import annotations

from typing import Final

from hvconsole.sim.machine.profile import Costs
from hvconsole.sim.machine.sched.base import FOREVER, Pulse, Scheduler, TimerKey
from hvconsole.sim.machine.ticks import next_due
from hvconsole.sim.machine.unit import Unit

_REPLENISH: Final = TimerKey(10)


class Rtds(Scheduler):
    """Xen's RTDS scheduler."""

    name = "rtds"

    def __init__(self, costs: Costs) -> None:
        super().__init__(costs)
        self.pass_cost = costs.rtds_pass

    def insert(self, unit: Unit, now: int) -> None:
        """Take a vCPU into the pool: its first period is under way."""
        unit.order = self.next_order()
        self._begin(unit, now)

    def burn(self, unit: Unit, ticks: int) -> None:
        """Account time that a vCPU ran."""
        unit.quota -= ticks

    def wake(self, unit: Unit, now: int) -> None:
        """Give who slept past its deadline a new period."""
        super().wake(unit, now)
        if now >= unit.deadline:
            self._begin(unit, now)
        self.arm(now)

    def contender(self, unit: Unit, now: int) -> int | None:  # noqa: ARG002  # the interface's
        """Return an idle CPU, or the one whose vCPU comes last, and after this one."""
        if unit.quota <= 0:
            return None
        idle = self.idle_cpu(unit)
        if idle is not None:
            return idle
        shared = [
            (_rank(present), cpu)
            for cpu, present in self.pool.current.items()
            if present is not None and unit.allowed(cpu)
        ]
        if not shared:
            return None
        last, cpu = max(shared)
        return cpu if _rank(unit) < last else None

    def pick(self, cpu: int, now: int) -> tuple[Unit | None, int]:
        """Return the first by level and deadline, until its budget is used up."""
        present = self.pool.current[cpu]
        queued = list(self.waiting(cpu))
        if present is not None and present.quota <= 0 and present.extratime:
            present.level += 1
            present.quota = present.budget
            present.order = self.next_order()
        if present is not None and present.runnable and present.allowed(cpu):
            queued.append(present)
        best = min((unit for unit in queued if unit.quota > 0), key=_rank, default=None)
        return (None, FOREVER) if best is None else (best, now + best.quota)

    def fire(self, key: TimerKey, now: int) -> None:
        """Replenish whose period ended."""
        pool = self.pool
        for cpu in pool.cpus:
            pool.burn(cpu, now)
        due = sorted((u for u in pool.units if u.deadline <= now), key=lambda u: u.order)
        for unit in reversed(due):
            self._begin(unit, now)
            unit.order = self.next_order()
        pool.timers[key] = min(unit.deadline for unit in pool.units)
        for cpu in pool.cpus:
            pool.charge(cpu, now, self.costs.rtds_replenish)
        for unit in sorted(pool.units, key=_rank):
            pool.place(unit, now)

    def changed(self, unit: Unit, now: int) -> None:
        """Begin a period of the new length with the new budget."""
        self._begin(unit, now)
        self.arm(now)
        if unit.cpu is not None:
            self.pool.reschedule(unit.cpu, now)
        else:
            self.pool.place(unit, now)

    def steady(self, running: list[Unit]) -> bool:
        """Without extratime who is alone stops at the end of its budget."""
        return all(unit.extratime or unit.budget == unit.period for unit in running)

    def arm(self, now: int) -> None:  # noqa: ARG002  # the interface's
        """Set the timer for the next deadline."""
        for cpu in self.pool.cpus:
            self.pool.timers.setdefault(self.pool.slice_key(cpu), FOREVER)
        if self.pool.units:
            self.pool.timers[_REPLENISH] = min(unit.deadline for unit in self.pool.units)
        else:
            self.pool.timers.pop(_REPLENISH, None)

    def pulses(self, cpu: int, now: int) -> list[Pulse]:
        """A replenishment and a pass at each used-up budget, all with the same period."""
        unit = self.pool.current[cpu]
        if unit is None:
            return []
        begin = now // unit.period * unit.period
        found = [Pulse(begin, unit.period, self.costs.rtds_replenish)]
        found += [
            Pulse(begin + offset, unit.period, self.costs.rtds_pass) for offset in _passes(unit)
        ]
        return found

    def resume(self, now: int) -> None:
        """Work out where in its period everybody is."""
        for cpu, unit in self.pool.current.items():
            if unit is None:
                continue
            self._begin(unit, now)
            into = now % unit.period
            unit.level, used = divmod(into, unit.budget)
            unit.quota = unit.budget - used
            begin = now - into
            self.pool.timers[self.pool.slice_key(cpu)] = min(
                (next_due(begin + offset, unit.period, now) for offset in _passes(unit)),
                default=now + unit.quota,
            )
        for unit in self.pool.units:
            if unit.deadline <= now:
                self._begin(unit, now)
        self.arm(now)

    def _begin(self, unit: Unit, now: int) -> None:
        unit.deadline = (now // unit.period + 1) * unit.period
        unit.quota, unit.level = unit.budget, 0


def _rank(unit: Unit) -> tuple[int, int, int]:
    return unit.level, unit.deadline, unit.order


def _passes(unit: Unit) -> list[int]:
    """Return when in its period a vCPU that is alone uses up a budget (ticks from its begin).

    The last turn of a period ends in the next one, since a replenishment does not move it.
    """
    whole = list(range(unit.budget, unit.period, unit.budget))
    left_over = (len(whole) + 1) * unit.budget - unit.period
    return [left_over, *whole] if left_over else whole
