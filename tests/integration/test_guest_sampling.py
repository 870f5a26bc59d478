"""Sampling in a guest through its console, on the simulated board: SSH, xl console, a shell."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import polars as pl
import pytest
from sim_boards import ssh_link

from hvconsole.analysis.export import export_session
from hvconsole.analysis.summary import summary_rows
from hvconsole.commands.sessions import live_session
from hvconsole.hypervisor import actions as do
from hvconsole.link.protocol import Link
from hvconsole.model.problem import BoardProblem, LinkProblem, Problem, UsageProblem
from hvconsole.model.run import RunSettings
from hvconsole.record.capture import ACTIONS
from hvconsole.record.reader import SessionReader
from hvconsole.session.counter import CounterDesk
from hvconsole.session.session import Session
from hvconsole.sim.options import SimOptions
from hvconsole.sim.start import Started, started
from hvconsole.stream.snapshot import View

CELLS = Path(__file__).parents[2] / "cells" / "xen"


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


@pytest.fixture
async def board() -> AsyncIterator[Started]:
    async with started(SimOptions(seed=3, mode="xen-credit")) as one:
        yield one


async def with_guest(board: Started, out: Path, config: str = "shell.cfg") -> Session:
    """Return an open session on a board with a guest."""
    session = live_session(board.profile, RunSettings(label="base"), record_to=out)
    await session.open()
    await session.hypervisor.look()
    path = CELLS / config
    await session.hypervisor.do(do.Create(config=path.read_bytes(), source=str(path)))
    return session


async def test_a_guest_that_cannot_be_made_ready_gets_its_console_back(
    board: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await with_guest(board, tmp_path / "a.hvs")
    session.guests.want(["shell"])

    class Refusing(CounterDesk):
        async def ready(self, settings: RunSettings, sampler: str) -> None:
            del settings, sampler
            raise BoardProblem("the counter stays closed")

    with monkeypatch.context() as patch:
        patch.setattr("hvconsole.session.guest_place.CounterDesk", Refusing)
        with pytest.raises(BoardProblem, match="stays closed"):
            await session.start_run()
    assert session.guests.streams == ()
    assert session.status.run == "idle"
    async with ssh_link(board.profile) as link:  # xenconsole takes one at a time, and refuses more
        with pytest.raises(BoardProblem, match="did not end within 2 s"):
            await link.run(["xl", "console", "shell"], timeout=2.0)
    await session.close()


async def test_a_guest_is_sampled_beside_its_host(board: Started, tmp_path: Path) -> None:
    out = tmp_path / "a.hvs"
    session = await with_guest(board, out)
    session.guests.want(["shell"])
    await session.start_run()
    [stream] = session.guests.streams
    while stream.clock.exchanges < 20 or not stream.hub.live.now_s:
        await stream_settles()
    await session.stop_run()
    await session.close()
    host, guest = summary_rows([out])
    assert (host.guest, guest.guest, guest.condition) == ("", "shell", "base")
    for row in (host, guest):
        assert row.detected == row.recorded + row.dropped > 0
        assert row.lost_on_link == 0
    # Xen began the domain's virtual counter with it, some seconds after the board's own.
    entry = SessionReader(out).guests()[0].guest_run(0)
    assert entry is not None
    clock = entry.clock
    assert clock.relation == "constant offset"
    assert clock.offset_ticks is not None
    assert clock.uncertainty_ticks is not None
    assert 0 < clock.uncertainty_ticks < clock.offset_ticks
    export_session(out, tmp_path / "a.parquet")
    table = pl.read_parquet(tmp_path / "a.parquet").filter(pl.col("guest") == "shell")
    assert table.height == guest.switches
    seconds = table["t_ns"].to_numpy() / 1e9
    assert 0 < seconds[0] < seconds[-1] < host.seconds + 1
    actions = [json.loads(line)["action"] for line in (out / ACTIONS).read_text().splitlines()]
    assert "guest run start" in actions
    async with ssh_link(board.profile) as link:
        assert await left_behind(link) == []


async def stream_settles() -> None:
    await asyncio.sleep(0.05)


async def left_behind(link: Link) -> list[str]:
    """Return what still reaches for a guest's console."""
    return [line for line in (await link.run(["ps"])).text.splitlines() if " xl" in line]


