"""What can happen to the machine from outside. Everything takes effect at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hvconsole.sim.machine.profile import IDLE, Activity

SchedulerName = Literal["credit", "credit2", "rtds", "null"]


_CPUS_A_DOMAIN = 4096


def lane_of(domain: int, cpu: int) -> int:
    """Return the number of a sampled vCPU: dom0's are those of its CPUs."""
    return domain * _CPUS_A_DOMAIN + cpu


def vcpu_of(lane: int) -> tuple[int, int]:
    """Return domain and CPU of a lane's number."""
    return divmod(lane, _CPUS_A_DOMAIN)


@dataclass(frozen=True, slots=True)
class StartSampling:
    """A sampler starts on a CPU of the guest we log in to (with Xen: of a domain)."""

    cpu: int
    fifo: bool = False
    domain: int = 0

    @property
    def lane(self) -> int:
        """Under which number its switches are handed out."""
        return lane_of(self.domain, self.cpu)


@dataclass(frozen=True, slots=True)
class StopSampling:
    """The sampler on this CPU ends (with Xen: on this vCPU of a domain)."""

    cpu: int
    domain: int = 0

    @property
    def lane(self) -> int:
        """Under which number its switches were handed out."""
        return lane_of(self.domain, self.cpu)


@dataclass(frozen=True, slots=True)
class StartLoad:
    """A load starts on a CPU of the guest we log in to.

    Attributes:
        name: `cpuburn-a7`, `cpuburn-a8` or `spin` (busy, cooler), or `storm`: a flood of
            interrupts at `rate_hz`.
        cpu: CPU number within the guest.
        rate_hz: Of a storm.
    """

    name: str
    cpu: int
    rate_hz: float = 0.0


@dataclass(frozen=True, slots=True)
class StopLoad:
    """The load of that name on that CPU ends."""

    name: str
    cpu: int


@dataclass(frozen=True, slots=True)
class SetOnline:
    """A CPU is taken offline by Linux, or back online."""

    cpu: int
    online: bool


@dataclass(frozen=True, slots=True)
class HeatUp:
    """What is around the board becomes hot, and the board with it."""

    celsius: float


@dataclass(frozen=True, slots=True)
class LimitFrequency:
    """The governor's limits; both the same pins one frequency."""

    slowest_khz: int
    fastest_khz: int


@dataclass(frozen=True, slots=True)
class EnableJailhouse:
    """Jailhouse takes the machine over; Linux becomes its root cell."""


@dataclass(frozen=True, slots=True)
class DisableJailhouse:
    """Jailhouse gives the machine back; cells are destroyed."""


@dataclass(frozen=True, slots=True)
class CreateCell:
    """A cell takes CPUs from the root cell."""

    name: str
    cpus: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RunCell:
    """A cell's inmate starts (busy: it burns its CPUs) or is shut down."""

    name: str
    running: bool
    busy: bool = False


@dataclass(frozen=True, slots=True)
class DestroyCell:
    """A cell's CPUs go back to the root cell."""

    name: str


@dataclass(frozen=True, slots=True)
class ParkCpu:
    """Jailhouse parks a CPU of the root cell after an access it does not allow; for good."""

    cpu: int


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


@dataclass(frozen=True, slots=True)
class CreateGuest:
    """A guest of Xvisor's is created; its vCPUs wait to be kicked.

    Attributes:
        guest: Its number.
        cpus: The CPU in whose queue each of its vCPUs stands.
        priority: 0 to 7, higher runs first.
    """

    guest: int
    cpus: tuple[int, ...]
    priority: int = 3


@dataclass(frozen=True, slots=True)
class DestroyGuest:
    """A guest of Xvisor's ends."""

    guest: int


@dataclass(frozen=True, slots=True)
class RunVcpu:
    """A vCPU of a guest of Xvisor's may run from now on, or not any more."""

    guest: int
    vcpu: int
    running: bool


@dataclass(frozen=True, slots=True)
class MoveVcpu:
    """A vCPU of a guest of Xvisor's goes into another CPU's queue."""

    guest: int
    vcpu: int
    cpu: int


Common = StartSampling | StopSampling | StartLoad | StopLoad | LimitFrequency | HeatUp
Bare = SetOnline | EnableJailhouse | DisableJailhouse | CreateCell | RunCell | DestroyCell | ParkCpu
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
OfXvisor = CreateGuest | DestroyGuest | RunVcpu | MoveVcpu
Change = Common | Bare | OfXen | OfXvisor
