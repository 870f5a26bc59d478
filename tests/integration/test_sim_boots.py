"""The simulated board restarted: U-Boot by hand, each mode, SSH really gone, power off and on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sim_boards import Heard, address_of, serial_line, ssh_link

from hvconsole.board.boot import boot_into
from hvconsole.board.uboot import UBoot
from hvconsole.link.protocol import Link
from hvconsole.link.serial_board import EitherLink
from hvconsole.link.ssh import SshLink
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import LinkProblem
from hvconsole.session.console_watch import ConsoleWatch
from hvconsole.sim.options import SimOptions
from hvconsole.sim.start import MODES, simulated_board

_SCHEDULER = "xl info -n 2>/dev/null | grep xen_scheduler; cat /proc/sys/kernel/random/boot_id"


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


@pytest.fixture
async def board() -> AsyncIterator[BoardProfile]:
    async with simulated_board(SimOptions(speed=4)) as profile:
        yield profile


def at_uboot(line: Heard) -> UBoot:
    uboot = UBoot(line.port)
    line.others.append(uboot.feed)
    return uboot


async def restart(board: BoardProfile) -> None:
    """Have Linux restart the board; the answer may be lost with the connection."""
    async with ssh_link(board) as link:
        with contextlib.suppress(LinkProblem):
            await link.run(["reboot"])


async def refused(board: BoardProfile) -> bool:
    """Whether nobody listens at the board's SSH port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", address_of(board).port)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


async def connected(board: BoardProfile) -> SshLink:
    """Log in as soon as the board answers."""
    async with asyncio.timeout(20):
        while True:
            link = SshLink(address_of(board))
            try:
                await link.open()
            except LinkProblem:
                await asyncio.sleep(0.05)
            else:
                return link


async def test_uboot_by_hand(board: BoardProfile) -> None:
    async with serial_line(board) as line, ssh_link(board) as link:
        before = (await link.run(["cat", "/proc/sys/kernel/random/boot_id"])).text
        uboot = at_uboot(line)
        reboot = asyncio.create_task(link.run(["reboot"]))
        await uboot.interrupt(20)
        assert await asyncio.wait_for(link.closed(), 5) is not None
        await asyncio.gather(reboot, return_exceptions=True)
        with pytest.raises(LinkProblem):
            await link.run(["true"])
        assert await refused(board)
        assert await uboot.getenv("soc") == "sunxi"
        await uboot.setenv("it's", "a 'b' \"c\" \\ ; $d")
        assert await uboot.getenv("it's") == "a 'b' \"c\" \\ ; $d"
        assert (await uboot.run(["nonsense"])).status == 1
        assert (await uboot.line("false_start; echo $?")).output.endswith("\n1\n")
        await uboot.setenv("bootmode", "xen-rtds")
        assert await refused(board)
        await uboot.start("boot")
        await line.until("Starting kernel")
        await line.until("bananapi login: ")
    link = await connected(board)
    done = await link.run(["sh", "-c", _SCHEDULER])
    await link.close()
    assert "rtds" in done.text
    assert before not in done.text


async def test_what_uboot_does_not_save_is_gone_after_the_next_reset(board: BoardProfile) -> None:
    async with serial_line(board) as line:
        uboot = at_uboot(line)
        await restart(board)
        await uboot.interrupt(20)
        await uboot.setenv("kept", "yes")
        await uboot.run(["saveenv"])
        await uboot.setenv("lost", "yes")
        await uboot.start("reset")
        await uboot.interrupt(20)
        assert await uboot.getenv("kept") == "yes"
        assert await uboot.getenv("lost") is None
        await uboot.start("boot")
        await line.until("login: ")


async def test_a_mode_that_there_is_not_leads_back_to_the_prompt(board: BoardProfile) -> None:
    async with serial_line(board) as line:
        uboot = at_uboot(line)
        await restart(board)
        await uboot.interrupt(20)
        await uboot.setenv("bootmode", "kvm")
        await uboot.start("boot")
        await line.until("no boot mode is named kvm")
        await line.until("=> ")
        await uboot.setenv("bootmode", "jailhouse")
        await uboot.start("boot")
        await line.until("login: ")
        assert not await refused(board)


async def test_without_a_key_it_boots_by_itself(board: BoardProfile) -> None:
    async with serial_line(board) as line:
        await restart(board)
        await line.until("Hit any key to stop autoboot")
        await line.until("Starting kernel")
        await line.until("login: ")
        assert not await refused(board)


async def test_each_mode_is_booted_and_proven(board: BoardProfile) -> None:
    """As ``hvconsole boot sim MODE`` does it, one after the other."""
    alarms: list[object] = []
    console = ConsoleWatch(board.serial or "", lambda _data: None, alarms.append)
    console.expects_boot = True
    await console.open()

    async def connect() -> Link:
        """Over SSH; in Xvisor's mode there is its terminal on the serial line alone."""
        link = EitherLink(SshLink(address_of(board)), lambda: console, owned=False)
        await link.open()
        return link

    link = await connect()
    for mode in reversed(MODES):
        booted = await boot_into(
            board, mode, link=link, connect=connect, console=console, tell=lambda _step: None
        )
        assert (booted.mode, booted.proven) == (mode, True)
        link = booted.link
    await link.close()
    await console.close()
    assert alarms == []


async def test_power_off_is_the_end_until_power_comes_back(board: BoardProfile) -> None:
    async with serial_line(board) as line:
        async with ssh_link(board) as link:
            await link.stream(["poweroff"], lambda _data: None)
            await line.until("reboot: Power down")
            assert await asyncio.wait_for(link.closed(), 5) is not None
        line.data = b""
        line.type("\n")
        await asyncio.sleep(0.3)
        assert line.data == b""
        assert await refused(board)
        pressed = await asyncio.create_subprocess_exec(*board.reset)
        assert await pressed.wait() == 0
        await line.until("U-Boot SPL")
        await line.until("login: ")
    link = await connected(board)
    assert (await link.run(["uname", "-m"])).text == "armv7l\n"
    await link.close()
