"""A board that restarts by itself: the mode that it was booted into is proven anew, or gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hvconsole.analysis.summary import summary_rows
from hvconsole.commands.sessions import link_maker, live_session
from hvconsole.model.problem import LinkProblem
from hvconsole.model.run import RunSettings
from hvconsole.session import boot, workbench
from hvconsole.session.board_desk import BoardDesk
from hvconsole.session.session import Session
from hvconsole.sim.options import SimOptions, parse_faults
from hvconsole.sim.start import Started, started


@pytest.fixture
async def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Started]:
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    async with started(SimOptions(seed=5, speed=4)) as one:
        yield one


async def restarts(board: Started, session: Session) -> None:
    """Let the board restart by itself, and wait until the session has it back."""
    assert board.controls is not None
    board.controls.fault(parse_faults("reboot")[0])
    async with asyncio.timeout(60):
        while session.status.link == "connected":
            await asyncio.sleep(0.02)
        while session.status.link != "connected":
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(("mode", "after"), [("xen-rtds", ""), ("native", "native")])
async def test_a_run_is_called_after_a_mode_that_the_board_is_in(
    board: Started, tmp_path: Path, mode: str, after: str
) -> None:
    out = tmp_path / "a.hvs"
    session = live_session(board.profile, RunSettings(seconds=1.0), record_to=out)
    try:
        await session.open()
        for turn in range(2):
            if turn:
                await restarts(board, session)
            else:
                await session.boots.boot(mode)
            assert session.boots.current == (after if turn else mode)
            told = session.status.problem
            await session.start_run()
            assert (await session.run_ended()).clean
    finally:
        await session.close()
    assert [row.condition for row in summary_rows([out])] == [mode, after]
    assert told is not None
    if after:
        assert told.title == "the board restarted", "its serial console said so"
    else:
        assert told.title == "sim restarted by itself and is not known to be in mode xen-rtds"
        assert "wanted hypervisor xen, seen: none" in told.detail
    lines = (out / "actions.jsonl").read_text().splitlines()
    noted = [action for line in lines if "by itself" in (action := json.loads(line)["action"])]
    again = "is in native again" if after else "is not known to be in xen-rtds"
    assert noted == [f"restarted by itself, and {again}"]


@pytest.mark.parametrize(
    ("room", "step"), [(boot, "settled_evidence"), (workbench, "undo_pending")]
)
async def test_a_link_that_dies_while_it_is_proven_leaves_the_mode_in_doubt(
    board: Started, monkeypatch: pytest.MonkeyPatch, room: ModuleType, step: str
) -> None:
    session = live_session(board.profile, RunSettings(seconds=1.0), record_to=None)
    real, died = getattr(room, step), []

    async def dies_once(*words: Any, **options: Any) -> Any:
        if not died:
            died.append(session.boots.current)
            raise LinkProblem("lost again")
        return await real(*words, **options)

    try:
        await session.open()
        await session.boots.boot("xen-rtds")
        monkeypatch.setattr(room, step, dies_once)
        await restarts(board, session)
        assert died == [""], "not said to be in it meanwhile"
        assert session.boots.current == ""
        assert session.status.problem is not None
        assert "is not known to be in mode xen-rtds" in session.status.problem.title
    finally:
        await session.close()


async def test_the_facts_of_a_board_are_those_of_the_boot_that_runs(board: Started) -> None:
    session = live_session(board.profile, RunSettings(seconds=1.0), record_to=None)
    desk = BoardDesk(board.profile, link_maker(board.profile))

    async def seen(hypervisor: str) -> None:
        async with asyncio.timeout(30):
            while (facts := desk.state.facts) is None or facts.hypervisor != hypervisor:
                await asyncio.sleep(0.05)

    try:
        await session.open()
        await session.boots.boot("xen-rtds")
        await seen("xen")
        await desk.doctor()
        assert desk.state.checks
        await restarts(board, session)
        await seen("")
        assert not desk.state.checks, "the doctor saw another boot"
        assert desk.state.checked == 0
    finally:
        await desk.close()
        await session.close()
