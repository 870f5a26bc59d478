"""Who had which CPU, from Xen's records: against a sampler's own gaps, and against holes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from hvconsole.stream.vcpu_lane import IDLE_DOMAIN, Owner, VcpuLane
from hvconsole.wire.xentrace import CONTINUES, LOST, SWITCH, Records, decode

DATA = Path(__file__).parent / "data" / "xentrace"


def records(*rows: tuple[int, int, int, tuple[int, ...]]) -> Records:
    """Make records of rows: tick, CPU, event, words."""
    extra = np.zeros((len(rows), 7), np.uint32)
    for at, row in enumerate(rows):
        extra[at, : len(row[3])] = row[3]
    return Records(
        np.array([row[0] for row in rows], np.uint64),
        np.array([row[1] for row in rows], np.int32),
        np.array([row[2] for row in rows], np.uint32),
        extra,
    )


def lane_of(name: str) -> VcpuLane:
    lane = VcpuLane()
    lane.feed(decode((DATA / f"{name}.bin").read_bytes())[0])
    return lane


def gaps_of(name: str) -> np.ndarray:
    return np.loadtxt(DATA / f"{name}.gaps", dtype=np.uint64, ndmin=2)


def away(lane: VcpuLane, owner: Owner, start: int, end: int) -> list[tuple[int, int]]:
    """Return when a vCPU ran nowhere, between two times at which it did."""
    held = np.concatenate([lane.intervals(cpu) for cpu in lane.cpus])
    mine = np.sort(held[(held["domain"] == owner.domain) & (held["unit"] == owner.unit)])
    pairs = zip(mine["end"][:-1].tolist(), mine["start"][1:].tolist(), strict=True)
    return [(a, b) for a, b in pairs if start < a < b < end]


@pytest.mark.parametrize("name", ["credit-one-cpu", "credit-two-cpus"])
def test_intervals_of_a_cpu_do_not_overlap(name: str) -> None:
    lane = lane_of(name)
    for cpu in lane.cpus:
        held = lane.intervals(cpu)
        assert held.size > 100
        assert (held["end"] > held["start"]).all()
        assert (held["start"][1:] >= held["end"][:-1]).all()


@pytest.mark.parametrize("name", ["credit-one-cpu", "credit-two-cpus"])
def test_whenever_the_samplers_vcpu_ran_nowhere_the_sampler_saw_a_gap(name: str) -> None:
    lane, gaps = lane_of(name), gaps_of(name)
    off = away(lane, Owner(0, 0), int(gaps[0, 0]), int(gaps[-1, 1]))
    assert len(off) >= 10
    for begin, end in off:
        at = int(np.searchsorted(gaps[:, 0], begin, side="right")) - 1
        assert gaps[at, 0] <= begin
        assert end <= gaps[at, 1]


def test_a_slice_of_the_other_domain_is_the_long_gap() -> None:
    """One CPU, virtual time: of each gap above 500 µs, 99 % and more went to domain 2."""
    lane, gaps = lane_of("credit-one-cpu"), gaps_of("credit-one-cpu")
    long = gaps[(gaps[:, 1] - gaps[:, 0]) > 31_250].tolist()
    assert len(long) == 17
    for begin, end in long:
        ran = [b - a for owner, a, b in lane.during(0, begin, end) if owner == Owner(2, 0)]
        assert sum(ran) > 0.99 * (end - begin)


def test_columns_say_who_had_most_and_how_much_is_known() -> None:
    lane = VcpuLane()
    lane.feed(
        records(
            (100, 0, SWITCH, (0, 0, 2, 1)),
            (130, 0, SWITCH, (2, 1, 0, 0)),
            (200, 0, SWITCH, (0, 0, IDLE_DOMAIN, 0)),
            (250, 0, SWITCH, (IDLE_DOMAIN, 0, 2, 1)),
        )
    )
    seen = lane.columns(0, np.array([50, 90, 150, 200, 300], np.uint64))
    assert seen.domain.tolist() == [-1, 2, 0, IDLE_DOMAIN]
    assert seen.unit.tolist() == [-1, 1, 0, 0]
    assert seen.share.tolist() == [0, 0.5, 1, 0.5]
    assert seen.known.tolist() == pytest.approx([0, 50 / 60, 1, 0.5])
    assert seen.owners.tolist() == [0, 2, 1, 1]


def test_where_records_were_lost_nobody_is_named() -> None:
    lane = VcpuLane()
    lane.feed(
        records(
            (10, 0, SWITCH, (0, 0, 1, 0)),
            (90, 0, LOST, (5, 0, 40, 0)),
            (95, 0, SWITCH, (2, 0, 0, 0)),
            (99, 0, 0x28004, (2, 0)),
        )
    )
    assert lane.during(0, 0, 1000) == [(Owner(1, 0), 10, 40), (Owner(0, 0), 95, 99)]


def test_a_switch_away_from_somebody_else_is_not_believed() -> None:
    lane = VcpuLane()
    lane.feed(records((10, 0, SWITCH, (0, 0, 1, 0)), (20, 0, SWITCH, (3, 0, 0, 0))))
    assert lane.during(0, 0, 1000) == []


def test_who_goes_on_is_known_without_a_switch() -> None:
    lane = VcpuLane()
    lane.feed(records((10, 1, CONTINUES, (0, 1)), (40, 1, CONTINUES, (0, 1))))
    assert lane.cpus == [1]
    assert lane.during(1, 20, 30) == [(Owner(0, 1), 20, 30)]


def test_the_oldest_go_when_there_are_too_many() -> None:
    lane = VcpuLane(most=8)
    rows = [(at, 0, SWITCH, (at % 2, 0, 1 - at % 2, 0)) for at in range(1, 101)]
    lane.feed(records(*rows))
    held = lane.intervals(0)
    assert 4 <= held.size <= 8
    assert int(held["end"][-1]) == 100


def test_an_unknown_cpu_and_a_view_of_nothing_have_nothing() -> None:
    lane = VcpuLane()
    assert lane.during(5, 0, 10) == []
    assert lane.columns(5, np.array([], np.uint64)).domain.size == 0
    assert lane.columns(5, np.array([0, 1], np.uint64)).domain.tolist() == [-1]


_word = st.integers(0, 0xFFFF_FFFF)
_row = st.tuples(
    st.integers(0, 2**64 - 1),
    st.integers(0, 2),
    st.sampled_from([SWITCH, CONTINUES, LOST, 0x28004]),
    st.tuples(_word, _word, _word, _word),
)


@given(st.lists(_row, max_size=30), st.lists(st.integers(0, 2**64 - 1), max_size=9))
def test_whatever_a_board_says_intervals_are_in_order_and_shares_add_up(
    rows: list[tuple[int, int, int, tuple[int, ...]]], edges: list[int]
) -> None:
    lane = VcpuLane()
    lane.feed(records(*rows))
    for cpu in lane.cpus:
        held = lane.intervals(cpu)
        assert (held["end"] > held["start"]).all()
        assert (held["start"][1:] >= held["end"][:-1]).all()
        seen = lane.columns(cpu, np.unique(np.array(edges, np.uint64)))
        assert (seen.share <= seen.known + 1e-6).all()
        assert (seen.known <= 1 + 1e-6).all()


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(1, 30))
def test_columns_agree_with_the_intervals_they_show(lengths: list[int], count: int) -> None:
    ticks = np.cumsum(lengths).tolist()
    rows = [(at, 0, SWITCH, (n % 3, 0, (n + 1) % 3, 0)) for n, at in enumerate(ticks)]
    lane = VcpuLane()
    lane.feed(records(*rows))
    edges = np.unique(np.linspace(0, ticks[-1] + 5, count + 1).astype(np.uint64))
    seen = lane.columns(0, edges)
    for at, (begin, end) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        by_owner: dict[int, int] = {}
        for owner, first, last in lane.during(0, begin, end):
            by_owner[owner.domain] = by_owner.get(owner.domain, 0) + last - first
        assert seen.owners[at] == len(by_owner)
        assert seen.known[at] == pytest.approx(sum(by_owner.values()) / (end - begin))
        assert seen.share[at] == pytest.approx(max(by_owner.values(), default=0) / (end - begin))
