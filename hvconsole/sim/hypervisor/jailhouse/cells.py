"""Cells as the hypervisor keeps them, and how often it was entered for each of their CPUs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from hvconsole.sim.hypervisor.host import Host
from hvconsole.sim.hypervisor.jailhouse.config import CellConfig

COUNTERS: Final = (
    "cp15", "hypercall", "maintenance", "management", "mmio", "psci", "smccc", "total",
    "virt_irq", "virt_sgi",
)  # fmt: skip
_WRAPS: Final = 1 << 31
# Linux brings its interrupts back to life through the trapped distributor when Jailhouse comes.
_MMIO_AT_START: Final = 42
# Among a root cell's exits one in five was an interrupt between CPUs (transcripts of four CPUs).
_TIMER_EXITS_AN_SGI: Final = 4
_INMATE_TIMER_HZ: Final = 10


@dataclass(slots=True)
class Tally:
    """Exits of one CPU that follow from what was done, besides those from interrupts."""

    hypercall: int = 0
    management: int = 0
    mmio: int = 0
    psci: int = 0


@dataclass(slots=True)
class Cell:
    """A cell.

    Attributes:
        number: Its id; 0 is the root cell.
        config: What it was made from.
        cpus: What it has now.
        state: In the words of sysfs.
        failed: CPUs that are parked.
        image: The inmate that was loaded last.
        alive: The inmate runs, whatever the state says.
        since_s: Board uptime when it was started.
        tallies: By CPU.
    """

    number: int
    config: CellConfig
    cpus: set[int]
    state: str = "shut down"
    failed: set[int] = field(default_factory=set)
    image: str = ""
    alive: bool = False
    since_s: float = 0.0
    tallies: dict[int, Tally] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name."""
        return self.config.name

    @property
    def key(self) -> str:
        """What the machine model calls it: names need not differ, ids do."""
        return str(self.number)

    @property
    def busy(self) -> bool:
        """Its inmate burns its CPUs."""
        return any(word in self.image for word in ("busy", "burn", "uart-demo", "gap"))

    def tally(self, cpu: int) -> Tally:
        """Return a CPU's tally."""
        return self.tallies.setdefault(cpu, Tally(mmio=_MMIO_AT_START if self.number == 0 else 2))


class Exits:
    """The exit counters since Jailhouse was enabled.

    Args:
        host: The board.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        machine = host.machine
        self._before = {cpu: machine.exits(cpu) for cpu in range(machine.setup.cpus)}

    def read(self, cell: Cell, cpu: int, counter: str) -> int:
        """Return one counter of one CPU, which wraps at 2^31."""
        tally = cell.tally(cpu)
        interrupts = self._interrupts(cell, cpu)
        sgi = interrupts // _TIMER_EXITS_AN_SGI if cell.number == 0 else 0
        values = {
            "virt_irq": interrupts,
            "virt_sgi": sgi,
            "hypercall": tally.hypercall,
            "management": tally.management,
            "mmio": tally.mmio,
            "psci": tally.psci,
        }
        value = sum(values.values()) if counter == "total" else values.get(counter, 0)
        return value % _WRAPS

    def _interrupts(self, cell: Cell, cpu: int) -> int:
        if cell.number == 0:
            return self._host.machine.exits(cpu) - self._before.get(cpu, 0)
        if not cell.alive or cell.busy:
            return 0
        return int((self._host.uptime_s - cell.since_s) * _INMATE_TIMER_HZ)
