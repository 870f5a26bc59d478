"""Dots: a braille character is a raster of 2 × 4 of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

ACROSS = 2
DOWN = 4
BRAILLE = 0x2800

Bools = npt.NDArray[np.bool_]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

# Dot numbers 1 2 3 7 run down the left side of a cell, 4 5 6 8 down the right one: bits by row
# and column.
_BITS = (((0, 0), 0), ((1, 0), 1), ((2, 0), 2), ((0, 1), 3), ((1, 1), 4), ((2, 1), 5), ((3, 0), 6),
         ((3, 1), 7))  # fmt: skip


def braille(dots: Bools) -> npt.NDArray[np.uint32]:
    """Turn dots into code points.

    Args:
        dots: Shape (4·h, 2·w).

    Returns:
        Shape (h, w); a blank where a cell has no dot.
    """
    raised = dots.view(np.uint8)
    bits = np.zeros((dots.shape[0] // DOWN, dots.shape[1] // ACROSS), dtype=np.uint8)
    for (row, column), bit in _BITS:
        bits |= raised[row::DOWN, column::ACROSS] << bit
    return _CODES[bits]


_CODES = np.arange(BRAILLE, BRAILLE + 256, dtype=np.uint32)
_CODES[0] = ord(" ")


def dot_rows(position: F64, height: int) -> I64:
    """Turn positions (0 bottom, 1 top) into rows of dots counted from the top; −1 for NaN.

    Args:
        position: Shape (n,).
        height: Rows of dots.
    """
    shown = ~np.isnan(position)
    within = np.minimum(np.maximum(np.where(shown, position, 0.0), 0.0), 1.0)
    up = np.rint(within * (height - 1)).astype(np.int64)
    return np.where(shown, height - 1 - up, -1)


def spans(top: I64, bottom: I64, height: int) -> Bools:
    """Draw one vertical line a column, from `top` to `bottom`, both included.

    Args:
        top: Shape (n,), rows of dots; negative draws nothing.
        bottom: Shape (n,), rows of dots, not above `top`.
        height: Rows of dots.

    Returns:
        Shape (height, n).
    """
    rows = np.arange(height)[:, None]
    inside: Bools = rows >= top
    inside &= rows <= np.where(top >= 0, bottom, -1)
    return inside


def resample_extremes(low: F64, high: F64, size: int) -> tuple[F64, F64]:
    """Bring columns of minima and maxima to another number of columns and lose no extreme.

    Args:
        low: Shape (n,), NaN where there is nothing.
        high: Shape (n,), NaN where there is nothing.
        size: How many columns are wanted.

    Returns:
        Both with shape (size,).
    """
    count = high.size
    if count == size:
        return low, high
    if not count or not size:
        return np.full(size, np.nan), np.full(size, np.nan)
    if count < size:
        index = np.arange(size) * count // size
        return low[index], high[index]
    first = (np.arange(size) * count + size - 1) // size
    return np.fmin.reduceat(low, first), np.fmax.reduceat(high, first)


def resample_mean(values: F64, size: int) -> F64:
    """Bring columns to another number of columns, averaging where there are fewer.

    Args:
        values: Shape (n,).
        size: How many columns are wanted.
    """
    count = values.size
    if count == size:
        return values
    if not count or not size:
        return np.zeros(size)
    if count < size:
        return values[np.arange(size) * count // size]
    first = (np.arange(size) * count + size - 1) // size
    widths = np.diff(first, append=count)
    mean: F64 = np.add.reduceat(values, first) / widths
    return mean
