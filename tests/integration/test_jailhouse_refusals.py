"""Each way in which Jailhouse refuses or fails, on the simulated board, explained to the person."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import pytest
from sim_boards import ssh_link

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.carry_out import carry_out
from hvconsole.hypervisor.jailhouse.driver import JailhouseDriver
from hvconsole.link.ssh import SshLink
from hvconsole.model.hypervisor import Survey
from hvconsole.model.problem import BoardProblem
from hvconsole.sim.options import SimOptions
from hvconsole.sim.start import started

FOLDER = "/etc/jailhouse"
SYSTEM = f"{FOLDER}/bananapi.cell"
CELL = f"{FOLDER}/bananapi-inmate-moved.cell"
DEMOS = "/usr/local/libexec/jailhouse/demos"
WRONG = "/tmp/wrong.cell"  # on the simulated board


@dataclass
class Desk:
    """A board with its driver, without anything that looks ahead."""

    link: SshLink
    driver: JailhouseDriver

    async def do(self, *actions: do.Action, seen: Survey | None = None) -> Survey:
        """Do actions; from an older picture of the board, if one is given."""
        now = seen or await self.driver.survey()
        for action in actions:
            plan = self.driver.plan(action, seen or now)
            now = await carry_out(plan, self.driver, self.link, tell=lambda _: None)
        return now

    async def run(self, *words: str) -> bytes:
        """Run a command that has to succeed."""
        done = await self.link.run(words)
        assert done.status == 0, done.error_text
        return done.stdout

    async def wrong(self, source: str, at: int, data: bytes) -> None:
        """Put a configuration there that differs in some bytes."""
        whole = await self.run("cat", source)
        await self.link.put(whole[:at] + data + whole[at + len(data) :], WRONG)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with started(SimOptions(mode="jailhouse")) as board, ssh_link(board.profile) as link:
        yield Desk(link, JailhouseDriver(link))


@pytest.fixture
async def enabled(desk: Desk) -> Desk:
    await desk.do(do.Enable(config=SYSTEM))
    return desk


def create(path: str = CELL) -> do.Create:
    return do.Create(config=b"", source=path, on_board=True)


def load(image: str, at: int | None = None) -> do.Load:
    return do.Load(guest="1", images=((f"{DEMOS}/{image}.bin", at),))


@pytest.mark.parametrize(
    ("source", "at", "data", "cause"),
    [
        (SYSTEM, 0, b"JHxxx", "no system configuration"),
        (SYSTEM, 6, b"\x0d\x00", "of another revision"),
        (SYSTEM, 5, b"\x02", "another kind of machine"),
        (CELL, 0, b"", "no system configuration"),
    ],
)
async def test_a_wrong_file_is_not_enabled(
    desk: Desk, source: str, at: int, data: bytes, cause: str
) -> None:
    await desk.wrong(source, at, data)
    before = (await desk.driver.survey()).governors
    with pytest.raises(BoardProblem, match=cause) as told:
        await desk.do(do.Enable(config=WRONG))
    assert told.value.hint
    after = await desk.driver.survey()
    assert (after.active, after.governors, after.governors_kept) == (False, before, False)


@pytest.mark.parametrize(
    ("before", "cause"),
    [
        (("rm", "/lib/firmware/jailhouse.bin"), "image is not on the board"),
        (("sh", "-c", "echo 0 >/sys/devices/system/cpu/cpu1/online"), "at least two CPUs"),
    ],
)
async def test_what_is_missing_for_enabling(desk: Desk, before: Sequence[str], cause: str) -> None:
    await desk.run(*before)
    with pytest.raises(BoardProblem, match=cause):
        await desk.do(do.Enable(config=SYSTEM))


async def test_memory_that_is_not_reserved() -> None:
    async with started(SimOptions(mode="native")) as board, ssh_link(board.profile) as link:
        desk = Desk(link, JailhouseDriver(link))
        survey = await desk.driver.survey()
        with pytest.raises(BoardProblem, match="cannot be enabled"):
            await desk.do(do.Enable(config=SYSTEM))
        able = replace(survey, abilities={})  # as if nobody had looked ahead
        with pytest.raises(BoardProblem, match="is not free: Linux has it"):
            await desk.do(do.Enable(config=SYSTEM), seen=able)


async def test_enabling_and_disabling_twice(desk: Desk) -> None:
    off = await desk.driver.survey()
    on = await desk.do(do.Enable(config=SYSTEM))
    assert set(on.governors.values()) == {"performance"}
    # It is as wanted already, whatever the command says.
    assert (await desk.do(do.Enable(config=SYSTEM), seen=off)).active
    back = await desk.do(do.Disable())
    assert (back.active, back.governors) == (False, off.governors)
    assert not (await desk.do(do.Disable(), seen=on)).active


@pytest.mark.parametrize(
    ("source", "at", "data", "cause"),
    [
        (CELL, 0, b"JHxxx", "no cell configuration"),
        (CELL, 6, b"\x0d\x00", "of another revision"),
        (SYSTEM, 0, b"", "no cell configuration"),
        (CELL, 5, b"\x02", "another kind of machine; Jailhouse ignored it"),
    ],
)
async def test_a_wrong_file_makes_no_cell(
    enabled: Desk, source: str, at: int, data: bytes, cause: str
) -> None:
    await enabled.wrong(source, at, data)
    with pytest.raises(BoardProblem, match=cause):
        await enabled.do(create(WRONG))
    assert len((await enabled.driver.survey()).guests) == 1


async def test_what_another_cell_has(enabled: Desk) -> None:
    await enabled.do(create())
    with pytest.raises(BoardProblem, match="of that name exists"):
        await enabled.do(create())
    await enabled.wrong(CELL, 8, b"another-name\0")
    with pytest.raises(BoardProblem, match="is not the root cell's"):
        await enabled.do(create(WRONG))
    with pytest.raises(BoardProblem, match="does not fit"):
        await enabled.do(load("gic-demo", 0x10000000))
    with pytest.raises(BoardProblem, match=r"/none\.bin is not on the board"):
        await enabled.do(do.Load(guest="1", images=(("/none.bin", None),)))


async def test_a_cell_that_went_meanwhile(enabled: Desk) -> None:
    there = await enabled.do(create())
    await enabled.do(do.Destroy(guest="1"))
    for action in (load("gic-demo"), do.Start(guest="1"), do.Stop(guest="1")):
        with pytest.raises(BoardProblem, match="no such cell"):
            await enabled.do(action, seen=there)


@pytest.mark.parametrize(
    ("image", "becomes", "failed", "cause"),
    [
        ("gic-demo", ("running", "running"), set(), ""),
        ("lock-demo", ("running", "running/locked"), set(), ""),
        ("crash-demo", ("failed", "failed"), {1}, "was parked at once"),
        ("abi-demo", ("unknown", "Comm ABI mismatch"), set(), "does not run"),
        ("odd-demo", ("unknown", "invalid"), set(), "does not run"),
    ],
)
async def test_every_state(
    enabled: Desk, image: str, becomes: tuple[str, str], failed: set[int], cause: str
) -> None:
    await enabled.do(create(), load(image))
    if cause:
        with pytest.raises(BoardProblem, match=cause):
            await enabled.do(do.Start(guest="1"))
    else:
        await enabled.do(do.Start(guest="1"))
    cell = (await enabled.driver.survey()).guest("1")
    assert cell is not None
    assert (cell.state, cell.words) == becomes
    assert cell.failed == failed


async def test_a_locked_cell_forbids_others(enabled: Desk) -> None:
    await enabled.do(create(), load("lock-demo"), do.Start(guest="1"))
    with pytest.raises(BoardProblem, match="a cell is locked"):
        await enabled.do(create(f"{FOLDER}/bananapi-linux-demo.cell"))


async def test_an_offline_cpu_when_disabling(enabled: Desk) -> None:
    await enabled.run("sh", "-c", "echo 0 >/sys/devices/system/cpu/cpu1/online")
    with pytest.raises(BoardProblem, match="is offline; the other cells are gone") as told:
        await enabled.do(do.Disable())
    assert "echo 1 >" in told.value.hint


async def test_linux_in_a_cell_is_seen_to_live(enabled: Desk) -> None:
    linux = do.LinuxCell(kernel="/boot/vmlinuz")
    source = f"{FOLDER}/bananapi-linux-demo.cell"
    boot = do.Create(config=b"", source=source, on_board=True, linux=linux)
    cell = (await enabled.do(boot)).guest("bananapi-linux-demo")
    assert cell is not None
    assert cell.state == "running"
    assert cell.counters["total"] > 0


async def test_a_load_that_parks_the_root_cell_is_told_as_such(enabled: Desk) -> None:
    survey = await enabled.do(create(f"{FOLDER}/bananapi-inmate-demo.cell"))
    plan = enabled.driver.plan(load("gic-demo"), survey)
    hasty = replace(plan, steps=(replace(plan.steps[0], timeout_s=1.5),))
    with pytest.raises(BoardProblem, match="did not end within") as told:
        await carry_out(hasty, enabled.driver, enabled.link, tell=lambda _: None)
    assert "parked the root cell's CPU" in told.value.hint
