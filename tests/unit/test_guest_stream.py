"""A guest's stream beside its host's: clocks joined, and both in one session's tables."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from hypothesis import given, strategies as st
from values import HZ, heartbeat, hello

from hvconsole.analysis.export import export_session
from hvconsole.analysis.render import render_summary
from hvconsole.analysis.summary import summary_rows
from hvconsole.model.guest_clock import GuestClock
from hvconsole.model.run import RunSettings
from hvconsole.record.capture import SessionWriter
from hvconsole.record.guest import file_of
from hvconsole.record.manifest import GuestEntry, new_manifest
from hvconsole.record.reader import SessionReader
from hvconsole.stream.clock_join import ClockJoin
from hvconsole.wire.stream import StreamEncoder
from hvconsole.wire.values import End, HeartbeatFlag, Hello, Switches, Value

Counter = Literal["cntpct", "cntvct", "tsc"]


def began(start: int, counter: Counter = "cntvct", hz: int = HZ) -> Hello:
    return hello(0, start=start, hz=hz, counter=counter, mono_ns=0, real_ns=0, online_cpus=1)


def stream(start: int, switches: list[tuple[int, int]], dropped: int = 0) -> bytes:
    """Return one run's frames: switches as (start, length), and honest accounts."""
    encoder = StreamEncoder()
    at = np.array([s for s, _ in switches], dtype=np.uint64)
    length = np.array([n for _, n in switches], dtype=np.uint64)
    end = start + HZ
    count = len(switches)
    totals = {"detected": count + dropped, "recorded": count, "dropped": dropped}
    lost = int(length.sum())
    beat = heartbeat(0, end, flags=HeartbeatFlag.LAST, loops=1, lost_ticks=lost, **totals)
    over = End(reason="time", end_tick=end)
    values: list[Value] = [began(start), Switches(0, 0, at, length), beat, over]
    return b"".join(encoder.encode(value) for value in values)


Exchanges = st.lists(
    st.tuples(st.booleans(), st.integers(0, 100_000), st.integers(0, 100_000)),
    min_size=2, max_size=40,
)  # fmt: skip


@given(
    offset=st.integers(-(2**40), 2**40),
    exchanges=Exchanges,
    shared=st.booleans(),
)
def test_bounds_hold_the_offset_however_long_anything_takes(
    offset: int, exchanges: list[tuple[bool, int, int]], shared: bool
) -> None:
    """Each question takes a while to arrive, and its answer to come back; in real ticks."""
    offset = 0 if shared else offset
    join = ClockJoin(began(0, "cntpct"), began(0, "cntpct"), shared=shared)
    now = 2**41
    join.host_ticked(now)
    join.guest_ticked(now - offset)
    asked = [0, 0]
    for to_guest, there, back in exchanges:
        asked[to_guest] += 1
        (join.guest_asked if to_guest else join.host_asked)(asked[to_guest])
        now += there
        tick = now - offset if to_guest else now
        now += back
        (join.guest_answered if to_guest else join.host_answered)(asked[to_guest], tick)
    clock = join.clock
    both = {to_guest for to_guest, _, _ in exchanges} == {True, False}
    assert (clock.relation != "unknown") == both
    if not both:
        assert clock.offset_ticks is None
        return
    assert clock.relation != "not constant"
    assert clock.offset_ticks is not None
    assert clock.uncertainty_ticks is not None
    assert abs(clock.offset_ticks - offset) <= clock.uncertainty_ticks
    if clock.relation == "same counter":
        assert shared
        assert clock.offset_ticks == clock.uncertainty_ticks == 0
        assert clock.lowest_ticks is not None
        assert clock.lowest_ticks <= 0


def exchange(join: ClockJoin, offset: int, now: int, delay: int, number: int) -> int:
    """Ask the host, the guest, the host; return the time then."""
    for to_guest in (False, True, False):
        asked = 2 * number - 1 if not to_guest else number
        (join.guest_asked if to_guest else join.host_asked)(asked)
        now += delay
        tick = now - offset if to_guest else now
        (join.guest_answered if to_guest else join.host_answered)(asked, tick)
        now += delay
    return now


def test_the_same_counter_is_claimed_only_where_that_is_known_and_fits() -> None:
    def relation(
        offset: int,
        *,
        shared: bool,
        delay: int = 100,
        guest: Counter = "cntpct",
    ) -> str:
        join = ClockJoin(began(0, "cntpct"), began(0, guest), shared=shared)
        now = 10**9
        for number in range(1, 5):
            now = exchange(join, offset, now, delay, number)
        return join.clock.relation

    assert relation(0, shared=True) == "same counter"
    assert relation(0, shared=False) == "constant offset"
    assert relation(0, shared=True, guest="cntvct") == "constant offset"
    assert relation(5000, shared=True) == "constant offset"
    assert relation(0, shared=True, delay=HZ) == "constant offset"  # 0 fits, as much else would


def test_a_clock_that_was_moved_in_between_is_told_and_not_averaged() -> None:
    join = ClockJoin(began(0), began(0))
    now = exchange(join, 1000, 10**9, 10, 1)
    exchange(join, 500_000, now, 10, 2)
    clock = join.clock
    assert clock.relation == "not constant"
    assert clock.uncertainty_ns is not None
    assert clock.uncertainty_ns > 1e7
    assert "no offset fits" in clock.how


