"""The board in the readable form: hypervisor, interrupt controller, IOMMUs, consoles."""

from __future__ import annotations

from hvconsole.cell import names
from hvconsole.cell.boards import BOARDS, Board, Device
from hvconsole.cell.model import (
    IOMMU_UNITS,
    ArmPlatform,
    Console,
    Iommu,
    Memory,
    System,
    X86Platform,
)
from hvconsole.cell.table import Table

_CONSOLE_KEYS = ("address", "clock_reg", "device", "divider", "flags", "gate_nr", "size", "type")
_SYSTEM_KEYS = (
    "debug_console", "flags", "gic", "hypervisor_memory", "iommu_units", "pci", "root_stamp", "x86",
)  # fmt: skip
_GIC_BASES = ("gicd_base", "gicc_base", "gich_base", "gicv_base", "gicr_base")
_STAMP_BYTES = 8


def read_system(table: Table, board: Board | None) -> System:
    """Read a ``[system]``. Like all that reads here it raises `CellTextProblem`."""
    table.only(*_SYSTEM_KEYS)
    table.need("hypervisor_memory")
    memory, console, pci = map(table.table, ("hypervisor_memory", "debug_console", "pci"))
    if pci is not None:
        pci.only("mmconfig_base", "end_bus", "virtual", "domain")
    units = tuple(_iommu(one) for one in table.tables("iommu_units"))
    if len(units) > IOMMU_UNITS:
        raise table.wrong("iommu_units", f"{len(units)} IOMMUs, there is room for {IOMMU_UNITS}")
    return System(
        flags=table.flags("flags", names.SYSTEM_FLAGS, 32),
        hypervisor_memory=Memory() if memory is None else _hypervisor_memory(memory),
        debug_console=Console() if console is None else read_console(console, board),
        pci_mmconfig_base=pci.number("mmconfig_base", 64) if pci else 0,
        pci_mmconfig_end_bus=pci.number("end_bus", 8) if pci else 0,
        pci_is_virtual=int(pci.boolean("virtual")) if pci else 0,
        pci_domain=pci.number("domain", 16) if pci else 0,
        iommu_units=units,
        platform=_platform(table),
        root_stamp=_stamp(table),
    )


def _hypervisor_memory(table: Table) -> Memory:
    table.only("phys", "virt", "size", "flags")
    return Memory(
        phys_start=table.number("phys", 64),
        virt_start=table.number("virt", 64),
        size=table.number("size", 64),
        flags=table.flags("flags", names.MEMORY_FLAGS, 64),
    )


def _platform(table: Table) -> ArmPlatform | X86Platform:
    gic, x86 = table.table("gic"), table.table("x86")
    if (gic is None) == (x86 is None):
        raise table.wrong("", "a system has either a 'gic' or an 'x86' table")
    if gic is not None:
        gic.only("maintenance_irq", "version", *_GIC_BASES)
        return ArmPlatform(
            gic.number("maintenance_irq", 8),
            gic.number("version", 8),
            *(gic.number(key, 64) for key in _GIC_BASES),
        )
    assert x86 is not None  # noqa: S101  # one of the two is there
    x86.only("pm_timer_address", "apic_mode", "vtd_interrupt_limit", "tsc_khz", "apic_khz")
    return X86Platform(
        pm_timer_address=x86.number("pm_timer_address", 16),
        apic_mode=x86.choice("apic_mode", names.APIC_MODES, 8),
        vtd_interrupt_limit=x86.number("vtd_interrupt_limit", 32),
        tsc_khz=x86.number("tsc_khz", 32),
        apic_khz=x86.number("apic_khz", 32),
    )


def _iommu(table: Table) -> Iommu:
    kind = table.choice("type", names.IOMMU_TYPES, 32)
    amd = ("bdf", "base_cap", "msi_cap", "features") if kind == names.IOMMU_AMD else ()
    pvu = ("tlb_base", "tlb_size") if kind == names.IOMMU_PVU else ()
    bits = {"bdf": 16, "base_cap": 8, "msi_cap": 8, "features": 32, "tlb_base": 64, "tlb_size": 32}
    table.only("type", "base", "size", *amd, *pvu)
    return Iommu(
        type=kind,
        base=table.number("base", 64),
        size=table.number("size", 32),
        **{key: table.number(key, bits[key]) for key in (*amd, *pvu)},
    )


def _stamp(table: Table) -> bytes:
    """Return the first bytes of the root cell's descriptor, which nothing reads."""
    text = table.text("root_stamp", "00" * _STAMP_BYTES)
    try:
        stamp = bytes.fromhex(text)
    except ValueError as error:
        raise table.wrong("root_stamp", "'root_stamp' is not hexadecimal") from error
    if len(stamp) != _STAMP_BYTES:
        raise table.wrong("root_stamp", f"'root_stamp' has not {_STAMP_BYTES} bytes")
    return stamp


def read_console(table: Table, board: Board | None) -> Console:
    """Read a UART, a cell's or the hypervisor's."""
    table.only(*_CONSOLE_KEYS)
    device = read_device(table, board)
    return Console(
        address=table.number("address", 64, device.start if device else 0),
        size=table.number("size", 32),
        type=table.choice("type", names.CONSOLE_TYPES, 16),
        flags=table.flags("flags", names.CONSOLE_FLAGS, 16),
        divider=table.number("divider", 32),
        gate_nr=table.number("gate_nr", 32),
        clock_reg=table.number("clock_reg", 64),
    )


def read_device(table: Table, board: Board | None) -> Device | None:
    """Return the device that a table names; it has to say the board then."""
    if "device" not in table:
        return None
    if board is None:
        raise table.wrong(
            "device",
            "'device': a device of which board?",
            hint=f'say above all tables: board = "{next(iter(BOARDS))}" ({", ".join(BOARDS)})',
        )
    return board.devices[table.one_of("device", board.devices)]
