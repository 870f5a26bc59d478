"""What can happen to Xvisor's guests."""

from __future__ import annotations

from dataclasses import dataclass


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


OfXvisor = CreateGuest | DestroyGuest | RunVcpu | MoveVcpu
