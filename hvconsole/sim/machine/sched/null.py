"""The null scheduler: one vCPU to one CPU for good, and no decisions afterwards."""

from __future__ import annotations

from hvconsole.sim.machine.profile import Costs
from hvconsole.sim.machine.sched.base import FOREVER, Pulse, Scheduler
from hvconsole.sim.machine.unit import Unit


class Null(Scheduler):
    """Xen's null scheduler. Who finds no free CPU waits until one is given up."""

    name = "null"

    def __init__(self, costs: Costs) -> None:
        super().__init__(costs)
        self._owner: dict[int, Unit] = {}

    def insert(self, unit: Unit, now: int) -> None:  # noqa: ARG002  # the interface's
        """Give a vCPU a CPU, if there is one."""
        unit.order = self.next_order()
        self._assign()

    def remove(self, unit: Unit, now: int) -> None:
        """Take a vCPU's CPU back and give it to the next."""
        self._owner = {cpu: owner for cpu, owner in self._owner.items() if owner is not unit}
        self._assign()
        for other in self.pool.units:
            self.pool.place(other, now)

    def burn(self, unit: Unit, ticks: int) -> None:
        """Nothing is accounted."""

    def contender(self, unit: Unit, now: int) -> int | None:  # noqa: ARG002  # the interface's
        """Return the vCPU's own CPU."""
        return next((cpu for cpu, owner in self._owner.items() if owner is unit), None)

    def pick(self, cpu: int, now: int) -> tuple[Unit | None, int]:  # noqa: ARG002  # likewise
        """Return the CPU's owner."""
        unit = self._owner.get(cpu)
        return (unit if unit is not None and unit.runnable else None), FOREVER

    def arm(self, now: int) -> None:  # noqa: ARG002  # the interface's
        """Give CPUs that came or are free now to those who wait."""
        self._owner = {
            cpu: unit
            for cpu, unit in self._owner.items()
            if cpu in self.pool.cpus and unit.allowed(cpu)
        }
        self._assign()
        for cpu in self.pool.cpus:
            self.pool.timers.setdefault(self.pool.slice_key(cpu), FOREVER)

    def pulses(self, cpu: int, now: int) -> list[Pulse]:  # noqa: ARG002  # the interface's
        """Nothing recurs."""
        return []

    def resume(self, now: int) -> None:
        """Nothing is remembered."""

    def _assign(self) -> None:
        owned = list(self._owner.values())
        for unit in self.pool.units:
            if any(unit is owner for owner in owned):
                continue
            free = [c for c in self.pool.cpus if c not in self._owner and unit.allowed(c)]
            if free:
                self._owner[free[0]] = unit
                owned.append(unit)
