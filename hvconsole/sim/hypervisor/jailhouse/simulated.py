"""Jailhouse during one boot of the simulated board (a `Hypervisor`)."""

from __future__ import annotations

import errno
import os
from typing import Final

from hvconsole.sim.hypervisor.host import Host, Tool
from hvconsole.sim.hypervisor.jailhouse import sysfs
from hvconsole.sim.hypervisor.jailhouse.cli import Cli
from hvconsole.sim.hypervisor.jailhouse.driver import Driver
from hvconsole.sim.hypervisor.xen.simulated import tools_without_xen

MODULE: Final = "jailhouse"
A20_DISTRIBUTOR: Final = 0x1C81000


class SimulatedJailhouse:
    """Jailhouse v0.12+ (configuration revision 14) beside Linux on the bare board.

    It is there in every such boot, and works where memory was kept free for it (``mem=``, seen in
    /proc/iomem). What it needs on the card is in `card.card_files`.

    Args:
        host: The board, whose machine was not booted under Xen.
        hyp: Linux was started in HYP mode.
        xen_tools: Xen's tools are installed as well, and find no Xen.
        distributor: Where the board's interrupt controller sits: a configuration that expects it
            elsewhere is another board's.
    """

    def __init__(
        self,
        host: Host,
        *,
        hyp: bool = True,
        xen_tools: bool = True,
        distributor: int = A20_DISTRIBUTOR,
    ) -> None:
        if host.machine.bare is None:
            raise ValueError("Linux does not own this machine")
        self._host = host
        self._driver = Driver(host, hyp, distributor, changed=self._show_cells)
        self._tools: dict[str, Tool] = {MODULE: Cli(host, self._driver)}
        if xen_tools:
            self._tools |= tools_without_xen()

    @property
    def tools(self) -> dict[str, Tool]:
        """Commands that it brings, by name."""
        return dict(self._tools)

    def boot_lines(self) -> list[str]:
        """Nothing: Jailhouse comes after Linux."""
        return []

    def module_loaded(self, name: str) -> None:
        """Show the driver's files once it is loaded."""
        if name == MODULE:
            sysfs.show(self._host, self._driver)

    def module_unloaded(self, name: str) -> None:
        """Take the driver's files away. Raises `OSError` while Jailhouse is enabled."""
        if name != MODULE:
            return
        if self._driver.system is not None:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        sysfs.hide(self._host)

    def touched(self, address: int, size: int) -> None:
        """Note that Linux reads a device's register; a root cell that lacks it is parked."""
        self._driver.touched(address, size)

    def _show_cells(self) -> None:
        sysfs.show_cells(self._host, self._driver)
