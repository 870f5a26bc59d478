"""What a check has to know of a running board; plain data, gathered elsewhere."""

from __future__ import annotations

import msgspec

from hvconsole.cell.spans import Span


class Resource(msgspec.Struct, frozen=True):
    """A range of physical addresses that Linux knows; the name is untrusted."""

    start: int
    end: int
    name: str

    @property
    def span(self) -> Span:
        """Its addresses."""
        return Span(self.start, self.end)


class UsedInterrupt(msgspec.Struct, frozen=True):
    """An interrupt that a driver of Linux has: its GIC ID, and the driver (untrusted)."""

    number: int
    name: str


class RunningBoard(msgspec.Struct, frozen=True, kw_only=True):
    """A board as it runs now.

    Attributes:
        name: What to call it in messages.
        architecture: ``arm``, ``arm64`` or ``x86``; empty where it is another.
        cpus_online: CPU numbers; empty where it did not say.
        linux_ram: What Linux uses as memory.
        ram: What memory the board has; empty where it does not tell.
        devices: Other resources that Linux knows.
        interrupts: Those that drivers have.
        mem_limit: ``mem=`` of the kernel's command line, in bytes; 0 without.
        jailhouse_active: The hypervisor is enabled: cells may have taken CPUs away.
        revision: Configuration revision of its Jailhouse; None where that is not known.
        notes: What could not be found out, and why.
    """

    name: str
    architecture: str = ""
    cpus_online: tuple[int, ...] = ()
    linux_ram: tuple[Span, ...] = ()
    ram: tuple[Span, ...] = ()
    devices: tuple[Resource, ...] = ()
    interrupts: tuple[UsedInterrupt, ...] = ()
    mem_limit: int = 0
    jailhouse_active: bool = False
    revision: int | None = None
    notes: tuple[str, ...] = ()
