"""Where a value lies between the ends of an axis, and which values deserve a label."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

_NICE = (1.0, 2.0, 5.0, 10.0)
_FINE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_LARGEST = 1e18
_SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from `low` to `high`; logarithmic ones begin above zero."""

    low: float
    high: float
    log: bool = False

    def position(self, values: F64) -> F64:
        """Return where values lie: 0 at `low`, 1 at `high`, NaN for NaN, clipped at both ends."""
        with np.errstate(all="ignore"):
            if self.log:
                raised = np.log(np.maximum(values, self.low) / self.low)
                share = raised / math.log(self.high / self.low)
            else:
                share = (values - self.low) / (self.high - self.low)
        clipped: F64 = np.minimum(np.maximum(share, 0.0), 1.0)
        return clipped

    def place(self, value: float) -> float:
        """Return where one value lies, as `position` does: an array of one costs ten times more."""
        if math.isnan(value):
            return value
        if self.log:
            share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(max(share, 0.0), 1.0)

    def at(self, position: float) -> float:
        """Return the value at a position, the inverse of `position`."""
        if self.log:
            return self.low * math.exp(position * math.log(self.high / self.low))
        return self.low + (self.high - self.low) * position


@dataclass(frozen=True, slots=True)
class Tick:
    """A value with a label; `position` as in `Scale.position`."""

    value: float
    position: float
    label: str


def length_scale(shortest: float, longest: float, *, log: bool) -> Scale:
    """Return a scale with round ends that holds lengths in ns.

    Round ends hold still while the data moves, so the eye can follow the data.

    Args:
        shortest: Shortest length, NaN where there is none.
        longest: Longest length, NaN where there is none.
        log: Logarithmic, at least a decade high; otherwise linear from zero.
    """
    low = _usable(shortest, 1e3)
    high = max(_usable(longest, 1e6), low)
    if not log:
        return linear_scale(high)
    low = _nice_floor(low)
    high = nice_step(high, 1)
    return Scale(low, max(high, low * 10), log=True)


def linear_scale(highest: float) -> Scale:
    """Return a scale from zero to a round end a little above the highest value."""
    highest = _usable(highest, 1.0) * 1.05
    power = 10.0 ** math.floor(math.log10(highest))
    return Scale(0.0, next((f * power for f in _FINE if f * power >= highest), 10 * power))


@lru_cache(maxsize=256)
def ticks(scale: Scale, most: int, label: Callable[[float], str]) -> tuple[Tick, ...]:
    """Return at most `most` round values of a scale with their labels, ascending."""
    return tuple(Tick(v, scale.place(v), label(v)) for v in _round_values(scale, most))


def time_ticks(
    span_s: tuple[float, float], most: int, label: Callable[[float, float], str]
) -> tuple[Tick, ...]:
    """Return at most `most` round moments, ascending.

    Args:
        span_s: Both ends of the axis.
        most: How many there is room for.
        label: Says a moment, given the distance of two labels.
    """
    scale = Scale(*span_s)
    values = _round_values(scale, most)
    step = values[1] - values[0] if len(values) > 1 else scale.high - scale.low
    return tuple(Tick(v, scale.place(v), label(v, step)) for v in values)


@lru_cache(maxsize=64)
def grid(scale: Scale, size: int, *, centres: bool) -> F64:
    """Return the values at the columns of a plot. Not to be written to.

    Args:
        scale: The axis.
        size: How many columns.
        centres: In their middle, shape (size,); otherwise at their edges, shape (size + 1,).
    """
    positions = (np.arange(size) + 0.5 if centres else np.arange(size + 1)) / size
    if scale.log:
        return np.asarray(scale.low * np.exp(positions * math.log(scale.high / scale.low)))
    return np.asarray(scale.low + (scale.high - scale.low) * positions)


def nice_step(span: float, most: int) -> float:
    """Return the smallest of 1, 2, 5 · 10ⁿ that cuts a span into at most `most` parts."""
    raw = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    return next((nice * power for nice in _NICE if nice * power >= raw * (1 - 1e-9)), 10 * power)


def _nice_floor(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value) + 1e-12)
    return max(nice * power for nice in _NICE if nice * power <= value * (1 + 1e-9))


def _usable(value: float, otherwise: float) -> float:
    return min(max(value, _SMALLEST), _LARGEST) if value > 0 else otherwise


def _round_values(scale: Scale, most: int) -> list[float]:
    if most < 1 or not scale.high > scale.low:
        return []
    return _log_values(scale, most) if scale.log else _linear_values(scale, most)


def _linear_values(scale: Scale, most: int) -> list[float]:
    step = nice_step(scale.high - scale.low, most)
    first = math.ceil(scale.low / step - 1e-9)
    last = math.floor(scale.high / step + 1e-9)
    values = [index * step for index in range(first, last + 1)]
    return values[-most:] if len(values) > most else values


def _log_values(scale: Scale, most: int) -> list[float]:
    """Whole decades, thinned to fit; steps of 1, 2, 5 where there is room for them."""
    first = math.floor(math.log10(scale.low) + 1e-9)
    last = math.ceil(math.log10(scale.high) - 1e-9)
    for mantissas in ((1.0, 2.0, 5.0), (1.0,)):
        values = [m * 10.0**e for e in range(first, last + 1) for m in mantissas]
        inside = [v for v in values if scale.low * (1 - 1e-9) <= v <= scale.high * (1 + 1e-9)]
        if len(inside) <= most:
            return inside
    every = math.ceil(len(inside) / most)
    return inside[::every]
