"""What can happen to Xen's domains and pools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hvconsole.sim.machine.profile import IDLE, Activity

SchedulerName = Literal["credit", "credit2", "rtds", "null"]


@dataclass(frozen=True, slots=True)
class CreateDomain:
    """A domain starts.

    Attributes:
        domain: Its id.
        vcpus: How many.
        busy: Its vCPUs burn CPU time; otherwise they are `activity`.
        activity: How often an idle one wakes, and for how long.
        weight, cap: For Credit and Credit2.
        period_us, budget_us, extratime: For RTDS.
        cpus: Hard affinity; None for all.
        pool: Name of its cpupool.
    """

    domain: int
    vcpus: int = 1
    busy: bool = False
    activity: Activity = IDLE
    weight: int = 256
    cap: int = 0
    period_us: int = 10_000
    budget_us: int = 4_000
    extratime: bool = True
    cpus: frozenset[int] | None = None
    pool: str = "Pool-0"


@dataclass(frozen=True, slots=True)
class DestroyDomain:
    """A domain ends."""

    domain: int


@dataclass(frozen=True, slots=True)
class SetPaused:
    """`xl pause` and `xl unpause`."""

    domain: int
    paused: bool


@dataclass(frozen=True, slots=True)
class SetVcpus:
    """`xl vcpu-set`: the first so many vCPUs of a domain are online, the others are not."""

    domain: int
    count: int


@dataclass(frozen=True, slots=True)
class SetBusy:
    """A domain's vCPUs (one of them, where named) begin or cease to burn CPU time."""

    domain: int
    busy: bool
    vcpu: int | None = None


@dataclass(frozen=True, slots=True)
class SetParameters:
    """`xl sched-credit`, `sched-credit2`, `sched-rtds`; None leaves a value as it is."""

    domain: int
    vcpu: int | None = None
    weight: int | None = None
    cap: int | None = None
    period_us: int | None = None
    budget_us: int | None = None
    extratime: bool | None = None


@dataclass(frozen=True, slots=True)
class SetPool:
    """Parameters of a pool's scheduler: Credit's slice, ratelimit of both; None leaves it."""

    pool: str
    tslice_ms: int | None = None
    ratelimit_us: int | None = None


@dataclass(frozen=True, slots=True)
class PinVcpu:
    """Hard affinity of one vCPU, or of all of a domain's; None for all CPUs."""

    domain: int
    vcpu: int | None
    cpus: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class CreatePool:
    """A cpupool out of CPUs that belong to no pool."""

    pool: str
    scheduler: SchedulerName
    cpus: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DestroyPool:
    """An empty cpupool goes; its CPUs belong to nobody then."""

    pool: str


@dataclass(frozen=True, slots=True)
class MoveCpu:
    """A CPU goes into a pool, or out of its pool (None)."""

    cpu: int
    pool: str | None


@dataclass(frozen=True, slots=True)
class MoveDomain:
    """`xl cpupool-migrate`."""

    domain: int
    pool: str


OfXen = (
    CreateDomain
    | DestroyDomain
    | SetPaused
    | SetVcpus
    | SetBusy
    | SetParameters
    | SetPool
    | PinVcpu
    | CreatePool
    | DestroyPool
    | MoveCpu
    | MoveDomain
)
