"""Ranges of time and earlier runs of a live stream."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from values import heartbeat, hello

from hvconsole.model.ticks import TickClock
from hvconsole.stream.lane import LaneState
from hvconsole.stream.live import LiveStream
from hvconsole.stream.part import MOST_LISTED, part_of
from hvconsole.stream.ring import SwitchRing
from hvconsole.stream.snapshot import View
from hvconsole.wire.values import Switches

HZ = 1_000_000
CLOCK = TickClock(HZ, 500)

Starts = st.lists(st.integers(500, 10_000_500), max_size=200, unique=True).map(sorted)


def lane(starts: list[int], lengths: list[int], until: int = 20_000_000) -> LaneState:
    state = LaneState(CLOCK)
    start, length = np.array(starts, dtype=np.uint64), np.array(lengths, dtype=np.uint64)
    state.switches(Switches(0, 0, start, length))
    state.watched_until = until
    return state


@given(Starts, st.floats(0, 12), st.floats(0, 12), st.randoms())
def test_a_part_holds_what_began_in_it(starts, one, other, random) -> None:
    lengths = [random.randint(1, 5000) for _ in starts]
    found = part_of({3: lane(starts, lengths)}, CLOCK, one, other)
    first, last = (500 + CLOCK.ticks(s * 1e9) for s in sorted((one, other)))
    inside = [n for at, n in zip(starts, lengths, strict=True) if first <= at < last]
    assert found.totals.received == len(inside)
    assert found.totals.lost_ns == pytest.approx(sum(inside) * 1000)
    assert sorted(g.length_ns for g in found.longest) == sorted(n * 1000.0 for n in inside)
    assert [g.length_ns for g in found.longest] == sorted(
        (g.length_ns for g in found.longest), reverse=True
    )
    if inside:
        assert found.totals.max_ns == max(inside) * 1000
        assert found.totals.min_ns == min(inside) * 1000
    assert found.settled
    assert found.totals.elapsed_ns == pytest.approx(abs(one - other) * 1e9, abs=2000)


def test_only_the_longest_are_listed() -> None:
    number = MOST_LISTED + 10
    state = lane(list(range(500, 500 + number)), list(range(1, number + 1)))
    found = part_of({0: state}, CLOCK, 0.0, 1.0)
    assert len(found.longest) == MOST_LISTED
    assert found.longest[0].length_ns == number * 1000
    assert found.longest[-1].length_ns == (number - MOST_LISTED + 1) * 1000


def test_what_is_forgotten_is_counted_from_bins() -> None:
    state = lane([1000, 2_000_000], [10, 20])
    state._ring = SwitchRing(1)
    for start, length in ((1000, 10), (2_000_000, 20), (3_000_000, 30)):
        state._ring.push(np.array([start], np.uint64), np.array([length], np.uint64))
    assert not state._ring.complete
    found = part_of({0: state}, CLOCK, 0.0, 5.0)
    assert not found.exact
    assert found.totals.received == 2
    assert found.totals.max_ns == 20_000
    assert np.isnan(found.totals.p50_ns)
    assert found.longest == ()


def test_time_that_nobody_watched_is_told() -> None:
    state = lane([1000], [10])
    state.blind(1_000_500, 2_000_500)
    found = part_of({0: state}, CLOCK, 0.0, 4.0)
    assert found.totals.coverage == pytest.approx(0.75)
    state.watched_until = 1_000_500
    assert not part_of({0: state}, CLOCK, 0.0, 4.0).settled


def measured(stream: LiveStream, count: int) -> None:
    start = 500 + np.arange(count, dtype=np.uint64) * 1000
    stream.feed(
        [hello(0, hz=HZ, start=500), Switches(0, 0, start, np.full(count, 7, dtype=np.uint64))]
    )
    totals = {"detected": count, "recorded": count, "lost_ticks": 7 * count}
    stream.feed([heartbeat(0, 1_000_500, **totals)])


def test_earlier_runs_are_kept_with_their_conditions() -> None:
    stream = LiveStream()
    stream.call_runs(["native", "xen"])
    for count in (5, 6, 7):
        measured(stream, count)
    seen = stream.snapshot(View())
    assert [(r.number, r.condition, r.totals.received) for r in seen.past] == [
        (1, "native", 5),
        (2, "xen", 6),
    ]
    assert (seen.number, seen.condition, seen.totals.received) == (3, "", 7)
    assert seen.past[0].length_s == pytest.approx(1.0)
    assert seen.past[0].distribution.count.sum() == 5


def test_a_new_run_of_a_board_keeps_the_past_and_a_jump_forgets_it() -> None:
    stream = LiveStream()
    stream.call_next("native")
    measured(stream, 5)
    stream.reset(past=False)
    stream.call_next("xen-credit")
    assert stream.snapshot(View()).past[0].condition == "native"
    measured(stream, 6)
    seen = stream.snapshot(View())
    assert (seen.number, seen.condition, len(seen.past)) == (2, "xen-credit", 1)
    stream.reset()
    assert stream.snapshot(View()).past == ()
    measured(stream, 5)
    assert stream.snapshot(View()).number == 1


def test_a_run_that_never_got_going_is_none() -> None:
    stream = LiveStream()
    stream.feed([hello(0, hz=HZ, start=500)])
    stream.feed([hello(0, hz=HZ, start=500)])
    assert stream.snapshot(View()).past == ()
