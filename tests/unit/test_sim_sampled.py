"""A simulated run is a stream like a sampler's: read back with the wire's own decoder."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from simulated import NATIVE, started, watch, xen
from values import same

from hvconsole.sim.machine import SECOND, Machine
from hvconsole.sim.machine.changes import (
    CreateCell,
    CreateDomain,
    DestroyCell,
    EnableJailhouse,
    StartLoad,
    StartSampling,
)
from hvconsole.sim.machine.sampled import AUTO_THRESHOLD, Epoch, SampledLane, SampledRun
from hvconsole.stream.live import LiveStream
from hvconsole.stream.snapshot import View
from hvconsole.wire.stream import StreamDecoder
from hvconsole.wire.values import (
    End,
    Heartbeat,
    HeartbeatFlag,
    Hello,
    Note,
    NoteCode,
    Switches,
    Value,
)

EPOCH = Epoch(0, 5_000_000_000, 1_700_000_000_000_000_000)


def streamed(machine: Machine, run: SampledRun, seconds: int) -> list[Value]:
    data = run.begin()
    for _ in range(10 * seconds):
        data += run.feed(machine.advance(machine.now + SECOND // 10))
    data += run.finish("time", machine.now)
    decoder = StreamDecoder()
    values = decoder.feed(data)
    decoder.finish()
    assert not decoder.damage.damaged_frames
    assert not decoder.damage.lost_frames
    return values


def test_the_stream_begins_with_a_hello_ends_with_an_end_and_its_counts_agree() -> None:
    run = SampledRun({0: None}, EPOCH, kernel="6.1.0", sampler="simulated 1")
    values = streamed(started(xen("rtds")), run, 3)
    assert isinstance(values[0], Hello)
    assert values[0] == run.hello
    assert values[-1] == End(reason="time", end_tick=3 * SECOND)
    last = values[-2]
    assert isinstance(last, Heartbeat)
    assert last.flags == HeartbeatFlag.LAST
    switches = [value for value in values if isinstance(value, Switches)]
    lengths = np.concatenate([value.length for value in switches])
    assert last.detected == last.recorded == lengths.size == pytest.approx(1950, abs=5)
    assert last.lost_ticks == lengths.sum()
    beats = [value for value in values if isinstance(value, Heartbeat)]
    assert len(beats) >= 30
    assert [beat.loops for beat in beats] == sorted(beat.loops for beat in beats)
    assert beats[9].mono_ns - EPOCH.mono_ns == beats[9].tick * 1_000_000_000 // 24_000_000


def test_live_statistics_read_it() -> None:
    machine = started(xen("credit"), CreateDomain(1, busy=True))
    run = SampledRun({0: None}, EPOCH)
    live = LiveStream()
    live.feed(streamed(machine, run, 4))
    totals = live.snapshot(View()).totals
    assert totals.lost_share == pytest.approx(0.5, abs=0.03)
    assert totals.max_ns == pytest.approx(30_100_000, rel=0.05)
    assert totals.lost_on_link == totals.dropped == 0


def test_short_switches_stay_below_the_threshold() -> None:
    machine = started(xen("credit2"))
    chunk = watch(machine, 2)
    threshold = int(np.median(chunk.length))
    lane = SampledLane(0, EPOCH, threshold)
    found = [v for v in (*lane.feed(chunk), *lane.finish()) if isinstance(v, Switches)]
    expected = chunk.length[chunk.length > threshold]
    assert np.concatenate([v.length for v in found]).tolist() == expected.tolist()
    assert [v.first for v in found] == np.cumsum([0, *(v.length.size for v in found)])[:-1].tolist()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, SECOND - 1), max_size=12))
def test_values_do_not_depend_on_chunks(stops: list[int]) -> None:
    def values(cuts: list[int]) -> list[Value]:
        machine = started(NATIVE, EnableJailhouse(), StartLoad("spin", 1), cpu=1)
        machine.apply(CreateCell("inmate", (1,)), at=SECOND // 3)
        machine.apply(DestroyCell("inmate"), at=SECOND // 2)
        lane = SampledLane(1, EPOCH)
        found: list[Value] = []
        for until in [*cuts, SECOND]:
            found += lane.feed(machine.advance(until)[1])
        return found + lane.finish()

    whole, cut = values([]), values(sorted(set(stops)))
    assert len(whole) == len(cut)
    assert all(same(one, other) for one, other in zip(whole, cut, strict=True))


def test_a_hole_is_told_and_counted_as_blind() -> None:
    machine = Machine(NATIVE, seed=3)
    for cpu in (0, 1):
        machine.apply(StartSampling(cpu))
    machine.apply(EnableJailhouse())
    machine.apply(CreateCell("inmate", (1,)), at=SECOND)
    machine.apply(DestroyCell("inmate"), at=SECOND * 3 // 2)
    values = streamed(machine, SampledRun({0: None, 1: 100}, EPOCH), 2)
    notes = [value for value in values if isinstance(value, Note)]
    assert [(note.lane, note.code) for note in notes] == [(1, NoteCode.MOVED), (1, NoteCode.BLIND)]
    assert (notes[1].start, notes[1].end) == (SECOND, SECOND * 3 // 2)
    last = {beat.lane: beat for beat in values if isinstance(beat, Heartbeat)}
    assert last[1].blind_ticks == SECOND // 2
    assert last[0].blind_ticks == 0
    hello = values[0]
    assert isinstance(hello, Hello)
    assert [lane.threshold_ticks for lane in hello.lanes] == [AUTO_THRESHOLD, 100]
    assert [lane.auto for lane in hello.lanes] == [True, False]
