"""Sampling in windows, where every CPU is sampled and none is left for the writer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hvconsole.sim.machine import MS, SwitchChunk
from hvconsole.wire.values import Note, NoteCode, Value

WINDOW_MS, PAUSE_MS = 500, 5


class Windows:
    """Cuts pauses out of what one CPU's sampler would have seen.

    Args:
        start_tick: When the first window begins.
        window_ms: Length of a window; a pause of `PAUSE_MS` follows each.
    """

    def __init__(self, start_tick: int, window_ms: int) -> None:
        self._start = start_tick
        self._window = window_ms * MS
        self._period = self._window + PAUSE_MS * MS
        self._told = 0

    def cut(self, chunk: SwitchChunk) -> SwitchChunk:
        """Return a chunk without what happened in pauses, which are told as blind."""
        phase = (chunk.start.astype(np.int64) - self._start) % self._period
        seen = phase + chunk.length.astype(np.int64) <= self._window
        pauses: list[tuple[int, int]] = []
        while (end := self._start + (self._told + 1) * self._period) <= chunk.until:
            pauses.append((end - PAUSE_MS * MS, end))
            self._told += 1
        since = chunk.blind_since
        into = (chunk.until - self._start) % self._period
        if since is None and into > self._window:
            since = chunk.until - into + self._window
        return replace(
            chunk,
            start=chunk.start[seen],
            length=chunk.length[seen],
            cause=chunk.cause[seen],
            blind=(*chunk.blind, *pauses),
            blind_since=since,
        )

    def told(self, values: list[Value]) -> list[Value]:
        """Return values in which pauses are told as such, and not as a CPU that went away."""
        kept: list[Value] = []
        for value in values:
            if not isinstance(value, Note) or (value.start - self._start) % self._period != (
                self._window
            ):
                kept.append(value)
            elif value.code == NoteCode.BLIND:
                kept.append(replace(value, severity=0, text=""))
        return kept
