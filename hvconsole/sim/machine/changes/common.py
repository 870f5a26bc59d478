"""What can happen to any machine."""

from __future__ import annotations

from dataclasses import dataclass

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
class HeatUp:
    """What is around the board becomes hot, and the board with it."""

    celsius: float


@dataclass(frozen=True, slots=True)
class LimitFrequency:
    """The governor's limits; both the same pins one frequency."""

    slowest_khz: int
    fastest_khz: int


Common = StartSampling | StopSampling | StartLoad | StopLoad | LimitFrequency | HeatUp
