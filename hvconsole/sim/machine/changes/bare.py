"""What can happen where Linux owns the machine, or Jailhouse with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SetOnline:
    """A CPU is taken offline by Linux, or back online."""

    cpu: int
    online: bool


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


Bare = SetOnline | EnableJailhouse | DisableJailhouse | CreateCell | RunCell | DestroyCell | ParkCpu
