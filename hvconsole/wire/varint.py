"""Unsigned LEB128, one value at a time and whole arrays at once.

The array decoder gathers the eight bytes that follow each start with one unaligned load and
squeezes the 7-bit groups together in three steps, instead of looping over bytes. Values that need
more than eight bytes (2^56 and above) take the slow way; in practice that is nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from hvconsole.model.ticks import U64

MAX_BYTES = 10
_CONTINUES = 0x80
_FAST_BYTES = 8

# Keeps the low n bytes of a gathered word, n = 0..8, less their continuation bits.
_KEEP = np.array(
    [((1 << (8 * n)) - 1) & 0x7F7F7F7F7F7F7F7F for n in range(_FAST_BYTES + 1)], dtype=np.uint64
)
# Where the pairs, fours and eights of 7-bit groups stand while they are squeezed together.
_STEPS = (
    (np.uint64(0x007F007F007F007F), np.uint64(0x7F007F007F007F00), np.uint64(1)),
    (np.uint64(0x00003FFF00003FFF), np.uint64(0x3FFF00003FFF0000), np.uint64(2)),
    (np.uint64(0x000000000FFFFFFF), np.uint64(0x0FFFFFFF00000000), np.uint64(4)),
)


class VarintError(ValueError):
    """Bytes that are no varint: cut off, or longer than ten bytes."""


def encode(value: int) -> bytes:
    """Encode one value, from 0 to below 2^64."""
    out = bytearray()
    while value >= _CONTINUES:
        out.append(value & 0x7F | _CONTINUES)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode_all(values: Iterable[int]) -> bytes:
    """Encode several values one after the other."""
    return b"".join(encode(value) for value in values)


def encode_array(values: U64) -> bytes:
    """Encode an array, shape (n,), one value after the other."""
    sizes = np.ones(values.size, dtype=np.int64)
    for groups in range(1, MAX_BYTES):
        longer = values >= np.uint64(1 << (7 * groups))
        if not longer.any():
            break
        sizes += longer
    starts = np.cumsum(sizes) - sizes
    out = np.zeros(int(sizes.sum()), dtype=np.uint8)
    for place in range(int(sizes.max(initial=0))):
        here = sizes > place
        octets = (values[here] >> np.uint64(7 * place)).astype(np.uint8) & 0x7F
        octets |= np.where(sizes[here] > place + 1, _CONTINUES, 0).astype(np.uint8)
        out[starts[here] + place] = octets
    return out.tobytes()


def decode(data: bytes | memoryview, offset: int = 0) -> tuple[int, int]:
    """Decode one value at `offset`.

    Returns:
        The value and the offset behind it.

    Raises:
        VarintError: The bytes end within the value, or it is longer than ten bytes or 64 bits.
    """
    value = 0
    for index, byte in enumerate(data[offset : offset + MAX_BYTES]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < _CONTINUES:
            if value >> 64:
                raise VarintError("a varint does not fit 64 bits")
            return value, offset + index + 1
    raise VarintError("a varint has no end")


def decode_array(data: bytes | memoryview) -> U64:
    """Decode all values in `data`.

    Returns:
        Shape (n,), the values in order.

    Raises:
        VarintError: The last value is cut off, or one is longer than ten bytes or 64 bits.
    """
    values, _ = decode_parts([data])
    return values


def decode_parts(parts: Sequence[bytes | memoryview]) -> tuple[U64, list[int]]:
    """Decode several stretches of bytes at once: on short ones numpy's calls would cost the most.

    Returns:
        Shape (n,), the values of all parts in order; and how many each part holds.

    Raises:
        VarintError: The last value of a part is cut off, or one is longer than ten bytes or
            64 bits.
    """
    data = b"".join(parts)
    octets = np.frombuffer(data, dtype=np.uint8)
    limits = list(accumulate(len(part) for part in parts))
    if any(limit and octets[limit - 1] >= _CONTINUES for limit in limits):
        raise VarintError("a varint has no end")
    if octets.size == 0:
        return np.empty(0, dtype=np.uint64), [0] * len(parts)
    ends = np.flatnonzero(octets < _CONTINUES)
    starts = np.empty_like(ends)
    starts[0] = 0
    np.add(ends[:-1], 1, out=starts[1:])
    lengths = ends - starts
    lengths += 1
    longest = int(lengths.max())
    if longest > MAX_BYTES:
        raise VarintError("a varint is longer than ten bytes")
    words = _gather(octets, starts)
    words &= _KEEP.take(lengths, mode="clip")
    values = _squeeze(words, longest)
    if longest > _FAST_BYTES:
        for index in np.flatnonzero(lengths > _FAST_BYTES):
            values[index], _ = decode(data, int(starts[index]))
    reached = [0, *np.searchsorted(ends, limits).tolist()]
    return values, [after - before for before, after in pairwise(reached)]


def _gather(octets: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]) -> U64:
    """Load the eight bytes at each start, wherever it lies (little-endian, unaligned)."""
    padded = np.zeros(octets.size + _FAST_BYTES, dtype=np.uint8)
    padded[: octets.size] = octets
    windows = np.ndarray((octets.size,), dtype="<u8", buffer=padded, strides=(1,))
    return windows[starts].astype(np.uint64, copy=False)


def _squeeze(words: U64, longest: int) -> U64:
    """Close the gaps that the continuation bits left. Works in place."""
    for step, (low, high, shift) in enumerate(_STEPS):
        if longest <= 1 << step:
            break
        upper = words & high
        upper >>= shift
        words &= low
        words |= upper
    return words
