"""CNTPCT after CPUs went and came: proven, opened again, and looked at from elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from hvconsole.board.journal import Journal
from hvconsole.board.module import CounterModule
from hvconsole.commands.sessions import live_session
from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.jailhouse.driver import JailhouseDriver
from hvconsole.link.local import LocalLink
from hvconsole.model.problem import BoardProblem
from hvconsole.model.run import RunSettings
from hvconsole.session.action_log import ActionTail
from hvconsole.session.jailhouse_watch import look_from_elsewhere, online_cpus, opened_again
from hvconsole.sim.options import SimOptions
from hvconsole.sim.start import started

FOLDER = "/etc/jailhouse"


@pytest.fixture
def link(local: LocalLink) -> LocalLink:
    return local


@pytest.fixture
def module(link: LocalLink, tmp_path: Path) -> Iterator[CounterModule]:
    journal = Journal("here", folder=tmp_path / "journal")
    yield CounterModule(link, journal)
    journal.close()


def sampler(folder: Path) -> str:
    """A sampler for whom CNTPCT is open on the CPUs that have a file here."""
    path = folder / "hvsampler"
    path.write_text(
        "#!/bin/sh\n"
        f"o=false; [ -e {folder}/open$3 ] && o=true\n"
        'printf \'{"machine":"armv7l","nominal_hz":24000000,"cpu":%s,"cntvct":true,'
        '"cntpct":%s}\\n\' "$3" $o\n'
    )
    path.chmod(0o755)
    return str(path)


def opened(folder: Path, *cpus: int) -> None:
    for cpu in cpus:
        (folder / f"open{cpu}").touch()


async def test_what_is_open_is_said(module: CounterModule, tmp_path: Path) -> None:
    opened(tmp_path, 0, 1)
    found = await opened_again(module, [0, 1], sampler(tmp_path), None)
    assert found == "CNTPCT is open on CPU 0, 1"


async def test_what_was_closed_is_opened_again(module: CounterModule, tmp_path: Path) -> None:
    opened(tmp_path, 0)

    async def reload() -> None:
        opened(tmp_path, 1)

    found = await opened_again(module, [0, 1], sampler(tmp_path), reload)
    assert "was closed on CPU 1, and is open again" in found


async def test_what_stays_closed_is_a_problem(module: CounterModule, tmp_path: Path) -> None:
    with pytest.raises(BoardProblem, match="closed to user space on CPU 1"):
        await opened_again(module, [1], sampler(tmp_path), None)


async def test_which_cpus_there_are_is_asked(link: LocalLink) -> None:
    assert 0 in await online_cpus(link, ())


def test_a_driver_is_told_what_is_sampled(link: LocalLink) -> None:
    driver = JailhouseDriver(link)
    look_from_elsewhere(driver, [1])
    assert driver.sampled == {1}


async def test_cells_beside_a_measurement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"HVCONSOLE_{name}_DIR", str(tmp_path / name.lower()))
    out = tmp_path / "run.hvs"
    settings = RunSettings(counter="cntpct", cpus=(0,), seconds=0)
    async with started(SimOptions(mode="jailhouse")) as board:
        session = live_session(board.profile, settings, record_to=out, read_only=False)
        try:
            await session.open()
            await session.start_run()
            desk = session.hypervisor
            await desk.do(do.Enable(config=f"{FOLDER}/bananapi.cell"))
            source = f"{FOLDER}/bananapi-inmate-moved.cell"
            await desk.do(do.Create(config=b"", source=source, on_board=True))
            await asyncio.sleep(0.2)
            await session.stop_run()
            assert session.status.problem is None
            # CPU 1 is the cell's now: what is proven before a run is asked anew.
            await session.start_run()
            await desk.do(do.Destroy(guest="1"))
            await session.stop_run()
        finally:
            await session.close()
    tail = ActionTail(out)
    tail.read()
    said = [act.what for act in tail.acts if act.what.startswith("CNTPCT")]
    assert said == ["CNTPCT is open on CPU 1", "CNTPCT is open on CPU 1"]
