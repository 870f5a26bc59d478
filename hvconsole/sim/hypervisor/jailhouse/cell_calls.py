"""What the kernel driver's ioctls do to cells, while Jailhouse has the machine."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.hypervisor.jailhouse import words
from hvconsole.sim.hypervisor.jailhouse.cells import Cell
from hvconsole.sim.hypervisor.jailhouse.config import (
    LOADABLE,
    ROOTSHARED,
    CellConfig,
    NotAConfigError,
    OtherArchitectureError,
    Region,
    decode_cell,
)
from hvconsole.sim.hypervisor.jailhouse.core import Core, failure
from hvconsole.sim.machine.changes import CreateCell, DestroyCell, RunCell, SetOnline

# What inmates write into the region that they share with the hypervisor, by a word of their image.
_SAYS: Final = {"lock": "running/locked", "abi-demo": "Comm ABI mismatch", "odd-demo": "invalid"}


@dataclass(frozen=True, slots=True)
class Image:
    """Something to load into a cell: where it is from, its bytes, where the cell sees it."""

    source: str
    data: bytes
    address: int


class CellCalls(Core):
    """The ioctls for cells; they raise `OSError`, and log why, if at all."""

    def create(self, data: bytes) -> Cell | None:
        """Make a cell; None where nothing is made though nothing is said to have failed."""
        try:
            config = decode_cell(data)
        except OtherArchitectureError as other:
            self._say(str(other))
            return None
        except NotAConfigError as wrong:
            raise self._refuse(errno.EINVAL, str(wrong)) from None
        if self.system is None:
            raise failure(errno.EINVAL)
        if any(cell.name == config.name for cell in self.cells.values()):
            raise failure(errno.EEXIST)
        self._reconfigurable()
        number = next(n for n in range(len(self.cells) + 1) if n not in self.cells)
        cell = Cell(number, config, set(config.cpus))
        self._take_cpus(cell)
        self.ring.say(*_added(config))
        peers = self._peers(config)
        if peers is None:
            self._host.apply(DestroyCell(cell.key))
            raise failure(errno.EBUSY)
        self._settle(cell, peers)
        return cell

    def _take_cpus(self, cell: Cell) -> None:
        """Take a new cell's CPUs from Linux; the root cell has to keep one."""
        if not cell.cpus:
            raise failure(errno.EINVAL)
        if not cell.cpus < self.cells[0].cpus:
            raise failure(errno.EBUSY)
        offline = cell.cpus - self._online()
        try:
            for cpu in sorted(offline):
                self._host.apply(SetOnline(cpu, online=True))
            self._host.apply(CreateCell(cell.key, tuple(sorted(cell.cpus))))
        except BoardProblem:  # Linux's last one
            raise failure(errno.EBUSY) from None
        for cpu in sorted(cell.cpus - offline):
            self._host.kernel(f"CPU{cpu} killed.")

    def _peers(self, config: CellConfig) -> list[str] | None:
        """Return the cells that shared memory connects with; None if a place there is taken."""
        names: list[str] = []
        for device in config.devices:
            for cell in self.cells.values():
                for other in cell.config.devices:
                    if other.bdf == device.bdf:
                        if other.peer == device.peer:
                            return None
                        names.append(cell.name)
        return names

    def _settle(self, cell: Cell, peers: list[str]) -> None:
        root, config = self.cells[0], cell.config
        if peers:
            self.ring.say(
                "Shared memory connection established, peer cells:",
                *(f' "{name}"' for name in peers),
            )
        self.cells[cell.number] = cell
        root.cpus -= cell.cpus
        for cpu in cell.cpus:
            root.tallies.pop(cpu, None)
            cell.tally(cpu).management += 2
        for cpu in root.cpus:
            root.tally(cpu).management += 1
        self._count(psci=1)
        self._pages_of[cell.number] = 11 + 3 * len(config.devices)
        self.used += self._pages_of[cell.number]
        self.ring.say(f'Created cell "{config.name}"', self._pool_line("cell creation"))
        self._poisoned |= any(self._in_hypervisor(region) for region in config.regions)
        self._changed()
        lost = next((one for one in config.regions if self._takes_from_linux(one)), None)
        if lost is not None:
            self._park_root(words.bad_instruction(lost.phys + 0x17F00, *self._root_cpu()))
            return
        self._host.kernel(f'Created Jailhouse cell "{config.name}"')

    def load(self, cell: Cell | None, images: Sequence[Image]) -> None:
        """Stop a cell and put images into its memory; without images it is only stopped."""
        cell = self._non_root(cell)
        self._reconfigurable(cell)
        self._stop(cell)
        self.ring.say(f'Cell "{cell.name}" can be loaded')
        self._count(hypercall=1)
        for image in images:
            region = next((one for one in cell.config.regions if _takes(one, image)), None)
            if region is None:
                raise failure(errno.EINVAL)
            phys = region.phys + image.address - region.virt
            if image.data and not self._root_may_write(phys, len(image.data)):
                self._park_root(words.bad_access("write", phys, 1, *self._root_cpu()))
                return
            if len(image.data):
                self._overwrite(cell, phys, len(image.data))
                cell.image = image.source

    def _overwrite(self, cell: Cell, phys: int, size: int) -> None:
        """Kill every other inmate whose memory this is; nobody is told."""
        for other in self.cells.values():
            hit = any(
                one.overlaps(phys, size) and not one.flags & ROOTSHARED
                for one in other.config.regions
            )
            if other.number and other is not cell and other.alive and hit:
                other.alive = False
                self._host.apply(RunCell(other.key, running=True, busy=False))

    def start(self, cell: Cell | None) -> None:
        """Let a cell run, from its reset address; one that runs already begins anew."""
        cell = self._non_root(cell)
        self._reconfigurable(cell)
        cell.failed.clear()
        cell.alive, cell.since_s = True, self._host.uptime_s
        cell.state = next((state for word, state in _SAYS.items() if word in cell.image), "running")
        self._host.apply(RunCell(cell.key, running=True, busy=cell.busy))
        self._count(hypercall=1)
        self.ring.say(f'Started cell "{cell.name}"')
        if "crash" in cell.image:
            self.park(cell, 0x60000000)

    def destroy(self, cell: Cell | None) -> None:
        """End a cell; its CPUs and memory go back to the root cell."""
        cell = self._non_root(cell)
        self._reconfigurable(cell)
        self._end(cell)
        self._changed()
        self._host.kernel(f'Destroyed Jailhouse cell "{cell.name}"')

    def _end(self, cell: Cell) -> None:
        self._stop(cell)
        self._host.apply(DestroyCell(cell.key))
        del self.cells[cell.number]
        self.cells[0].cpus |= cell.cpus
        self.used -= self._pages_of.pop(cell.number, 0)
        self._count(management=1)
        self.ring.say(f'Closing cell "{cell.name}"', self._pool_line("cell destruction"))

    def _stop(self, cell: Cell) -> None:
        cell.state, cell.alive = "shut down", False
        cell.failed.clear()
        self._host.apply(RunCell(cell.key, running=False))

    def _non_root(self, cell: Cell | None) -> Cell:
        if self.system is None:
            raise failure(errno.EINVAL)
        if cell is None:
            raise failure(errno.ENOENT)
        if cell.number == 0:
            raise failure(errno.EINVAL)
        return cell

    def _reconfigurable(self, cell: Cell | None = None) -> None:
        locked = [one for one in self.cells.values() if one.state == "running/locked"]
        if any(one is not cell for one in locked):
            raise failure(errno.EPERM)


def _added(config: CellConfig) -> list[str]:
    return [
        f'Adding virtual PCI device {one.slot} to cell "{config.name}"' for one in config.devices
    ]


def _takes(region: Region, image: Image) -> bool:
    """Say whether a region may be loaded and has room for an image."""
    fits = region.virt <= image.address
    fits = fits and image.address + len(image.data) <= region.virt + region.size
    return bool(region.flags & LOADABLE) and fits
