"""Artefacts: each rule on arrays made for it, then on a whole recorded session and its export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, strategies as st
from sessions import make_session
from values import HZ, START, heartbeat, hello, switches

from hvconsole.analysis.export import export_session
from hvconsole.analysis.labels import (
    NAMES,
    SETTLE_NS,
    Artefact,
    LaneContext,
    counted,
    frequency_steps,
    label,
    overlaps,
    read_rates,
    slowed_spans,
    throttle_gaps,
)
from hvconsole.analysis.runs import figures_in_order, measured_runs
from hvconsole.wire.values import End, Note, NoteCode

SECOND = 1_000_000_000
RECORDED = Path(__file__).parent / "data" / "recorded"
THROTTLE = {"fifo": 50, "budget_ns": 0.05 * SECOND, "period_ns": SECOND, "run_ns": 10.0 * SECOND}


def ns(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def spans(*pairs: tuple[float, float]) -> np.ndarray:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def test_throttling_is_known_by_length_and_period() -> None:
    start = ns(0.95e9, 1.3e9, 1.95e9, 2.4e9, 2.96e9)
    length = ns(48.8e6, 8e3, 48.8e6, 31e6, 50.1e6)
    assert throttle_gaps(start, length, **THROTTLE).tolist() == [0.95e9, 1.95e9, 2.96e9]


def test_long_gaps_out_of_step_are_not_throttling() -> None:
    found = throttle_gaps(ns(0.95e9, 2.42e9), ns(48e6, 48e6), **THROTTLE)
    assert found.size == 0


@pytest.mark.parametrize(("run_s", "expected"), [(1.5, 1), (10, 0)])
def test_one_such_gap_is_enough_in_a_short_run_only(run_s: float, expected: int) -> None:
    settings = THROTTLE | {"run_ns": run_s * SECOND}
    assert throttle_gaps(ns(0.9e9), ns(50e6), **settings).size == expected


def test_the_normal_scheduler_has_no_throttling() -> None:
    assert throttle_gaps(ns(1e9, 2e9), ns(50e6, 50e6), **(THROTTLE | {"fifo": 0})).size == 0


def test_own_stream_holds_a_heartbeat_of_ours() -> None:
    context = LaneContext(own=ns(100, 500))
    flags = label(context, ns(90, 200, 500), ns(20, 50, 5))
    assert flags.tolist() == [Artefact.OWN_STREAM, 0, Artefact.OWN_STREAM]


def test_a_neighbours_turn_is_not_ours_because_we_wrote_in_it() -> None:
    context = LaneContext(own=ns(5e6, 50e6))
    flags = label(context, ns(0, 49e6), ns(10e6, 3e6))
    assert flags.tolist() == [0, Artefact.OWN_STREAM]


def test_calibration_covers_what_the_loop_does_itself() -> None:
    flags = label(LaneContext(loop_ns=600), ns(0, 1000), ns(600, 601))
    assert flags.tolist() == [Artefact.CALIBRATION, 0]


def test_a_hole_labels_until_the_cpu_has_settled() -> None:
    context = LaneContext(holes=spans((1000, 2000)))
    late = 2000 + SETTLE_NS
    flags = label(context, ns(900, 990, 2500, late), ns(50, 20, 10, 10))
    assert flags.tolist() == [0, Artefact.HOTPLUG, Artefact.HOTPLUG, 0]


def test_several_causes_may_apply_at_once() -> None:
    context = LaneContext(own=ns(5), changes=spans((0, 10)), slowed=spans((0, 100)))
    (flags,) = label(context, ns(1), ns(8))
    assert flags == Artefact.OWN_STREAM | Artefact.FREQUENCY | Artefact.THERMAL


@given(
    st.lists(st.integers(0, 900), max_size=6, unique=True),
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 60)), min_size=1, max_size=20),
)
def test_overlap_is_what_a_loop_finds(cuts: list[int], intervals: list[tuple[int, int]]) -> None:
    ordered = sorted(cuts)
    pairs = list(zip(ordered[::2], ordered[1::2], strict=False))
    start = ns(*(a for a, _ in intervals))
    end = start + ns(*(n for _, n in intervals))
    expected = [any(a < e and s < b for a, b in pairs) for s, e in zip(start, end, strict=True)]
    assert overlaps(spans(*pairs), start, end).tolist() == expected


def rates_of(*levels: float, each: int = 20, noise: float = 0.002) -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.concatenate([level * (1 + noise * rng.standard_normal(each)) for level in levels])


def test_frequency_steps_are_found_where_they_are() -> None:
    steps = frequency_steps(rates_of(1.0, 0.8, 1.0))
    assert [at for at, _ in steps] == [20, 40]
    assert [r for _, r in steps] == pytest.approx([0.8, 1.25], rel=0.01)


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.2])
def test_a_steady_clock_has_no_steps_however_noisy(noise: float) -> None:
    assert frequency_steps(rates_of(1.0, 1.0, 1.0, noise=noise)) == []


def test_a_single_slow_heartbeat_is_no_step() -> None:
    rates = rates_of(1.0, each=40)
    rates[20] = 0.5
    assert frequency_steps(rates) == []


def test_time_lost_does_not_look_like_a_slower_clock() -> None:
    tick = np.arange(11) * 1000
    lost = np.arange(11) * 400
    loops = np.arange(11) * 300
    assert read_rates(tick, loops, lost) == pytest.approx(np.full(10, 0.5))
    assert np.isnan(read_rates(tick, loops, tick)).all()


def test_slowed_is_all_that_lies_below_the_fastest() -> None:
    rates = rates_of(1.0, 0.7, 0.9, 1.0)
    at = np.arange(rates.size + 1, dtype=np.int64) * 100
    found = slowed_spans(at, rates, frequency_steps(rates))
    assert found.tolist() == [[2000, 4000], [4000, 6000]]
    assert slowed_spans(at, rates, []).size == 0


def test_counts_are_by_name() -> None:
    flags = np.array([Artefact.HOTPLUG, 0, Artefact.HOTPLUG | Artefact.OWN_STREAM], dtype=np.uint32)
    found = counted(flags, ns(5, 6, 7))
    assert found == {NAMES[Artefact.HOTPLUG]: (2, 12), NAMES[Artefact.OWN_STREAM]: (1, 7)}


def throttled_session(path: Path) -> Path:
    """Make 5 s under SCHED_FIFO: a tick each 100 ms, and the throttle's gap once a second."""
    pairs = []
    for second in range(5):
        begin = START + second * HZ
        pairs += [(begin + i * HZ // 10, 240) for i in range(9)]
        pairs.append((begin + HZ * 95 // 100, HZ // 20 - 5))
    lost = sum(length for _, length in pairs)
    counts = {"detected": 50, "recorded": 50, "lost_ticks": lost}
    values = [
        msgspec.structs.replace(hello(), fifo=50),
        switches(1, pairs),
        heartbeat(1, START + 5 * HZ, **counts),
        End(reason="time"),
    ]
    return make_session(path, [values], ["fifo"])


def test_figures_count_artefacts_apart(tmp_path: Path) -> None:
    (run,) = figures_in_order(measured_runs([throttled_session(tmp_path / "a.hvs")]))
    ((number, lost),) = run.artefacts.values()
    assert number == 5
    assert lost == pytest.approx(0.25e9, rel=1e-4)
    assert run.rate == pytest.approx(9)
    assert run.max_ns == 10_000
    assert run.lost_percent == pytest.approx(45 * 10_000 / 5e9 * 100)
    assert run.switches == 50


def test_the_export_flags_each_switch_and_keeps_the_rest(tmp_path: Path) -> None:
    path = throttled_session(tmp_path / "a.hvs")
    export_session(path, tmp_path / "a.parquet")
    frame = pl.read_parquet(tmp_path / "a.parquet")
    flagged = frame.filter(pl.col("flags") & int(Artefact.RT_THROTTLE) != 0)
    assert frame.height == 50
    assert flagged["gap_ns"].min() > 40_000_000
    assert flagged.height == 5
    assert frame["gap_ns"].sum() == pytest.approx(0.25e9 + 45 * 10_000, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "artefact", "number", "lost_ms"),
    [("rt_throttle", Artefact.RT_THROTTLE, 4, 196), ("own_stream", Artefact.OWN_STREAM, 19, 11)],
)
def test_real_recordings_are_labelled(
    tmp_path: Path, name: str, artefact: Artefact, number: int, lost_ms: int
) -> None:
    """A PC, once under SCHED_FIFO, once with sampler and writer on one CPU."""
    path = make_session(tmp_path / "a.hvs", [])
    (path / "frames.bin").write_bytes((RECORDED / f"{name}.frames").read_bytes())
    (run,) = measured_runs([path])
    assert list(run.figures.artefacts) == [NAMES[artefact]]
    found, lost_ns = run.figures.artefacts[NAMES[artefact]]
    assert found == number
    assert lost_ns / 1e6 == pytest.approx(lost_ms, abs=1)
    export_session(path, tmp_path / "a.parquet")
    flags = pl.read_parquet(tmp_path / "a.parquet")["flags"]
    assert flags.filter(flags & int(artefact) != 0).len() == number


def test_a_hole_in_a_recording_is_found(tmp_path: Path) -> None:
    first, second = START + HZ // 2, START + HZ * 3 // 4
    values = [
        hello(),
        switches(1, [(START + 1000, 240)]),
        Note(1, NoteCode.MOVED, 2, first, first, 0, ""),
        Note(1, NoteCode.BLIND, 0, first, second, second - first, ""),
        Note(1, NoteCode.MOVED, 0, first, second, 1, ""),
        switches(1, [(second + 100, 240), (second + HZ // 5, 240)], 1),
        heartbeat(1, START + HZ, detected=3, recorded=3, blind_ticks=second - first),
        End(reason="time"),
    ]
    (run,) = figures_in_order(measured_runs([make_session(tmp_path / "a.hvs", [values])]))
    assert run.artefacts == {NAMES[Artefact.HOTPLUG]: (1, 10_000)}
    assert run.coverage == pytest.approx(0.75)
    assert run.rate == pytest.approx(2 / 0.75)


@pytest.mark.parametrize(("writer", "expected"), [(1, 1), (0, 0)])
def test_our_writer_is_looked_for_on_its_own_cpu(
    tmp_path: Path, writer: int, expected: int
) -> None:
    values = [
        msgspec.structs.replace(hello(), writer_cpu=writer),
        switches(1, [(START + 1000, 240), (START + HZ - 100, 240)]),
        heartbeat(1, START + HZ, detected=2, recorded=2, watched_until=START + HZ + 500),
        End(reason="time"),
    ]
    (run,) = measured_runs([make_session(tmp_path / "a.hvs", [values])])
    assert sum(n for n, _ in run.figures.artefacts.values()) == expected


def test_heat_takes_the_frequency_of_a_pinned_cpu_only(tmp_path: Path) -> None:
    ticks = [START + i * HZ // 10 for i in range(41)]
    loops = np.concatenate([[0], np.cumsum([1000] * 20 + [700] * 20)])
    values = [
        hello(),
        switches(1, [(START + HZ // 4, 240), (START + 3 * HZ, 240)]),
        *(replace(heartbeat(1, t), loops=int(n)) for t, n in zip(ticks, loops, strict=True)),
        End(reason="time"),
    ]
    for governor, expected in (("performance", 1), ("schedutil", 0)):
        facts = {"clocks": [{"cpu": 1, "governor": governor}]}
        path = make_session(tmp_path / f"{governor}.hvs", [values], facts=facts)
        (run,) = measured_runs([path])
        assert run.figures.artefacts.get(NAMES[Artefact.THERMAL], (0, 0))[0] == expected
        assert run.figures.watched_s == pytest.approx(2 if expected else 4)
