"""The memory of a set of configurations by address: plain data for a screen, or text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from hvconsole.cell.check_memory import clash, intercepted, taken_from_root
from hvconsole.cell.document import Document
from hvconsole.cell.finding import Region, Regions, hypervisor_span
from hvconsole.cell.names import IO_WIDTHS, MEMORY_FLAGS
from hvconsole.cell.quantities import format_address, format_size
from hvconsole.cell.running import RunningBoard
from hvconsole.cell.spans import Span, missing

_LETTERS = {"read": "r", "write": "w", "execute": "x"}
HYPERVISOR = "hypervisor"
LINUX = "linux"
MOST_CLASHES = 8
"""Clashes named in one row; one is enough to refuse a set."""


class MapRow(msgspec.Struct, frozen=True):
    """One range of physical addresses and who has it.

    Attributes:
        start: Its first address.
        size: Its bytes.
        owner: A cell's name, `HYPERVISOR`, or `LINUX` (what the running system uses).
        name: What the range is: a region's name, a controller's.
        flags: Of the region, as `names.MEMORY_FLAGS` has them.
        kind: ``ram``, ``io``, ``hypervisor`` or ``linux``.
        clash: Owners and names of what it must not share addresses with, and does.
    """

    start: int
    size: int
    owner: str
    name: str
    flags: tuple[str, ...] = ()
    kind: str = "ram"
    clash: tuple[str, ...] = ()

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.start + self.size


def memory_map(
    root: Document | None,
    cells: Sequence[Document] = (),
    board: RunningBoard | None = None,
) -> tuple[MapRow, ...]:
    """Return what lies where, ascending by address. Pure.

    Args:
        root: The root cell's configuration, where it is known.
        cells: The others.
        board: A running board, for what Linux uses there.
    """
    rows = _Maker(root, cells, board).rows()
    for span in board.linux_ram if board else ():
        rows.append(MapRow(span.start, span.size, LINUX, "System RAM", kind="linux"))
    return tuple(sorted(rows, key=lambda row: (row.start, -row.size, row.owner)))


def drawn(rows: Sequence[MapRow]) -> list[str]:
    """Return a map as lines of text, aligned; ``!`` marks what clashes."""
    cells = [
        (
            "!" if row.clash else " ",
            f"{format_address(row.start)}-{format_address(row.end - 1)}",
            format_size(row.size),
            row.owner,
            row.name,
            short_flags(row.flags),
            f"clashes with {', '.join(row.clash)}" if row.clash else "",
        )
        for row in rows
    ]
    widths = [max((len(one[column]) for one in cells), default=0) for column in range(7)]
    return [
        "  ".join(word.ljust(width) for word, width in zip(one, widths, strict=True)).rstrip()
        for one in cells
    ]


def short_flags(flags: Sequence[str]) -> str:
    """Return flags for a narrow column: ``rwx loadable``."""
    letters = "".join(letter if name in flags else "-" for name, letter in _LETTERS.items())
    words = [name for name in flags if name not in _LETTERS]
    return " ".join([letters, *words]) if flags else ""


class _Maker:
    """Makes the rows of a set, with what runs into what."""

    def __init__(
        self, root: Document | None, cells: Sequence[Document], board: RunningBoard | None
    ) -> None:
        self._root = Regions(root) if root else None
        self._cells = [Regions(cell) for cell in cells]
        self._board = board
        own = hypervisor_span(root) if root else None
        self._kept = [(HYPERVISOR, own)] if own else []
        self._kept += intercepted(root) if root else []

    def rows(self) -> list[MapRow]:
        """Return the rows of all regions, and of what the hypervisor keeps to itself."""
        made = [self._row(region, None) for region in self._root or ()]
        made += [self._row(region, cell) for cell in self._cells for region in cell]
        return made + [self._of_hypervisor(name, span) for name, span in self._kept]

    def _row(self, region: Region, cell: Regions | None) -> MapRow:
        bits = region.memory.flags
        flags = (name for name, bit in MEMORY_FLAGS.items() if bits & bit and not bit & IO_WIDTHS)
        clashes = [name for name, span in self._kept if region.span.common(span)]
        clashes += self._of_cell(region, cell) if cell else ()
        return MapRow(
            region.span.start,
            region.span.size,
            region.document.title,
            region.document.region(region.index),
            tuple(flags),
            "io" if region.is_io else "ram",
            _some(clashes),
        )

    def _of_cell(self, region: Region, cell: Regions) -> Iterator[str]:
        """Yield what a cell's region runs into; it may lie in the root cell's memory."""
        for theirs in self._root.crossing(region.span) if self._root else ():
            if taken_from_root(region, theirs):
                yield theirs.title
        for other in self._cells:
            found = other.crossing(region.span) if other is not cell else ()
            clashes = (theirs.title for theirs in found if clash(region, theirs))
            yield from islice(clashes, MOST_CLASHES)
        if self._board is None or region.is_io:
            return
        if any(region.span.common(span) for span in self._board.linux_ram):
            yield LINUX
        if self._board.ram and missing(region.span, self._board.ram):
            yield "no memory there"

    def _of_hypervisor(self, name: str, span: Span) -> MapRow:
        everyone = [*([self._root] if self._root else []), *self._cells]
        over = (region.title for one in everyone for region in one.crossing(span))
        own = "memory" if name == HYPERVISOR else name
        return MapRow(span.start, span.size, HYPERVISOR, own, kind="hypervisor", clash=_some(over))


def _some(names: Iterable[str]) -> tuple[str, ...]:
    """Return names without repetition, and not more than a line has room for."""
    return tuple(dict.fromkeys(islice(names, MOST_CLASHES)))
