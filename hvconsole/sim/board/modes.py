"""What the simulated board can be booted into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from hvconsole.sim.machine import Setup
from hvconsole.sim.machine.changes import SchedulerName
from hvconsole.sim.machine.profile import XVISOR_GUEST

HOSTNAME: Final = "bananapi"
KERNEL: Final = "6.1.0-28-armmp-lpae"
BUILD: Final = "#1 SMP Debian 6.1.119-1 (2024-11-22)"
_ROOT: Final = "console=ttyS0,115200 root=/dev/mmcblk0p1 rw rootwait"


@dataclass(frozen=True, slots=True)
class BootMode:
    """One way to boot.

    Attributes:
        name: ``native``, ``jailhouse``, ``xen-credit`` and so on, ``xvisor``.
        hypervisor: What runs below Linux from the start.
        cmdline: Linux's command line.
        memory_kib: What Linux has in all.
        ram_end: Where Linux's memory ends, exclusive (it begins at 0x40000000).
        scheduler: Of Xen.
        hostname: Linux's name for itself.
    """

    name: str
    hypervisor: Literal["none", "xen", "xvisor"]
    cmdline: str
    memory_kib: int
    ram_end: int
    scheduler: SchedulerName = "credit"
    hostname: str = HOSTNAME

    @property
    def setup(self) -> Setup:
        """What the machine model boots."""
        if self.hypervisor == "xvisor":
            return Setup(hypervisor="xvisor", guest=XVISOR_GUEST)
        return Setup(hypervisor=self.hypervisor, scheduler=self.scheduler)


_SCHEDULERS: Final[tuple[SchedulerName, ...]] = ("credit", "credit2", "rtds", "null")


def _xen(scheduler: SchedulerName) -> BootMode:
    cmdline = "console=hvc0 root=/dev/mmcblk0p1 rw rootwait clk_ignore_unused"
    return BootMode(f"xen-{scheduler}", "xen", cmdline, 493_132, 0x60000000, scheduler)


NATIVE: Final = BootMode("native", "none", _ROOT, 1_020_436, 0x80000000)
# The cells' memory begins at 0x78000000: Linux must keep below it.
JAILHOUSE: Final = BootMode(
    "jailhouse", "none", f"{_ROOT} mem=896M vmalloc=512M", 891_412, 0x78000000
)
# No Linux has the board then. This is that of its guest: on one CPU, and its idle loop polls, so
# that what is measured does not depend on how it is woken.
XVISOR: Final = BootMode(
    "xvisor",
    "xvisor",
    "console=ttyAMA0,115200 root=/dev/ram rw maxcpus=1 nohlt",
    117_248,
    0x48000000,
    hostname="guest0",
)
MODES: Final = {mode.name: mode for mode in (NATIVE, JAILHOUSE, *map(_xen, _SCHEDULERS), XVISOR)}
