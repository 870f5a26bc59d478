"""Ranges of physical addresses: what they share, what of one the others leave uncovered."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from hvconsole.cell.quantities import format_address, format_size


class Span(NamedTuple):
    """Addresses from `start` up to, and without, `end`."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.start

    def common(self, other: Span) -> Span | None:
        """Return what both have; None where that is nothing."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None

    def __str__(self) -> str:
        last = format_address(self.end - 1)
        return f"{format_address(self.start)}-{last} ({format_size(self.size)})"


def sized(start: int, size: int) -> Span:
    """Return the span of so many bytes."""
    return Span(start, start + size)


def missing(wanted: Span, covers: Iterable[Span]) -> list[Span]:
    """Return the parts of a span that lie in none of the others, ascending."""
    left: list[Span] = []
    at = wanted.start
    for cover in sorted(covers):
        if cover.end <= at or cover.start >= wanted.end:
            continue
        if cover.start > at:
            left.append(Span(at, cover.start))
        at = cover.end
    if at < wanted.end:
        left.append(Span(at, wanted.end))
    return left


def overlapping(spans: Sequence[Span]) -> Iterator[tuple[int, int, Span]]:
    """Yield for each span that begins inside an earlier one: both positions, what they share.

    One pair for each span, so that a file full of overlaps does not give their square.
    """
    order = sorted(range(len(spans)), key=lambda position: (spans[position], position))
    holder = -1
    for position in order:
        common = spans[holder].common(spans[position]) if holder >= 0 else None
        if common is not None:
            yield holder, position, common
        if holder < 0 or spans[position].end > spans[holder].end:
            holder = position


class Crossing:
    """Finds which of many spans share something with another one, without looking at all."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._order = sorted(range(len(spans)), key=lambda position: spans[position])
        self._spans = [spans[position] for position in self._order]
        self._starts = [span.start for span in self._spans]
        self._ends = list(accumulate((span.end for span in self._spans), max))

    def of(self, span: Span) -> Iterator[int]:
        """Yield the positions of those that share an address with `span`."""
        at = bisect_left(self._starts, span.end)
        while at and self._ends[at - 1] > span.start:
            at -= 1
            if self._spans[at].end > span.start:
                yield self._order[at]
