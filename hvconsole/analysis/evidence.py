"""From a recording to what the artefact rules need to know of each lane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from hvconsole.analysis.labels import (
    I64,
    SECOND_NS,
    LaneContext,
    frequency_steps,
    read_rates,
    slowed_spans,
    throttle_gaps,
)
from hvconsole.model.ticks import U64, TickClock
from hvconsole.record.reader import SessionReader
from hvconsole.wire.values import Heartbeat, Hello, Note, NoteCode, Value

LONG_NS = 100_000
"""Rules over the whole run look at longer switches only."""

Beats = dict[int, list[Heartbeat]]


class HeardSession(SessionReader):
    """A session whose heartbeats are kept, run by run, as its values are read.

    Attributes:
        beats: For each run read so far, the heartbeats by CPU.
    """

    beats: list[Beats]

    def values(self) -> Iterator[Value]:
        """Decode all frames in order (see `SessionReader.values`) and keep the heartbeats."""
        self.beats = []
        for value in super().values():
            if isinstance(value, Hello):
                self.beats.append({lane.cpu: [] for lane in value.lanes})
            elif isinstance(value, Heartbeat) and self.beats:
                self.beats[-1].setdefault(value.lane, []).append(value)
            yield value


def lane_context(
    hello: Hello,
    cpu: int,
    *,
    start: U64,
    length: U64,
    beats: list[Heartbeat],
    notes: list[Note],
    facts: dict[str, Any],
) -> LaneContext:
    """Return what is known of a lane.

    Args:
        hello: The run's.
        cpu: Which lane.
        start: Shape (n,), ticks; switches shorter than `LONG_NS` may be left out.
        length: Shape (n,), ticks.
        beats: All heartbeats of the lane.
        notes: All notes of the run.
        facts: What the board said of itself (the manifest's).
    """
    clock = hello.clock
    lane = next(one for one in hello.lanes if one.cpu == cpu)
    at = since_start(clock, np.array([beat.tick for beat in beats], dtype=np.uint64))
    budget, period = _throttling(facts)
    rates = read_rates(*(_column(beats, *names) for names in _RATE_COLUMNS))
    steps = frequency_steps(rates)
    slowed = (
        slowed_spans(at, rates, steps) if _is_pinned(facts, cpu) else slowed_spans(at, rates, [])
    )
    return LaneContext(
        loop_ns=clock.ns(lane.p9999_ticks),
        # A writer that is not pinned may work here, and whether it did shows in the data.
        own=at if hello.writer_cpu in {cpu, -1} else at[:0],
        throttled=throttle_gaps(
            since_start(clock, start),
            clock.span_ns(length),
            fifo=hello.fifo,
            budget_ns=budget,
            period_ns=period,
            run_ns=float(at[-1]) if at.size else 0.0,
        ),
        changes=np.array([(at[i - 1], at[i + 1]) for i, _ in steps], dtype=np.int64).reshape(-1, 2),
        slowed=slowed,
        holes=_holes(clock, cpu, notes),
    )


def since_start(clock: TickClock, ticks: Any) -> I64:
    """Turn points in time into ns since the run's start; what lies before it becomes 0."""
    return clock.since_start_ns(np.maximum(ticks, np.uint64(clock.start_tick)))


_NEVER_NS = 1 << 60
_RATE_COLUMNS = (("tick",), ("loops",), ("lost_ticks", "blind_ticks"))


def _column(beats: list[Heartbeat], *names: str) -> I64:
    return np.array([sum(getattr(b, name) for name in names) for b in beats], dtype=np.int64)


def _throttling(facts: dict[str, Any]) -> tuple[float, float]:
    """Return what the kernel takes from real-time threads each period, and the period, ns."""
    runtime, period = facts.get("rt_runtime_us"), facts.get("rt_period_us")
    if not (isinstance(runtime, int) and isinstance(period, int) and 0 < runtime < period - 1000):
        # Unknown or switched off: the fair server has 50 ms of each second all the same.
        return 0.05 * SECOND_NS, float(SECOND_NS)
    return (period - runtime) * 1e3, period * 1e3


def _is_pinned(facts: dict[str, Any], cpu: int) -> bool:
    """Say whether the CPU was told to keep one frequency: then only heat takes it away."""
    for clock in facts.get("clocks") or ():
        if isinstance(clock, dict) and clock.get("cpu") == cpu:
            lowest, highest = clock.get("min_khz"), clock.get("max_khz")
            return clock.get("governor") == "performance" or (lowest == highest and bool(highest))
    return False


def _holes(clock: TickClock, cpu: int, notes: list[Note]) -> I64:
    """Return the spans in which a lane was off its CPU; one that never came back stays open."""
    spans: list[tuple[int, int]] = []
    left: int | None = None
    for note in notes:
        if note.lane != cpu or note.code != NoteCode.MOVED:
            continue
        if note.severity > 0:
            left = note.start
        else:
            if note.end > note.start:  # older samplers went on elsewhere: that left no hole
                spans.append((note.start, note.end))
            left = None
    if left is not None:
        spans.append((left, left))
    ns = since_start(clock, np.array(spans, dtype=np.uint64).reshape(-1, 2))
    if left is not None:
        ns[-1, 1] = _NEVER_NS
    ordered: I64 = ns[np.argsort(ns[:, 0])]
    return ordered
