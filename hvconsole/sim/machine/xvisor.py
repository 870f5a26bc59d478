"""Xvisor on the machine: a queue for each CPU, guests whose vCPUs stand in them."""

from __future__ import annotations

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.machine import changes as ch
from hvconsole.sim.machine.pool import Pool
from hvconsole.sim.machine.pooled import Pooled
from hvconsole.sim.machine.profile import Costs
from hvconsole.sim.machine.sched.prr import PriorityRoundRobin
from hvconsole.sim.machine.unit import Unit


class Xvisor(Pooled[ch.OfXvisor]):
    """The hypervisor with its CPUs' queues and its guests.

    A guest's vCPU is busy whenever it may run: its idle loop polls.

    Args:
        cpus: How many the board has.
        costs: What things cost.
        seed: The machine's.
        now: Tick at which it begins.

    Attributes:
        pools: The queue of each CPU, by the pool's name.
        domains: vCPUs by their guest's number.
    """

    def __init__(self, *, cpus: int, costs: Costs, seed: int, now: int) -> None:
        self._queues = [
            Pool(f"CPU{cpu}", PriorityRoundRobin(costs), [cpu], seed, now) for cpu in range(cpus)
        ]
        self.pools = {queue.name: queue for queue in self._queues}
        self.domains: dict[int, list[Unit]] = {}
        self._at: dict[tuple[int, int], Pool] = {}
        self.settle(now)

    def unit(self, guest: int, vcpu: int) -> Unit:
        """Return one vCPU. Raises `BoardProblem` where there is none."""
        units = self.domains.get(guest, [])
        if not 0 <= vcpu < len(units):
            raise BoardProblem(f"guest {guest} has no vCPU {vcpu}")
        return units[vcpu]

    def begin_turn(self, unit: Unit, now: int) -> None:
        """Let a vCPU begin a slice now, if it may run.

        Who types decides when guests are started, to some tenths of a second, and slices go on
        from there. What a sampler sees shall follow from the tick at which it begins instead.
        """
        queue = self._at[unit.domain, unit.index]
        if unit.paused:
            return
        self.disturb(now)
        queue.yield_to(unit, now)
        self.settle(now)

    def cpu_ticks(self, guest: int, vcpu: int) -> int:
        """Return how much CPU time a vCPU has had (ticks)."""
        return self._at[guest, vcpu].time_of(self.unit(guest, vcpu))

    def make_busy(self, unit: Unit, now: int, *, busy: bool) -> None:
        """Nothing changes: vCPUs are always busy here."""

    def _apply(self, change: ch.OfXvisor, now: int) -> None:
        match change:
            case ch.CreateGuest(guest, cpus, priority):
                self._create(guest, cpus, priority, now)
            case ch.DestroyGuest(guest):
                self.unit(guest, 0)
                for unit in self.domains.pop(guest):
                    self._at.pop((guest, unit.index)).drop(unit, now)
            case ch.RunVcpu(guest, vcpu, running):
                self.unit(guest, vcpu).paused = not running
            case ch.MoveVcpu(guest, vcpu, cpu):
                unit = self.unit(guest, vcpu)
                queue = self._queue(cpu)
                if self._at[guest, vcpu] is not queue:
                    self._at[guest, vcpu].drop(unit, now)
                    self._at[guest, vcpu] = queue
                    queue.add(unit, now)

    def _create(self, guest: int, cpus: tuple[int, ...], priority: int, now: int) -> None:
        if guest in self.domains:
            raise BoardProblem(f"guest {guest} exists")
        queues = [self._queue(cpu) for cpu in cpus]
        self.domains[guest] = []
        for index, queue in enumerate(queues):
            unit = Unit(guest, index, burning=True, paused=True, priority=priority)
            self.domains[guest].append(unit)
            self._at[guest, index] = queue
            queue.add(unit, now)

    def _queue(self, cpu: int) -> Pool:
        if not 0 <= cpu < len(self._queues):
            raise BoardProblem(f"there is no CPU {cpu}")
        return self._queues[cpu]
