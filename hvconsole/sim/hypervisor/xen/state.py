"""What Xen and its tools know of pools and domains beyond what the machine model keeps."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from hvconsole.sim.hypervisor.host import GuestConsole, Host
from hvconsole.sim.hypervisor.words import identifier
from hvconsole.sim.hypervisor.xen.config import Config
from hvconsole.sim.machine.changes import (
    CreateDomain,
    DestroyDomain,
    MoveDomain,
    PinVcpu,
    SetParameters,
)
from hvconsole.sim.machine.pool import Pool
from hvconsole.sim.machine.ticks import HZ
from hvconsole.sim.machine.unit import Unit
from hvconsole.sim.machine.xen import FIRST_POOL, Xen

MIB: Final = 1024
DOM0_MIB: Final = 512
BOARD_MIB: Final = 1024
# What Xen itself, its heap and dom0's page tables take of the board's memory.
_XEN_MIB: Final = 43
# What starting Debian as dom0 costs its two vCPUs.
_BOOT_S: Final = (9.6, 7.3)
SCHEDULERS: Final = ("credit", "credit2", "rtds", "null")
CpuSet = frozenset[int] | None


@dataclass(slots=True)
class Domain:
    """A domain as the tools know it.

    Attributes:
        number: Its id.
        name: Its name.
        memory_kib: What it has now.
        most_kib: What it may have.
        identity: Its UUID.
        hard, soft: Masks of each vCPU; None for all CPUs.
        online: How many vCPUs are online.
        since_s: Board uptime at its start.
        paused: By the toolstack.
        config: What it was made from.
        console: What it wrote onto its console while it booted.
        since_tick: Tick of the machine at its start: where its virtual counter begins.
        linux: Its Linux, once somebody looks at its console.
    """

    number: int
    name: str
    memory_kib: int
    most_kib: int
    identity: uuid.UUID
    hard: list[CpuSet]
    soft: list[CpuSet]
    online: int
    since_s: float
    paused: bool = False
    config: Config = field(default_factory=dict)
    console: list[str] = field(default_factory=list)
    since_tick: int = 0
    linux: GuestConsole | None = None
    console_locked: bool = False


class State:
    """Pools and domains of one boot under Xen.

    Args:
        host: The board.
        schedulers: Which ones this build of Xen has.
        asked: The scheduler that Xen's command line names.
        panics: Whether taking the last CPU out of an rtds pool brings Xen down, as 4.17 does.
    """

    def __init__(self, host: Host, schedulers: Sequence[str], asked: str, *, panics: bool) -> None:
        self.host = host
        self.asked = asked
        self.schedulers = tuple(schedulers)
        self.panics = panics
        self.domains: dict[int, Domain] = {}
        self.pool_ids: dict[str, int] = {FIRST_POOL: 0}
        self._next = 1
        count = len(self.xen.domains[0])
        self.domains[0] = Domain(
            0, "Domain-0", DOM0_MIB * MIB, DOM0_MIB * MIB, uuid.UUID(int=0),
            [None] * count, [None] * count, count, 0.0,
        )  # fmt: skip

    @property
    def xen(self) -> Xen:
        """The model's Xen."""
        xen = self.host.machine.xen
        if xen is None:
            raise RuntimeError("this machine was not booted under Xen")
        return xen

    @property
    def cpus(self) -> int:
        """How many CPUs the board has."""
        return self.host.machine.setup.cpus

    @property
    def pools(self) -> list[Pool]:
        """The pools by their id."""
        return sorted(self.xen.pools.values(), key=lambda pool: self.pool_ids.get(pool.name, 0))

    @property
    def free_cpus(self) -> frozenset[int]:
        """CPUs in no pool."""
        taken = {cpu for pool in self.xen.pools.values() for cpu in pool.cpus}
        return frozenset(range(self.cpus)) - taken

    @property
    def free_mib(self) -> int:
        """Memory that no domain has."""
        used = sum(domain.memory_kib for domain in self.domains.values())
        return max(BOARD_MIB - _XEN_MIB - used // MIB, 0)

    def ordered(self) -> list[Domain]:
        """Return the domains by id."""
        return [self.domains[number] for number in sorted(self.domains)]

    def units(self, domain: Domain) -> list[Unit]:
        """Return the model's vCPUs of a domain."""
        return self.xen.domains[domain.number]

    def pool_of(self, domain: Domain) -> Pool:
        """Return the pool that a domain is in."""
        return self.xen.pool_of[domain.number]

    def in_pool(self, pool: Pool) -> list[Domain]:
        """Return a pool's domains by id."""
        return [one for one in self.ordered() if self.pool_of(one) is pool]

    def named(self, name: str) -> Domain | None:
        """Return the domain of that name."""
        return next((one for one in self.ordered() if one.name == name), None)

    def find_pool(self, word: str) -> Pool | None:
        """Return a pool by its name or its number."""
        by_name = self.xen.pools.get(word)
        if by_name is not None:
            return by_name
        number = identifier(word)
        return next((one for one in self.pools if self.pool_ids[one.name] == number), None)

    def seconds(self, domain: Domain, vcpu: int | None = None) -> float:
        """Return the CPU time that a domain, or one of its vCPUs, has had."""
        seconds = self.xen.cpu_ticks(domain.number, vcpu) / HZ
        if domain.number == 0:
            own = _BOOT_S[: len(domain.hard)]
            seconds += sum(own) if vcpu is None else (own[vcpu : vcpu + 1] or (0.0,))[0]
        return seconds

    def new_number(self) -> int:
        """Return the next domain id; each attempt takes one."""
        number, self._next = self._next, self._next + 1
        return number

    def create(self, domain: Domain, change: CreateDomain) -> None:
        """Let a domain begin. Raises `BoardProblem`, and nothing is changed then."""
        self.host.apply(change)
        domain.since_tick = self.host.machine.now
        self.domains[domain.number] = domain

    def destroy(self, domain: Domain) -> None:
        """End a domain."""
        if domain.linux is not None:
            domain.linux.power_off()
        self.host.apply(DestroyDomain(domain.number))
        del self.domains[domain.number]

    def move(self, domain: Domain, pool: Pool) -> None:
        """Move a domain to another pool; masks and parameters begin anew there, as in Xen."""
        self.host.apply(MoveDomain(domain.number, pool.name))
        count = len(domain.hard)
        domain.hard, domain.soft = [None] * count, [None] * count
        self.host.apply(PinVcpu(domain.number, None, None))
        self.host.apply(SetParameters(domain.number, None, 256, 0, 10_000, 4_000, extratime=True))

    def unpin_from(self, cpu: int) -> None:
        """Break the masks that only name a CPU which leaves its pool."""
        for domain in self.ordered():
            cpus = set(self.pool_of(domain).cpus) - {cpu}
            for vcpu, mask in enumerate(domain.hard):
                if mask is not None and not mask & cpus:
                    domain.hard[vcpu] = None
                    self.host.apply(PinVcpu(domain.number, vcpu, None))
