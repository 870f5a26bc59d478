"""Each fault of the simulated board, met by a session that measures and records on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest
from sim_boards import Recorded, record, serial_line, ssh_link

from hvconsole.analysis.export import export_session
from hvconsole.analysis.runs import measured_runs
from hvconsole.analysis.summary import summary_rows
from hvconsole.commands.sessions import live_session
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import LinkProblem
from hvconsole.model.run import RunSettings
from hvconsole.session.run import sampler_arguments
from hvconsole.sim.options import SimOptions, parse_faults
from hvconsole.sim.start import Started, started

_LONG = RunSettings(seconds=600.0)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


@pytest.fixture
async def board() -> AsyncIterator[Started]:
    async with started(SimOptions(seed=5, speed=4)) as one:
        yield one


def impatient(board: Started) -> BoardProfile:
    """Return the board with a link that is soon found dead."""
    profile = board.profile
    assert profile.ssh is not None
    soon = msgspec.structs.replace(profile.ssh, keepalive_s=0.5)
    return msgspec.structs.replace(profile, ssh=soon)


def check_accounts(recorded: Recorded) -> None:
    """Nothing is lost without being counted, and the table has what the summary says."""
    assert recorded.rows
    for row in recorded.rows:
        assert row.detected == row.recorded + row.dropped
        # Where the end is missing, some came behind the last account of them.
        assert row.switches + row.lost_on_link >= row.recorded
        assert row.switches + row.lost_on_link == row.recorded or row.reason == "interrupted"
        assert row.labels == ("simulated",)
    table = recorded.path.with_suffix(".parquet")
    export_session(recorded.path, table)
    assert pl.read_parquet(table).height == sum(row.switches for row in recorded.rows) > 0


@pytest.mark.parametrize(
    ("fault", "reason", "said"),
    [
        ("link-drop", "link-lost", "was lost"),
        ("link-dead", "link-lost", "is dead"),
        ("sampler-kill", "failed", "137"),
        ("reboot", "link-lost", "was lost"),
        ("panic", "link-lost", ""),
    ],
)
async def test_what_ends_a_run_is_said_and_what_came_before_is_kept(
    board: Started, tmp_path: Path, fault: str, reason: str, said: str
) -> None:
    done = await record(board, tmp_path / "a.hvs", fault, settings=_LONG, profile=impatient(board))
    assert done.end is not None
    assert done.end.reason == reason
    assert said in done.end.detail
    assert done.problem is not None
    assert done.problem.hint
    check_accounts(done)


async def test_after_a_dropped_link_the_session_connects_and_measures_again(
    board: Started, tmp_path: Path
) -> None:
    out = tmp_path / "a.hvs"
    session = live_session(board.profile, RunSettings(seconds=4.0), record_to=out)
    try:
        await session.open()
        await session.start_run()
        assert board.controls is not None
        board.controls.fault(parse_faults("link-drop")[0])
        assert (await session.run_ended()).reason == "link-lost"
        async with asyncio.timeout(30):
            while session.status.link != "connected":
                await asyncio.sleep(0.05)
        told = session.status.problem
        assert told is not None, "why the run ended is not lost with the link"
        assert told.title == "the run ended: link-lost"
        await session.start_run()
        assert session.status.problem is None
        assert (await session.run_ended()).clean
    finally:
        await session.close()
    first, second = summary_rows([out])
    assert first.reason == "interrupted"
    assert second.reason == "time"
    assert second.switches == second.detected == 1000


async def test_a_dead_link_is_silent_and_a_new_one_works(board: Started) -> None:
    out = bytearray()
    async with ssh_link(board.profile) as dead:
        echo = await dead.stream(["cat"], out.extend)
        assert board.controls is not None
        board.controls.fault(parse_faults("link-dead")[0])
        await asyncio.sleep(0.3)
        echo.write(b"into the dark")
        async with ssh_link(board.profile) as new:
            assert (await new.run(["uname", "-m"])).text == "armv7l\n"
    assert out == b""


async def test_a_panic_stands_in_the_recorded_console_and_the_board_comes_back(
    board: Started, tmp_path: Path
) -> None:
    done = await record(board, tmp_path / "a.hvs", "panic", settings=_LONG, until="Starting kernel")
    said = (done.path / "serial.log").read_bytes()
    assert said.index(b"Kernel panic - not syncing") < said.index(b"U-Boot SPL")
    async with serial_line(board.profile) as line:
        await line.until("login: ")
    async with ssh_link(board.profile) as link:
        assert (await link.run(["uname", "-m"])).text == "armv7l\n"


async def test_damaged_bytes_cost_samples_that_are_counted(tmp_path: Path) -> None:
    settings = RunSettings(seconds=80.0)
    async with started(SimOptions(speed=40)) as board:
        done = await record(
            board, tmp_path / "a.hvs", "corrupt=0.5%", after_s=0.2, settings=settings
        )
    check_accounts(done)
    (row,) = done.rows
    assert row.lost_on_link > 0


async def test_a_slow_link_costs_single_samples_that_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a small ring at the sampler, so that also a slow machine fills it within seconds."""

    def with_a_small_ring(settings: RunSettings, program: str) -> list[str]:
        return [*sampler_arguments(settings, program), "--ring", "4096"]

    monkeypatch.setattr("hvconsole.session.run.sampler_arguments", with_a_small_ring)
    settings = RunSettings(seconds=200.0)
    async with started(SimOptions(speed=200)) as board:
        done = await record(board, tmp_path / "a.hvs", "slow-link=30000", settings=settings)
    check_accounts(done)
    (row,) = done.rows
    assert row.dropped > 0
    assert row.lost_on_link == 0
    assert row.approximate
    assert row.reason == "time"


