"""Values for tests: strategies for every kind, and a seeded run with known totals."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hvconsole.wire.values import (
    End,
    Heartbeat,
    HeartbeatFlag,
    Hello,
    Histogram,
    Lane,
    Note,
    NoteCode,
    Switches,
    Value,
)

START = 1_000_000
HZ = 24_000_000


def lane(cpu: int, **changed: Any) -> Lane:
    fields = {
        "threshold_ticks": 24,
        "auto": True,
        "floor_ticks": 1,
        "p50_ticks": 2,
        "p9999_ticks": 16,
        "read_ns": 41.6,
        "calibration_reads": 100_000,
    } | changed
    return Lane(cpu=cpu, **fields)


def hello(*lanes: int | Lane, hz: int = HZ, start: int = START, **changed: Any) -> Hello:
    """Return how a run begins: of CPUs (CPU 1) as they usually are, or of lanes."""
    fields = {
        "wire": 1,
        "sampler": "test",
        "machine": "armv7l",
        "kernel": "6.1.0",
        "counter": "cntpct",
        "fenced": False,
        "frequency_hz": hz,
        "nominal_hz": hz,
        "measured_hz": hz,
        "start_tick": start,
        "mono_ns": 5_000_000_000,
        "real_ns": 1_700_000_000_000_000_000,
        "fifo": 0,
        "locked": True,
        "writer_cpu": 0,
        "ring": 65_536,
        "online_cpus": 2,
    } | changed
    made = (one if isinstance(one, Lane) else lane(one) for one in lanes or (1,))
    return Hello(lanes=tuple(made), **fields)


def heartbeat(lane: int, tick: int, **changed: int) -> Heartbeat:
    fields = {
        "mono_ns": 0,
        "real_ns": 0,
        "bracket_ticks": 3,
        "flags": HeartbeatFlag.NONE,
        "loops": 0,
        "detected": 0,
        "recorded": 0,
        "dropped": 0,
        "lost_ticks": 0,
        "backward": 0,
        "blind_ticks": 0,
        "watched_until": tick,
    } | changed
    return Heartbeat(lane=lane, tick=tick, **fields)


def switches(lane: int, pairs: list[tuple[int, int]], first: int = 0) -> Switches:
    start, length = (np.array(column, dtype=np.uint64) for column in zip(*pairs, strict=True))
    return Switches(lane, first, start, length)


@st.composite
def switch_batches(draw: st.DrawFn, max_size: int = 50) -> Switches:
    size = draw(st.integers(1, max_size))
    distance = draw(hnp.arrays(np.uint64, size, elements=st.integers(0, 1 << 40)))
    length = draw(hnp.arrays(np.uint64, size, elements=st.integers(1, 1 << 40)))
    start = np.cumsum(distance + length) - length
    return Switches(draw(st.integers(0, 7)), draw(st.integers(0, 1 << 50)), start, length)


@st.composite
def histograms(draw: st.DrawFn) -> Histogram:
    bucket = np.array(sorted(draw(st.sets(st.integers(0, 1919), max_size=30))), dtype=np.int64)
    counts = draw(hnp.arrays(np.int64, bucket.size, elements=st.integers(0, 1 << 40)))
    u64 = st.integers(0, 2**64 - 1)
    return Histogram(
        draw(st.integers(0, 7)),
        draw(u64),
        draw(u64),
        int(counts.sum()),
        draw(u64),
        draw(u64),
        draw(u64),
        bucket,
        counts,
    )


def heartbeats() -> st.SearchStrategy[Heartbeat]:
    u64 = st.integers(0, 2**64 - 1)
    return st.builds(
        Heartbeat,
        lane=st.integers(0, 7),
        tick=u64,
        mono_ns=u64,
        real_ns=st.integers(-(2**63), 2**63 - 1),
        bracket_ticks=st.integers(0, 2**32 - 1),
        flags=st.sampled_from(HeartbeatFlag),
        loops=u64,
        detected=u64,
        recorded=u64,
        dropped=u64,
        lost_ticks=u64,
        backward=u64,
        blind_ticks=u64,
        watched_until=u64,
    )


def notes() -> st.SearchStrategy[Note]:
    u64 = st.integers(0, 2**64 - 1)
    return st.builds(
        Note,
        lane=st.integers(0, 200) | st.just(0xFFFF),
        code=st.sampled_from(NoteCode) | st.integers(100, 0xFFFF),
        severity=st.integers(0, 2),
        start=u64,
        end=u64,
        value=st.integers(-(2**63), 2**63 - 1),
        text=st.text(max_size=100),
    )


def any_value() -> st.SearchStrategy[Value]:
    return st.one_of(
        st.integers(0, 7).map(hello),
        switch_batches(),
        histograms(),
        heartbeats(),
        notes(),
        st.builds(End, reason=st.text(max_size=20), end_tick=st.integers(0, 2**63)),
    )


def same(left: Value, right: Value) -> bool:
    """Compare values; numpy arrays element by element."""
    if type(left) is not type(right):
        return False
    if isinstance(left, (Switches, Histogram)):
        names = type(left).__dataclass_fields__
        return all(np.array_equal(getattr(left, n), getattr(right, n)) for n in names)
    return left == right
