"""The fields of binary configurations (revision 14) that the driver and the hypervisor act on.

Layout: include/jailhouse/cell-config.h at e57d1eff; all numbers little endian, nothing padded.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

REVISION: Final = 14
ARM: Final = 1
NAME_BYTES: Final = 32
READ, WRITE, EXECUTE, IO, COMM, LOADABLE, ROOTSHARED = 1, 2, 4, 0x10, 0x20, 0x40, 0x80
FLAG_NAMES: Final = {
    READ: "READ", WRITE: "WRITE", EXECUTE: "EXECUTE", 8: "DMA", IO: "IO", COMM: "COMM_REGION",
    LOADABLE: "LOADABLE", ROOTSHARED: "ROOTSHARED", 0x100: "NO_HUGEPAGES",
}  # fmt: skip
_CELL: Final = struct.Struct("<5sBH32s11I2Q32s")
_SYSTEM_BYTES: Final = 356
_REGION: Final = struct.Struct("<4Q")
_SIZES: Final = {"cache": 12, "irqchip": 32, "pio": 4, "pci": 56}
_IVSHMEM: Final = 3
_MOST: Final = 4096


class NotAConfigError(Exception):
    """Bytes that the driver does not take; the message is its line in the kernel's log."""


class OtherArchitectureError(NotAConfigError):
    """A configuration for another kind of machine."""

    def __init__(self) -> None:
        super().__init__("Configuration architecture mismatch")


@dataclass(frozen=True, slots=True)
class Region:
    """A memory region: addresses as the machine and as the cell sees it, bytes, flags."""

    phys: int
    virt: int
    size: int
    flags: int

    def overlaps(self, phys: int, size: int) -> bool:
        """Say whether it shares physical addresses with a range."""
        real = self.size and not self.flags & COMM
        return bool(real and size and self.phys < phys + size and phys < self.phys + self.size)

    def holds(self, phys: int, size: int) -> bool:
        """Say whether a physical range lies in it."""
        return self.phys <= phys and phys + size <= self.phys + self.size


@dataclass(frozen=True, slots=True)
class SharedMemory:
    """A virtual PCI device for memory shared among cells: where it sits, which peer it is."""

    bdf: int
    peer: int

    @property
    def slot(self) -> str:
        """Return its place as the hypervisor writes it."""
        return f"{self.bdf >> 8:02x}:{self.bdf >> 3 & 31:02x}.{self.bdf & 7:x}"


@dataclass(frozen=True, slots=True)
class CellConfig:
    """A cell's configuration, or the root cell's part of the system's."""

    name: str
    cpus: frozenset[int]
    regions: tuple[Region, ...]
    devices: tuple[SharedMemory, ...]


@dataclass(frozen=True, slots=True)
class SystemConfig:
    """A system configuration.

    Attributes:
        root: The root cell.
        phys, size: The hypervisor's own memory.
        mmconfig: Where the virtual PCI host sits.
        distributor: Where the interrupt controller is expected.
    """

    root: CellConfig
    phys: int
    size: int
    mmconfig: int
    distributor: int


def decode_cell(data: bytes) -> CellConfig:
    """Read a cell's configuration.

    Raises:
        NotAConfigError: The driver would not take it.
    """
    if len(data) < _CELL.size:
        raise NotAConfigError("Not a cell configuration")
    _check(data, b"JHCLL", "Not a cell configuration")
    return _cell(data, "Not a cell configuration")


def decode_system(data: bytes) -> SystemConfig:
    """Read a system configuration.

    Raises:
        NotAConfigError: The driver would not take it.
    """
    _check(data, b"JHSYS", "Not a system configuration")
    if len(data) < _SYSTEM_BYTES + _CELL.size:
        raise NotAConfigError("Not a system configuration")
    phys, _, size, _ = _REGION.unpack_from(data, 12)
    (mmconfig,) = struct.unpack_from("<Q", data, 76)
    (distributor,) = struct.unpack_from("<Q", data, 316)
    root = _cell(data[_SYSTEM_BYTES:], "Not a system configuration")
    return SystemConfig(root, phys, size, mmconfig, distributor)


def _check(data: bytes, signature: bytes, otherwise: str) -> None:
    if not data.startswith(signature) or len(data) < 8:  # noqa: PLR2004  # signature to revision
        raise NotAConfigError(otherwise)
    architecture, revision = struct.unpack_from("<BH", data, 5)
    if revision != REVISION:
        raise NotAConfigError("Configuration revision mismatch")
    if architecture != ARM:
        raise OtherArchitectureError


def _cell(data: bytes, otherwise: str) -> CellConfig:
    fields = _CELL.unpack_from(data)
    name_bytes, counts = fields[3], fields[4:15]
    _, _, cpu_bytes, regions, cache, chips, pio, pci, *_ = counts
    needed = _CELL.size + cpu_bytes + regions * _REGION.size + cache * 12 + chips * 32 + pci * 56
    if max(cpu_bytes, regions, cache, chips, pio, pci) > _MOST or needed > len(data):
        raise NotAConfigError(otherwise)
    at = _CELL.size
    mask = int.from_bytes(data[at : at + cpu_bytes], "little")
    at += cpu_bytes
    found = [Region(*_REGION.unpack_from(data, at + 32 * index)) for index in range(regions)]
    at += 32 * regions + _SIZES["cache"] * cache + _SIZES["irqchip"] * chips + _SIZES["pio"] * pio
    devices = [data[at + 56 * index : at + 56 * (index + 1)] for index in range(pci)]
    shared = [
        SharedMemory(int.from_bytes(one[4:6], "little"), one[52])
        for one in devices
        if len(one) == _SIZES["pci"] and one[0] == _IVSHMEM
    ]
    # The driver ends every name at its last byte, so 31 characters are left.
    name = name_bytes[: NAME_BYTES - 1].split(b"\0")[0].decode("utf-8", "backslashreplace")
    cpus = frozenset(cpu for cpu in range(8 * cpu_bytes) if mask >> cpu & 1)
    return CellConfig(name, cpus, tuple(found), tuple(shared))
