"""Where each field lies in the binary format; what revisions differ in is said by `Layout` alone.

Everything is little endian and packed. A cell's file is a stamp (signature, revision), a
descriptor, and its sections in a fixed order; a system's file has the board in front of the root
cell's stamp and descriptor.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from hvconsole.cell.model import IOMMU_UNITS, NAME_FIELD_BYTES
from hvconsole.model.problem import Problem

MAX_BYTES = 1 << 16
"""No configuration comes near (the largest have some ten thousand); more is something else."""

MAX_CPU_SET_BYTES = 512
"""4096 CPUs: more than any board has, few enough to list."""

STAMP = Struct("<6sH")
CELL = Struct(f"<{NAME_FIELD_BYTES}s11IQQ")
CONSOLE = Struct("<QIHHIIQ")
MEMORY = Struct("<4Q")
CACHE = Struct("<IIBsH")
IRQCHIP = Struct("<QII16s")
PIO = Struct("<2H")
PCI_DEVICE = Struct("<BBHH6I2HBBHHQIBBH")
CAPABILITY = Struct("<4H")
STREAM_ID = Struct("<I")

SYSTEM_FLAGS = Struct("<I")
PCI_HOST = Struct("<QBBH")
IOMMU = Struct("<IQI12s")
IOMMU_AMD = Struct("<HBBI4s")
IOMMU_PVU = Struct("<QI")


class Layout(NamedTuple):
    """What one revision does in its own way.

    Attributes:
        cell_signature: Begins a cell's file.
        system_signature: Begins a root cell's.
        has_architecture: A byte of the signature says it.
        iommu_first: The IOMMUs stand before the platform's fields, else right behind them.
        arm: The platform of ARM boards.
        x86: The platform of PCs, the same place.
        order_x86: Positions of `X86Platform`'s fields in `x86`.
    """

    cell_signature: bytes
    system_signature: bytes
    has_architecture: bool
    iommu_first: bool
    arm: Struct
    x86: Struct
    order_x86: tuple[int, ...]

    @property
    def board_bytes(self) -> int:
        """Bytes of platform and IOMMUs together; the smaller platform leaves zeros at the end."""
        return max(self.arm.size, self.x86.size) + IOMMU_UNITS * IOMMU.size


# Padding is unpacked (as "2s", "3s", "s") to be looked at.
LAYOUTS = {
    12: Layout(
        cell_signature=b"JHCELL",
        system_signature=b"JHSYST",
        has_architecture=False,
        iommu_first=False,
        arm=Struct("<BB0s5Q"),
        x86=Struct("<HIB3sII"),
        order_x86=(0, 2, 1, 4, 5),
    ),
    14: Layout(
        cell_signature=b"JHCLL",
        system_signature=b"JHSYS",
        has_architecture=True,
        iommu_first=True,
        arm=Struct("<BB2s5Q"),
        x86=Struct("<HBsIII"),
        order_x86=(0, 1, 3, 4, 5),
    ),
}
_RELEASES = {
    10: "of v0.10 and v0.11",
    11: "from before v0.12",
    13: "of master from 2020 to 2022",
}


class CellFormatProblem(Problem):
    """A file is no cell configuration, or not one that a hypervisor could use."""


def unknown_revision(source: str, revision: int) -> CellFormatProblem:
    """Return the problem of a revision that is not in `LAYOUTS`."""
    whose = _RELEASES.get(revision, "of no release that is known")
    return CellFormatProblem(
        f"{source}: configuration revision {revision} ({whose}) is not supported",
        detail="revisions that are: 12 (v0.12) and 14 (master since 2023)",
        hint="build it from its TOML with: hvconsole cell build FILE.toml -o FILE.cell",
    )
