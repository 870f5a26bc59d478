"""What a recorded console said, and at which moment of the replay it had been said."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from serial_logs import S, recorded, write_actions, write_log

from hvconsole.model.problem import LinkProblem, RecordProblem
from hvconsole.record.serial_log import (
    Moments,
    RunSpan,
    Times,
    between,
    log_size,
    read_spans,
    read_times,
    tail,
)
from hvconsole.record.serial_times import Stamps
from hvconsole.session.replay import ReplaySession


def test_the_newest_begins_with_a_line(tmp_path: Path) -> None:
    (tmp_path / "serial.log").write_bytes(b"first\nsecond\nthird\n")
    assert tail(tmp_path, 100) == b"first\nsecond\nthird\n"
    assert tail(tmp_path, 10) == b"third\n"
    assert tail(tmp_path, 10, end=13) == b"second\n"
    assert between(tmp_path, 6, 8) == b"se"
    assert between(tmp_path, 8, 6) == b""
    assert log_size(tmp_path) == 19


def test_no_log_is_an_empty_one(tmp_path: Path) -> None:
    assert tail(tmp_path, 100) == b""
    assert log_size(tmp_path) == 0
    assert read_times(tmp_path) == Times((), ())
    assert read_spans(tmp_path) == []


def test_a_log_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "serial.log").mkdir()
    with pytest.raises(RecordProblem, match=r"serial\.log cannot be read"):
        between(tmp_path, 0, 5)


@given(st.lists(st.tuples(st.integers(0, 30_000_000), st.binary(min_size=1, max_size=9))))
def test_stamps_are_few_and_say_where(portions: list[tuple[int, bytes]]) -> None:
    stamps, now, at = Stamps(), 0, 0
    kept: list[tuple[int, int]] = []
    for passed, data in portions:
        now += passed
        record = stamps.due(len(data), now)
        if record:
            kept.append(
                (int.from_bytes(record[:8], "little"), int.from_bytes(record[8:], "little"))
            )
            assert kept[-1] == (now, at)
        at += len(data)
    moments = [moment for moment, _ in kept]
    assert all(b - a >= 10_000_000 for a, b in pairwise(moments))


def test_torn_and_mixed_up_times_are_left_out(tmp_path: Path) -> None:
    pairs = [(5, 0), (9, 30), (7, 40), (10, 20), (11, 50)]
    data = b"".join(m.to_bytes(8, "little") + at.to_bytes(8, "little") for m, at in pairs)
    (tmp_path / "serial.times").write_bytes(data + b"torn")
    assert read_times(tmp_path) == Times((5, 9, 11), (0, 30, 50))


def test_spans_come_from_the_actions(tmp_path: Path) -> None:
    write_actions(
        tmp_path,
        {"action": "boot xen", "host_ns": 1, "t_ns": None},
        {"action": "run start", "host_ns": 10},
        {"action": "cell create", "host_ns": 17, "t_ns": 4},
        {"action": "cell start", "host_ns": 18, "t_ns": 5},
        {"action": "run end", "host_ns": 30},
        {"action": "run start", "host_ns": 40},
        {"action": 7},
    )
    assert read_spans(tmp_path) == [RunSpan(10, 30, (17, 4)), RunSpan(40, None)]


def test_moments_follow_what_is_known_best() -> None:
    times = Times((90 * S, 103 * S, 104 * S, 150 * S, 204 * S), (0, 10, 20, 30, 40))
    spans = [RunSpan(100 * S, 107 * S), RunSpan(200 * S, 209 * S, (204 * S, 3 * S))]
    moments = Moments(times, spans, [0.0, 5.0], 10.0)
    # Run 0 ended at 107 s and took 5 s; in run 1 the samples' clock was zero at 201 s.
    assert moments.offset_at(0.0) == 10, "what was said before is there at once"
    assert moments.offset_at(0.99) == 10
    assert moments.offset_at(1.0) == 20
    assert moments.offset_at(2.0) == 30
    assert moments.offset_at(5.0) == 40, "what was said between the runs is there with the second"
    assert moments.offset_at(7.9) == 40
    assert moments.offset_at(8.0) is None


@given(
    st.lists(st.tuples(st.integers(0, 2**63), st.integers(0, 2**40)), max_size=20),
    st.lists(st.floats(0, 100), max_size=20),
)
def test_moments_never_go_back(pairs: list[tuple[int, int]], positions: list[float]) -> None:
    pairs.sort()
    offsets = sorted(at for _, at in pairs)
    times = Times(tuple(moment for moment, _ in pairs), tuple(offsets))
    moments = Moments(times, [RunSpan(2**40, None), RunSpan(2**41, 2**42)], [0.0, 9.0], 100.0)
    ends = [moments.offset_at(position) for position in sorted(positions)]
    known = [2**50 if end is None else end for end in ends]
    assert known == sorted(known)


async def test_a_replay_shows_what_had_been_said(tmp_path: Path) -> None:
    session = recorded(tmp_path / "a.hvs")
    said = [(101 * S, b"before\r\n"), (103 * S, b"one\r\n"), (105 * S, b"two\r\n")]
    write_log(session, said)
    replay = ReplaySession(session)
    line = replay.serial_console
    assert line is not None
    heard: list[bytes] = []
    assert line.scrollback == b"before\r\n"
    end = line.subscribe(heard.append)
    replay.playback.seek(1.5)
    await asyncio.sleep(0.2)
    assert heard == [b"one\r\n"]
    replay.playback.seek(4.0)
    await asyncio.sleep(0.2)
    assert heard[1:] == [b"two\r\n"]
    replay.playback.seek(0.5)
    await asyncio.sleep(0.2)
    assert heard[2:] == [b"\x1bc\x1b[3Jbefore\r\n"]
    end()
    replay.playback.seek(4.0)
    await asyncio.sleep(0.2)
    assert len(heard) == 3, "nothing is handed on after the end"
    assert (line.name, line.state, line.is_open) == ("serial.log", "recorded", False)
    with pytest.raises(LinkProblem):
        line.write(b"x")
    with pytest.raises(LinkProblem):
        _ = line.port
    await replay.close()


async def test_without_times_all_of_it_is_shown(tmp_path: Path) -> None:
    session = recorded(tmp_path / "a.hvs")
    (session / "serial.log").write_bytes(b"all of it\r\n")
    replay = ReplaySession(session)
    line = replay.serial_console
    assert line is not None
    assert line.scrollback == b"all of it\r\n"
    assert "without times" in line.state
    await replay.close()


async def test_without_a_log_there_is_no_line(tmp_path: Path) -> None:
    replay = ReplaySession(recorded(tmp_path / "a.hvs"))
    assert replay.serial_console is None
    await replay.close()
