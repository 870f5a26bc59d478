"""Jailhouse's configurations judged on the simulated board, before anything is done with them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hvconsole.board.facts import gather
from hvconsole.cell.picture import CLASH
from hvconsole.hypervisor import actions as do
from hvconsole.link.ssh import SshLink
from hvconsole.model.inspection import CellFile
from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.session.hypervisor import HypervisorDesk
from hvconsole.sim.options import SimOptions
from hvconsole.sim.start import started

CELLS = Path(__file__).parents[2] / "cells"
FOLDER = "/etc/jailhouse"
SYSTEM = f"{FOLDER}/bananapi.cell"


@pytest.fixture
async def desk() -> AsyncIterator[HypervisorDesk]:
    async with started(SimOptions(mode="jailhouse")) as board:
        assert board.profile.ssh is not None
        link = SshLink(board.profile.ssh)
        await link.open()
        desk = HypervisorDesk(lambda _: None)
        desk.attach(link, await gather(link), None)
        await desk.look()
        try:
            yield desk
        finally:
            desk.detach()
            await link.close()


async def test_what_lies_on_the_board(desk: HypervisorDesk) -> None:
    files = await desk.configurations()
    assert CellFile(SYSTEM, "system") in files
    assert CellFile(f"{FOLDER}/bananapi-inmate-demo.cell", "cell") in files


async def test_a_system_configuration(desk: HypervisorDesk) -> None:
    seen = await desk.inspect(do.Enable(config=SYSTEM))
    assert seen is not None
    assert seen.errors == ()
    assert any("thermal" in text for text in seen.warnings)
    assert any("hypervisor" in row for row in seen.rows)


async def test_cells_beside_the_running_root(desk: HypervisorDesk) -> None:
    await desk.do(do.Enable(config=SYSTEM))
    demo = await desk.inspect(
        do.Create(config=b"", source=f"{FOLDER}/bananapi-inmate-demo.cell", on_board=True)
    )
    assert demo is not None
    assert any("kills the root Linux" in text for text in demo.errors)
    moved = await desk.inspect(
        do.Create(config=b"", source=f"{FOLDER}/bananapi-inmate-moved.cell", on_board=True)
    )
    assert moved is not None
    assert moved.errors == ()
    assert any("bananapi-inmate-moved" in row for row in moved.rows)


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (0x7C100000, "lies in the hypervisor's memory"),
        (0x90000000, "lies outside the board's memory: 0x90000000-0x9000ffff"),
        (0x7BFE0000, "The root cell may only read it there"),
        (0x7BE00000, "silently kills the other"),
    ],
)
async def test_what_jailhouse_accepts_silently_is_refused_with_its_line(
    desk: HypervisorDesk, at: int, code: str
) -> None:
    await desk.do(do.Enable(config=SYSTEM))
    text = (CELLS / "bananapi-inmate.toml").read_text()
    there = do.Create(config=text.encode(), source=str(CELLS / "bananapi-inmate.toml"))
    if at == 0x7BE00000:
        await desk.do(there)
    other = text.replace('name = "bananapi-inmate"', 'name = "other"').replace(
        "phys = 0x7be00000", f"phys = {at:#x}"
    )
    seen = await desk.inspect(do.Create(config=other.encode(), source="other.toml"))
    assert seen is not None
    (told,) = [one for one in seen.errors if code in one]
    line = next(n for n, one in enumerate(other.splitlines(), 1) if 'name = "ram"' in one)
    assert told.startswith(f"other.toml:{line}: 'other' ram")
    assert any(CLASH in row for row in seen.rows)


async def test_what_cannot_be_judged(desk: HypervisorDesk) -> None:
    with pytest.raises(BoardProblem, match=r"/etc/none\.cell cannot be read"):
        await desk.inspect(do.Enable(config="/etc/none.cell"))
    with pytest.raises(Problem):
        await desk.inspect(do.Create(config=b"no cell at all", source="x.cell"))
    assert await desk.inspect(do.Disable()) is None