async def test_the_clock_is_bounded_by_what_the_machine_knows(
    board: Started, tmp_path: Path
) -> None:
    """A run of the same guest twice: the offset is one of the domain, not of the run."""
    out = tmp_path / "a.hvs"
    session = await with_guest(board, out)
    session.guests.want(["shell"])
    for _ in range(2):
        await session.start_run()
        [stream] = session.guests.streams
        while stream.clock.exchanges < 20:
            await stream_settles()
        await session.stop_run()
    await session.close()
    [reader] = SessionReader(out).guests()
    first, second = (reader.guest_run(number) for number in (0, 1))
    assert first is not None
    assert second is not None
    assert (first.beside, second.beside) == (0, 1)
    low = max(run.clock.lowest_ticks or 0 for run in (first, second))
    high = min(run.clock.highest_ticks or 0 for run in (first, second))
    assert 0 < low <= high


async def test_a_guest_without_a_shell_is_told_and_no_run_begins(
    board: Started, tmp_path: Path
) -> None:
    out = tmp_path / "a.hvs"
    session = await with_guest(board, out, "busy.cfg")
    session.guests.want(["busy"])
    with pytest.raises(LinkProblem, match="the console of busy"):
        await session.start_run()
    assert session.status.run == "idle"
    assert not out.exists()
    session.guests.want(["nosuch"])
    with pytest.raises(UsageProblem, match="no guest 'nosuch'"):
        await session.start_run()
    session.guests.want(["Domain-0"])
    with pytest.raises(BoardProblem, match="dom0's console is the board's own"):
        await session.start_run()
    session.guests.want([])
    await session.start_run()
    await session.stop_run()
    await session.close()


async def test_a_guest_that_is_destroyed_ends_its_stream_and_not_the_run(
    board: Started, tmp_path: Path
) -> None:
    out = tmp_path / "a.hvs"
    session = await with_guest(board, out)
    session.guests.want(["shell"])
    await session.start_run()
    [stream] = session.guests.streams
    await session.hypervisor.do(do.Destroy(guest="shell"))
    while stream.ended is None:
        await stream_settles()
    assert session.status.run == "running"
    await session.stop_run()
    problem: Problem | None = session.status.problem
    assert problem is not None
    assert "sampling guest shell ended before" in problem.title
    await session.close()
    host, guest = summary_rows([out])
    assert host.reason == "stop"
    assert guest.reason == "interrupted"


async def test_a_guest_is_sampled_for_a_part_of_a_run(board: Started, tmp_path: Path) -> None:
    """As by the key of the Hypervisor screen: begun and ended while the board's run goes on."""
    out = tmp_path / "a.hvs"
    session = await with_guest(board, out)
    await session.start_run()
    assert await session.guests.toggle("shell")
    [stream] = session.guests.streams
    while stream.clock.exchanges < 20 or stream.hub.live.now_s < 1:
        await stream_settles()
    seen = session.snapshot(View(apart=True))
    [lane] = seen.names
    assert seen.names[lane] == "shell"
    assert seen.lanes[lane].received > 0
    assert 0 < stream.shift_s < seen.now_s
    assert any(label.startswith("guest shell ± ") for label in session.status.labels)
    assert not await session.guests.toggle("shell")
    assert session.snapshot(View()).names, "what was seen stays to be seen"
    async with ssh_link(board.profile) as link:
        assert await left_behind(link) == []
    assert session.status.run == "running"
    assert await session.guests.toggle("shell")
    await session.stop_run()
    await session.close()
    host, *guests = summary_rows([out])
    assert [row.guest for row in guests] == ["shell", "shell"]
    for row in guests:
        assert row.detected == row.recorded + row.dropped > 0
        assert row.lost_on_link == 0
        assert row.seconds < host.seconds
    marked = [json.loads(line)["action"] for line in (out / ACTIONS).read_text().splitlines()]
    assert marked.count("sampling in guest shell") == 2
    assert marked.count("no more samples in guest shell") == 1


async def test_a_guest_that_cannot_be_sampled_leaves_the_run_alone(
    board: Started, tmp_path: Path
) -> None:
    session = await with_guest(board, tmp_path / "a.hvs")
    await session.start_run()
    with pytest.raises(UsageProblem, match="there is no guest 'nobody'"):
        await session.guests.toggle("nobody")
    await session.hypervisor.join("shell")
    with pytest.raises(BoardProblem, match="somebody types to the console of shell"):
        await session.guests.toggle("shell")
    await session.hypervisor.unbind()
    assert session.guests.wanted == ()
    assert session.status.run == "running"
    await session.close()
