"""Jailhouse's sysfs tree, made anew whenever cells or their CPUs change."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final

from hvconsole.sim.hypervisor.cpus import ranges
from hvconsole.sim.hypervisor.host import Host
from hvconsole.sim.hypervisor.jailhouse.cells import COUNTERS, Cell
from hvconsole.sim.hypervisor.jailhouse.core import REMAP_PAGES
from hvconsole.sim.hypervisor.jailhouse.driver import Driver

ROOT: Final = "/sys/devices/jailhouse"
DEVICE: Final = "/dev/jailhouse"
_REMAP_USED: Final = 5


def show(host: Host, driver: Driver) -> None:
    """Offer what is there while the module is loaded."""
    values: dict[str, Callable[[], object]] = {
        "enabled": lambda: int(driver.system is not None),
        "mem_pool_size": lambda: driver.pages,
        "mem_pool_used": lambda: driver.used,
        "remap_pool_size": lambda: REMAP_PAGES if driver.system is not None else 0,
        "remap_pool_used": lambda: _REMAP_USED if driver.system is not None else 0,
    }
    for name, value in values.items():
        host.offer(f"{ROOT}/{name}", functools.partial(_line, value))
    host.offer(f"{ROOT}/console", functools.partial(_ring, driver))
    host.offer(f"{ROOT}/uevent", lambda: b"", lambda _: None)
    host.offer(DEVICE, lambda: b"")


def hide(host: Host) -> None:
    """Take everything away with the module."""
    host.withdraw(ROOT)
    host.withdraw(DEVICE)


def show_cells(host: Host, driver: Driver) -> None:
    """Offer the cells as they are now."""
    host.withdraw(f"{ROOT}/cells")
    for cell in driver.cells.values():
        _show_cell(host, driver, cell)


def _show_cell(host: Host, driver: Driver, cell: Cell) -> None:
    folder = f"{ROOT}/cells/{cell.number}"
    values: dict[str, Callable[[], object]] = {
        "name": lambda: cell.name,
        "state": lambda: cell.state,
        "cpus_assigned": lambda: _mask(cell.cpus),
        "cpus_assigned_list": lambda: ranges(cell.cpus),
        "cpus_failed": lambda: _mask(cell.failed),
        "cpus_failed_list": lambda: ranges(cell.failed),
    }
    for name, value in values.items():
        host.offer(f"{folder}/{name}", functools.partial(_line, value))
    for counter in COUNTERS:
        count = functools.partial(driver.read_counter, cell, sorted(cell.cpus), counter)
        host.offer(f"{folder}/statistics/vmexits_{counter}", functools.partial(_line, count))
        for cpu in sorted(cell.cpus):
            count = functools.partial(driver.read_counter, cell, [cpu], counter)
            path = f"{folder}/statistics/cpu{cpu}/vmexits_{counter}"
            host.offer(path, functools.partial(_line, count))


def _ring(driver: Driver) -> bytes:
    return driver.ring.read()[0].encode()


def _line(value: Callable[[], object]) -> bytes:
    return f"{value()}\n".encode()


def _mask(cpus: set[int]) -> str:
    return f"{sum(1 << cpu for cpu in cpus):x}"
