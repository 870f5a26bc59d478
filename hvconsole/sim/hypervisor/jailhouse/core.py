"""What the hypervisor holds while it is enabled, and what it does to a root cell that errs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Final

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.hypervisor.host import Host
from hvconsole.sim.hypervisor.jailhouse import words
from hvconsole.sim.hypervisor.jailhouse.cells import Cell, Exits
from hvconsole.sim.hypervisor.jailhouse.config import (
    IO,
    ROOTSHARED,
    WRITE,
    Region,
    SystemConfig,
)
from hvconsole.sim.hypervisor.jailhouse.ring import Ring
from hvconsole.sim.machine.changes import (
    ParkCpu,
    RunCell,
)

REMAP_PAGES: Final = 131_072
PAGE: Final = 4096
CORE_PAGES: Final = 22
_RAM: Final = re.compile(rb"^([0-9a-f]+)-([0-9a-f]+) : System RAM", re.MULTILINE)


def failure(number: int) -> OSError:
    """Return what an ioctl fails with."""
    return OSError(number, os.strerror(number))


class Core:
    """The hypervisor's state, shared by all ioctls.

    Args:
        host: The board.
        hyp: Linux was started in HYP mode.
        distributor: Where the board's interrupt controller sits.
        changed: Called when cells came, went or got other CPUs.

    Attributes:
        system: Its configuration while it is enabled.
        cells: By id, while it is enabled; the root cell first.
        ring: The hypervisor's console.
        used: Pages of its memory in use.
        stuck: The root cell's Linux stands still for good.
    """

    def __init__(
        self, host: Host, hyp: bool, distributor: int, changed: Callable[[], None]
    ) -> None:
        self._host, self._hyp, self._changed = host, hyp, changed
        self._distributor = distributor
        self.system: SystemConfig | None = None
        self.cells: dict[int, Cell] = {}
        self.ring = Ring(host)
        self.exits = Exits(host)
        self.used = 0
        self.stuck = False
        self._pages_of: dict[int, int] = {}
        self._poisoned = False

    @property
    def pages(self) -> int:
        """Pages that the hypervisor has to give."""
        return 0 if self.system is None else self.system.size // PAGE - CORE_PAGES

    def touched(self, address: int, size: int) -> None:
        """Note that the root cell's Linux reads a device; it is parked if it may not."""
        if self.system is None or self.stuck:
            return
        covered = any(one.holds(address, size) for one in self.system.root.regions)
        if not covered:
            self._park_root(words.bad_access("read", address, size, *self._root_cpu()))

    def park(self, cell: Cell, address: int) -> None:
        """Park a cell's CPUs after a read outside its memory."""
        cell.alive, cell.state = False, "failed"
        for cpu in sorted(cell.cpus):
            cell.failed.add(cpu)
            self.ring.say(*words.bad_access("read", address, 4, cpu, cell.name))
        self._host.apply(RunCell(cell.key, running=False))

    def read_counter(self, cell: Cell, cpus: Sequence[int], counter: str) -> int:
        """Return a counter, summed over CPUs; asking costs a hypercall for each."""
        self._count(hypercall=len(cpus))
        return sum(self.exits.read(cell, cpu, counter) for cpu in cpus) % (1 << 31)

    def _count(self, **exits: int) -> None:
        """Count exits on the CPU of the root cell that asks."""
        if not self.cells:
            return  # a file that was opened before all ended
        tally = self.cells[0].tally(self._root_cpu()[0])
        for name, count in exits.items():
            setattr(tally, name, getattr(tally, name) + count)

    def _pool_line(self, after: str) -> str:
        return f"Page pool usage after {after}: mem {self.used}/{self.pages}, remap 5/{REMAP_PAGES}"

    def _root_cpu(self) -> tuple[int, str]:
        root = self.cells[0]
        return min(root.cpus & self._online() or root.cpus), root.name

    def _root_may_write(self, phys: int, size: int) -> bool:
        regions = self.cells[0].config.regions
        return any(one.flags & WRITE and one.holds(phys, size) for one in regions)

    def _in_hypervisor(self, region: Region) -> bool:
        system = self.system
        return system is not None and region.overlaps(system.phys, system.size)

    def _takes_from_linux(self, region: Region) -> bool:
        plain = not region.flags & (ROOTSHARED | IO)
        return plain and any(region.overlaps(*part) for part in linux_memory(self._host))

    def _online(self) -> set[int]:
        bare = self._host.machine.bare
        return set(bare.online) if bare is not None else set()

    def _park_root(self, lines: list[str]) -> None:
        """Stop a CPU of the root cell, and with it all that Linux does."""
        cpu = self._root_cpu()[0]
        self.ring.say(*lines)
        try:
            self._host.apply(ParkCpu(cpu))
        except BoardProblem:
            return  # it stood already
        finally:
            self.cells[0].failed.add(cpu)
            self.cells[0].state = "failed"
            self._hang()

    def _hang(self) -> None:
        self.stuck = True
        self._host.crash(reboot_after_s=None)

    def _say(self, line: str) -> None:
        self._host.kernel(f"jailhouse: {line}")

    def _refuse(self, number: int, line: str) -> OSError:
        self._say(line)
        return failure(number)


def linux_memory(host: Host) -> list[tuple[int, int]]:
    """Return Linux's own memory: (address, size) of each part."""
    try:
        found = _RAM.findall(host.read("/proc/iomem"))
    except OSError:
        return []
    return [(int(low, 16), int(high, 16) + 1 - int(low, 16)) for low, high in found]
