"""Boards whose devices a configuration may name: ``device = "uart7"`` for an address and a size.

Addresses and interrupts are the ones of the chips' manuals and of Linux's device trees; interrupts
are GIC IDs (32 is the first shared one).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hvconsole.cell.names import IO, READ, WRITE

_WORDS = 0x4_0000
REGISTERS = READ | WRITE | IO
WORDS = REGISTERS | _WORDS
"""Registers that share a page with others: accesses are trapped, 32 bits wide ones pass."""


class Device(NamedTuple):
    """A device: where its registers are, and what they may be given as.

    Attributes:
        start: Physical address.
        size: Bytes.
        irq: GIC ID; 0 where it has none or it does not matter here.
        flags: Of a memory region for it.
        risk: What happens to a root Linux that touches it without having it; empty where nothing
            on a common system does.
    """

    start: int
    size: int
    irq: int = 0
    flags: int = REGISTERS
    risk: str = ""


class Board(NamedTuple):
    """A board: what its device tree calls it, its memory, its devices.

    Attributes:
        compatible: Of the device tree.
        gicd_base: Where its interrupt distributor is: tells boards apart in binary files.
        ram: Start and size of what memory it has at most.
        devices: By name.
    """

    compatible: tuple[str, ...]
    gicd_base: int
    ram: tuple[int, int]
    devices: Mapping[str, Device]

    @property
    def interrupts(self) -> dict[str, int]:
        """GIC IDs by device."""
        return {name: device.irq for name, device in self.devices.items() if device.irq}


_TEMPERATURE = "reading the temperature parks the CPU that reads it"
_PMIC = "a governor that changes the voltage parks its CPU; pin one frequency before enabling"

BANANA_PI = Board(
    compatible=("lemaker,bananapi", "allwinner,sun7i-a20"),
    gicd_base=0x01C8_1000,
    ram=(0x4000_0000, 1 << 30),
    devices={
        "spi0": Device(0x01C0_5000, 0x1000, 42),
        "mmc0": Device(0x01C0_F000, 0x1000, 64),
        "usb1": Device(0x01C1_4000, 0x1000, 71),
        "sata": Device(0x01C1_8000, 0x1000, 88),
        "usb2": Device(0x01C1_C000, 0x1000, 72),
        "ccu": Device(0x01C2_0000, 0x400, 0, WORDS),
        "intc": Device(0x01C2_0400, 0x400, 0, WORDS),
        "gpio-low": Device(0x01C2_0800, 0xFC, 60, WORDS),
        "gpio-uart7": Device(0x01C2_08FC, 0x24, 0, WORDS),
        "gpio-high": Device(0x01C2_0920, 0x24, 0, WORDS),
        "gpio-irq": Device(0x01C2_0A00, 0x1C, 0, WORDS),
        "timer": Device(0x01C2_0C00, 0x400, 54, WORDS),
        "thermal": Device(0x01C2_5000, 0x100, 61, WORDS, _TEMPERATURE),
        "uart0": Device(0x01C2_8000, 0x400, 33, WORDS),
        "uart3": Device(0x01C2_8C00, 0x400, 36, WORDS),
        "uart7": Device(0x01C2_9C00, 0x400, 52, WORDS),
        "uart0-3": Device(0x01C2_8000, 0x1000),
        "uart4-7": Device(0x01C2_9000, 0x1000),
        "i2c0": Device(0x01C2_AC00, 0x400, 39, WORDS, _PMIC),
        "gmac": Device(0x01C5_0000, 0x1_0000, 117),
        "hstimer": Device(0x01C6_0000, 0x1000, 113),
    },
)
"""Allwinner A20. The AXP209 that makes the CPU's voltage sits on I2C0."""

QEMU_VIRT = Board(
    compatible=("linux,dummy-virt",),
    gicd_base=0x0800_0000,
    ram=(0x4000_0000, 1 << 30),
    devices={
        "uart0": Device(0x0900_0000, 0x1000, 33),
        "rtc": Device(0x0901_0000, 0x1000, 34),
        "virtio": Device(0x0A00_0000, 0x4000),
    },
)
"""QEMU's machine 'virt' with 32-bit CPUs and GICv2, as Jailhouse's configurations for it assume."""

BOARDS: Mapping[str, Board] = {"bananapi": BANANA_PI, "qemu-virt": QEMU_VIRT}


def board_of(name: str, gicd_base: int = 0) -> Board | None:
    """Return the board of a name, or else the one whose interrupt distributor lies there."""
    if name in BOARDS:
        return BOARDS[name]
    return next(
        (board for board in BOARDS.values() if gicd_base and board.gicd_base == gicd_base), None
    )
