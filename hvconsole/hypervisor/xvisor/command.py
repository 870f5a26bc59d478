"""Xvisor's commands as words. Names must be typable (`hvconsole.wire.xvisor`): there are no quotes.

Numbers go through ``atoi``: what is no number means vCPU 0, which is the hypervisor's own. So a
vCPU is only ever named by the number of a row that was read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from hvconsole.wire.xvisor_command import NEXT, WHEN

Argv = tuple[str, ...]
Turn = Literal["create", "kick", "pause", "resume", "halt", "reset", "destroy"]

RESTART: Final[Argv] = ("reset",)
"""Restarts the board, hypervisor and all; any word behind it is ignored and it restarts as well."""

VERSION: Final[Argv] = ("version",)
GUESTS: Final[Argv] = ("guest", "list")
VCPUS: Final[Argv] = ("vcpu", "list")
PORTS: Final[Argv] = ("vserial", "list")
HOST: Final[Argv] = ("host", "info")
HOST_CPUS: Final[Argv] = ("host", "cpu", "stats")
CPU_INFO: Final[Argv] = ("host", "cpu", "info")
IRQS: Final[Argv] = ("host", "irq", "stats")
RAM: Final[Argv] = ("host", "ram", "info")
INQUIRIES: Final[tuple[tuple[Argv, str], ...]] = (
    (VERSION, "which Xvisor this is"),
    (HOST, "the board: CPUs and memory"),
    (CPU_INFO, "its CPUs; the speed is an estimate that is not to be believed"),
    (HOST_CPUS, "how busy each CPU is"),
    (IRQS, "interrupts, by CPU"),
    (RAM, "memory that is free"),
    (VCPUS, "all vCPUs, the hypervisor's own threads among them"),
    (PORTS, "guests' consoles"),
    (("help",), "commands that this Xvisor has"),
)


def guest(turn: Turn, name: str) -> Argv:
    """Return a command for a whole guest."""
    return ("guest", turn, name)


def vcpu(turn: Literal["kick", "pause", "resume", "halt", "reset"], number: int) -> Argv:
    """Return a command for one vCPU."""
    return ("vcpu", turn, str(number))


def affinity(number: int, cpus: Iterable[int]) -> Argv:
    """Return what says which CPUs a vCPU may run on."""
    return ("vcpu", "set_affinity", str(number), *map(str, sorted(cpus)))


def to_cpu(number: int, cpu: int) -> Argv:
    """Return what moves a vCPU to a CPU of its affinity."""
    return ("vcpu", "set_hcpu", str(number), str(cpu))


def times(number: int) -> Argv:
    """Return what tells a vCPU's times."""
    return ("vcpu", "dumpstat", str(number))


ANY: Final = ("Reset", "Ready", "Running", "Paused", "Halted", "Unknown")
BEGUN: Final = ("Ready", "Running", "Paused", "Halted")


def when(name: str, states: Iterable[str], argv: Argv) -> Argv:
    """Return a command for undoing: nothing is done where the guest or vCPU is not in a state.

    A word ``@`` of the command becomes the vCPU's number as it is then.
    """
    return (WHEN, name, ",".join(states), *argv)


def load(name: str, address: int, path: str) -> Argv:
    """Return what puts a file of Xvisor's file system into a guest's memory."""
    return ("vfs", "guest_load", name, f"{address:#x}", path)


def load_list(name: str, path: str) -> Argv:
    """Return what loads all that a list names: lines of an address and a file."""
    return ("vfs", "guest_load_list", name, path)


def dump(port: str) -> Argv:
    """Return what prints and empties a guest's console: the newest 1,024 bytes."""
    return ("vserial", "dump", port)


def together(*commands: Argv) -> Argv:
    """Return commands in one line: the first that fails ends it."""
    words: list[str] = []
    for one in commands:
        words += [*([NEXT] if words else []), *one]
    return tuple(words)
