"""What a person can ask of a hypervisor, the same words for every system.

An action names what is wanted. How it is done is a `Plan` (`hvconsole.hypervisor.plan`), which the
system's driver makes from the action and the newest `Survey`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

Cpus = frozenset[int]
Images = tuple[tuple[str, int | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enable:
    """Let the hypervisor take the machine over (Jailhouse: with a system configuration).

    Attributes:
        config: Path of the configuration on the board; with a `content`, what to call that.
        content: The configuration itself, binary or TOML; empty where it lies on the board.
    """

    config: str
    content: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disable:
    """Let it give the machine back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinuxCell:
    """What a Jailhouse cell boots as Linux; all of it lies on the board.

    Attributes:
        kernel: The kernel's image.
        dtb: Its device tree; empty for none.
        initrd: Its first file system; empty for none.
        cmdline: Its command line.
    """

    kernel: str
    dtb: str = ""
    initrd: str = ""
    cmdline: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Make a guest.

    Attributes:
        config: A configuration's content.
        source: Where it came from, for a person; its last part names the file on the board.
        name: Another name than the configuration's.
        paused: Do not let it run yet.
        on_board: The configuration lies on the board, at `source`; its content is not known here.
        linux: Boot Linux in it at once (Jailhouse).
        images: Put these into its memory at once, as `Load` has them (Jailhouse).
        contents: Of those of them that lie on this machine, as `Load` has them.
        start: Let it run at once (Jailhouse, which makes cells that stand still).
    """

    config: bytes
    source: str
    name: str = ""
    paused: bool = False
    on_board: bool = False
    linux: LinuxCell | None = None
    images: Images = ()
    contents: Mapping[str, bytes] = field(default_factory=dict)
    start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Put images into a guest's memory.

    Attributes:
        guest: The guest.
        images: Each file's path, and its address in the guest's memory or None.
        contents: Of files that lie on this machine: content by path. All others lie on the board.
    """

    guest: str
    images: Images
    contents: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Let a guest run that is made but does not."""

    guest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Ask a guest to end."""

    guest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """Let a guest boot again."""

    guest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Let a guest stand still."""

    guest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Let a guest that stands still go on."""

    guest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroy:
    """End a guest at once, and give back what it has."""

    guest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Set scheduler values of a guest, of one of its vCPUs, or of a pool.

    Attributes:
        guest: The guest; empty where a pool is meant.
        vcpu: One vCPU of it; None for all.
        pool: The pool whose own values are meant.
        values: Values by name, in the parameter's unit.
    """

    guest: str = ""
    vcpu: int | None = None
    pool: str = ""
    values: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchScheduler:
    """Let a guest be scheduled by another scheduler, live where that is possible.

    Attributes:
        guest: The guest.
        scheduler: The scheduler it shall have.
        cpus: CPUs for a pool that has to be made; empty lets the driver choose.
        values: The scheduler's values, by name.
    """

    guest: str
    scheduler: str
    cpus: Cpus = frozenset()
    values: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """Say which CPUs a guest's vCPUs may use (hard) and prefer (soft); None leaves as it is."""

    guest: str
    vcpu: int | None = None
    hard: Cpus | None = None
    soft: Cpus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetVcpus:
    """Say how many vCPUs a guest uses."""

    guest: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MakePool:
    """Make a pool with a scheduler; its CPUs are taken from where they are, where that works."""

    name: str
    scheduler: str
    cpus: Cpus = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class DestroyPool:
    """Give a pool's CPUs back; no guest may be in it."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCpu:
    """Move a CPU into a pool."""

    pool: str
    cpu: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveCpu:
    """Take a CPU out of a pool; it is free then."""

    pool: str
    cpu: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Move a guest into a pool."""

    guest: str
    pool: str


Action = (
    Enable
    | Disable
    | Create
    | Load
    | Start
    | Stop
    | Restart
    | Pause
    | Resume
    | Destroy
    | Schedule
    | SwitchScheduler
    | Pin
    | SetVcpus
    | MakePool
    | DestroyPool
    | AddCpu
    | RemoveCpu
    | Move
)


def kind(action: type | Action) -> str:
    """Return the name under which `Survey.abilities` has an action: ``switch scheduler``."""
    name = action.__name__ if isinstance(action, type) else type(action).__name__
    words = "".join(f" {char.lower()}" if char.isupper() else char for char in name)
    return words.strip()


KINDS: tuple[str, ...] = tuple(kind(one) for one in get_args(Action))
