"""A cell configuration as plain values: what the file says, field by field, nothing derived.

Numbers are held as the file holds them (flags as bit sets, types as codes), so that a file that
uses a bit nobody has named yet survives a round trip. `hvconsole.cell.names` has the words.
"""

from __future__ import annotations

import msgspec

ARM = "arm"
REVISIONS = (12, 14)
"""Configuration revisions that can be read and written: Jailhouse v0.12, and its master."""

CURRENT_REVISION = REVISIONS[-1]

NAME_BYTES = 31
"""The longest name a cell may have, in bytes of UTF-8; a NUL follows."""

NAME_FIELD_BYTES = NAME_BYTES + 1
IOMMU_UNITS = 8


class Console(msgspec.Struct, frozen=True):
    """A UART or screen that hypervisor or inmate write to; type 0 is none."""

    address: int = 0
    size: int = 0
    type: int = 0
    flags: int = 0
    divider: int = 0
    gate_nr: int = 0
    clock_reg: int = 0


class Memory(msgspec.Struct, frozen=True):
    """One region: bytes of physical address space, and where the cell sees them."""

    phys_start: int = 0
    virt_start: int = 0
    size: int = 0
    flags: int = 0

    @property
    def phys_end(self) -> int:
        """The first physical address behind the region."""
        return self.phys_start + self.size


class Cache(msgspec.Struct, frozen=True):
    """A part of the L3 cache (x86 only)."""

    start: int = 0
    size: int = 0
    type: int = 0
    flags: int = 0


class IrqChip(msgspec.Struct, frozen=True):
    """Interrupts of one controller: bit n of `pins` is interrupt ``pin_base + n``, n below 128."""

    address: int = 0
    id: int = 0
    pin_base: int = 0
    pins: int = 0

    def interrupts(self) -> tuple[int, ...]:
        """Return the interrupt numbers (GIC IDs on ARM), ascending."""
        return tuple(self.pin_base + bit for bit in range(128) if self.pins >> bit & 1)


class PioRange(msgspec.Struct, frozen=True):
    """I/O ports (x86 only)."""

    base: int = 0
    length: int = 0


class PciDevice(msgspec.Struct, frozen=True):
    """A PCI device, real or (ivshmem) made by the hypervisor.

    `msi_flags` holds bit 0 for 64-bit addresses and bit 1 for maskable vectors.
    """

    type: int = 0
    iommu: int = 0
    domain: int = 0
    bdf: int = 0
    bar_mask: tuple[int, int, int, int, int, int] = (0, 0, 0, 0, 0, 0)
    caps_start: int = 0
    num_caps: int = 0
    num_msi_vectors: int = 0
    msi_flags: int = 0
    num_msix_vectors: int = 0
    msix_region_size: int = 0
    msix_address: int = 0
    shmem_regions_start: int = 0
    shmem_dev_id: int = 0
    shmem_peers: int = 0
    shmem_protocol: int = 0


class PciCapability(msgspec.Struct, frozen=True):
    """A capability of a PCI device, and whether the cell may write it."""

    id: int = 0
    start: int = 0
    length: int = 0
    flags: int = 0


class Iommu(msgspec.Struct, frozen=True):
    """An IOMMU; the fields from `bdf` on are AMD's, the last two those of TI's PVU."""

    type: int = 0
    base: int = 0
    size: int = 0
    bdf: int = 0
    base_cap: int = 0
    msi_cap: int = 0
    features: int = 0
    tlb_base: int = 0
    tlb_size: int = 0


class ArmPlatform(msgspec.Struct, frozen=True):
    """The interrupt controller of an ARM board, 32 or 64 bits."""

    maintenance_irq: int = 0
    gic_version: int = 0
    gicd_base: int = 0
    gicc_base: int = 0
    gich_base: int = 0
    gicv_base: int = 0
    gicr_base: int = 0


class X86Platform(msgspec.Struct, frozen=True):
    """Timers and interrupts of a PC."""

    pm_timer_address: int = 0
    apic_mode: int = 0
    vtd_interrupt_limit: int = 0
    tsc_khz: int = 0
    apic_khz: int = 0


Platform = ArmPlatform | X86Platform


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A cell: what it is called and what it may use.

    Attributes:
        name: At most `NAME_BYTES` bytes of UTF-8.
        id: 0 in files; the driver fills it in.
        flags: See `names.CELL_FLAGS`.
        cpus: CPU numbers, ascending.
        cpu_set_size: Bytes that the file spends on the CPU bitmap.
        vpci_irq_base: First interrupt of the virtual PCI host, as SPI number (GIC ID − 32).
        cpu_reset_address: Where the first CPU starts, in the cell's own addresses.
        msg_reply_timeout: Rounds to wait for a reply to a message; 0 waits for ever.
        console: Handed to the inmate in the communication region.
    """

    name: str = ""
    id: int = 0
    flags: int = 0
    cpus: tuple[int, ...] = ()
    cpu_set_size: int = 8
    vpci_irq_base: int = 0
    cpu_reset_address: int = 0
    msg_reply_timeout: int = 0
    console: Console = Console()
    memory: tuple[Memory, ...] = ()
    caches: tuple[Cache, ...] = ()
    irqchips: tuple[IrqChip, ...] = ()
    pio: tuple[PioRange, ...] = ()
    pci_devices: tuple[PciDevice, ...] = ()
    pci_capabilities: tuple[PciCapability, ...] = ()
    stream_ids: tuple[int, ...] = ()


class System(msgspec.Struct, frozen=True, kw_only=True):
    """What only the root cell's file has: the board and the hypervisor's own part of it.

    Attributes:
        root_stamp: The first eight bytes of the root cell's descriptor, where other files have
            signature and revision. Nothing reads them here; they are zero in practice.
        iommu_units: At most `IOMMU_UNITS`; unused ones at the end are left out.
    """

    flags: int = 0
    hypervisor_memory: Memory = Memory()
    debug_console: Console = Console()
    pci_mmconfig_base: int = 0
    pci_mmconfig_end_bus: int = 0
    pci_is_virtual: int = 0
    pci_domain: int = 0
    iommu_units: tuple[Iommu, ...] = ()
    platform: Platform = ArmPlatform()
    root_stamp: bytes = bytes(8)


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """One file.

    Attributes:
        revision: One of `REVISIONS`.
        architecture: ``arm``, ``arm64`` or ``x86``; None where nobody said: files of revision 12
            do not hold it.
        cell: The cell; of a system, its root cell.
        system: The board, in a root cell's file; else None.
    """

    revision: int = CURRENT_REVISION
    architecture: str | None = ARM
    cell: Cell
    system: System | None = None
