"""Configurations for the tests of cells: any that the format can hold, and the ones in cells/."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from hvconsole.cell import Cell, Configuration, Document, System, open_document, read_toml
from hvconsole.cell.model import (
    ArmPlatform,
    Cache,
    Console,
    Iommu,
    IrqChip,
    Memory,
    PciCapability,
    PciDevice,
    PioRange,
    X86Platform,
)

CELLS = Path(__file__).parents[2] / "cells"

U8, U16, U32, U64 = (st.integers(0, (1 << bits) - 1) for bits in (8, 16, 32, 64))
consoles = st.builds(Console, U64, U32, U16, U16, U32, U32, U64)
memories = st.builds(Memory, U64, U64, U64, U64)
pci_devices = st.builds(
    PciDevice, U8, U8, U16, U16, st.tuples(*[U32] * 6), U16, U16, U8, U8, U16, U16, U64, U32, U8,
    U8, U16,
)  # fmt: skip
# Names end at the first NUL, so none of ours ends in one.
names = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=31)
    .map(lambda text: text.rstrip("\0"))
    .filter(lambda text: len(text.encode()) <= 32)
)


def few(what: st.SearchStrategy) -> st.SearchStrategy:
    """Return a strategy for up to four of these."""
    return st.lists(what, max_size=4).map(tuple)


cells = st.builds(
    Cell,
    name=names,
    id=U32,
    flags=U32,
    cpus=st.sets(st.integers(0, 63)).map(sorted).map(tuple),
    cpu_set_size=st.integers(8, 16),
    vpci_irq_base=U32,
    cpu_reset_address=U64,
    msg_reply_timeout=U64,
    console=consoles,
    memory=few(memories),
    caches=few(st.builds(Cache, U32, U32, U8, U16)),
    irqchips=few(st.builds(IrqChip, U64, U32, U32, st.integers(0, 2**128 - 1))),
    pio=few(st.builds(PioRange, U16, U16)),
    pci_devices=few(pci_devices),
    pci_capabilities=few(st.builds(PciCapability, U16, U16, U16, U16)),
    stream_ids=few(U32),
)
iommus = st.one_of(
    st.builds(Iommu, st.just(1), U64, U32, U16, U8, U8, U32),
    st.builds(Iommu, st.just(4), U64, U32, tlb_base=U64, tlb_size=U32),
    st.builds(Iommu, st.sampled_from([2, 3, 5, 77]), U64, U32),
)
arm = st.builds(ArmPlatform, U8, U8, U64, U64, U64, U64, U64)
x86 = st.builds(X86Platform, U16, U8, U32, U32, U32)


def systems(platform: st.SearchStrategy) -> st.SearchStrategy:
    """Return a strategy for boards of one kind."""
    return st.builds(
        System,
        flags=U32,
        hypervisor_memory=memories,
        debug_console=consoles,
        pci_mmconfig_base=U64,
        pci_mmconfig_end_bus=U8,
        pci_is_virtual=U8,
        pci_domain=U16,
        iommu_units=st.lists(iommus, max_size=8).map(tuple),
        platform=platform,
        root_stamp=st.binary(min_size=8, max_size=8),
    )


def _configurations(revision: int) -> st.SearchStrategy:
    kinds = [
        st.builds(
            Configuration,
            revision=st.just(revision),
            architecture=st.just(architecture),
            cell=cells,
            system=st.none() | systems(platform),
        )
        for architecture, platform in (("arm", arm), ("arm64", arm), ("x86", x86))
    ]
    return st.one_of(kinds)


configurations = st.sampled_from([12, 14]).flatmap(_configurations)


def document(name: str) -> Document:
    """Return one of the configurations in cells/."""
    return open_document(CELLS / f"{name}.toml")


def changed(name: str, *changes: tuple[str, str]) -> Document:
    """Return one of them with parts of its text replaced, each of which occurs once."""
    text = (CELLS / f"{name}.toml").read_text()
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {name}"
        text = text.replace(old, new)
    return read_toml(text, f"{name}.toml")
