"""What goes wrong with real Xen on an emulated board: a panic that is survived, a stock build."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hvconsole.board.facts import gather
from hvconsole.cli import main
from hvconsole.commands.sessions import link_maker, live_session
from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.detect import driver_for
from hvconsole.lab.boards import stop
from hvconsole.lab.places import VIRT_BOARD
from hvconsole.lab.profiles import lab_profile
from hvconsole.lab.store import Store
from hvconsole.model.problem import BoardProblem
from hvconsole.model.run import RunSettings
from hvconsole.record.capture import SERIAL
from hvconsole.record.reader import SessionReader
from hvconsole.session.session import Session

pytestmark = pytest.mark.lab
_REBOOT_S = 600.0


@pytest.fixture
def no_board(own_lab: Path) -> Iterator[None]:
    """A lab in which nothing runs, neither before a test nor after it."""
    yield
    stop(VIRT_BOARD)


@contextmanager
def seconds(most: float, what: str) -> Iterator[asyncio.Timeout]:
    """A limit of time that says what was waited for."""
    try:
        yield asyncio.timeout(most)
    except TimeoutError:
        pytest.fail(f"{what} did not come within {most:g} s")


async def until_connected(session: Session) -> None:
    with seconds(_REBOOT_S, "the board") as limit:
        async with limit:
            while session.status.link != "connected":
                await asyncio.sleep(0.2)


def test_a_panic_of_xen_is_seen_survived_and_marked(no_board: None, tmp_path: Path) -> None:
    """Ending an rtds pool panics Xen 4.17. The product asks first; here xl is asked behind it."""
    assert main(["lab", "start", VIRT_BOARD, "--mode", "xen-credit", "--snapshot"]) == 0
    asyncio.run(survive(tmp_path))


async def survive(tmp_path: Path) -> None:
    out = tmp_path / "a.hvs"
    profile = lab_profile(VIRT_BOARD)
    session = live_session(profile, RunSettings(cpus=(0,), label="before"), record_to=out)
    await session.open()
    await session.hypervisor.look()
    pool = do.MakePool(name="doomed", scheduler="rtds", cpus=frozenset({1}))
    seen = await session.hypervisor.do(pool)
    assert seen.pool("doomed") is not None
    assert "crashes" in session.hypervisor.plan(do.DestroyPool(name="doomed")).danger
    await session.start_run()
    behind = link_maker(profile)()
    await behind.open()
    asked = asyncio.ensure_future(
        behind.run(["xl", "cpupool-destroy", "doomed"], timeout=_REBOOT_S)
    )
    with seconds(_REBOOT_S, "the end of the run") as limit:
        async with limit:
            end = await session.run_ended()
    assert end.reason == "link-lost"
    problem = session.status.problem
    assert problem is not None
    assert "Xen" in problem.title
    assert "panic" in f"{problem.title} {problem.detail}".lower()
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    await behind.close()
    await until_connected(session)
    # It is another boot: the pool is gone, and measuring goes on in the same session.
    assert (await session.hypervisor.look()).pool("doomed") is None
    session.settings = RunSettings(cpus=(0,), label="after")
    await session.start_run()
    await session.stop_run()
    await session.close()
    reader = SessionReader(out)
    assert [(run.condition, run.reason) for run in reader.manifest.runs] == [
        ("before", "link-lost"),
        ("after", "stop"),
    ]
    assert b"Panic on CPU" in (out / SERIAL).read_bytes()
    first, second = reader.runs()
    assert first.end is None  # it was cut off, and says so
    assert second.end is not None
    for lane in second.lanes.values():
        assert lane.beat is not None
        assert lane.beat.detected == lane.beat.recorded + lane.beat.dropped


def test_debians_own_xen_says_why_there_is_no_rtds(no_board: None) -> None:
    """Debian builds Xen with credit and credit2 alone; the stock binary is one of the products."""
    stock = Store().latest("xen-debian") / "xen"
    words = ["lab", "start", VIRT_BOARD, "--mode", "xen-credit", "--hypervisor", str(stock)]
    assert main([*words, "--hours", "1"]) == 0
    asyncio.run(lacking())


async def lacking() -> None:
    link = link_maker(lab_profile(VIRT_BOARD))()
    await link.open()
    driver = driver_for(link, await gather(link))
    seen = await driver.survey()
    missing = {one.name: one.missing for one in seen.schedulers}
    assert (missing["credit"], missing["credit2"]) == ("", "")
    for name in ("rtds", "null", "arinc653"):
        assert f"without {name}" in missing[name]
    with pytest.raises(BoardProblem, match="rtds cannot be had here") as refused:
        driver.plan(do.MakePool(name="p", scheduler="rtds", cpus=frozenset({1})), seen)
    assert "without rtds" in " ".join(refused.value.lines())
    made = await link.run(["xl", "cpupool-create", 'name="p"', 'sched="rtds"'])
    again = await driver.survey()
    assert again.pool("p") is None, made.error_text  # and it is true
    await link.close()
