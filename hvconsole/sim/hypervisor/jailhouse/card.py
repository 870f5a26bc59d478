"""Upstream's Banana Pi configurations, as they lie on the simulated board's card.

Built from the tables in configs/arm/bananapi*.c at e57d1eff, byte for byte.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from hvconsole.sim.hypervisor.jailhouse.config import (
    ARM,
    COMM,
    EXECUTE,
    IO,
    LOADABLE,
    READ,
    REVISION,
    ROOTSHARED,
    WRITE,
)

FOLDER: Final = "/etc/jailhouse"
FIRMWARE: Final = "/lib/firmware/jailhouse.bin"
DEMOS: Final = "/usr/local/libexec/jailhouse/demos"
_Region = tuple[int, int, int, int]
_DMA: Final = 8
_WORDS: Final = READ | WRITE | IO | 0x40000
_DEVICE: Final = READ | WRITE | IO
_RAM: Final = READ | WRITE | EXECUTE
_GIC: Final = 0x1C81000


def _same(start: int, size: int, flags: int) -> _Region:
    return (start, start, size, flags)


def _shared(*, root: bool) -> list[_Region]:
    """Return the four regions of the network between two cells, as one of them sees it."""
    mine, other = READ | WRITE | ROOTSHARED, READ | ROOTSHARED
    return [
        _same(0x7BF00000, 0x1000, other),
        (0, 0, 0, 0),
        _same(0x7BF01000, 0x7F000, mine if root else other),
        _same(0x7BF80000, 0x7F000, other if root else mine),
    ]


_ROOT_DEVICES: Final = (
    (0x1C05000, 0x1000), (0x1C0F000, 0x1000), (0x1C14000, 0x1000), (0x1C18000, 0x1000),
    (0x1C1C000, 0x1000),
)  # fmt: skip
_ROOT_WORDS: Final = (
    (0x1C20000, 0x400), (0x1C20400, 0x400), (0x1C20800, 0xFC), (0x1C208FC, 0x24),
    (0x1C20920, 0x24), (0x1C20A00, 0x1C), (0x1C20C00, 0x400),
)  # fmt: skip
_ROOT_MORE: Final = ((0x1C28000, 0x1000), (0x1C50000, 0x10000), (0x1C60000, 0x1000))
_UART0: Final = struct.pack("<QIHHIIQ", 0x1C28000, 0x1000, 2, 3, 0, 0, 0)
_UART7: Final = struct.pack("<QIHHIIQ", 0x1C29C00, 0, 2, 3, 13, 23, 0x1C2006C)


def encode_cell(
    name: str,
    cpus: int,
    regions: Sequence[_Region],
    *,
    root: bool = False,
    bitmap: Sequence[int] = (),
    devices: Sequence[tuple[int, int]] = (),
    vpci_irq: int = 0,
    console: bytes = _UART7,
) -> bytes:
    """Return a cell's configuration, or the root cell's part of a system's.

    Args:
        name: Its name.
        cpus: Its CPUs, a bit each.
        regions: Its memory: address in the machine and in the cell, bytes, flags.
        root: It is the root cell.
        bitmap: Interrupts that it has, 32 in each number; without, no interrupt controller.
        devices: Virtual PCI devices for shared memory: place (bus, device, function), peer.
        vpci_irq: First interrupt of these.
        console: The console it is told of.
    """
    head = (b"", 0, 0) if root else (b"JHCLL", ARM, REVISION)
    chips = int(bool(bitmap))
    parts = [
        struct.pack(
            "<5sBH32s11I2Q32s", *head, name.encode(), 0, int(not root), 8, len(regions), 0, chips,
            0, len(devices), 0, 0, vpci_irq, 0, 0, bytes(32) if root else console,
        ),
        struct.pack("<Q", cpus),
        *(struct.pack("<4Q", *region) for region in regions),
    ]  # fmt: skip
    if bitmap:
        parts.append(struct.pack("<QII4I", _GIC, 0, 32, *bitmap))
    bars = (0xFFFFF000, 0, 0, 0, 0, 0)
    for bdf, peer in devices:
        parts.append(struct.pack(
            "<BBHH6IHHBBHHQIBBH", 3, 0, 0, bdf, *bars, 0, 0, 0, 0, 0, 0, 0, 0, peer, 2, 1,
        ))  # fmt: skip
    return b"".join(parts)


def system() -> bytes:
    """Return bananapi.cell."""
    regions = [
        *_shared(root=True),
        *(_same(start, size, _DEVICE) for start, size in _ROOT_DEVICES),
        *(_same(start, size, _WORDS) for start, size in _ROOT_WORDS),
        *(_same(start, size, _DEVICE) for start, size in _ROOT_MORE),
        _same(0x40000000, 0x3BF00000, _RAM),
    ]
    root = encode_cell(
        "Banana-Pi", 3, regions, root=True, bitmap=[0xFFFFFFFF] * 4, devices=[(8, 0)], vpci_irq=108
    )
    return encode_system(root, 0x7C000000, 0x4000000)


def encode_system(root: bytes, phys: int, size: int, distributor: int = _GIC) -> bytes:
    """Return a system configuration around a root cell, with the hypervisor's memory."""
    head = struct.pack("<5sBHI4Q", b"JHSYS", ARM, REVISION, 1, phys, 0, size, 0)
    pci = struct.pack("<QBBH", 0x2000000, 0, 1, 0) + bytes(8 * 28)
    gic = [distributor + offset for offset in (0, 0x1000, 0x3000, 0x5000)]
    return head + _UART0 + pci + struct.pack("<BBH5Q", 25, 2, 0, *gic, 0) + root


