"""Priority round robin, one queue a CPU, as Xvisor has it: equals of the highest take turns.

Nothing is balanced between CPUs: each has a queue of its own, here a pool of one CPU. The slice is
that of Xvisor's device tree default (10 ms).
"""

from __future__ import annotations

from typing import Final

from hvconsole.sim.machine.profile import Costs
from hvconsole.sim.machine.sched.base import FOREVER, Pulse, Scheduler
from hvconsole.sim.machine.ticks import MS, US, next_due
from hvconsole.sim.machine.unit import Unit

SLICE: Final = 10 * MS
# The timer is armed again in its own handler. The lab's contended gaps are 10.015 ms; what the
# switch and the guest's own pending tick do not explain of that is this.
_LATE: Final = 2 * US


class PriorityRoundRobin(Scheduler):
    """The scheduler of one of Xvisor's CPUs."""

    name = "prr"

    def __init__(self, costs: Costs) -> None:
        super().__init__(costs)
        self.pass_cost = costs.xvisor_pass
        self.switch_cost = costs.xvisor_switch

    def insert(self, unit: Unit, now: int) -> None:  # noqa: ARG002  # the interface's
        """Take a vCPU in, behind its equals."""
        unit.order = self.next_order()

    def burn(self, unit: Unit, ticks: int) -> None:
        """Nothing is accounted."""

    def contender(self, unit: Unit, now: int) -> int | None:  # noqa: ARG002  # the interface's
        """Return the CPU if nobody has it, or somebody of a lower priority."""
        for cpu, present in self.pool.current.items():
            if present is None or present.priority < unit.priority:
                return cpu
        return None

    def pick(self, cpu: int, now: int) -> tuple[Unit | None, int]:
        """Return the highest priority's next; who is preempted goes behind its equals."""
        present = self.pool.current[cpu]
        queued = list(self.waiting(cpu))
        if present is not None and present.runnable:
            left = present.dispatched + SLICE + _LATE - now
            if left > 0 and all(unit.priority <= present.priority for unit in queued):
                return present, now + left
            present.order = self.next_order()
            present.dispatched = now  # if nobody else is there, another slice begins
            queued.append(present)
        if not queued:
            return None, FOREVER
        best = min(queued, key=lambda unit: (-unit.priority, unit.order))
        return best, now + SLICE + _LATE

    def arm(self, now: int) -> None:  # noqa: ARG002  # the interface's
        """Set the timer of a CPU that has none."""
        for cpu in self.pool.cpus:
            self.pool.timers.setdefault(self.pool.slice_key(cpu), FOREVER)

    def pulses(self, cpu: int, now: int) -> list[Pulse]:  # noqa: ARG002  # the interface's
        """A pass at the end of each slice, also for who is alone."""
        due = self.pool.timers[self.pool.slice_key(cpu)]
        return [Pulse(due, SLICE + _LATE, self.costs.xvisor_pass)]

    def resume(self, now: int) -> None:
        """Go on with the rhythm of the slices."""
        for cpu, unit in self.pool.current.items():
            if unit is not None:
                key = self.pool.slice_key(cpu)
                due = next_due(self.pool.timers[key], SLICE + _LATE, now)
                self.pool.timers[key] = due
                unit.dispatched = due - SLICE - _LATE
