"""Checks of memory: what overlaps, what lies where no memory is, what loading would run into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product

from hvconsole.cell.boards import BOARDS
from hvconsole.cell.document import Document
from hvconsole.cell.finding import (
    Finding,
    Region,
    Regions,
    error,
    hypervisor_span,
    regions,
    warning,
)
from hvconsole.cell.model import ArmPlatform
from hvconsole.cell.names import COMM_REGION, IO_WIDTHS, LOADABLE, READ, WRITE
from hvconsole.cell.spans import Span, missing, overlapping, sized

_PAGE_MASK = 0xFFF
_BUS_BYTES = 1 << 20
_GIC_BYTES = {"GICD": 0x1000, "GICC": 0x2000, "GICH": 0x2000, "GICV": 0x2000}
_GICR_BYTES = 0x2_0000  # of one CPU


def check_memory(
    root: Document, cells: Sequence[Document], ram: Sequence[Span]
) -> Iterator[Finding]:
    """Check the memory of a set.

    Args:
        root: The root cell.
        cells: The others.
        ram: What memory the board has; empty where that is not known.
    """
    for document in (root, *cells):
        yield from check_inside(document)
        yield from _hypervisor(root, document)
        yield from _intercepted(root, document)
    for one, other in combinations(cells, 2):
        yield from _between(one, other)
    known = list(ram) or _ram_by_name(root)
    for cell in cells:
        outside = [*_outside_ram(cell, known)]
        yield from outside
        nowhere = {finding.place for finding in outside}
        unloadable = [one for one in _loadable(root, cell) if one.place not in nowhere]
        yield from unloadable
        nowhere |= {finding.place for finding in unloadable}
        yield from (one for one in _with_root(root, cell) if one.place not in nowhere)
        if not known:
            yield from _nobodys(root, cell)


def taken_from_root(mine: Region, roots: Region) -> Span | None:
    """Return memory that a cell has for itself where the root cell shares it with others."""
    if mine.is_shared or not roots.is_shared or mine.is_io or roots.is_io:
        return None
    return mine.span.common(roots.span)


def _with_root(root: Document, cell: Document) -> Iterator[Finding]:
    there = Regions(root)
    for mine in regions(cell):
        for roots in there.crossing(mine.span):
            common = taken_from_root(mine, roots)
            if common is None:
                continue
            yield error(
                "overlap-shared",
                mine.place,
                f"{mine.title} lies in memory that the root cell shares: {common}",
                f"there: {roots.title}, {roots.place}\nothers write to it",
                "move it, or give it the flag rootshared if it is that shared memory",
            )


def clash(one: Region, other: Region) -> Span | None:
    """Return what two regions of different cells both take and should not."""
    if one.is_shared and other.is_shared:
        return None
    return one.span.common(other.span)


def _between(one: Document, other: Document) -> Iterator[Finding]:
    """Find what two cells both have: case 1 of what Jailhouse accepts without a word.

    Of each region of the second cell only the first clash is told.
    """
    there = Regions(one)
    for theirs in regions(other):
        for mine in there.crossing(theirs.span):
            common = clash(mine, theirs)
            if common is not None:
                yield _both_have(mine, theirs, common)
                break


def _both_have(mine: Region, theirs: Region, common: Span) -> Finding:
    title = f"{theirs.title} and {mine.title} overlap: {common}"
    if mine.is_io or theirs.is_io:
        return warning(
            "shared-registers",
            theirs.place,
            title,
            f"both cells may write these registers (the other: {mine.place})",
            "if that is meant, give both regions the flag rootshared",
        )
    return error(
        "overlap-cells",
        theirs.place,
        title,
        f"the other: {mine.place}\nJailhouse accepts this: loading one cell then silently "
        "kills the other, whose state stays 'running'",
        "move one of them, or give both the flag rootshared if the memory is shared",
    )


def _hypervisor(root: Document, document: Document) -> Iterator[Finding]:
    """Find what lies in the hypervisor's memory: case 2."""
    own = hypervisor_span(root)
    for region in regions(document) if own else ():
        common = region.span.common(own) if own else None
        if common is not None:
            yield error(
                "overlap-hypervisor",
                region.place,
                f"{region.title} lies in the hypervisor's memory: {common}",
                "Jailhouse accepts this: the cell can then write over the hypervisor, and "
                "'disable' crashes the root cell",
                f"the hypervisor has {own}: move the region",
            )


def _outside_ram(cell: Document, ram: Sequence[Span]) -> Iterator[Finding]:
    """Find memory that is none: also case 2."""
    for region in regions(cell) if ram else ():
        left = [] if region.is_io else missing(region.span, ram)
        if left:
            yield error(
                "outside-ram",
                region.place,
                f"{region.title} lies outside the board's memory: {left[0]}",
                "Jailhouse accepts this: nothing answers there",
                f"the board has memory at {', '.join(map(str, ram))}",
            )