def inmate(name: str = "bananapi-inmate-demo", ram: int = 0x7BFE0000) -> bytes:
    """Return bananapi-inmate-demo.cell, or the same cell elsewhere in memory.

    Upstream's place lies in memory that the root cell may only read, so that loading it parks the
    root cell.
    """
    regions = [
        _same(0x1C20000, 0x400, _WORDS),
        _same(0x1C208FC, 0x24, _WORDS),
        _same(0x1C29000, 0x1000, _DEVICE),
        (ram, 0, 0x10000, _RAM | LOADABLE),
        (0, 0x80000000, 0x1000, READ | WRITE | COMM),
    ]
    return encode_cell(name, 2, regions)


def linux() -> bytes:
    """Return bananapi-linux-demo.cell."""
    regions = [
        *_shared(root=False),
        _same(0x1C2006C, 4, _WORDS),
        _same(0x1C29C00, 0x400, _WORDS),
        (0x7BEF0000, 0, 0x10000, _RAM | LOADABLE),
        _same(0x78000000, 0x3EF0000, _RAM | LOADABLE | _DMA),
        (0, 0x80000000, 0x1000, READ | WRITE | COMM),
    ]
    bitmap = (0x00100000, 0, 0, 0x10000000)
    return encode_cell(
        "bananapi-linux-demo", 2, regions, bitmap=bitmap, devices=[(8, 1)], vpci_irq=123
    )


def card_files() -> dict[str, bytes]:
    """Return what an installed Jailhouse has on the card, by path."""
    return {
        FIRMWARE: b"JAILHOUS" + bytes(56),
        f"{FOLDER}/bananapi.cell": system(),
        f"{FOLDER}/bananapi-inmate-demo.cell": inmate(),
        f"{FOLDER}/bananapi-inmate-moved.cell": inmate("bananapi-inmate-moved", 0x7BE00000),
        f"{FOLDER}/bananapi-linux-demo.cell": linux(),
        f"{DEMOS}/gic-demo.bin": b"simulated inmate: a timer each 100 ms\n",
        f"{DEMOS}/uart-demo.bin": b"simulated inmate: busy, it writes without end\n",
        f"{DEMOS}/crash-demo.bin": b"simulated inmate: it reads outside its memory\n",
        f"{DEMOS}/lock-demo.bin": b"simulated inmate: it locks the cells\n",
        f"{DEMOS}/abi-demo.bin": b"simulated inmate: built for another Jailhouse\n",
        f"{DEMOS}/odd-demo.bin": b"simulated inmate: it says what no inmate should\n",
    }
