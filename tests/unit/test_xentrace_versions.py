"""Traces as other versions of Xen write them: what they share, and what is not known of them.

From `xen/include/public/trace.h` and what the scheduler writes at a switch in the sources of the
versions; vCPUs until 4.12, units from 4.13, and from 4.19 by another macro.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import pack

import pytest
from hypothesis import given, strategies as st

from hvconsole.model.tracing import TraceState
from hvconsole.stream.vcpu_feed import VcpuFeed
from hvconsole.stream.vcpu_lane import VcpuLane
from hvconsole.ui.view.tracing import say_missing
from hvconsole.wire.xentrace import CONTINUES, CPU_CHANGE, LOST, SWITCH, Losses, decode

IDLE = 0x7FFF
RUNSTATE, CONTINUE_RUNNING = 0x21001, 0x21002
WAKE, INFPREV, INFNEXT = 0x28004, 0x2800E, 0x2800F
CREDIT_TICKLE, CREDIT2_RESET, RTDS_BURN = 0x22000 + 5, 0x22200 + 6, 0x22800 + 3
RUNNING, RUNNABLE = 0, 1

Who = tuple[int, int]


def record(tick: int, event: int, *words: int) -> bytes:
    return pack("<IQ", event | len(words) << 28 | 1 << 31, tick) + pack(f"<{len(words)}I", *words)


def window(cpu: int, *records: bytes) -> bytes:
    body = b"".join(records)
    return pack("<3I", CPU_CHANGE | 2 << 28, cpu, len(body)) + body


def state_change(tick: int, who: Who, old: int, new: int) -> bytes:
    """The states stand in the event's number, domain and vCPU in the two halves of a word."""
    return record(tick, RUNSTATE | old << 8 | new << 4, who[1] | who[0] << 16)


def switch(tick: int, before: Who, after: Who, *own: bytes) -> bytes:
    """What every version from 4.11 to 4.20 writes at a switch, and a scheduler's own before."""
    return b"".join(
        (
            *own,
            record(tick, INFPREV, *before, 29_900_000),
            record(tick, INFNEXT, *after, 1_000, 30_000_000),
            record(tick, SWITCH, *before, *after),
            state_change(tick, before, RUNNING, RUNNABLE),
            state_change(tick, after, RUNNABLE, RUNNING),
        )
    )


def goes_on(tick: int, who: Who) -> bytes:
    """Until 4.12 a record of the least level follows; it has gone with the units."""
    return record(tick, CONTINUES, *who, 10_000, 30_000_000)


def to_4_12() -> bytes:
    return b"".join(
        (
            switch(100, (IDLE, 0), (0, 1), record(99, CREDIT_TICKLE, 0)),
            goes_on(150, (0, 1)),
            record(150, CONTINUE_RUNNING, 1 | 0 << 16),
            switch(200, (0, 1), (3, 0), record(199, WAKE, 3, 0)),
            switch(300, (3, 0), (IDLE, 0)),
        )
    )


def from_4_13() -> bytes:
    return b"".join(
        (
            switch(100, (IDLE, 0), (0, 1), record(99, CREDIT2_RESET, 1, 2, 3, 4)),
            goes_on(150, (0, 1)),
            switch(200, (0, 1), (3, 0), record(199, WAKE, 3, 0)),
            switch(300, (3, 0), (IDLE, 0)),
        )
    )


def from_4_19() -> bytes:
    """Scheduler's own records have whole words since, where they had been packed in bits."""
    return b"".join(
        (
            switch(100, (IDLE, 0), (0, 1), record(99, RTDS_BURN, 0, 1, 4_000, 0, 10, 0, 1)),
            goes_on(150, (0, 1)),
            switch(200, (0, 1), (3, 0), record(199, WAKE, 3, 0)),
            switch(300, (3, 0), (IDLE, 0)),
        )
    )


@pytest.mark.parametrize("written", [to_4_12, from_4_13, from_4_19])
def test_every_versions_records_tell_the_same(written: Callable[[], bytes]) -> None:
    records, losses = decode(window(0, written()))
    assert losses == Losses()
    lane = VcpuLane()
    lane.feed(records)
    told = [tuple(map(int, one)) for one in lane.intervals(0).tolist()]
    assert told == [(100, 200, 0, 1), (200, 300, 3, 0)]


@pytest.mark.parametrize(
    "event",
    [
        0x8F001,  # a guest's virtual machine, as with another mask
        0x2F00A,  # the number that a switch had in Xen 3
        0x24001,  # a level of the scheduler's that there is not
        0x801001,  # power
    ],
)
def test_events_that_are_not_known_are_skipped_and_counted(event: int) -> None:
    unknown = record(150, event, IDLE, 0, 9, 9)
    data = window(0, switch(100, (IDLE, 0), (0, 1)), unknown, unknown, switch(200, (0, 1), (3, 0)))
    records, losses = decode(data)
    assert losses == Losses(unknown=2)
    assert event not in records.event.tolist()
    lane = VcpuLane()
    lane.feed(records)
    assert [tuple(map(int, one)) for one in lane.intervals(0).tolist()] == [(100, 200, 0, 1)]


@pytest.mark.parametrize("event", [SWITCH, CONTINUES, LOST])
def test_records_with_fewer_words_name_nobody(event: int) -> None:
    """Filled up with zeros a switch would be one to dom0."""
    data = window(0, record(100, event, 7), switch(200, (7, 0), (3, 0)), goes_on(260, (3, 0)))
    records, losses = decode(data)
    assert losses == Losses(unknown=1)
    lane = VcpuLane()
    lane.feed(records)
    assert [one["domain"] for one in lane.intervals(0)] == [3]


def test_what_was_not_known_is_told_live() -> None:
    feed = VcpuFeed()
    feed.push(window(0, record(5, 0x8F001), switch(10, (0, 0), (1, 0))))
    feed.close()
    assert feed.losses.unknown == 1
    assert say_missing(TraceState(unknown=feed.losses.unknown)) == "unknown events: 1"


@given(st.lists(st.tuples(st.integers(0, (1 << 28) - 1), st.integers(0, 7)), max_size=30))
def test_each_record_is_kept_counted_or_skipped(shapes: list[tuple[int, int]]) -> None:
    pieces = [record(9, event, *range(count)) for event, count in shapes]
    records, losses = decode(window(0, *pieces))
    if not losses.skipped_bytes:
        wraps = sum(event == 0x1F002 for event, _ in shapes)
        assert records.size + losses.unknown + wraps == len(shapes)
