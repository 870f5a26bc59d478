"""What a check finds, and the regions that it looks at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from hvconsole.cell.document import Document
from hvconsole.cell.model import Memory
from hvconsole.cell.names import COMM_REGION, IO, ROOTSHARED
from hvconsole.cell.spans import Crossing, Span, sized

Severity = Literal["error", "warning"]


class Finding(msgspec.Struct, frozen=True):
    """Something that is wrong with a set of configurations.

    Attributes:
        severity: An error is not safe to use; a warning may be meant.
        code: Says the kind, for programs: ``overlap-cells``.
        place: File and line; the file alone where it is binary.
        title: One line that names the thing.
        detail: Why it matters: what happens on a board.
        hint: What to do.
    """

    severity: Severity
    code: str
    place: str
    title: str
    detail: str = ""
    hint: str = ""


def error(code: str, place: str, title: str, detail: str = "", hint: str = "") -> Finding:
    """Return what makes a set unsafe."""
    return Finding("error", code, place, title, detail, hint)


def warning(code: str, place: str, title: str, detail: str = "", hint: str = "") -> Finding:
    """Return what a person should look at."""
    return Finding("warning", code, place, title, detail, hint)


@dataclass(frozen=True)
class Region:
    """A memory region of a document that takes physical addresses: `span`."""

    document: Document
    index: int
    memory: Memory
    span: Span

    @property
    def place(self) -> str:
        """Where it is said."""
        return self.document.place("memory", self.index)

    @property
    def title(self) -> str:
        """Name of the cell and of the region."""
        return f"'{self.document.title}' {self.document.region(self.index)}"

    @property
    def is_io(self) -> bool:
        """Whether it is registers, not memory."""
        return bool(self.memory.flags & IO)

    @property
    def is_shared(self) -> bool:
        """Whether the root cell keeps it too."""
        return bool(self.memory.flags & ROOTSHARED)


def regions(document: Document) -> Iterator[Region]:
    """Yield the regions that take physical addresses: no placeholders, no page of Jailhouse's."""
    for index, memory in enumerate(document.cell.memory):
        if memory.size and not memory.flags & COMM_REGION:
            span = sized(memory.phys_start, memory.size)
            yield Region(document, index, memory, span)


class Regions:
    """The regions of a document, to look up by address."""

    def __init__(self, document: Document) -> None:
        self._all = list(regions(document))
        self._crossing = Crossing([region.span for region in self._all])

    def __iter__(self) -> Iterator[Region]:
        return iter(self._all)

    def crossing(self, span: Span) -> Iterator[Region]:
        """Yield those that share an address with a span."""
        return (self._all[position] for position in self._crossing.of(span))


def hypervisor_span(root: Document) -> Span | None:
    """Return the hypervisor's own memory."""
    memory = root.system.hypervisor_memory if root.system else None
    return sized(memory.phys_start, memory.size) if memory and memory.size else None
