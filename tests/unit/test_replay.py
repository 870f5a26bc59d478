"""A replay gives what the live stream gave, at any moment and speed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sessions import encode, make_session, run_values
from values import HZ, START

from hvconsole.link.replay import Replay
from hvconsole.model.problem import BoardProblem, LinkProblem
from hvconsole.session.hub import Hub
from hvconsole.session.replay import ReplaySession
from hvconsole.stream.snapshot import Totals, View

TRACE = Path(__file__).parent / "data" / "xentrace" / "credit-one-cpu.bin"


def replay_of(path: Path) -> tuple[Replay, Hub]:
    hub = Hub()
    return Replay(path / "frames.bin", hub.feed, hub.restart), hub


def totals_until(seconds: float) -> Totals:
    """What a live console showed at a moment: everything up to the last heartbeat before it."""
    hub = Hub()
    for value in run_values():
        tick = getattr(value, "tick", None)
        if tick is not None and (tick - START) / HZ > seconds:
            break
        hub.live.feed([value])
    return hub.live.snapshot(View()).totals


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return make_session(tmp_path / "a.hvs")


def test_played_through_it_is_what_was_recorded(session: Path) -> None:
    replay, hub = replay_of(session)
    assert replay.duration_s == pytest.approx(5)
    for _ in range(60):
        replay.advance(0.1)
    assert not replay.playing
    assert replay.position_s == replay.duration_s
    assert hub.live.ended == "time"
    assert hub.received_bytes == (session / "frames.bin").stat().st_size
    assert hub.live.snapshot(View()).totals.received == 400
    replay.close()


@given(st.lists(st.floats(0, 5), min_size=1, max_size=5))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_jumps_end_where_a_live_board_was(session: Path, moments: list[float]) -> None:
    replay, hub = replay_of(session)
    for moment in moments:
        replay.seek(moment)
    seen = hub.live.snapshot(View()).totals
    expected = totals_until(moments[-1])
    # Frames behind the last heartbeat may be here already or not: heartbeats are the clock.
    assert seen.detected == expected.detected
    assert abs(seen.received - expected.received) <= 40
    replay.close()


def test_runs_follow_each_other(tmp_path: Path) -> None:
    path = make_session(tmp_path / "b.hvs", [run_values(), run_values(seed=3)])
    replay, hub = replay_of(path)
    assert replay.duration_s == pytest.approx(10)
    replay.seek(7)
    assert hub.live.snapshot(View()).now_s == pytest.approx(2)
    assert replay.run == 1
    replay.seek(3)
    assert hub.live.snapshot(View()).now_s == pytest.approx(3)
    assert replay.run == 0
    replay.seek(99)
    assert replay.run == 1
    assert hub.live.ended == "time"
    replay.toggle()
    assert replay.position_s == replay.duration_s or replay.playing
    replay.close()


def test_speed_is_kept_in_bounds(session: Path) -> None:
    replay, _ = replay_of(session)
    replay.set_speed(1e9)
    assert replay.speed == 100
    replay.set_speed(0)
    assert replay.speed == 0.1
    replay.close()


async def test_it_moves_with_the_clock(session: Path) -> None:
    import asyncio

    replay, hub = replay_of(session)
    replay.set_speed(50)
    task = asyncio.create_task(replay.play())
    async with asyncio.timeout(5):
        while replay.playing:
            await asyncio.sleep(0.02)
    task.cancel()
    assert hub.live.snapshot(View()).totals.received == 400
    replay.close()


def test_without_a_run_there_is_nothing_to_replay(tmp_path: Path) -> None:
    (tmp_path / "frames.bin").write_bytes(b"rubbish" * 100)
    with pytest.raises(LinkProblem, match="no run"):
        replay_of(tmp_path)


def test_a_damaged_recording_still_plays(session: Path) -> None:
    data = bytearray(encode(run_values()))
    data[len(data) // 2] ^= 0xFF
    (session / "frames.bin").write_bytes(data)
    replay, hub = replay_of(session)
    replay.seek(5)
    assert hub.live.snapshot(View()).totals.received >= 350
    replay.close()


async def test_a_replay_is_a_console(session: Path) -> None:
    replay = ReplaySession(session)
    await replay.open()
    assert replay.status.link == "replay"
    assert replay.status.board == "local"
    replay.playback.seek(5)
    assert replay.snapshot(View()).totals.received == 400
    assert replay.status.run == "ended"
    with pytest.raises(BoardProblem, match="cannot measure"):
        await replay.start_run()
    await replay.close()
    await replay.close()


async def test_each_run_has_the_lane_of_its_own_trace(tmp_path: Path) -> None:
    path = make_session(tmp_path / "b.hvs", [run_values(), run_values(seed=3)])
    (path / "xentrace-1.bin").write_bytes(TRACE.read_bytes())
    console = ReplaySession(path)
    await console.open()
    console.playback.toggle()
    console.playback.seek(1)
    assert console.vcpus is None
    console.playback.seek(7)
    assert console.vcpus is not None
    assert console.vcpus.cpus == [0]
    console.playback.seek(2)
    assert console.vcpus is None
    await console.close()
