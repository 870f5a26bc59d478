"""The memory of a set as a drawing: addresses from top to bottom, a column for each owner.

Where nothing changes between two addresses there is one row, however long it is. Registers that one
owner alone has are counted, not drawn: a root cell has dozens of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hvconsole.cell.mapping import HYPERVISOR, LINUX, MapRow
from hvconsole.cell.quantities import format_address, format_size

OWN, LENT, SHARED, CLASH = "█", "░", "▒", "✗"
LEGEND = f"{OWN} its own  {LENT} lent to a cell  {SHARED} shared  {CLASH} clash"
MOST_ROWS = 64
_COLUMN = 6
_WIDEST = 18


@dataclass(frozen=True, slots=True)
class _Part:
    """A range in which nothing changes, and the mark of each owner in it."""

    start: int
    end: int
    marks: Mapping[str, str]
    registers: bool


def picture(rows: Sequence[MapRow], root: str = "") -> list[str]:
    """Draw a map as lines of text.

    Args:
        rows: The map (`hvconsole.cell.mapping.memory_map`).
        root: Name of the root cell, who lends its memory to the others.

    Returns:
        A line of owners, a line a range, what the marks mean; nothing for an empty map. Names are
        untrusted, as they are in the map.
    """
    owners = _owners(rows, root)
    parts = list(_parts(rows, root))
    all_drawn = [part for part in parts if not _of_one_alone(part)]
    drawn = all_drawn[:MOST_ROWS]
    if not drawn:
        return []
    addresses = [format_address(part.start) for part in drawn]
    sizes = [format_size(part.end - part.start) for part in drawn]
    left, size = max(map(len, addresses)), max(map(len, sizes))
    widths = [min(max(len(name), _COLUMN), _WIDEST) for name in owners]
    names = [name[:wide].ljust(wide) for name, wide in zip(owners, widths, strict=True)]
    lines = ["  ".join([" " * left, " " * size, *names]).rstrip()]
    for at, (part, address, long) in enumerate(zip(drawn, addresses, sizes, strict=True)):
        if at and part.start != drawn[at - 1].end:
            lines.append("  …")
        marks = [
            (part.marks.get(name, " ") * _COLUMN).ljust(wide)
            for name, wide in zip(owners, widths, strict=True)
        ]
        lines.append("  ".join([address.ljust(left), long.rjust(size), *marks]).rstrip())
    if rest := len(all_drawn) - len(drawn):
        lines.append(f"  … and {rest} more")
    return [*lines, LEGEND, *_counted(parts)]


def cpu_lines(now: Mapping[str, Iterable[int]], then: Mapping[str, Iterable[int]]) -> list[str]:
    """Draw who has which CPU, and who will: a line a CPU; ``→`` where it changes hands.

    Args:
        now: CPUs by owner's name.
        then: What a new configuration makes of them; it wins over `now`.
    """
    before = {cpu: name for name, cpus in now.items() for cpu in cpus}
    after = before | {cpu: name for name, cpus in then.items() for cpu in cpus}
    lines = []
    for cpu in sorted(after):
        had, has = before.get(cpu, ""), after[cpu]
        lines.append(f"CPU {cpu}  {had} → {has}" if had and had != has else f"CPU {cpu}  {has}")
    return lines


def _owners(rows: Sequence[MapRow], root: str) -> list[str]:
    """Return the columns: Linux and the root cell first, the hypervisor last."""
    names = dict.fromkeys(row.owner for row in rows)
    ends = [LINUX, root, HYPERVISOR]
    between = [name for name in names if name not in ends]
    return [name for name in (LINUX, root, *between, HYPERVISOR) if name in names]


def _parts(rows: Sequence[MapRow], root: str) -> Iterable[_Part]:
    """Cut the address space where an owner begins or ends; join what looks alike."""
    edges = sorted({edge for row in rows for edge in (row.start, row.end)})
    starting: dict[int, list[MapRow]] = {}
    for row in rows:
        starting.setdefault(row.start, []).append(row)
    active: list[MapRow] = []
    last: _Part | None = None
    for start, end in pairwise(edges):
        active = [row for row in active if row.end > start] + starting.get(start, [])
        if not active:
            continue
        part = _Part(start, end, _marks(active, root), all(row.kind == "io" for row in active))
        alike = last is not None and (last.end, last.marks, last.registers) == (
            start,
            part.marks,
            part.registers,
        )
        if alike and last is not None and not part.registers:
            last = _Part(last.start, end, part.marks, part.registers)
            continue
        if last is not None:
            yield last
        last = part
    if last is not None:
        yield last


def _marks(active: Sequence[MapRow], root: str) -> dict[str, str]:
    cells = {row.owner for row in active if row.owner not in (root, LINUX, HYPERVISOR)}
    shared = any("rootshared" in row.flags for row in active)
    marks: dict[str, str] = {}
    for row in active:
        if row.clash:
            mark = CLASH
        elif shared:
            mark = SHARED
        elif row.owner == root and cells:
            mark = LENT
        else:
            mark = OWN
        marks[row.owner] = CLASH if marks.get(row.owner) == CLASH else mark
    return marks


def _of_one_alone(part: _Part) -> bool:
    return part.registers and len(part.marks) == 1 and CLASH not in part.marks.values()


def _counted(parts: Sequence[_Part]) -> list[str]:
    """Say how many ranges of registers are not drawn."""
    alone: dict[str, int] = {}
    for part in parts:
        if _of_one_alone(part):
            (owner,) = part.marks
            alone[owner] = alone.get(owner, 0) + 1
    return [
        f"registers that {owner} alone has: {number} range{'s' if number > 1 else ''}"
        for owner, number in alone.items()
    ]
