"""What every scheduler is to a pool, and what a pool is to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Final, NamedTuple, Protocol

from hvconsole.sim.machine.profile import Costs
from hvconsole.sim.machine.unit import Unit

FOREVER: Final = 1 << 62
# A timer is armed again from its own handler, so its period is that much longer than its nominal
# one: accounting ticks of the lab came each 10.0074 ms.
LATENCY: Final = 178


class TimerKey(NamedTuple):
    """Names a timer; of two that are due together the smaller key comes first."""

    rank: int
    number: int = 0


class Pulse(NamedTuple):
    """Work of Xen that recurs on a CPU while nothing contends there.

    Attributes:
        first: Tick of the first.
        period: Ticks.
        instructions: Each time.
    """

    first: int
    period: int
    instructions: float


class Dispatcher(Protocol):
    """The part of a pool that its scheduler sees."""

    cpus: list[int]
    units: list[Unit]
    current: dict[int, Unit | None]
    timers: dict[TimerKey, int]

    def slice_key(self, cpu: int) -> TimerKey:
        """Return the key of the timer that ends a turn."""

    def burn(self, cpu: int, now: int) -> None:
        """Account the time the CPU's present vCPU ran up to now."""

    def charge(self, cpu: int, now: int, instructions: float) -> None:
        """Let Xen take time on a CPU."""

    def reschedule(self, cpu: int, now: int) -> None:
        """Decide anew who has a CPU."""

    def place(self, unit: Unit, now: int) -> None:
        """Give a waiting vCPU a CPU, if it should have one now."""


class Scheduler(ABC):
    """Decides for one pool. Times are ticks, costs are instructions."""

    name: ClassVar[str]

    def __init__(self, costs: Costs) -> None:
        self.costs = costs
        self.pass_cost = 0.0
        self.switch_cost = costs.switch
        self._order = 0
        self.pool: Dispatcher

    @abstractmethod
    def insert(self, unit: Unit, now: int) -> None:
        """Take a vCPU into the pool."""

    def remove(self, unit: Unit, now: int) -> None:  # noqa: B027  # most keep nothing beside it
        """Forget a vCPU."""

    @abstractmethod
    def burn(self, unit: Unit, ticks: int) -> None:
        """Account time that a vCPU ran."""

    @abstractmethod
    def pick(self, cpu: int, now: int) -> tuple[Unit | None, int]:
        """Return who runs next on a CPU, and until when at the latest."""

    @abstractmethod
    def contender(self, unit: Unit, now: int) -> int | None:
        """Return the CPU that a waiting vCPU should get, if it should get one now."""

    def wake(self, unit: Unit, now: int) -> None:  # noqa: ARG002  # for those with deadlines
        """Note that a vCPU has work again."""
        unit.order = self.next_order()

    def fire(self, key: TimerKey, now: int) -> None:  # noqa: ARG002  # for those with timers
        """Handle a timer of the scheduler's own."""
        raise KeyError(key)

    def changed(self, unit: Unit, now: int) -> None:  # noqa: B027  # most read it when they need it
        """Note that a vCPU's parameters changed."""

    def retune(self, now: int) -> None:  # noqa: B027  # not all have parameters of the pool
        """Let new parameters of the pool take effect at once."""

    def steady(self, running: list[Unit]) -> bool:  # noqa: ARG002  # for those that limit vCPUs
        """Say whether these vCPUs, each alone on a CPU, are never interrupted for long."""
        return True

    def arm(self, now: int) -> None:  # noqa: B027  # not all have timers of their own
        """Set timers that are missing, for new CPUs and vCPUs."""

    @abstractmethod
    def pulses(self, cpu: int, now: int) -> list[Pulse]:
        """Return Xen's recurring work on a CPU whose vCPU is alone there."""

    @abstractmethod
    def resume(self, now: int) -> None:
        """Set timers and states as they are after a time in which nothing contended."""

    def idle_cpu(self, unit: Unit) -> int | None:
        """Return a CPU that nobody uses and the vCPU may run on: its last one, if it can be."""
        current = self.pool.current
        free = [cpu for cpu in self.pool.cpus if current[cpu] is None and unit.allowed(cpu)]
        if unit.home in free:
            return unit.home
        return free[0] if free else None

    def next_order(self) -> int:
        """Return a rank later than all before."""
        self._order += 1
        return self._order

    def waiting(self, cpu: int) -> Iterable[Unit]:
        """Return the vCPUs that want this CPU and have none."""
        return [u for u in self.pool.units if u.cpu is None and u.runnable and u.allowed(cpu)]
