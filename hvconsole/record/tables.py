"""A session's switches and actions as tables (polars), streamed: memory stays bounded.

Columns of the switches are the contract of docs/session-format.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from polars.io.plugins import register_io_source

from hvconsole.model.guest_clock import GuestClock
from hvconsole.model.ticks import U64, TickClock
from hvconsole.record.reader import SessionReader
from hvconsole.wire.values import Hello, Note, NoteCode, Switches

AFTER_HOLE = 1 << 0
"""The first switch after time in which the lane was not watched, or after lost frames."""
OFF_CPU = 1 << 1
"""The lane ran on another CPU than its own (recordings of samplers that went on there)."""
AFTER_HOTPLUG = 1 << 2
"""The first switch after a hotplug hole (the CPU was offline); `AFTER_HOLE` is set as well."""

SWITCHES = pl.Schema(
    {
        "run": pl.UInt32(),
        "condition": pl.Categorical(),
        "cpu": pl.UInt16(),
        "t_ns": pl.Int64(),
        "gap_ns": pl.Int64(),
        "gap_ticks": pl.Int64(),
        "cause": pl.Categorical(),
        "residual_ns": pl.Int64(),
        "flags": pl.UInt32(),
    }
)
ACTIONS = pl.Schema(
    {"utc": pl.String(), "host_ns": pl.Int64(), "action": pl.String(), "details": pl.String()}
)

_ROWS = 200_000


class _Flags:
    """Follows a lane's notes and indices to tell which switches deserve a word of caution."""

    def __init__(self) -> None:
        self._next: int | None = None
        self._after_hole = False
        self._left: int | None = None  # tick at which the lane was taken off its CPU
        self._off_cpu = False  # switches from there were seen
        self._after_hotplug = False

    def note(self, note: Note) -> None:
        """Take a note of the lane."""
        if note.code in {NoteCode.BLIND, NoteCode.RING_FREE}:
            self._after_hole = True
            if self._left is not None and note.code == NoteCode.BLIND and note.end > self._left:
                self._back(was_hole=True)
        elif note.code == NoteCode.MOVED and note.severity > 0:
            self._left = note.start
            self._off_cpu = False
        elif note.code == NoteCode.MOVED:
            self._back(was_hole=note.end > note.start)

    def of(self, batch: Switches) -> npt.NDArray[np.uint32]:
        """Return the flags of a batch's switches."""
        flags = np.zeros(batch.length.size, dtype=np.uint32)
        if self._left is not None:
            # The note may overtake switches from before it that were still under way.
            off = np.flatnonzero(batch.start >= np.uint64(self._left))
            flags[off] |= OFF_CPU
            flags[off[:1]] |= 0 if self._off_cpu else AFTER_HOLE
            self._off_cpu |= off.size > 0
        if self._after_hole or (self._next is not None and batch.first != self._next):
            flags[0] |= AFTER_HOLE
        if self._after_hotplug:
            flags[0] |= AFTER_HOTPLUG
        self._after_hole = self._after_hotplug = False
        self._next = batch.first + batch.length.size
        return flags

    def _back(self, *, was_hole: bool) -> None:
        self._left = None
        self._after_hole = True
        self._after_hotplug |= was_hole