def test_answers_that_come_late_together_or_never_are_no_harm() -> None:
    join = ClockJoin(began(0), began(0))
    join.host_ticked(1000)
    join.guest_asked(1)
    join.host_ticked(5000)
    join.guest_asked(2)
    join.guest_answered(2, 7000)  # the first answer was lost on the line
    join.host_asked(1)
    join.host_answered(7, 9000)  # others ask the host too
    assert (join.clock.lowest_ticks, join.clock.highest_ticks) == (-2000, 2000)


def test_frequencies_that_were_measured_do_not_let_the_offset_drift() -> None:
    join = ClockJoin(began(0, "tsc", HZ), began(0, "tsc", HZ + 50))
    assert (join.clock.host_hz, join.clock.guest_hz) == (HZ, HZ)
    join = ClockJoin(began(0, "tsc", HZ), began(0, "tsc", 2 * HZ))
    assert (join.clock.host_hz, join.clock.guest_hz) == (HZ, 2 * HZ)


def test_a_guests_ticks_are_laid_beside_the_hosts() -> None:
    ticks = np.array([100, 100 + HZ], dtype=np.uint64)
    clock = GuestClock(offset_ticks=900, host_hz=HZ, guest_hz=HZ, host_start_tick=2000)
    since = clock.since_host_start_ns(ticks)
    assert since is not None
    assert since.tolist() == [-41_667, 1_000_000_000 - 41_667]
    twice = GuestClock(offset_ticks=0, host_hz=HZ, guest_hz=2 * HZ, host_start_tick=0)
    since = twice.since_host_start_ns(np.array([2 * HZ], dtype=np.uint64))
    assert since is not None
    assert since.tolist() == [1_000_000_000]
    assert GuestClock().since_host_start_ns(ticks) is None


def session_with_guest(folder: Path, clock: GuestClock) -> Path:
    path = folder / "a.hvs"
    writer = SessionWriter.create(path, new_manifest("b", labels=("emulated",)))
    writer.begin_run(RunSettings(), "base")
    writer.frames(stream(1_000_000, [(1_100_000, 240), (1_200_000, 480)]))
    entry = GuestEntry(guest="busy [x]", key="3", system="xen", file=file_of(writer.manifest))
    guest = writer.guest(entry)
    guest.begin_run(RunSettings(), "base")
    guest.frames(stream(5_000, [(10_000, 24_000)], dropped=2))
    guest.clock(clock)
    guest.end_run("time")
    writer.end_run("time")
    writer.close()
    return path


KNOWN = GuestClock(
    relation="constant offset", offset_ticks=995_000, uncertainty_ticks=24_000, exchanges=8,
    host_counter="cntvct", guest_counter="cntvct", host_hz=HZ, guest_hz=HZ,
    host_start_tick=1_000_000,
)  # fmt: skip


def test_the_manifest_keeps_what_is_known_of_the_guest(tmp_path: Path) -> None:
    reader = SessionReader(session_with_guest(tmp_path, KNOWN))
    [guest] = reader.guests()
    assert guest.guest is not None
    assert (guest.guest.guest, guest.guest.key, guest.guest.file) == (
        "busy [x]",
        "3",
        "guest-1.bin",
    )
    run = guest.guest_run(0)
    assert run is not None
    assert (run.beside, run.condition, run.reason, run.clock) == (0, "base", "time", KNOWN)
    assert [data.hello.start_tick for data in reader.runs()] == [1_000_000]
    assert [data.hello.start_tick for data in guest.runs()] == [5_000]


def test_a_guest_has_rows_of_its_own_and_accounts_of_its_own(tmp_path: Path) -> None:
    rows = summary_rows([session_with_guest(tmp_path, KNOWN)])
    assert [(row.guest, row.detected, row.recorded, row.dropped) for row in rows] == [
        ("", 2, 2, 0),
        ("busy [x]", 3, 1, 2),
    ]
    assert rows[1].clock_uncertainty_ns == 1e6
    text = render_summary(rows)
    assert "busy [x]" in text
    assert "constant offset, ± 1.00 ms" in text
    assert "guest" not in render_summary(rows[:1])


def test_switches_of_guests_stand_on_the_hosts_clock(tmp_path: Path) -> None:
    path = session_with_guest(tmp_path, KNOWN)
    for suffix in ("parquet", "csv", "arrow"):
        export_session(path, tmp_path / f"a.{suffix}")
    table = pl.read_parquet(tmp_path / "a.parquet")
    assert table.columns[-1] == "guest"
    assert table["guest"].to_list() == [None, None, "busy [x]"]
    assert table["run"].to_list() == [0, 0, 0]
    # The guest's tick 10,000 is the host's 1,005,000: 5,000 ticks after its run began.
    assert table["t_ns"].to_list()[-1] == 208_333
    assert table["gap_ns"].to_list()[-1] == 1_000_000
    runs = export_session(path, tmp_path / "runs.csv", table="runs")
    assert runs[0].rows == 2


def test_without_a_join_a_guests_moments_are_null_and_not_made_up(tmp_path: Path) -> None:
    path = session_with_guest(tmp_path, GuestClock())
    export_session(path, tmp_path / "a.parquet")
    assert pl.read_parquet(tmp_path / "a.parquet")["t_ns"].to_list()[-1] is None
    assert "unknown: its moments cannot" in render_summary(summary_rows([path]))


def test_a_guest_whose_file_leads_elsewhere_is_left_out(tmp_path: Path) -> None:
    path = session_with_guest(tmp_path, KNOWN)
    manifest = (path / "manifest.toml").read_text()
    for name in ("../../etc/passwd", "nosuch.bin", "", "."):
        (path / "manifest.toml").write_text(manifest.replace("guest-1.bin", name))
        assert SessionReader(path).guests() == []
