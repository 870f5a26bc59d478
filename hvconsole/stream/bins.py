"""A whole run of one lane by bins of time: extremes exact, memory constant.

When a run outgrows the bins, neighbours merge and the bins become twice as wide. So the picture of
an hour costs as much as that of a second, and a single spike in it stays visible.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hvconsole.model.ticks import U64

I64 = npt.NDArray[np.int64]
NOTHING = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


@dataclass(frozen=True, slots=True)
class Binned:
    """Switches by column: counts, extremes and sums, in ticks.

    Attributes:
        count: Shape (n,), switches that began in the column.
        shortest: Shape (n,), `NOTHING` where there were none.
        longest: Shape (n,), 0 where there were none.
        lost: Shape (n,), sum of lengths.
    """

    count: I64
    shortest: U64
    longest: U64
    lost: U64

    @classmethod
    def empty(cls, size: int) -> Binned:
        """Return `size` columns without switches."""
        return cls(
            np.zeros(size, dtype=np.int64),
            np.full(size, NOTHING),
            np.zeros(size, dtype=np.uint64),
            np.zeros(size, dtype=np.uint64),
        )

    def add(self, other: Binned, at: I64 | slice = slice(None)) -> None:
        """Fold columns in; `at` names the columns they go to, each at most once."""
        self.count[at] += other.count
        self.shortest[at] = np.minimum(self.shortest[at], other.shortest)
        self.longest[at] = np.maximum(self.longest[at], other.longest)
        self.lost[at] += other.lost


def group(column: I64, binned: Binned) -> tuple[I64, Binned]:
    """Fold neighbours that go to the same column.

    Args:
        column: Shape (n,), n ≥ 1, ascending: where each entry goes.
        binned: n entries.

    Returns:
        The columns hit, each once, and their contents.
    """
    first = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    return column[first], Binned(
        np.add.reduceat(binned.count, first),
        np.minimum.reduceat(binned.shortest, first),
        np.maximum.reduceat(binned.longest, first),
        np.add.reduceat(binned.lost, first),
    )


def fold(bounds: I64, binned: Binned) -> Binned:
    """Fold entries into columns, given where each column's entries begin.

    Args:
        bounds: Shape (n + 1,), ascending: column i takes entries bounds[i] to before bounds[i + 1].
        binned: At least bounds[n] entries.
    """
    out = Binned.empty(bounds.size - 1)
    some = np.flatnonzero(bounds[1:] > bounds[:-1])
    if some.size:
        # Columns without entries lie between none: what is left follows on each other.
        first, last = bounds[some], int(bounds[-1])
        out.count[some] = np.add.reduceat(binned.count[:last], first)
        out.shortest[some] = np.minimum.reduceat(binned.shortest[:last], first)
        out.longest[some] = np.maximum.reduceat(binned.longest[:last], first)
        out.lost[some] = np.add.reduceat(binned.lost[:last], first)
    return out


def fold_single(bounds: I64, length: U64) -> Binned:
    """Fold switches of one entry each, as `fold` does."""
    out = Binned.empty(bounds.size - 1)
    some = np.flatnonzero(bounds[1:] > bounds[:-1])
    if some.size:
        first, part = bounds[some], length[: int(bounds[-1])]
        out.count[:] = np.diff(bounds)
        out.shortest[some] = np.minimum.reduceat(part, first)
        out.longest[some] = np.maximum.reduceat(part, first)
        out.lost[some] = np.add.reduceat(part, first)
    return out


def single(length: U64) -> Binned:
    """Return switches as entries of one each."""
    return Binned(np.ones(length.size, dtype=np.int64), length, length, length)


class TimeBins:
    """All switches of a run so far, by time.

    Args:
        origin: Tick at which the first bin begins.
        width: Ticks a bin to begin with; a power of two is taken from it.
        bins: How many bins, a power of two.
    """

    def __init__(self, origin: int, width: int, bins: int = 1 << 16) -> None:
        self.origin = origin
        self._shift = max(width, 1).bit_length() - 1
        self._size = bins
        self._binned = Binned.empty(bins)

    @property
    def width(self) -> int:
        """Ticks a bin, now."""
        return 1 << self._shift

    def push(self, start: U64, length: U64) -> None:
        """Add switches, in order of time, none before the origin."""
        if not start.size:
            return
        since = start - np.uint64(self.origin)
        while int(since[-1]) >> self._shift >= self._size:
            self._coarsen()
        column = (since >> np.uint64(self._shift)).astype(np.int64)
        at, binned = group(column, single(length))
        self._binned.add(binned, at)

    def columns(self, edges: U64) -> Binned:
        """Fold the bins into columns of time.

        A bin goes to the column in which it begins; so the time of a switch is good to one bin.

        Args:
            edges: Shape (n + 1,), ticks, ascending.
        """
        return fold(self._bounds(edges), self._binned)

    def counts(self, edges: U64) -> I64:
        """Return how many switches `columns` has in each column."""
        bounds = self._bounds(edges)
        before = np.concatenate(([0], np.cumsum(self._binned.count[bounds[0] : bounds[-1]])))
        counts: I64 = np.diff(before[bounds - bounds[0]])
        return counts

    def _bounds(self, edges: U64) -> I64:
        since = np.maximum(edges, self.origin) - np.uint64(self.origin)
        # Ceiling: the first bin that begins at or after an edge.
        bounds = (since + np.uint64(self.width - 1)) >> np.uint64(self._shift)
        within: I64 = np.minimum(bounds, self._size).astype(np.int64)
        return within

    def _coarsen(self) -> None:
        """Merge neighbours: half the bins, twice the width."""
        half = self._size // 2
        pairs = np.arange(self._size) // 2
        _, merged = group(pairs, self._binned)
        self._binned = Binned.empty(self._size)
        self._binned.add(merged, slice(0, half))
        self._shift += 1
