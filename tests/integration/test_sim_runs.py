"""Runs on the simulated board: the same seed the same samples, speed, labels, serial line alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import polars as pl
import pytest
from sim_boards import record, ssh_link

from hvconsole.analysis.export import export_session
from hvconsole.commands.targets import SIMULATED
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import UsageProblem
from hvconsole.model.run import LoadRequest, RunSettings
from hvconsole.record.manifest import Manifest
from hvconsole.record.reader import SessionReader
from hvconsole.sim.options import SimOptions
from hvconsole.sim.start import Started, simulated_board, started
from hvconsole.wire.payload import encode_value
from hvconsole.wire.values import Heartbeat, Hello


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


def over_serial(board: Started) -> BoardProfile:
    return msgspec.structs.replace(board.profile, kind="serial", ssh=None)


def values(session: Path) -> list[tuple[int, int, bytes]]:
    """Return what was recorded, frame by frame, but for the host's clock."""
    found = []
    for each in SessionReader(session).values():
        value = each
        if isinstance(value, Hello):
            value = msgspec.structs.replace(value, real_ns=0)
        elif isinstance(value, Heartbeat):
            value = replace(value, real_ns=0)
        found.append(encode_value(value))
    return found


@pytest.mark.parametrize("mode", ["native", "xen-credit"])
async def test_the_same_seed_gives_the_same_samples(tmp_path: Path, mode: str) -> None:
    seen = []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        async with started(SimOptions(seed=seed, mode=mode, speed=4)) as board:
            done = await record(board, tmp_path / f"{name}.hvs")
        assert done.rows[0].switches > 0
        seen.append(values(done.path))
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]


async def test_the_same_seed_gives_the_same_samples_under_load(tmp_path: Path) -> None:
    settings = RunSettings(seconds=2.0, cpus=(1,), loads=(LoadRequest("burn", 1),))
    lost = []
    for name in "ab":
        async with started(SimOptions(seed=7, speed=4)) as board:
            done = await record(board, tmp_path / f"{name}.hvs", settings=settings)
        assert done.rows[0].lost_percent > 20
        lost.append(done.rows[0].lost_ns)
    assert lost[0] == lost[1]


async def test_speed_is_of_the_boards_time_not_of_what_is_measured(tmp_path: Path) -> None:
    settings = RunSettings(seconds=40.0)
    figures = []
    for speed in (20.0, 60.0):
        async with started(SimOptions(speed=speed)) as board:
            done = await record(board, tmp_path / f"{speed}.hvs", settings=settings, after_s=0)
            async with ssh_link(board.profile) as link:
                before = float((await link.run(["cat", "/proc/uptime"])).text.split()[0])
                await link.run(["sleep", "30"])
                after = float((await link.run(["cat", "/proc/uptime"])).text.split()[0])
        assert after - before >= 29
        (row,) = done.rows
        assert row.seconds == pytest.approx(40.0, abs=0.01)
        assert row.reason == "time"
        figures.append(row.rate)
    assert figures[0] == pytest.approx(figures[1], rel=0.01) == pytest.approx(250, rel=0.01)


async def test_everything_measured_is_labelled(tmp_path: Path) -> None:
    async with simulated_board() as profile:
        assert profile.labels == SIMULATED == ("simulated",)
    async with started(SimOptions(speed=4)) as board:
        over_ssh = await record(board, tmp_path / "ssh.hvs")
        by_line = await record(board, tmp_path / "line.hvs", profile=over_serial(board))
    for done in (over_ssh, by_line):
        assert done.rows[0].labels == ("simulated",)
        reader = SessionReader(done.path)
        manifest: Manifest = reader.manifest
        assert manifest.labels == ("simulated",)
        hello = next(value for value in reader.values() if isinstance(value, Hello))
        assert "simulated" in hello.sampler
        for table in ("switches", "runs"):
            out = tmp_path / f"{done.path.stem}-{table}.parquet"
            export_session(done.path, out, table=table)
            metadata = pl.read_parquet_metadata(out)
            assert json.loads(metadata["hvconsole.labels"]) == ["simulated"]


async def test_measuring_over_the_serial_line_alone(tmp_path: Path) -> None:
    async with started(SimOptions(seed=2, speed=3)) as board:
        settings = RunSettings(seconds=3.0, threshold_ns=2_000)
        done = await record(
            board, tmp_path / "a.hvs", settings=settings, profile=over_serial(board)
        )
        again = await record(
            board, tmp_path / "b.hvs", settings=settings, profile=over_serial(board)
        )
    for each in (done, again):
        assert each.problem is None
        assert each.end is not None
        assert each.end.reason == "time"
        (row,) = each.rows
        assert row.switches == row.recorded == row.detected > 700
        assert row.lost_on_link == 0
        assert row.coverage == pytest.approx(1.0)


async def test_a_board_that_restarts_under_a_run_over_its_serial_line(tmp_path: Path) -> None:
    """There is no way but the line: what it says meanwhile is kept, and what was measured."""
    async with started(SimOptions()) as board:
        done = await record(
            board,
            tmp_path / "a.hvs",
            "reboot",
            settings=RunSettings(seconds=8.0),
            profile=over_serial(board),
            after_s=2.0,
        )
    assert done.problem is not None
    assert done.rows[0].switches > 250
    assert b"U-Boot SPL" in (done.path / "serial.log").read_bytes()


async def test_there_is_no_other_mode() -> None:
    with pytest.raises(UsageProblem, match="kvm") as raised:
        async with started(SimOptions(mode="kvm")):
            pass
    assert "xen-rtds" in raised.value.hint