def _loadable(root: Document, cell: Document) -> Iterator[Finding]:
    """Find where loading an image would make the root cell touch what it may not: case 3."""
    writable = [
        region.span
        for region in regions(root)
        if region.memory.flags & (READ | WRITE) == READ | WRITE and not region.is_io
    ]
    for region in regions(cell):
        left = missing(region.span, writable) if region.memory.flags & LOADABLE else []
        if not left:
            continue
        holder = next((one for one in regions(root) if one.span.common(left[0])), None)
        why = (
            f"the root cell may only read it there ({holder.title}, {holder.place})"
            if holder
            else "the root cell has no memory there"
        )
        yield error(
            "loadable-outside-root",
            region.place,
            f"{region.title} cannot be loaded: {left[0]}",
            f"{why}\nJailhouse accepts this: 'cell load' then kills the root Linux "
            "('Unhandled data write', 'Parking CPU')",
            _where_instead(writable),
        )


def _where_instead(writable: Sequence[Span]) -> str:
    if not writable:
        return "give the root cell a region of memory with the flags read and write"
    largest = max(writable, key=lambda span: span.size)
    return f"move it to where the root cell may write, below {largest.end:#x}: {largest}"


def _nobodys(root: Document, cell: Document) -> Iterator[Finding]:
    """Find memory of which nothing says that it exists."""
    known = [region.span for region in regions(root) if not region.is_io]
    for region in regions(cell):
        if region.is_io or region.memory.flags & LOADABLE:
            continue
        left = missing(region.span, known)
        if left:
            yield warning(
                "unknown-ram",
                region.place,
                f"{region.title} lies outside the root cell's memory: {left[0]}",
                "whether the board has memory there is not known here",
                "ask the board: hvconsole cell check … --board BOARD",
            )


def check_inside(document: Document) -> Iterator[Finding]:
    """Check regions by themselves: overlaps, by the machine's addresses and its own; widths."""
    found = list(regions(document))
    for first, second, common in overlapping([region.span for region in found]):
        one, other = sorted((found[first], found[second]), key=lambda region: region.index)
        title = f"{other.title} overlaps {document.region(one.index)}: {common}"
        detail = f"the other: {one.place}\nwhich of the two permissions holds is chance"
        yield error("overlap-inside", other.place, title, detail, "let one end earlier")
    memory = document.cell.memory
    seen = [index for index, one in enumerate(memory) if one.size]
    spans = [sized(memory[index].virt_start, memory[index].size) for index in seen]
    for first, second, common in overlapping(spans):
        lower, upper = sorted((seen[first], seen[second]))
        if _also_physical(document, lower, upper):
            continue
        yield error(
            "overlap-virtual",
            document.place("memory", upper),
            f"'{document.title}' sees {document.region(upper)} and {document.region(lower)} "
            f"at the same address: {common}",
            f"the other: {document.place('memory', lower)}",
            "give one another 'virt'",
        )
    yield from _widths(document)


def _widths(document: Document) -> Iterator[Finding]:
    """Find registers on part of a page that no access may reach.

    Jailhouse traps such a region and lets accesses pass by their width alone.
    """
    for region in regions(document):
        memory = region.memory
        if (memory.virt_start | memory.size) & _PAGE_MASK and not memory.flags & IO_WIDTHS:
            yield error(
                "no-width",
                region.place,
                f"{region.title} is no whole page, and allows no width of access",
                "Jailhouse traps each access there, and parks the CPU for all but allowed widths",
                "add the flag io-32 (or io-8, io-16, io-64), or begin and end on a page",
            )


def _also_physical(document: Document, first: int, second: int) -> bool:
    """Say whether two regions overlap in the machine as well, so that it has been told."""
    one, other = document.cell.memory[first], document.cell.memory[second]
    if (one.flags | other.flags) & COMM_REGION:
        return False
    return sized(one.phys_start, one.size).common(sized(other.phys_start, other.size)) is not None


def _intercepted(root: Document, document: Document) -> Iterator[Finding]:
    """Find regions over what the hypervisor has to intercept: interrupts, IOMMUs, virtual PCI."""
    for region, (name, span) in product(regions(document), intercepted(root)):
        common = region.span.common(span)
        if common is not None:
            yield error(
                "overlap-intercepted",
                region.place,
                f"{region.title} covers the {name}: {common}",
                "the cell would reach past the hypervisor, which has to see each access there",
                "leave these addresses out of the region",
            )


def intercepted(root: Document) -> list[tuple[str, Span]]:
    """Return what the hypervisor keeps to itself, by name, beside its memory."""
    system = root.system
    if system is None:
        return []
    found = [
        (f"IOMMU {number}", sized(unit.base, unit.size))
        for number, unit in enumerate(system.iommu_units)
        if unit.base and unit.size
    ]
    if system.pci_mmconfig_base:
        size = (system.pci_mmconfig_end_bus + 1) * _BUS_BYTES
        found.append(("PCI configuration space", sized(system.pci_mmconfig_base, size)))
    platform = system.platform
    if isinstance(platform, ArmPlatform):
        bases = (platform.gicd_base, platform.gicc_base, platform.gich_base, platform.gicv_base)
        found += [
            (name, sized(base, size))
            for (name, size), base in zip(_GIC_BYTES.items(), bases, strict=True)
            if base
        ]
        if platform.gicr_base:
            size = _GICR_BYTES * max(len(root.cell.cpus), 1)
            found.append(("GICR", sized(platform.gicr_base, size)))
    return found


def _ram_by_name(root: Document) -> list[Span]:
    """Return the memory of the board that the text names; a guess by addresses is not enough."""
    board = BOARDS.get(root.board_name)
    return [sized(*board.ram)] if board else []
