"""From plain values to the hypervisor's binary format."""

from __future__ import annotations

import struct

import msgspec

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
    NAME_FIELD_BYTES,
    ArmPlatform,
    Cell,
    Configuration,
    Iommu,
    PciDevice,
    Platform,
    System,
)
from hvconsole.cell.names import ARCHITECTURES, IOMMU_AMD as AMD, IOMMU_PVU as PVU


def encode(
    configuration: Configuration,
    revision: int | None = None,
    *,
    source: str = "the configuration",
) -> bytes:
    """Encode a configuration.

    Args:
        configuration: What to write.
        revision: One of `model.REVISIONS`; without it the configuration's own.
        source: What to call it in a message.

    Raises:
        CellFormatProblem: A value does not fit its field, or the revision needs one that is
            missing, or is not supported.
    """
    revision = configuration.revision if revision is None else revision
    layout = LAYOUTS.get(revision)
    if layout is None:
        raise unknown_revision(source, revision)
    system = configuration.system
    signature = layout.cell_signature if system is None else layout.system_signature
    if layout.has_architecture:
        if configuration.architecture is None:
            raise CellFormatProblem(
                f"{source} does not say its architecture, which revision {revision} needs",
                hint='add to the TOML: architecture = "arm"',
            )
        signature += bytes([ARCHITECTURES[configuration.architecture]])
    try:
        stamp = STAMP.pack(signature, revision)
        cell = _cell(configuration.cell)
        return stamp + (cell if system is None else _system(system, layout) + cell)
    except (struct.error, OverflowError) as error:
        raise CellFormatProblem(
            f"{source}: a value does not fit its field", detail=str(error)
        ) from error


def _cell(cell: Cell) -> bytes:
    """Encode a descriptor behind its stamp, and its sections, in the file's order."""
    sections = (
        [_plain(MEMORY, region) for region in cell.memory],
        [CACHE.pack(c.start, c.size, c.type, b"\0", c.flags) for c in cell.caches],
        [
            IRQCHIP.pack(chip.address, chip.id, chip.pin_base, chip.pins.to_bytes(16, "little"))
            for chip in cell.irqchips
        ],
        [_plain(PIO, ports) for ports in cell.pio],
        [_device(device) for device in cell.pci_devices],
        [_plain(CAPABILITY, capability) for capability in cell.pci_capabilities],
        [STREAM_ID.pack(stream) for stream in cell.stream_ids],
    )
    descriptor = CELL.pack(
        _name(cell.name),
        cell.id,
        cell.flags,
        cell.cpu_set_size,
        *(len(section) for section in sections),
        cell.vpci_irq_base,
        cell.cpu_reset_address,
        cell.msg_reply_timeout,
    )
    bitmap = sum(1 << cpu for cpu in set(cell.cpus)).to_bytes(cell.cpu_set_size, "little")
    rows = b"".join(row for section in sections for row in section)
    return descriptor + _plain(CONSOLE, cell.console) + bitmap + rows


def _name(name: str) -> bytes:
    raw = name.encode()
    if len(raw) > NAME_FIELD_BYTES:
        raise OverflowError(f"the name {name!r} takes {len(raw)} bytes")
    return raw


def _plain(layout: struct.Struct, value: msgspec.Struct) -> bytes:
    """Pack values that stand in the file's order."""
    return layout.pack(*msgspec.structs.astuple(value))


def _device(device: PciDevice) -> bytes:
    fields = msgspec.structs.astuple(device)
    return PCI_DEVICE.pack(*fields[:4], *device.bar_mask, *fields[5:])


def _system(system: System, layout: Layout) -> bytes:
    """Encode the board, up to the root cell's stamp."""
    units, platform = _iommu_units(system), _platform(system.platform, layout)
    board = units + platform if layout.iommu_first else platform + units
    return b"".join(
        [
            SYSTEM_FLAGS.pack(system.flags),
            _plain(MEMORY, system.hypervisor_memory),
            _plain(CONSOLE, system.debug_console),
            PCI_HOST.pack(
                system.pci_mmconfig_base,
                system.pci_mmconfig_end_bus,
                system.pci_is_virtual,
                system.pci_domain,
            ),
            board.ljust(layout.board_bytes, b"\0"),
            system.root_stamp,
        ]
    )


def _iommu_units(system: System) -> bytes:
    if len(system.iommu_units) > IOMMU_UNITS:
        raise OverflowError(f"{len(system.iommu_units)} IOMMUs, {IOMMU_UNITS} have room")
    rows = [_iommu(unit) for unit in system.iommu_units]
    return b"".join(rows).ljust(IOMMU_UNITS * IOMMU.size, b"\0")


def _iommu(unit: Iommu) -> bytes:
    rest = b""
    if unit.type == AMD:
        rest = IOMMU_AMD.pack(unit.bdf, unit.base_cap, unit.msi_cap, unit.features, b"")
    elif unit.type == PVU:
        rest = IOMMU_PVU.pack(unit.tlb_base, unit.tlb_size)
    return IOMMU.pack(unit.type, unit.base, unit.size, rest)


def _platform(platform: Platform, layout: Layout) -> bytes:
    if isinstance(platform, ArmPlatform):
        irq, version, *bases = msgspec.structs.astuple(platform)
        return layout.arm.pack(irq, version, b"", *bases)
    # Positions that no field takes are padding.
    values: list[int | bytes] = [b""] * (len(layout.order_x86) + 1)
    for position, value in zip(layout.order_x86, msgspec.structs.astuple(platform), strict=True):
        values[position] = value
    return layout.x86.pack(*values)
