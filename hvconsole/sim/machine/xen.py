"""Xen on the machine: cpupools, domains, and what the toolstack can do to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.machine import changes as ch
from hvconsole.sim.machine.pool import Pool
from hvconsole.sim.machine.pooled import Pooled
from hvconsole.sim.machine.profile import IDLE, Activity, Costs
from hvconsole.sim.machine.sched.base import Scheduler
from hvconsole.sim.machine.sched.credit import Credit
from hvconsole.sim.machine.sched.credit2 import Credit2
from hvconsole.sim.machine.sched.null import Null
from hvconsole.sim.machine.sched.rtds import Rtds
from hvconsole.sim.machine.ticks import MS, US
from hvconsole.sim.machine.unit import Unit

FIRST_POOL: Final = "Pool-0"
_SCHEDULERS: Final[dict[str, Callable[[Costs], Scheduler]]] = {
    kind.name: kind for kind in (Credit, Credit2, Rtds, Null)
}
_SHORTEST_RTDS_US: Final = 10
_LONGEST_SLICE_MS: Final = 1000
_HEAVIEST: Final = 65_535


class Xen(Pooled[ch.OfXen]):
    """The hypervisor with its pools and domains.

    Args:
        scheduler: Of Pool-0.
        cpus: How many the board has.
        dom0_vcpus: How many dom0 has; it is idle until somebody works in it.
        costs: What things cost.
        seed: The machine's.
        now: Tick at which it begins.
    """

    def __init__(
        self,
        scheduler: ch.SchedulerName,
        *,
        cpus: int,
        dom0_vcpus: int,
        costs: Costs,
        seed: int,
        now: int,
    ) -> None:
        self._costs, self._seed, self._cpus = costs, seed, cpus
        self._idle: dict[int, Activity] = {}
        self.pools: dict[str, Pool] = {}
        self.domains: dict[int, list[Unit]] = {}
        self.pool_of: dict[int, Pool] = {}
        self.pools[FIRST_POOL] = self._pool(FIRST_POOL, scheduler, list(range(cpus)), now)
        self._create_domain(ch.CreateDomain(0, vcpus=dom0_vcpus, activity=IDLE), now)
        self.settle(now)

    def unit(self, domain: int, vcpu: int) -> Unit:
        """Return one vCPU.

        Raises:
            BoardProblem: There is none.
        """
        units = self._units(domain, None)
        if not 0 <= vcpu < len(units):
            raise BoardProblem(f"domain {domain} has no vCPU {vcpu}")
        return units[vcpu]

    def cpu_ticks(self, domain: int, vcpu: int | None = None) -> int:
        """Return how much CPU time a domain, or one of its vCPUs, has had (ticks)."""
        pool = self.pool_of[domain]
        return sum(pool.time_of(unit) for unit in self._units(domain, vcpu))

    def make_busy(self, unit: Unit, now: int, *, busy: bool) -> None:
        """Let a vCPU burn CPU time, or go back to waking now and then. The pool is disturbed."""
        if busy == unit.busy:
            return
        pool = self.pool_of[unit.domain]
        if busy:
            unit.activity = None
            pool.stay_awake(unit, now)
        else:
            unit.activity = self._idle[unit.domain]
            pool.fall_asleep(unit, now)

    def _apply(self, change: ch.OfXen, now: int) -> None:  # noqa: C901, PLR0912  # an arm a change
        match change:
            case ch.CreateDomain():
                self._create_domain(change, now)
            case ch.DestroyDomain(domain):
                self._destroy_domain(domain, now)
            case ch.SetPaused(domain, paused):
                if domain == 0:
                    raise BoardProblem("dom0 cannot be paused: nobody could unpause it")
                for unit in self._units(domain, None):
                    unit.paused = paused
            case ch.SetVcpus(domain, count):
                units = self._units(domain, None)
                if not 1 <= count <= len(units):
                    raise BoardProblem(f"domain {domain} cannot have {count} vCPUs online")
                for unit in units:
                    unit.offline = unit.index >= count
            case ch.SetBusy(domain, busy, vcpu):
                for unit in self._units(domain, vcpu):
                    unit.burning = busy
            case ch.SetParameters():
                self._set_parameters(change, now)
            case ch.SetPool():
                self._set_pool(change, now)
            case ch.PinVcpu(domain, vcpu, cpus):
                for unit in self._units(domain, vcpu):
                    unit.affinity = self._within(cpus, self.pool_of[domain])
            case ch.CreatePool(name, scheduler, cpus):
                self._create_pool(name, scheduler, cpus, now)
            case ch.DestroyPool(name):
                if name == FIRST_POOL or self._named(name).units:
                    raise BoardProblem(f"pool {name} is in use")
                del self.pools[name]
            case ch.MoveCpu(cpu, pool):
                self._move_cpu(cpu, pool, now)
            case ch.MoveDomain(domain, pool):
                self._move_domain(domain, pool, now)

    def _create_domain(self, change: ch.CreateDomain, now: int) -> None:
        if change.domain in self.domains:
            raise BoardProblem(f"domain {change.domain} exists")
        _check(change.weight, change.cap, change.period_us, change.budget_us)
        pool = self._named(change.pool)
        self.domains[change.domain] = units = []
        self.pool_of[change.domain] = pool
        self._idle[change.domain] = change.activity
        for index in range(change.vcpus):
            unit = Unit(
                change.domain,
                index,
                weight=change.weight,
                cap=change.cap,
                period=change.period_us * US,
                budget=change.budget_us * US,
                extratime=change.extratime,
                affinity=self._within(change.cpus, pool),
                activity=None if change.busy else change.activity,
                burning=change.busy,
            )
            units.append(unit)
            pool.add(unit, now)

    def _destroy_domain(self, domain: int, now: int) -> None:
        if domain == 0:
            raise BoardProblem("dom0 cannot be destroyed")
        for unit in self._units(domain, None):
            self.pool_of[domain].drop(unit, now)
        del self.domains[domain], self.pool_of[domain], self._idle[domain]

    def _set_parameters(self, change: ch.SetParameters, now: int) -> None:
        units = self._units(change.domain, change.vcpu)
        wanted = [_parameters(unit, change) for unit in units]
        for weight, cap, period_us, budget_us in wanted:
            _check(weight, cap, period_us, budget_us)
        for unit, (weight, cap, period_us, budget_us) in zip(units, wanted, strict=True):
            unit.weight, unit.cap = weight, cap
            unit.period, unit.budget = period_us * US, budget_us * US
            if change.extratime is not None:
                unit.extratime = change.extratime
            self.pool_of[change.domain].changed(unit, now)

    def _set_pool(self, change: ch.SetPool, now: int) -> None:
        scheduler = self._named(change.pool).scheduler
        if change.tslice_ms is not None and not (
            isinstance(scheduler, Credit) and 1 <= change.tslice_ms <= _LONGEST_SLICE_MS
        ):
            raise BoardProblem(f"{scheduler.name} takes no slice of {change.tslice_ms} ms")
        if change.ratelimit_us is not None and not isinstance(scheduler, Credit | Credit2):
            raise BoardProblem(f"{scheduler.name} has no ratelimit")
        if change.tslice_ms is not None and isinstance(scheduler, Credit):
            scheduler.tslice = change.tslice_ms * MS
        if change.ratelimit_us is not None and isinstance(scheduler, Credit | Credit2):
            scheduler.ratelimit = change.ratelimit_us * US
        scheduler.retune(now)

    def _create_pool(
        self, name: str, scheduler: ch.SchedulerName, cpus: tuple[int, ...], now: int
    ) -> None:
        if name in self.pools:
            raise BoardProblem(f"pool {name} exists")
        taken = [cpu for pool in self.pools.values() for cpu in pool.cpus]
        for cpu in cpus:
            if cpu in taken or not 0 <= cpu < self._cpus:
                raise BoardProblem(f"CPU {cpu} is not free")
        self.pools[name] = self._pool(name, scheduler, list(cpus), now)

    def _move_cpu(self, cpu: int, name: str | None, now: int) -> None:
        target = None if name is None else self._named(name)
        source = next((pool for pool in self.pools.values() if cpu in pool.cpus), None)
        if target is not None and source is not None:
            raise BoardProblem(f"CPU {cpu} belongs to {source.name}")
        if not 0 <= cpu < self._cpus:
            raise BoardProblem(f"there is no CPU {cpu}")
        if source is not None:
            if len(source.cpus) == 1 and source.units:
                raise BoardProblem(f"CPU {cpu} is the last of {source.name}, which has domains")
            source.drop_cpu(cpu, now)
            for unit in source.units:
                unit.affinity = self._within(unit.affinity, source)
        if target is not None:
            target.add_cpu(cpu, now)

    def _move_domain(self, domain: int, name: str, now: int) -> None:
        units, target = self._units(domain, None), self._named(name)
        if domain == 0:
            raise BoardProblem("dom0 cannot leave Pool-0")
        if not target.cpus:
            raise BoardProblem(f"pool {name} has no CPU")
        for unit in units:
            self.pool_of[domain].drop(unit, now)
            unit.affinity = self._within(unit.affinity, target)
            target.add(unit, now)
        self.pool_of[domain] = target

    def _pool(self, name: str, scheduler: ch.SchedulerName, cpus: list[int], now: int) -> Pool:
        return Pool(name, _SCHEDULERS[scheduler](self._costs), cpus, self._seed, now)

    def _named(self, name: str) -> Pool:
        try:
            return self.pools[name]
        except KeyError:
            raise BoardProblem(f"there is no pool {name}") from None

    def _units(self, domain: int, vcpu: int | None) -> list[Unit]:
        try:
            units = self.domains[domain]
        except KeyError:
            raise BoardProblem(f"there is no domain {domain}") from None
        return units if vcpu is None else [self.unit(domain, vcpu)]

    @staticmethod
    def _within(cpus: frozenset[int] | None, pool: Pool) -> frozenset[int] | None:
        """Keep an affinity if the pool can honour it; a pool without such a CPU ignores it."""
        return cpus if cpus is not None and cpus & set(pool.cpus) else None


def _parameters(unit: Unit, change: ch.SetParameters) -> tuple[int, int, int, int]:
    """Return weight, cap, period and budget (µs) as they shall be."""
    return (
        unit.weight if change.weight is None else change.weight,
        unit.cap if change.cap is None else change.cap,
        unit.period // US if change.period_us is None else change.period_us,
        unit.budget // US if change.budget_us is None else change.budget_us,
    )


def _check(weight: int, cap: int, period_us: int, budget_us: int) -> None:
    if not 1 <= weight <= _HEAVIEST:
        raise BoardProblem(f"a weight of {weight}", hint=f"1 to {_HEAVIEST}")
    if cap < 0:
        raise BoardProblem(f"a cap of {cap} %", hint="0 for none, 100 for one CPU")
    if not _SHORTEST_RTDS_US <= budget_us <= period_us:
        raise BoardProblem(f"a budget of {budget_us} µs in a period of {period_us} µs")
