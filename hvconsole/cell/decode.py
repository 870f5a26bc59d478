"""From the hypervisor's binary format to plain values.

A file decodes only if encoding it again gives the same bytes: bytes that mean nothing have to be
zero, and nothing may follow the last section. Sizes are checked before anything is made of a
count, which may be four billion in a damaged file.
"""

from __future__ import annotations

from struct import Struct
from typing import Any

from hvconsole.cell.layouts import (
    CACHE,
    CAPABILITY,
    CELL,
    CONSOLE,
    IOMMU,
    IOMMU_AMD,
    IOMMU_PVU,
    IRQCHIP,
    LAYOUTS,
    MAX_BYTES,
    MAX_CPU_SET_BYTES,
    MEMORY,
    PCI_DEVICE,
    PCI_HOST,
    PIO,
    STAMP,
    STREAM_ID,
    SYSTEM_FLAGS,
    CellFormatProblem,
    Layout,
    unknown_revision,
)
from hvconsole.cell.model import (
    IOMMU_UNITS,
    ArmPlatform,
    Cache,
    Cell,
    Configuration,
    Console,
    Iommu,
    IrqChip,
    Memory,
    PciCapability,
    PciDevice,
    PioRange,
    Platform,
    System,
    X86Platform,
)
from hvconsole.cell.names import ARCHITECTURES, IOMMU_AMD as AMD, IOMMU_PVU as PVU

_BITS = 8
_BARS = 6
_GIC_VERSIONS = (b"\x02", b"\x03")


def decode(
    data: bytes, *, source: str = "the file", architecture: str | None = None
) -> Configuration:
    """Decode a file of either kind and of any supported revision.

    Args:
        data: The whole file.
        source: What to call it in a message.
        architecture: What to take where the file does not say it (revision 12).

    Raises:
        CellFormatProblem: It is no configuration, cut short, too long, of a revision that is not
            supported, or has something in places that must be zero.
    """
    cursor = _Cursor(data, source)
    if len(data) > MAX_BYTES:
        raise cursor.wrong(f"{len(data):,} bytes", "the largest configurations have some thousand")
    layout, revision, is_system, said = _header(cursor)
    architecture = said or architecture
    system = _system(cursor, layout, architecture) if is_system else None
    cell = _cell(cursor)
    if cursor.left:
        what = f"{cursor.left} bytes follow the last section"
        raise cursor.wrong(what, "its counts and its length disagree")
    return Configuration(revision=revision, architecture=architecture, cell=cell, system=system)


class _Cursor:
    """Takes a file apart from the front; tells what is missing, and where."""

    def __init__(self, data: bytes, source: str) -> None:
        self._data = data
        self.source = source
        self.at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self.at

    def take(self, size: int, what: str) -> bytes:
        if size > self.left:
            raise self.wrong(f"{what}: {size} bytes, {self.left} are left", "it was cut short")
        self.at += size
        return self._data[self.at - size : self.at]

    def peek(self, size: int) -> bytes:
        return self._data[self.at : self.at + size]

    def unpack(self, layout: Struct, what: str) -> tuple[Any, ...]:
        return layout.unpack(self.take(layout.size, what))

    def rows(self, layout: Struct, count: int, what: str) -> list[tuple[Any, ...]]:
        return list(layout.iter_unpack(self.take(layout.size * count, f"{count} {what}")))

    def zero(self, rest: bytes, what: str) -> None:
        if any(rest):
            raise self.wrong(f"{what} is {rest.hex()}", "what is not used is zero")

    def wrong(self, what: str, why: str) -> CellFormatProblem:
        return CellFormatProblem(
            f"{self.source} is damaged, or no cell configuration",
            detail=f"at byte {self.at}: {what}; {why}",
            hint="copy it again, or build it from its TOML with: hvconsole cell build",
        )


def _header(cursor: _Cursor) -> tuple[Layout, int, bool, str | None]:
    """Return layout, revision, whether it is a system, and the architecture if it is said."""
    signature, revision = cursor.unpack(STAMP, "the header")
    for number, layout in LAYOUTS.items():
        begin = signature[: len(layout.cell_signature)]
        if begin not in {layout.cell_signature, layout.system_signature}:
            continue
        if revision in LAYOUTS and revision != number:
            raise cursor.wrong(f"the signature is {signature!r}", f"not of revision {revision}")
        if revision != number:
            raise unknown_revision(cursor.source, revision)
        said = _architecture(cursor, signature[-1]) if layout.has_architecture else None
        return layout, revision, begin == layout.system_signature, said
    why = "from before v0.6" if signature.startswith(b"JAIL") else "cells have JHCLL or JHSYS"
    raise cursor.wrong(f"the signature is {signature!r}", why)


def _architecture(cursor: _Cursor, code: int) -> str:
    for name, number in ARCHITECTURES.items():
        if number == code:
            return name
    raise cursor.wrong(f"architecture {code}", "0 is x86, 1 arm, 2 arm64")