async def test_heat_shows_on_the_sensor_in_the_frequency_and_in_the_samples(tmp_path: Path) -> None:
    settings = RunSettings(seconds=30.0)
    async with started(SimOptions(speed=10)) as board:
        done = await record(board, tmp_path / "a.hvs", "heat", after_s=0.5, settings=settings)
        async with ssh_link(board.profile) as link:
            sensor = await link.run(["cat", "/sys/class/thermal/thermal_zone0/temp"])
            policy = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq"
            frequency = await link.run(["cat", policy])
            log = await link.run(["dmesg"])
    assert int(sensor.text) >= 95_000
    assert int(frequency.text) == 144_000
    assert "too hot" in log.text
    check_accounts(done)
    gaps = pl.read_parquet(done.path.with_suffix(".parquet"))["gap_ns"].to_numpy()
    first, last = np.median(gaps[:500]), np.median(gaps[-500:])
    assert last == pytest.approx(first * 960 / 144, rel=0.05)
    # The sampler reads more slowly, and that is how a change of frequency is recognised.
    assert measured_runs([done.path])[0].figures.artefacts["frequency change"][0] > 0


async def test_a_full_disk_is_said_before_anything_is_measured(tmp_path: Path) -> None:
    async with started(SimOptions(faults=parse_faults("disk-full"))) as board:
        done = await record(board, tmp_path / "a.hvs")
    assert done.end is None
    assert done.problem is not None
    assert " 0 KiB free" in str(done.problem.detail)


async def test_a_kernel_that_refuses_the_module_says_so(tmp_path: Path) -> None:
    settings = RunSettings(seconds=2.0, counter="cntpct")
    async with started(SimOptions(speed=4, faults=parse_faults("module-refused"))) as board:
        refused = await record(board, tmp_path / "a.hvs", settings=settings)
    assert refused.end is None
    assert refused.problem is not None
    assert "sign" in f"{refused.problem.title} {refused.problem.detail} {refused.problem.hint}"
    async with started(SimOptions(speed=4)) as board:
        done = await record(board, tmp_path / "b.hvs", settings=settings)
    (row,) = done.rows
    assert row.counter == "cntpct"


async def enable_jailhouse(board: Started) -> None:
    async with ssh_link(board.profile) as link:
        script = "modprobe jailhouse && jailhouse enable /etc/jailhouse/bananapi.cell"
        done = await link.run(["sh", "-c", script])
        assert (done.status, done.error_text) == (0, "")


async def test_a_parked_root_cell_answers_nobody_any_more(tmp_path: Path) -> None:
    async with started(SimOptions(mode="jailhouse", speed=4)) as board:
        await enable_jailhouse(board)
        async with ssh_link(impatient(board)) as link:
            out = bytearray()
            echo = await link.stream(["sh", "-c", "while read -r l; do echo $l; done"], out.extend)
            echo.write(b"before\n")
            done = await record(
                board, tmp_path / "a.hvs", "park", settings=_LONG, profile=impatient(board)
            )
            echo.write(b"after\n")
            with pytest.raises(LinkProblem):
                await asyncio.wait_for(echo.wait(), 30)
            assert out == b"before\n"
        assert done.end is not None
        assert done.end.reason == "link-lost"
        check_accounts(done)
        assert b"Parking CPU" in (done.path / "serial.log").read_bytes()
        assert board.controls is not None
        async with serial_line(board.profile) as line:
            line.type("\n")
            await asyncio.sleep(0.3)
            assert line.data == b""
            board.controls.reset()
            await line.until("login: ")
        async with ssh_link(board.profile) as link:
            assert (await link.run(["true"])).status == 0


async def test_parking_needs_jailhouse(board: Started, tmp_path: Path) -> None:
    done = await record(board, tmp_path / "a.hvs", "park")
    assert done.end is not None
    assert done.end.clean


async def test_a_fault_comes_at_its_time(tmp_path: Path) -> None:
    faults = parse_faults("corrupt=50%@3600s,link-drop@1s")
    async with (
        started(SimOptions(speed=4, faults=faults)) as board,
        ssh_link(board.profile) as link,
    ):
        assert await asyncio.wait_for(link.closed(), 20) is not None
        done = await record(board, tmp_path / "a.hvs")
        assert done.end is not None
        assert done.end.clean
        assert done.rows[0].lost_on_link == 0