class _Rows:
    """Collects columns until they make a portion worth handing on."""

    def __init__(
        self, run: int, condition: str, clock: TickClock, joined: GuestClock | None = None
    ) -> None:
        self._run, self._condition, self._clock, self._joined = run, condition, clock, joined
        self._parts: list[tuple[int, U64, U64, npt.NDArray[np.uint32]]] = []
        self.count = 0

    def add(self, batch: Switches, flags: npt.NDArray[np.uint32]) -> None:
        """Take a batch."""
        start = np.maximum(batch.start, np.uint64(self._clock.start_tick))
        self._parts.append((batch.lane, start, batch.length, flags))
        self.count += batch.length.size

    def _since_start(self, start: U64) -> pl.Series:
        """Return points in time since the run's start; a guest's since its host's, where known."""
        if self._joined is None:
            return pl.Series(self._clock.since_start_ns(start), dtype=pl.Int64)
        since = self._joined.since_host_start_ns(start)
        if since is None:
            return pl.Series([None], dtype=pl.Int64).new_from_index(0, start.size)
        return pl.Series(since, dtype=pl.Int64)

    def frame(self) -> pl.DataFrame:
        """Return what was collected, and begin anew."""
        parts, size = self._parts, self.count
        self._parts, self.count = [], 0
        cpu = np.concatenate([np.full(p[2].size, p[0], dtype=np.uint16) for p in parts])
        length = np.concatenate([p[2] for p in parts])
        start = np.concatenate([p[1] for p in parts])
        nothing = pl.Series([None])
        return pl.DataFrame(
            {
                "run": pl.repeat(self._run, size, dtype=pl.UInt32, eager=True),
                "condition": pl.Series([self._condition], dtype=pl.Categorical).new_from_index(
                    0, size
                ),
                "cpu": cpu,
                "t_ns": self._since_start(start),
                "gap_ns": self._clock.span_ns(length),
                "gap_ticks": length.astype(np.int64),
                "cause": nothing.cast(pl.Categorical).new_from_index(0, size),
                "residual_ns": nothing.cast(pl.Int64).new_from_index(0, size),
                "flags": np.concatenate([p[3] for p in parts]),
            },
            schema=SWITCHES,
        )


def switches_table(reader: SessionReader) -> pl.LazyFrame:
    """Return the switches of all runs, in the order of recording.

    Within a run and CPU that is the order of time. Nothing is read before the frame is collected
    or sunk. Of a guest's reader (`SessionReader.guests`) the runs are those of the host that they
    lie beside, and ``t_ns`` counts from that run's zero, or is null where the clocks could not be
    joined.
    """

    def source(
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        _batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        left = n_rows
        for frame in _portions(reader):
            part = frame if left is None else frame.head(left)
            if left is not None:
                left -= part.height
            if predicate is not None:
                part = part.filter(predicate)
            yield part.select(with_columns) if with_columns is not None else part
            if left == 0:
                return

    return register_io_source(source, schema=SWITCHES)


def _portions(reader: SessionReader) -> Iterator[pl.DataFrame]:
    rows: _Rows | None = None
    flags: dict[int, _Flags] = {}
    number = 0
    for value in reader.values():
        if isinstance(value, Hello):
            if rows is not None and rows.count:
                yield rows.frame()
            rows = _rows_of(reader, number, value.clock)
            flags = {lane.cpu: _Flags() for lane in value.lanes}
            number += 1
        elif isinstance(value, Note) and value.lane in flags:
            flags[value.lane].note(value)
        elif isinstance(value, Switches) and rows is not None and value.lane in flags:
            rows.add(value, flags[value.lane].of(value))
            if rows.count >= _ROWS:
                yield rows.frame()
    if rows is not None and rows.count:
        yield rows.frame()


def _rows_of(reader: SessionReader, number: int, clock: TickClock) -> _Rows:
    condition = reader.condition(number)
    if reader.guest is None:
        return _Rows(number, condition, clock)
    entry = reader.guest_run(number)
    joined = entry.clock if entry is not None else GuestClock()
    return _Rows(entry.beside if entry is not None else number, condition, clock, joined)


def actions_table(reader: SessionReader) -> pl.LazyFrame:
    """Return the control actions; what is particular to one is JSON in ``details``."""
    rows = [_action(entry) for entry in reader.action_entries()]
    return pl.DataFrame(rows, schema=ACTIONS).lazy()


def _action(entry: dict[str, Any]) -> dict[str, Any]:
    known = {name: entry.pop(name, None) for name in ("utc", "host_ns", "action")}
    return {
        "utc": str(known["utc"] or ""),
        "host_ns": known["host_ns"] if isinstance(known["host_ns"], int) else None,
        "action": str(known["action"] or ""),
        "details": json.dumps(entry),
    }