def _cell(cursor: _Cursor) -> Cell:
    """Decode a descriptor behind its stamp, and its sections, in the file's order."""
    raw_name, number, flags, set_bytes, *counts, vpci, reset, timeout = cursor.unpack(
        CELL, "the cell's descriptor"
    )
    memory, caches, irqchips, pio, devices, capabilities, streams = counts
    return Cell(
        name=_name(cursor, raw_name),
        id=number,
        flags=flags,
        vpci_irq_base=vpci,
        cpu_reset_address=reset,
        msg_reply_timeout=timeout,
        console=Console(*cursor.unpack(CONSOLE, "the cell's console")),
        cpu_set_size=set_bytes,
        cpus=_cpus(cursor, set_bytes),
        memory=tuple(Memory(*row) for row in cursor.rows(MEMORY, memory, "memory regions")),
        caches=tuple(_cache(cursor, row) for row in cursor.rows(CACHE, caches, "cache regions")),
        irqchips=tuple(
            IrqChip(address, number, base, int.from_bytes(pins, "little"))
            for address, number, base, pins in cursor.rows(
                IRQCHIP, irqchips, "interrupt controllers"
            )
        ),
        pio=tuple(PioRange(*row) for row in cursor.rows(PIO, pio, "port ranges")),
        pci_devices=tuple(
            _pci_device(row) for row in cursor.rows(PCI_DEVICE, devices, "PCI devices")
        ),
        pci_capabilities=tuple(
            PciCapability(*row) for row in cursor.rows(CAPABILITY, capabilities, "capabilities")
        ),
        stream_ids=tuple(row[0] for row in cursor.rows(STREAM_ID, streams, "stream ids")),
    )


def _name(cursor: _Cursor, raw: bytes) -> str:
    try:
        return raw.rstrip(b"\0").decode()
    except UnicodeDecodeError as error:
        raise cursor.wrong(f"the name is {raw.hex()}", "names are UTF-8") from error


def _cpus(cursor: _Cursor, size: int) -> tuple[int, ...]:
    if size > MAX_CPU_SET_BYTES:
        raise cursor.wrong(f"a CPU bitmap of {size} bytes", "no board has so many CPUs")
    bitmap = int.from_bytes(cursor.take(size, "the CPU bitmap"), "little")
    return tuple(cpu for cpu in range(size * _BITS) if bitmap >> cpu & 1)


def _cache(cursor: _Cursor, row: tuple[Any, ...]) -> Cache:
    start, size, kind, padding, flags = row
    cursor.zero(padding, "a cache region's padding")
    return Cache(start, size, kind, flags)


def _pci_device(row: tuple[Any, ...]) -> PciDevice:
    kind, iommu, domain, bdf, *rest = row
    return PciDevice(kind, iommu, domain, bdf, tuple(rest[:_BARS]), *rest[_BARS:])


def _system(cursor: _Cursor, layout: Layout, architecture: str | None) -> System:
    (flags,) = cursor.unpack(SYSTEM_FLAGS, "the system's flags")
    memory = Memory(*cursor.unpack(MEMORY, "the hypervisor's memory"))
    console = Console(*cursor.unpack(CONSOLE, "the debug console"))
    base, end_bus, is_virtual, domain = cursor.unpack(PCI_HOST, "the PCI host")
    end = cursor.at + layout.board_bytes
    if layout.iommu_first:
        units = _iommu_units(cursor)
        platform = _platform(cursor, layout, architecture)
    else:
        platform = _platform(cursor, layout, architecture)
        units = _iommu_units(cursor)
    cursor.zero(cursor.take(end - cursor.at, "the platform"), "what follows the platform")
    return System(
        flags=flags,
        hypervisor_memory=memory,
        debug_console=console,
        pci_mmconfig_base=base,
        pci_mmconfig_end_bus=end_bus,
        pci_is_virtual=is_virtual,
        pci_domain=domain,
        iommu_units=units,
        platform=platform,
        root_stamp=cursor.take(STAMP.size, "the root cell's descriptor"),
    )


def _iommu_units(cursor: _Cursor) -> tuple[Iommu, ...]:
    """Return the units up to the last one that is used; the fields of a kind only of that kind."""
    units = []
    for kind, base, size, rest in cursor.rows(IOMMU, IOMMU_UNITS, "IOMMUs"):
        special: dict[str, int] = {}
        if kind == AMD:
            bdf, base_cap, msi_cap, features, rest = IOMMU_AMD.unpack(rest)  # noqa: PLW2901  # what is left of it
            special = {"bdf": bdf, "base_cap": base_cap, "msi_cap": msi_cap, "features": features}
        elif kind == PVU:
            tlb_base, tlb_size = IOMMU_PVU.unpack(rest)
            special, rest = {"tlb_base": tlb_base, "tlb_size": tlb_size}, b""  # noqa: PLW2901  # likewise
        cursor.zero(rest, "the end of an IOMMU")
        units.append(Iommu(kind, base, size, **special))
    while units and units[-1] == Iommu():
        units.pop()
    return tuple(units)


def _platform(cursor: _Cursor, layout: Layout, architecture: str | None) -> Platform:
    if architecture is None:
        # Revision 12 does not say. On ARM the second byte is the GIC's version, on a PC it is the
        # upper half of the power management timer's port, which lies above 0x3ff.
        architecture = "arm" if cursor.peek(2)[1:] in _GIC_VERSIONS else "x86"
    if architecture == "x86":
        fields = cursor.unpack(layout.x86, "the platform")
        _padding(cursor, fields)
        return X86Platform(*(fields[position] for position in layout.order_x86))
    fields = cursor.unpack(layout.arm, "the platform")
    _padding(cursor, fields)
    return ArmPlatform(*(field for field in fields if isinstance(field, int)))


def _padding(cursor: _Cursor, fields: tuple[Any, ...]) -> None:
    for field in fields:
        if isinstance(field, bytes):
            cursor.zero(field, "the platform's padding")
