"""The Board screen's board, real: this machine, and the simulated one over SSH."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from hvconsole.board.look import BoardLook
from hvconsole.commands.sessions import link_maker
from hvconsole.config.boards import LOCAL
from hvconsole.link.local import LocalLink
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import BoardProblem
from hvconsole.session.board_desk import BoardDesk
from hvconsole.sim.options import SimOptions
from hvconsole.sim.start import simulated_board


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))


async def until(desk: BoardDesk, there: Callable[[BoardLook], bool], seconds: float = 40) -> None:
    """Watch the board as the screen does, until something is seen."""
    async with asyncio.timeout(seconds):
        while not there(desk.state):
            await asyncio.sleep(0.05)


async def test_this_machine_is_looked_at_while_somebody_watches() -> None:
    notes: list[str] = []
    desk = BoardDesk(LOCAL, LocalLink, note=notes.append)
    try:
        assert desk.state.facts is None
        await until(desk, lambda look: look.looks > 0)
        look = desk.state
        assert look.facts is not None
        assert look.facts.cpus_online
        assert look.looked_s > 0
        await desk.doctor()
        assert {check.name for check in desk.state.checks} >= {"link", "CPUs", "counter"}
        assert desk.state.checked > 1.7e9
        assert notes == ["doctor"]
    finally:
        await desk.close()
    await desk.close()


async def test_the_simulated_board_gets_its_module_and_is_left_as_it_was() -> None:
    async with simulated_board(SimOptions(seed=3)) as profile:
        desk = BoardDesk(profile, link_maker(profile))
        await until(desk, lambda look: look.looks > 0)
        assert desk.state.facts is not None
        assert "Banana Pi" in desk.state.facts.model
        assert set(desk.state.vitals[-1].khz) == {0, 1}
        assert desk.state.vitals[-1].millicelsius
        with pytest.raises(BoardProblem, match="was not loaded from here"):
            await desk.unload_module()
        await desk.load_module()
        assert desk.state.module_ours
        await desk.unload_module()
        assert not desk.state.module
        await desk.load_module()
        await desk.close()  # the second load is undone here
        again = BoardDesk(profile, link_maker(profile))
        await until(again, lambda look: look.looks > 0)
        assert not again.state.vitals[-1].counter_module
        await again.close()


async def test_a_read_only_board_is_not_changed() -> None:
    desk = BoardDesk(LOCAL, LocalLink, read_only=True)
    for change in (desk.load_module, desk.unload_module):
        with pytest.raises(BoardProblem, match="changes the board"):
            await change()
    await desk.close()


async def test_a_board_with_one_way_alone_says_so() -> None:
    profile = BoardProfile(name="bpi", kind="serial", serial="/dev/ttyUSB0")
    desk = BoardDesk(profile, None)
    with pytest.raises(BoardProblem, match="has but its serial line"):
        await desk.doctor()
    await until(desk, lambda look: look.problem is not None)
    await desk.close()


async def test_one_thing_at_a_time() -> None:
    desk = BoardDesk(LOCAL, LocalLink)
    first = asyncio.create_task(desk.doctor())
    await asyncio.sleep(0)
    with pytest.raises(BoardProblem, match="checking the board goes on"):
        await desk.look()
    await first
    await desk.close()
