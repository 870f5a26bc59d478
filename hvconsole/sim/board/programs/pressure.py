"""A lane whose reader is too slow: switches are held back, then told by histogram only."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from hvconsole.model.ticks import U64
from hvconsole.wire.payload import MAX_BUCKET
from hvconsole.wire.values import (
    Heartbeat,
    Histogram,
    Note,
    NoteCode,
    Switches,
    Value,
)

_FINE: Final = 32
_FINE_BITS: Final = 5


def buckets(length: U64) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the buckets of lengths in ticks, as docs/wire-format.md has them.

    Args:
        length: Shape (n,), below 2^53.

    Returns:
        Shape (n,).
    """
    value = length.astype(np.int64)
    # frexp gives the number of bits: exact for what a double holds exactly.
    octave = np.maximum(np.frexp(value.astype(np.float64))[1].astype(np.int64) - 1, _FINE_BITS)
    shift = octave - _FINE_BITS
    return np.where(value < _FINE, value, _FINE * shift + (value >> shift))


class _Tally:
    """Switches by bucket, from one tick on."""

    def __init__(self, start: int) -> None:
        self._start = self._end = start
        self._counts = np.zeros(MAX_BUCKET, dtype=np.int64)
        self._total = self._longest = 0
        self._shortest = 1 << 63

    def add(self, switches: Switches) -> None:
        """Count switches, none of which is empty."""
        length = switches.length
        self._end = int(switches.start[-1] + length[-1])
        self._counts += np.bincount(buckets(length), minlength=MAX_BUCKET)
        self._total += int(length.sum())
        self._shortest = min(self._shortest, int(length.min()))
        self._longest = max(self._longest, int(length.max()))

    def histogram(self, lane: int) -> Histogram:
        """Return what was counted."""
        bucket = np.flatnonzero(self._counts)
        return Histogram(
            lane=lane,
            start=self._start,
            end=self._end,
            count=int(self._counts.sum()),
            total=self._total,
            shortest=self._shortest,
            longest=self._longest,
            bucket=bucket,
            counts=self._counts[bucket],
        )


class Pressure:
    """What stands between a lane and its reader. Values in, values out.

    Args:
        lane: CPU number.
        ring: Switches that can be held back.
    """

    def __init__(self, lane: int, ring: int) -> None:
        self._lane = lane
        self._ring = ring
        self._held: list[Value] = []
        self._waiting = 0
        self._tally: _Tally | None = None
        self._recorded = self._dropped = 0

    def pass_on(self, values: list[Value], *, clogged: bool) -> list[Value]:
        """Return what can be written now.

        Args:
            values: Of this lane, in order.
            clogged: The reader takes nothing at present.
        """
        if not clogged and not self._held and self._tally is None:
            return [self._counted(value) for value in values]
        for value in values:
            self._hold(value)
        return [] if clogged else self._release()

    def _hold(self, value: Value) -> None:
        if isinstance(value, Heartbeat):
            # The newest one is enough, and it comes behind the switches that it counts.
            self._held = [each for each in self._held if not isinstance(each, Heartbeat)]
            self._held.append(value)
        elif not isinstance(value, Switches):
            self._held.append(value)
        elif self._tally is None and self._waiting + value.start.size <= self._ring:
            self._held.append(value)
            self._waiting += int(value.start.size)
        else:
            self._drop(value)

    def _drop(self, switches: Switches) -> None:
        if self._tally is None:
            self._tally = _Tally(int(switches.start[0]))
        self._tally.add(switches)

    def _release(self) -> list[Value]:
        beats = [each for each in self._held if isinstance(each, Heartbeat)]
        values = [self._counted(each) for each in self._held if not isinstance(each, Heartbeat)]
        if self._tally is not None:
            found = self._tally.histogram(self._lane)
            self._dropped += found.count
            values += [found, *_notes(found)]
        values += [self._counted(beat) for beat in beats]
        self._held, self._waiting, self._tally = [], 0, None
        return values

    def _counted(self, value: Value) -> Value:
        """Return a value with the counts of what was written, not of what was detected."""
        if isinstance(value, Switches):
            first, self._recorded = self._recorded, self._recorded + int(value.start.size)
            return replace(value, first=first)
        if isinstance(value, Heartbeat):
            return replace(value, recorded=self._recorded, dropped=self._dropped)
        return value


def _notes(found: Histogram) -> list[Value]:
    words = "the ring was full: switches by histogram from here"
    return [
        Note(found.lane, NoteCode.RING_FULL, 1, found.start, found.start, 0, words),
        Note(
            found.lane,
            NoteCode.RING_FREE,
            0,
            found.start,
            found.end,
            found.count,
            "switches one by one again",
        ),
    ]
