"""PCI devices in the readable form."""

from __future__ import annotations

from hvconsole.cell import names
from hvconsole.cell.model import PciDevice
from hvconsole.cell.quantities import parse_bdf
from hvconsole.cell.table import Table

_NUMBERS = {
    "iommu": 8,
    "domain": 16,
    "caps_start": 16,
    "num_caps": 16,
    "num_msi_vectors": 8,
    "num_msix_vectors": 16,
    "msix_region_size": 16,
    "msix_address": 64,
    "shmem_regions_start": 32,
    "shmem_dev_id": 8,
    "shmem_peers": 8,
}
"""Fields that are plain numbers, with their bits."""

_KEYS = (*_NUMBERS, "type", "bdf", "bar_mask", "msi_flags", "shmem_protocol")


def read_pci_device(table: Table) -> PciDevice:
    """Read a PCI device.

    Raises:
        CellTextProblem: A key or value is wrong.
    """
    table.only(*_KEYS)
    return PciDevice(
        type=table.choice("type", names.PCI_TYPES, 8),
        bdf=_bdf(table),
        bar_mask=_bar_mask(table),
        msi_flags=table.flags("msi_flags", names.MSI_FLAGS, 8),
        shmem_protocol=table.choice("shmem_protocol", names.SHMEM_PROTOCOLS, 16),
        **{key: table.number(key, bits) for key, bits in _NUMBERS.items()},
    )


def _bdf(table: Table) -> int:
    """Return the place on the bus, ``00:01.0``."""
    text = table.text("bdf", "00:00.0")
    bdf = parse_bdf(text)
    if bdf is None:
        raise table.wrong("bdf", "'bdf' is no place on the PCI bus", hint='write it as "00:01.0"')
    return bdf


def _bar_mask(table: Table) -> tuple[int, int, int, int, int, int]:
    """Return which bits of the base addresses can be written; `names.BAR_MASKS` has the usual."""
    if table.is_text("bar_mask"):
        return names.BAR_MASKS[table.one_of("bar_mask", names.BAR_MASKS)]
    first, second, third, fourth, fifth, sixth = table.numbers("bar_mask", 6, 32)
    return first, second, third, fourth, fifth, sixth
