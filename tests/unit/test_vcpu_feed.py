"""A live trace on its way into the lane: in any pieces, at any pace, with what is missing told."""

from __future__ import annotations

from pathlib import Path
from struct import pack

import numpy as np
from hypothesis import given, strategies as st

from hvconsole.stream.vcpu_feed import VcpuFeed
from hvconsole.stream.vcpu_lane import VcpuLane
from hvconsole.wire.xentrace import CPU_CHANGE, LOST, SWITCH, decode

DATA = (Path(__file__).parent / "data" / "xentrace" / "credit-two-cpus.bin").read_bytes()[:12_000]


def record(event: int, *words: int, tick: int) -> bytes:
    return pack(f"<IQ{len(words)}I", event | len(words) << 28 | 1 << 31, tick, *words)


def window(*records: bytes, cpu: int = 0) -> bytes:
    body = b"".join(records)
    return pack("<III", CPU_CHANGE | 2 << 28, cpu, len(body)) + body


def switch(tick: int, before: int, after: int) -> bytes:
    return window(record(SWITCH, before, 0, after, 0, tick=tick))


def whole(data: bytes) -> VcpuLane:
    lane = VcpuLane()
    lane.feed(decode(data)[0])
    return lane


def same(one: VcpuLane, other: VcpuLane) -> bool:
    return one.cpus == other.cpus and all(
        np.array_equal(one.intervals(cpu), other.intervals(cpu)) for cpu in one.cpus
    )


@given(
    st.lists(st.tuples(st.integers(1, 2_000), st.integers(0, 3)), max_size=20),
    st.integers(5, 3_000),
)
def test_pieces_and_portions_of_any_size_give_what_the_whole_gives(
    steps: list[tuple[int, int]], portion: int
) -> None:
    feed, at = VcpuFeed(), 0
    for size, portions in [*steps, (len(DATA), 0)]:
        feed.push(DATA[at : at + size])
        at += size
        for _ in range(portions):
            feed.decode(portion)
    while feed.decode(portion):
        pass
    expected, losses = decode(DATA)
    assert same(feed.lane, whole(DATA))
    feed.close()
    assert (feed.records, feed.losses) == (expected.size, losses)
    assert (feed.received, feed.waiting, feed.not_shown) == (len(DATA), 0, 0)


def test_a_portion_is_no_more_than_was_asked_for() -> None:
    feed = VcpuFeed()
    feed.push(DATA)
    assert feed.decode(1_000)
    assert feed.waiting == len(DATA) - 1_000


def test_what_comes_too_fast_is_counted_and_leaves_a_hole() -> None:
    feed = VcpuFeed(most_waiting=200)
    feed.push(switch(100, 9, 1))
    feed.push(switch(200, 1, 1))
    feed.close()
    flood = switch(300, 1, 2) + switch(400, 2, 1)
    feed.push(flood * 2)
    feed.push(switch(500, 1, 3) + switch(600, 3, 1))
    feed.close()
    assert feed.not_shown == 2 * len(flood)
    held = [(int(a), int(b), int(who)) for a, b, who, _ in feed.lane.intervals(0).tolist()]
    assert held == [(100, 200, 1), (500, 600, 3)]


def test_a_piece_larger_than_may_wait_is_given_up_as_well() -> None:
    feed = VcpuFeed(most_waiting=10)
    feed.push(DATA)
    assert (feed.received, feed.waiting, feed.not_shown) == (len(DATA), 0, len(DATA))


def test_losses_add_up_over_what_was_given_up() -> None:
    feed = VcpuFeed(most_waiting=100)
    feed.push(window(record(LOST, 5, 0, 1, 0, tick=9)))
    feed.close()
    feed.push(b"\xff" * 90)
    feed.push(b"\xff" * 90)
    feed.push(window(record(LOST, 7, 0, 1, 0, tick=19)))
    feed.close()
    assert feed.losses.records == 12
    assert feed.losses.skipped_bytes + feed.not_shown == 180


def test_intervals_that_are_too_old_are_counted() -> None:
    feed = VcpuFeed(most_intervals=4)
    for tick in range(10, 110, 10):
        feed.push(switch(tick, 1 + tick // 10 % 2, 1 + (tick // 10 + 1) % 2))
    feed.close()
    kept = feed.lane.intervals(0).size
    assert kept <= 5
    assert feed.lane.forgotten == 9 - kept


@given(st.lists(st.binary(max_size=300), max_size=20), st.integers(1, 500))
def test_whatever_a_board_sends_memory_is_bounded_and_bytes_are_accounted_for(
    pieces: list[bytes], most: int
) -> None:
    feed = VcpuFeed(most_waiting=most)
    for piece in pieces:
        feed.push(piece)
        assert feed.waiting <= most
    feed.close()
    assert feed.waiting == 0
    assert feed.received == sum(map(len, pieces))
    assert feed.losses.skipped_bytes + feed.not_shown <= feed.received
