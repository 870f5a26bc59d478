"""Lengths of switches in log-linear buckets: 32 a power of two, as the wire format has them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hvconsole.model.ticks import U64

SUB_BUCKETS = 32
BUCKETS = 60 * SUB_BUCKETS
_SUB_BITS = 5
_MANTISSA_BITS = 52
_EXPONENT_BIAS = 1023

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


def buckets_of(ticks: U64) -> I64:
    """Return the bucket of each length.

    The exponent and the top five bits of the mantissa of an IEEE 754 double are, side by side,
    just the bucket number less a constant; lengths below 32 are their own bucket.

    Args:
        ticks: Shape (n,), lengths; exact below 2^53.

    Returns:
        Shape (n,), 0 to `BUCKETS` − 1.
    """
    bits: I64 = ticks.astype(np.float64).view(np.int64)
    index: I64 = bits >> (_MANTISSA_BITS - _SUB_BITS)
    index -= SUB_BUCKETS * (_EXPONENT_BIAS + _SUB_BITS - 1)
    small = ticks < SUB_BUCKETS
    if small.any():
        index[small] = ticks[small]
    np.minimum(index, BUCKETS - 1, out=index)
    return index


def bucket_edges() -> F64:
    """Return the lower edges of all buckets and the upper edge of the last, in ticks."""
    index = np.arange(BUCKETS + 1)
    power = np.maximum(index // SUB_BUCKETS - 1, 0)
    lowest = np.where(index < SUB_BUCKETS, index, SUB_BUCKETS + index % SUB_BUCKETS)
    edges: F64 = np.ldexp(lowest.astype(np.float64), power)
    return edges


_EDGES = bucket_edges()


class LengthHistogram:
    """How many switches of which length, in constant memory.

    Attributes:
        counts: Shape (`BUCKETS`,), switches a bucket.
        total: How many in all.
    """

    def __init__(self) -> None:
        self.counts: I64 = np.zeros(BUCKETS, dtype=np.int64)
        self.total = 0

    def add(self, ticks: U64) -> None:
        """Count lengths in ticks."""
        self.counts += np.bincount(buckets_of(ticks), minlength=BUCKETS)
        self.total += ticks.size

    def add_buckets(self, bucket: I64, counts: I64) -> None:
        """Count switches known by bucket only."""
        np.add.at(self.counts, bucket, counts)
        self.total += int(counts.sum())

    def merge(self, other: LengthHistogram) -> None:
        """Count everything that another histogram counted."""
        self.counts += other.counts
        self.total += other.total

    def quantiles(self, shares: list[float]) -> list[float]:
        """Return lengths in ticks below which these shares (0 to 1) of the switches lie.

        Within a bucket switches are taken as spread evenly, so the error is at most one bucket,
        1/32 of the length. NaN while there are none.
        """
        if not self.total:
            return [float("nan")] * len(shares)
        reached = np.cumsum(self.counts)
        wanted = np.asarray(shares) * self.total
        bucket = np.minimum(np.searchsorted(reached, wanted), BUCKETS - 1)
        before = reached[bucket] - self.counts[bucket]
        inside = np.clip((wanted - before) / np.maximum(self.counts[bucket], 1), 0, 1)
        # A bucket one tick wide holds one length exactly: its lower edge.
        width = _EDGES[bucket + 1] - _EDGES[bucket] - 1
        return [float(value) for value in _EDGES[bucket] + inside * width]

    def filled(self) -> tuple[F64, I64]:
        """Return edges in ticks, shape (k + 1,), and counts, shape (k,), of the range in use."""
        used = np.flatnonzero(self.counts)
        if not used.size:
            return np.empty(0), np.empty(0, dtype=np.int64)
        first, last = int(used[0]), int(used[-1]) + 1
        return _EDGES[first : last + 1].copy(), self.counts[first:last].copy()
