"""Jailhouse's kernel driver: what its ioctls do, and what they leave unchecked."""

from __future__ import annotations

import errno

from hvconsole.sim.hypervisor.jailhouse import words
from hvconsole.sim.hypervisor.jailhouse.card import FIRMWARE
from hvconsole.sim.hypervisor.jailhouse.cell_calls import CellCalls
from hvconsole.sim.hypervisor.jailhouse.cells import Cell, Exits
from hvconsole.sim.hypervisor.jailhouse.config import (
    NotAConfigError,
    Region,
    SystemConfig,
    decode_system,
)
from hvconsole.sim.hypervisor.jailhouse.core import (
    CORE_PAGES,
    PAGE,
    REMAP_PAGES,
    failure,
    linux_memory,
)
from hvconsole.sim.machine.changes import DisableJailhouse, EnableJailhouse


class Driver(CellCalls):
    """One boot's Jailhouse.

    Its methods are the ioctls: they raise `OSError`, and log why, if at all.
    """

    def enable(self, data: bytes) -> None:
        """Hand the machine to Jailhouse."""
        try:
            system = decode_system(data)
        except NotAConfigError as wrong:
            raise self._refuse(errno.EINVAL, str(wrong)) from None
        if self.system is not None:
            raise failure(errno.EBUSY)
        if not self._hyp:
            raise self._refuse(errno.ENODEV, "HYP mode not available")
        self._load_firmware()
        own = Region(system.phys, 0, system.size, 0)
        if any(own.overlaps(*part) for part in linux_memory(self._host)):
            self._say("request_mem_region failed for hypervisor memory.")
            raise self._refuse(errno.EINVAL, 'Did you reserve the memory with "memmap=" or "mem="?')
        online = self._online()
        if system.distributor != self._distributor or not online <= system.root.cpus:
            # Another board, or fewer CPUs than are there: not one word more.
            self._hang()
            return
        self._enter(system, online)

    def _load_firmware(self) -> None:
        try:
            self._host.read(FIRMWARE)
        except OSError:
            for line in words.NO_FIRMWARE.splitlines():
                self._host.kernel(line)
            raise self._refuse(errno.ENOENT, "Missing hypervisor image jailhouse.bin") from None
        self._host.kernel(" jailhouse: firmware: direct-loading firmware jailhouse.bin")

    def _enter(self, system: SystemConfig, online: set[int]) -> None:
        first, *others = sorted(online, reverse=True)
        pages = system.size // PAGE - CORE_PAGES
        early = 34 + round((pages - 1002) * 22 / 15_360)
        self.ring.say(
            "",
            f"Initializing Jailhouse hypervisor {words.LONG_VERSION} on CPU {first}",
            "Code location: 0xf0000040",
            f"Page pool usage after early setup: mem {early}/{pages}, remap 0/{REMAP_PAGES}",
            "Initializing processors:",
            f" CPU {first}... OK",
            *(f" CPU {cpu}... OK" for cpu in others),
        )
        if len(online) == 1:
            raise failure(errno.ENODEV)
        if online != system.root.cpus:
            raise failure(errno.EINVAL)
        root = system.root
        self.used = early + 5 + 3 * len(online) + len(root.devices)
        self.ring.say(
            "Initializing unit: irqchip",
            "Initializing unit: PCI",
            *(
                f'Adding virtual PCI device {one.slot} to cell "{root.name}"'
                for one in root.devices
            ),
            f"Page pool usage after late setup: mem {self.used}/{pages}, remap 5/{REMAP_PAGES}",
            "Activating hypervisor",
        )
        self._host.apply(EnableJailhouse())
        self.system = system
        self.cells = {0: Cell(0, root, set(online), state="running")}
        self.exits = Exits(self._host)
        self._poisoned = False
        if root.devices:
            self._host.kernel(
                f"pci-host-generic {system.mmconfig:x}.pci: host bridge /pci@0 ranges:"
            )
            self._host.kernel("pci_bus 0000:00: root bus resource [bus 00]")
        self._changed()
        self._host.kernel("The Jailhouse is opening.")

    def disable(self) -> None:
        """Take the machine back; the cells are gone even where that fails."""
        if self.system is None:
            raise failure(errno.EINVAL)
        self._reconfigurable()
        for cell in [one for one in self.cells.values() if one.number]:
            self._end(cell)
        if self._poisoned:
            phys = self.system.phys
            self._park_root(words.bad_access("read", phys, 4, *self._root_cpu()))
            return
        self._changed()
        if self._online() != self.cells[0].cpus:
            raise failure(errno.EBUSY)
        self._host.apply(DisableJailhouse())
        if self.system.root.devices:
            self._host.kernel("pci_bus 0000:00: busn_res: [bus 00] is released")
        cpus = sorted(self.cells[0].cpus, reverse=True)
        self.ring.say("Shutting down hypervisor", *(f" Releasing CPU {cpu}" for cpu in cpus))
        self.system, self.cells, self.used = None, {}, 0
        self._pages_of.clear()
        self._changed()
        self._host.kernel("The Jailhouse was closed.")
