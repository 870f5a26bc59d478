"""The words for codes and bits of a configuration, the same in revisions 12 and 14."""

from __future__ import annotations

ARCHITECTURES = {"x86": 0, "arm": 1, "arm64": 2}

VIRTUAL_DEBUG_CONSOLE = 0x1
SYSTEM_FLAGS = {"virtual-debug-console": VIRTUAL_DEBUG_CONSOLE}

PASSIVE_COMMREG = 0x1
VIRTUAL_CONSOLE = 0xC000_0000
CELL_FLAGS = {
    "passive-commreg": PASSIVE_COMMREG,
    "test-device": 0x2,
    "aarch32": 0x4,
    "virtual-console-permitted": 0x4000_0000,
    "virtual-console-active": 0x8000_0000,
}

READ, WRITE, EXECUTE, DMA, IO = 0x1, 0x2, 0x4, 0x8, 0x10
COMM_REGION, LOADABLE, ROOTSHARED = 0x20, 0x40, 0x80
IO_WIDTHS = 0xF_0000
MEMORY_FLAGS = {
    "read": READ,
    "write": WRITE,
    "execute": EXECUTE,
    "dma": DMA,
    "io": IO,
    "comm-region": COMM_REGION,
    "loadable": LOADABLE,
    "rootshared": ROOTSHARED,
    "no-hugepages": 0x100,
    "io-unaligned": 0x8000,
    "io-8": 0x1_0000,
    "io-16": 0x2_0000,
    "io-32": 0x4_0000,
    "io-64": 0x8_0000,
}

CONSOLE_MMIO = 0x1
CONSOLE_TYPES = {
    "none": 0,
    "efifb": 1,
    "8250": 2,
    "pl011": 3,
    "xuartps": 4,
    "mvebu": 5,
    "hscif": 6,
    "scifa": 7,
    "imx": 8,
    "imx-lpuart": 9,
    "scif": 10,
}
CONSOLE_FLAGS = {
    "mmio": CONSOLE_MMIO,
    "regdist-4": 0x2,
    "framebuffer-1920x1080": 0x4,
    "inverted-gate": 0x1000,
    "mdr-quirk": 0x2000,
}

CACHE_TYPES = {"l3-code": 1, "l3-data": 2, "l3": 3}
CACHE_FLAGS = {"rootshared": 0x1}

IVSHMEM = 3
PCI_TYPES = {"device": 1, "bridge": 2, "ivshmem": IVSHMEM}
BAR_MASKS = {
    "ivshmem-intx": (0xFFFF_F000, 0, 0, 0, 0, 0),
    "ivshmem-msix": (0xFFFF_F000, 0xFFFF_FE00, 0, 0, 0, 0),
}
MSI_FLAGS = {"64-bit": 0x1, "maskable": 0x2}
CAPABILITY_FLAGS = {"write": 0x1}
SHMEM_PROTOCOLS = {
    "undefined": 0,
    "veth": 1,
    "custom": 0x4000,
    "virtio-front": 0x8000,
    "virtio-back": 0xC000,
}

IOMMU_AMD, IOMMU_PVU = 1, 4
IOMMU_TYPES = {
    "none": 0,
    "amd": IOMMU_AMD,
    "intel": 2,
    "smmu-v3": 3,
    "pvu": IOMMU_PVU,
    "mmu-500": 5,
}

APIC_MODES = {"auto": 0, "xapic": 1, "x2apic": 2}
