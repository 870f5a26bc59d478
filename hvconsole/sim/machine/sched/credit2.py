"""Credit2: one queue ordered by credit; who has most runs, and credit burns by weight.

When the best has none left everybody is given the initial credit again. Two equal vCPUs take
turns of the whole initial credit of 10 ms, as the lab measured. After csched2 in Xen's
xen/common/sched/credit2.c, whose finer rule (stop when credits meet) the measurement does not show.
"""

from __future__ import annotations

from typing import Final

from hvconsole.sim.machine.profile import Costs
from hvconsole.sim.machine.sched.base import FOREVER, LATENCY, Pulse, Scheduler, TimerKey
from hvconsole.sim.machine.ticks import MS, US, next_due
from hvconsole.sim.machine.unit import Unit

_INITIAL: Final = 10 * MS
_LONGEST: Final = 10 * MS
_SHORTEST: Final = 500 * US
_CARRY_OVER: Final = 10 * MS
_BUDGET_PERIOD: Final = 10 * MS
_REPLENISH: Final = TimerKey(10)


class Credit2(Scheduler):
    """Xen's Credit2 scheduler."""

    name = "credit2"

    def __init__(self, costs: Costs) -> None:
        super().__init__(costs)
        self.ratelimit = 1000 * US
        self.pass_cost = costs.credit2_pass

    def insert(self, unit: Unit, now: int) -> None:  # noqa: ARG002  # the interface's
        """Take a vCPU into the pool."""
        unit.credit, unit.parked = _INITIAL, False
        unit.quota = self._quota(unit)
        unit.order = self.next_order()

    def burn(self, unit: Unit, ticks: int) -> None:
        """Account time that a vCPU ran: the heaviest pays least."""
        unit.credit -= ticks * self._heaviest() // unit.weight
        if unit.cap:
            unit.quota -= ticks

    def contender(self, unit: Unit, now: int) -> int | None:
        """Return an idle CPU, or the one whose vCPU has the least credit, and less than this."""
        if unit.parked:
            return None
        idle = self.idle_cpu(unit)
        if idle is not None:
            return idle
        for cpu in self.pool.cpus:
            self.pool.burn(cpu, now)
        shared = [
            (present.credit, cpu)
            for cpu, present in self.pool.current.items()
            if present is not None and unit.allowed(cpu)
        ]
        credit, cpu = min(shared, default=(unit.credit, -1))
        return cpu if credit < unit.credit else None

    def pick(self, cpu: int, now: int) -> tuple[Unit | None, int]:
        """Return who has most credit, until it has none."""
        present = self.pool.current[cpu]
        queued = [unit for unit in self.waiting(cpu) if self._may(unit)]
        if present is not None and present.runnable and present.allowed(cpu) and self._may(present):
            rest = present.dispatched + self.ratelimit - now
            if rest > 0 and queued:
                return present, now + rest
            present.order = self.next_order()
            queued.append(present)
        if not queued:
            return None, FOREVER
        best = min(queued, key=_rank)
        while best.credit <= 0:
            self._reset()
            best = min(queued, key=_rank)
        span = best.credit * best.weight // self._heaviest()
        span = max(min(span, _LONGEST), _SHORTEST, self.ratelimit)
        if best.cap:
            span = max(min(span, best.quota), 1)
        return best, now + span + LATENCY

    def fire(self, key: TimerKey, now: int) -> None:
        """Give capped vCPUs the next period's share."""
        for cpu in self.pool.cpus:
            self.pool.burn(cpu, now)
        for unit in self.pool.units:
            quota = self._quota(unit)
            unit.quota = min(unit.quota + quota, quota)
            unit.parked = bool(unit.cap) and unit.quota <= 0
        self.pool.timers[key] = now + _BUDGET_PERIOD
        for unit in self.pool.units:
            self.pool.place(unit, now)

    def changed(self, unit: Unit, now: int) -> None:
        """Let a new cap take effect at once."""
        unit.quota = self._quota(unit)
        unit.parked = False
        if unit.cpu is not None:
            self.pool.reschedule(unit.cpu, now)
        else:
            self.pool.place(unit, now)

    def steady(self, running: list[Unit]) -> bool:
        """Only a cap interrupts who is alone."""
        return not any(unit.cap for unit in running)

    def arm(self, now: int) -> None:
        """Set timers that are missing; caps need one."""
        for cpu in self.pool.cpus:
            self.pool.timers.setdefault(self.pool.slice_key(cpu), FOREVER)
        if any(unit.cap for unit in self.pool.units):
            self.pool.timers.setdefault(_REPLENISH, now + _BUDGET_PERIOD)
        else:
            self.pool.timers.pop(_REPLENISH, None)

    def pulses(self, cpu: int, now: int) -> list[Pulse]:  # noqa: ARG002  # the interface's
        """A pass each time the credit is used up."""
        due = self.pool.timers[self.pool.slice_key(cpu)]
        return [Pulse(due, _LONGEST + LATENCY, self.costs.credit2_pass)]

    def resume(self, now: int) -> None:
        """Go on with the rhythm; credit is what is left until the next pass."""
        for cpu, unit in self.pool.current.items():
            if unit is None:
                continue
            key = self.pool.slice_key(cpu)
            due = next_due(self.pool.timers[key], _LONGEST + LATENCY, now)
            self.pool.timers[key] = due
            unit.credit = min((due - now) * self._heaviest() // unit.weight, _INITIAL)

    def _may(self, unit: Unit) -> bool:
        if unit.cap and unit.quota <= 0:
            unit.parked = True
        return not unit.parked

    def _quota(self, unit: Unit) -> int:
        siblings = sum(other.domain == unit.domain for other in self.pool.units)
        return unit.cap * _BUDGET_PERIOD // 100 // max(siblings, 1)

    def _heaviest(self) -> int:
        return max((unit.weight for unit in self.pool.units if unit.runnable), default=1)

    def _reset(self) -> None:
        for unit in self.pool.units:
            unit.credit = min(unit.credit, _CARRY_OVER) + _INITIAL


def _rank(unit: Unit) -> tuple[int, int]:
    return -unit.credit, unit.order
