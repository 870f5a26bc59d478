"""`jailhouse config check`: it compares regions within a cell and with the hypervisor, no more."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from hvconsole.sim.hypervisor.host import ToolCall
from hvconsole.sim.hypervisor.jailhouse import words
from hvconsole.sim.hypervisor.jailhouse.config import (
    FLAG_NAMES,
    CellConfig,
    NotAConfigError,
    Region,
    decode_cell,
    decode_system,
)


def check(call: ToolCall, read: Callable[[str], bytes], paths: list[str]) -> int:
    """Check a set of configurations; return 1 where something overlaps."""
    if set(paths) & {"-h", "--help"}:
        call.out(words.CHECK_HELP)
        return 0
    if not paths:
        call.err(words.CHECK_USAGE)
        call.err("jailhouse config check: error: the following arguments are required: SYSCONFIG\n")
        return 2
    call.out("Reading configuration set:\n")
    try:
        system = decode_system(read(paths[0]))
        cells = [system.root, *(decode_cell(read(path)) for path in paths[1:])]
    except NotAConfigError as wrong:
        call.err(f"Error reading config file: {wrong}\n")
        return 1
    call.out("  Architecture:  arm\n")
    for cell, path in zip(cells, paths, strict=True):
        kind = "Root cell:    " if cell is system.root else "Non-root cell:"
        call.out(f"  {kind} {cell.name} ({path})\n")
    own = Region(system.phys, 0, system.size, 0)
    inside = [_pair(cell, a, b) for cell in cells for a, b in _overlaps(cell)]
    with_it = [
        _one(cell, index, region) + _region("overlaps with hypervisor memory region", own)
        for cell in cells
        for index, region in enumerate(cell.regions)
        if region.overlaps(own.phys, own.size)
    ]
    call.out(_told("Overlapping memory regions inside cell", inside))
    call.out(_told("Overlapping memory regions with hypervisor", with_it))
    # After a finding the real tool leaves out the next heading's answer.
    call.out("Missing PCI MMCONFIG interceptions:" + ("\n\n" if with_it else " None\n"))
    call.out("Missing resource interceptions for architecture arm: None\n")
    return int(bool(inside or with_it))


def _overlaps(cell: CellConfig) -> list[tuple[int, int]]:
    return [
        (a, b)
        for (a, one), (b, other) in combinations(enumerate(cell.regions), 2)
        if one.size and other.size and one.overlaps(other.phys, other.size)
        and not other.flags & 0x20
    ]  # fmt: skip


def _pair(cell: CellConfig, a: int, b: int) -> str:
    return _one(cell, a, cell.regions[a]) + _region(f"overlaps with region {b}", cell.regions[b])


def _one(cell: CellConfig, index: int, region: Region) -> str:
    return _region(f"In cell '{cell.name}', region {index}", region)


def _region(title: str, region: Region) -> str:
    names = " | ".join(
        f"JAILHOUSE_MEM_{name}" for bit, name in FLAG_NAMES.items() if region.flags & bit
    )
    return (
        f"{title}\n"
        f"  phys_start: {region.phys:#018x}\n"
        f"  virt_start: {region.virt:#018x}\n"
        f"  size:       {region.size:#018x}\n"
        f"  flags:      {names}\n"
    )


def _told(title: str, findings: list[str]) -> str:
    return f"{title}:" + ("\n\n" + "\n".join(findings) + "\n" if findings else " None\n")
