"""What runs on a board beside or above the Linux we log in to: one picture for every hypervisor.

The picture is the same for native Linux, Jailhouse, Xen, KVM and Xvisor. What a system calls a
cell, a domain or a guest is a `Guest`; what it cannot do it says by its `Ability`, with the reason.
Names and words of state come from the board: text that is not to be trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["control", "guest"]
GuestState = Literal[
    "running", "paused", "stopped", "shutting down", "crashed", "failed", "defined", "unknown"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One value that a scheduler takes.

    Attributes:
        name: As the system's own tools call it: ``weight``, ``budget``.
        unit: ``µs``, ``%``, ``ms``; empty for a plain number.
        low: Smallest value that works.
        high: Largest.
        default: What a new guest gets; None where there is no such thing.
        about: One line: what it does to the guest.
    """

    name: str
    low: int
    high: int
    unit: str = ""
    default: int | None = None
    about: str = ""

    @property
    def range(self) -> str:
        """The range as a person reads it."""
        return f"{self.low} to {self.high}{f' {self.unit}' if self.unit else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduler:
    """One scheduler of the hypervisor, whether or not this build has it.

    Attributes:
        name: As its tools call it: ``credit2``.
        missing: Why it cannot be had here; empty if it can.
        guest: Values of each guest.
        vcpu: Values of each vCPU; those of the guest set all its vCPUs then.
        pool: Values of the whole pool.
    """

    name: str
    missing: str = ""
    guest: tuple[Parameter, ...] = ()
    vcpu: tuple[Parameter, ...] = ()
    pool: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vcpu:
    """One virtual CPU.

    Attributes:
        index: Its number within the guest.
        cpu: The CPU that it runs on, or ran on last; None where that is not known.
        online: Whether the guest uses it.
        state: In the system's own words.
        hard: CPUs it may run on; None for all.
        soft: CPUs it prefers; None for all.
        time_s: CPU time that it got, in seconds; None where not known.
        values: Its scheduler's values, by name.
        thread: The thread of Linux that it is (KVM); None elsewhere, and while it does not run.
        number: Its number among all guests' vCPUs, which commands take (Xvisor); None elsewhere.
    """

    index: int
    cpu: int | None = None
    online: bool = True
    state: str = ""
    hard: frozenset[int] | None = None
    soft: frozenset[int] | None = None
    time_s: float | None = None
    values: Mapping[str, int] = field(default_factory=dict)
    thread: int | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A domain, a cell or a virtual machine.

    Attributes:
        key: What its commands take, unambiguously: a domain's number, a cell's id.
        name: Its name, as the board says it.
        role: ``control`` is the one we log in to (dom0, the root cell, the host).
        state: What it does, in our words.
        words: What it does, in the system's own.
        cpus: CPUs that are its own, or that it may run on.
        failed: Those of them that the hypervisor has stopped (Jailhouse: parked).
        memory_kib: Memory it has; None where not known.
        pool: Name of its cpupool; empty where there are none.
        time_s: CPU time that it got, in seconds; None where not known.
        values: Its scheduler's values, by name.
        vcpus: Its virtual CPUs.
        counters: Counts since its start, by name (exits); see `Survey.wraps`.
        consoles: Names of its consoles that can be looked at from here, the first one first.
    """

    key: str
    name: str
    role: Role = "guest"
    state: GuestState = "unknown"
    words: str = ""
    cpus: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()
    memory_kib: int | None = None
    pool: str = ""
    time_s: float | None = None
    values: Mapping[str, int] = field(default_factory=dict)
    vcpus: tuple[Vcpu, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)
    consoles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """CPUs that share a scheduler.

    Attributes:
        name: As the board says it.
        scheduler: Name of its scheduler.
        cpus: Its CPUs.
        values: The scheduler's values for the whole pool, by name.
    """

    name: str
    scheduler: str
    cpus: frozenset[int] = frozenset()
    values: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Everything about the hypervisor at one moment, as read from the board.

    Attributes:
        system: ``native``, ``jailhouse``, ``xen``, ``kvm`` or ``xvisor``.
        version: In its own words; empty where not known.
        active: Whether it runs (Jailhouse: enabled). A system that is there but off has no guests.
        cpus: All CPUs that it manages.
        guests: The control guest first, then by key.
        pools: The first one first.
        schedulers: All that we know of for this system, the missing ones too.
        abilities: For each kind of action (the names in `hvconsole.hypervisor.actions`), why it
            cannot be done here; empty where it can.
        notes: What a person should know: a fall-back, an old version.
        wraps: Counters wrap at this value; 0 where they do not.
        own_exits: Exits that one look costs the guest that we look from (Jailhouse: a hypercall for
            each counter that is read).
        looked_from: The CPU that this look was made from; None where it could be any.
        governors: What governs each CPU's frequency, by CPU; empty where not known.
        governors_kept: What they were before we pinned them is written down on the board.
        config_revision: Revision of Jailhouse's configurations that this build wants, if known.
        cost_s: What looking took, in seconds of the board's or our time: the observer's own cost.
        incomplete: What could not be read, in words.
    """

    system: str
    version: str = ""
    active: bool = True
    cpus: frozenset[int] = frozenset()
    guests: tuple[Guest, ...] = ()
    pools: tuple[Pool, ...] = ()
    schedulers: tuple[Scheduler, ...] = ()
    abilities: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    wraps: int = 0
    own_exits: int = 0
    looked_from: int | None = None
    governors: Mapping[int, str] = field(default_factory=dict)
    governors_kept: bool = False
    config_revision: int | None = None
    cost_s: float = 0.0
    incomplete: tuple[str, ...] = ()

    def guest(self, name_or_key: str) -> Guest | None:
        """Return a guest by its key or, where no key fits, by its name."""
        by_key = [guest for guest in self.guests if guest.key == name_or_key]
        by_name = [guest for guest in self.guests if guest.name == name_or_key]
        return next(iter(by_key or by_name), None)

    def pool(self, name: str) -> Pool | None:
        """Return a pool by its name."""
        return next((pool for pool in self.pools if pool.name == name), None)

    def scheduler(self, name: str) -> Scheduler | None:
        """Return a scheduler by its name."""
        return next((one for one in self.schedulers if one.name == name), None)
