"""Random numbers that depend on what they are for, and not on when they were asked for.

A generator with a state would make the result depend on the order of the questions, and so on
the size of the portions in which a caller advances the machine. Here every number is a hash of
(seed, purpose, index): the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable
pseudorandom number generators", OOPSLA 2014), over whole arrays.
"""

from __future__ import annotations

import zlib
from typing import Final

import numpy as np
import numpy.typing as npt

from hvconsole.model.ticks import I64, U64

F64 = npt.NDArray[np.float64]

_GAMMA: Final = 0x9E3779B97F4A7C15
_FIRST: Final = 0xBF58476D1CE4E5B9
_SECOND: Final = 0x94D049BB133111EB
_MASK: Final = (1 << 64) - 1
_FIELD_BITS: Final = 16
_FIELD_MASK: Final = np.uint64((1 << _FIELD_BITS) - 1)


def key_of(seed: int, purpose: str) -> int:
    """Return the key of one stream of random numbers."""
    return mix(seed ^ (zlib.crc32(purpose.encode()) << 32))


def mix(value: int) -> int:
    """Hash one number of 64 bits."""
    value = (value + _GAMMA) & _MASK
    value = ((value ^ (value >> 30)) * _FIRST) & _MASK
    value = ((value ^ (value >> 27)) * _SECOND) & _MASK
    return value ^ (value >> 31)


def words(key: int, index: I64) -> U64:
    """Hash an index under a key.

    Args:
        key: From `key_of`.
        index: Shape (n,).

    Returns:
        Shape (n,), 64 random bits each.
    """
    x = index.astype(np.uint64)
    x *= np.uint64(_GAMMA)
    x += np.uint64(key)
    x ^= x >> np.uint64(30)
    x *= np.uint64(_FIRST)
    x ^= x >> np.uint64(27)
    x *= np.uint64(_SECOND)
    x ^= x >> np.uint64(31)
    return x


def uniform(drawn: U64, field: int) -> F64:
    """Cut one of four uniform numbers in [0, 1) out of each word, 16 bits fine.

    Args:
        drawn: Shape (n,), from `words`.
        field: 0 to 3.

    Returns:
        Shape (n,).
    """
    bits = (drawn >> np.uint64(_FIELD_BITS * field)) & _FIELD_MASK
    return bits.astype(np.float64) * (1.0 / (1 << _FIELD_BITS))
