"""Live statistics against a plain recomputation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from values import HZ, START, heartbeat, hello, switches

from hvconsole.stream.bins import TimeBins
from hvconsole.stream.histogram import BUCKETS, LengthHistogram, bucket_edges, buckets_of
from hvconsole.stream.live import LiveStream
from hvconsole.stream.ring import SwitchRing
from hvconsole.stream.snapshot import View
from hvconsole.wire.values import End, Histogram, Note, NoteCode, Switches

lengths = st.lists(st.integers(1, 2**50), min_size=1, max_size=200)


def documented_bucket(v: int) -> int:
    if v < 32:
        return v
    e = v.bit_length() - 1
    return 32 * (e - 5) + (v >> (e - 5))


@given(lengths)
def test_buckets_are_those_of_the_wire_format(values: list[int]) -> None:
    assert buckets_of(np.array(values, dtype=np.uint64)).tolist() == [
        documented_bucket(v) for v in values
    ]


@given(st.integers(0, 2**52))
def test_a_length_lies_within_its_bucket(value: int) -> None:
    bucket = int(buckets_of(np.array([value], dtype=np.uint64))[0])
    edges = bucket_edges()
    assert edges[bucket] <= value < edges[bucket + 1]


@given(lengths, st.floats(0.01, 0.999))
def test_quantiles_are_good_to_one_bucket(values: list[int], share: float) -> None:
    histogram = LengthHistogram()
    histogram.add(np.array(values, dtype=np.uint64))
    (got,) = histogram.quantiles([share])
    exact = sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]
    assert abs(got - exact) <= exact / 32 + 1


def test_an_empty_histogram_has_no_quantiles() -> None:
    assert math.isnan(LengthHistogram().quantiles([0.5])[0])
    assert LengthHistogram().filled()[1].size == 0
    assert bucket_edges().size == BUCKETS + 1


@given(st.lists(st.integers(1, 70), max_size=20))
def test_the_ring_keeps_the_newest(sizes: list[int]) -> None:
    ring, at, capacity = SwitchRing(50), 0, 50
    for size in sizes:
        start = np.arange(at, at + size, dtype=np.uint64)
        ring.push(start, start + np.uint64(1))
        at += size
    kept = ring.start
    assert kept.size >= min(at, capacity)
    assert kept.tolist() == list(range(at - kept.size, at))
    assert np.array_equal(ring.length, kept + np.uint64(1))
    assert ring.complete == (kept.size == at)


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 10**6)), min_size=1, max_size=100),
    st.integers(1, 64),
)
def test_bins_lose_nothing_when_they_coarsen(steps: list[tuple[int, int]], width: int) -> None:
    bins = TimeBins(origin=100, width=width, bins=64)
    start = 100 + np.cumsum([s for s, _ in steps]).astype(np.uint64)
    length = np.array([n for _, n in steps], dtype=np.uint64)
    for at in range(0, start.size, 7):
        bins.push(start[at : at + 7], length[at : at + 7])
    edges = np.array([100, int(start[-1]) + bins.width + 1], dtype=np.uint64)
    (count,), (longest,) = bins.columns(edges).count, bins.columns(edges).longest
    assert count == start.size
    assert longest == length.max()
    assert bins.columns(edges).lost[0] == length.sum()
    fine = np.linspace(0, int(start[-1]) + 3 * bins.width, 40).astype(np.uint64)
    assert np.array_equal(bins.counts(fine), bins.columns(fine).count)


def seeded(count: int = 3000, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    start = START + np.sort(rng.integers(0, 9 * HZ, count)).astype(np.uint64) + np.uint64(0)
    start += np.arange(count, dtype=np.uint64) * np.uint64(1000)
    length = rng.integers(25, 900, count).astype(np.uint64)
    length[count // 2] = 999
    return start, length


def fed(count: int = 3000) -> tuple[LiveStream, np.ndarray, np.ndarray]:
    stream = LiveStream()
    start, length = seeded(count)
    stream.feed([hello()])
    for at in range(0, count, 500):
        pairs = list(
            zip(start[at : at + 500].tolist(), length[at : at + 500].tolist(), strict=True)
        )
        stream.feed([switches(1, pairs, at)])
    end = START + 10 * HZ
    stream.feed([heartbeat(1, end, detected=count, recorded=count, lost_ticks=int(length.sum()))])
    return stream, start, length


def test_totals_are_exact() -> None:
    stream, _, length = fed()
    totals = stream.snapshot(View()).totals
    assert totals.detected == totals.received == 3000
    assert totals.dropped == totals.lost_on_link == totals.under_way == 0
    assert totals.lost_ns == pytest.approx(int(length.sum()) * 1e9 / HZ)
    assert totals.elapsed_ns == pytest.approx(10e9)
    assert totals.rate == pytest.approx(300)
    assert totals.max_ns == pytest.approx(999 * 1e9 / HZ)
    assert totals.coverage == 1.0
    assert totals.p50_ns == pytest.approx(float(np.median(length)) * 1e9 / HZ, rel=1 / 32)


@given(st.floats(0, 9), st.floats(0.01, 10), st.integers(1, 300))
@settings(max_examples=50, deadline=None)
def test_no_spike_is_lost_to_columns(start_s: float, span_s: float, columns: int) -> None:
    stream, start, length = fed()
    seen = stream.snapshot(View(start_s=start_s, span_s=span_s, columns=columns)).columns
    low = (START + int(start_s * HZ), START + int((start_s + span_s) * HZ))
    inside = (start >= low[0] + 2) & (start < low[1] - 2)
    around = (start >= low[0] - 2) & (start < low[1] + 2)
    assert inside.sum() <= seen.count.sum() <= around.sum()
    if inside.any():
        assert np.nanmax(seen.longest_ns) >= length[inside].max() * 1e9 / HZ - 1e-6


@given(st.floats(0, 9), st.floats(0.01, 10))
@settings(max_examples=30, deadline=None)
def test_the_rate_counts_what_the_columns_hold(start_s: float, span_s: float) -> None:
    stream, _, _ = fed()
    seen = stream.snapshot(View(start_s=start_s, span_s=span_s, columns=40))
    width = np.diff(seen.columns.edges_s) * seen.columns.watched
    known = np.isfinite(seen.rate)
    assert np.array_equal(known, seen.columns.watched > 0.05)
    assert np.allclose(seen.rate[known] * width[known], seen.columns.count[known])


def test_switches_ahead_of_their_heartbeat_make_no_peak_of_the_rate() -> None:
    stream = LiveStream()
    stream.feed([hello()])
    every = HZ // 1000
    stream.feed([switches(1, [(START + n * every, 30) for n in range(1100)])])
    stream.feed([heartbeat(1, START + HZ + HZ // 50)])  # 1.02 s; 80 ms more have come already
    seen = stream.snapshot(View(start_s=0.0, span_s=10.0, columns=40))
    known = seen.rate[np.isfinite(seen.rate)]
    assert known.size == 5
    assert known == pytest.approx(1000, rel=0.02)


def test_old_switches_stay_visible_after_the_ring_forgot_them() -> None:
    stream = LiveStream()
    stream.feed([hello()])
    stream.feed([switches(1, [(START + 50, 77_777)])])
    for block in range(12):
        start = START + 1000 + (block * 50_000 + np.arange(50_000)) * 40
        pairs = np.stack([start, np.full(50_000, 30)], axis=1).tolist()
        stream.feed([switches(1, pairs)])
    stream.feed([heartbeat(1, START + 2 * HZ)])
    seen = stream.snapshot(View(start_s=0.0, span_s=2.0, columns=50)).columns
    assert np.nanmax(seen.longest_ns) == pytest.approx(77_777 * 1e9 / HZ)
    assert seen.count.sum() == 600_001


def test_what_the_link_lost_is_told() -> None:
    stream, *_ = fed()
    stream.feed([heartbeat(1, START + 11 * HZ, detected=3010, recorded=3007, dropped=0)])
    totals = stream.snapshot(View()).totals
    assert totals.lost_on_link == 7
    assert totals.under_way == 3
    assert (
        totals.detected == totals.received + totals.dropped + totals.lost_on_link + totals.under_way
    )


def test_dropped_switches_count_in_lengths_and_totals() -> None:
    stream, _, length = fed()
    part = Histogram(
        1,
        START,
        START + 99,
        5,
        5 * 4000,
        4000,
        4000,
        buckets_of(np.array([4000], dtype=np.uint64)),
        np.array([5]),
    )
    stream.feed([part])
    totals = stream.snapshot(View()).totals
    assert totals.dropped == 5
    assert totals.max_ns == pytest.approx(4000 * 1e9 / HZ)
    assert totals.lost_ns == pytest.approx((int(length.sum()) + 20_000) * 1e9 / HZ)


def test_blind_time_is_not_watched() -> None:
    stream = LiveStream()
    blind = Note(1, NoteCode.BLIND, 0, START + 2 * HZ, START + 3 * HZ, HZ, "")
    stream.feed([hello(), blind, heartbeat(1, START + 5 * HZ, blind_ticks=HZ)])
    seen = stream.snapshot(View(start_s=0, span_s=10, columns=10))
    assert seen.columns.watched.tolist() == [1, 1, 0, 1, 1, 0, 0, 0, 0, 0]
    assert seen.totals.coverage == pytest.approx(0.8)
    assert math.isnan(seen.rate[2])


def test_lanes_can_be_looked_at_one_by_one() -> None:
    stream = LiveStream()
    stream.feed(
        [
            hello(0, 1),
            switches(0, [(START + 5, 50)]),
            switches(1, [(START + 9, 90), (START + 200, 60)]),
        ]
    )
    stream.feed(
        [
            heartbeat(0, START + HZ, detected=1, recorded=1),
            heartbeat(1, START + HZ, detected=2, recorded=2),
        ]
    )
    assert stream.snapshot(View()).totals.received == 3
    assert stream.snapshot(View(lanes=(0,))).totals.received == 1
    assert stream.snapshot(View(lanes=(1,))).columns.count.sum() == 2
    assert stream.snapshot(View()).lanes[1].max_ns == pytest.approx(90 * 1e9 / HZ)


def test_snapshots_are_shared_until_something_changes() -> None:
    stream, *_ = fed()
    first = stream.snapshot(View())
    assert stream.snapshot(View()) is first
    stream.feed([End(reason="time")])
    assert stream.snapshot(View()).ended == "time"
    assert stream.snapshot(View()) is not first


def test_an_unannounced_lane_and_frames_before_hello_are_ignored() -> None:
    stream = LiveStream()
    stream.feed([switches(1, [(START, 50)])])
    stream.feed([hello(1), switches(5, [(START, 50)])])
    assert stream.snapshot(View()).totals.received == 0


def test_a_new_hello_begins_a_new_run() -> None:
    stream, *_ = fed()
    stream.feed([hello()])
    assert stream.snapshot(View()).totals.received == 0
    stream.reset()
    assert stream.snapshot(View()).hello is None


def test_a_following_view_moves_by_whole_columns() -> None:
    """What was seen once does not change while the view moves on."""
    stream, *_ = fed()
    seen: dict[float, float] = {}
    for half in range(20, 30):
        stream.feed([heartbeat(1, START + half * HZ // 2, detected=3000, recorded=3000)])
        columns = stream.snapshot(View(span_s=4.0, columns=80)).columns
        for edge, longest in zip(columns.edges_s, columns.longest_ns, strict=False):
            key = round(float(edge), 6)
            if not math.isnan(longest):
                assert seen.setdefault(key, float(longest)) == longest


def test_a_batch_without_switches_changes_nothing() -> None:
    stream, *_ = fed()
    stream.feed([Switches(1, 3000, np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.uint64))])
    assert stream.snapshot(View()).totals.received == 3000
