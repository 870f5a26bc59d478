"""Xvisor on the whole simulated board: its terminal on a real pty, a guest measured through it."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sim_boards import Heard, address_of, serial_line

from hvconsole.analysis.summary import RunSummary, summary_rows
from hvconsole.link.serial_shell import SerialShellLink
from hvconsole.model.board import BoardProfile
from hvconsole.model.run import RunSettings
from hvconsole.session.session import Session
from hvconsole.session.workbench import BoardBench
from hvconsole.sim.options import SimOptions, parse_faults
from hvconsole.sim.start import Started, started
from hvconsole.wire.console import AlarmKind

PROMPT = "\r\nXVisor# "
PORT = "guest0/uart0"
GUEST = BoardProfile(name="guest0", kind="local")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))


@contextlib.asynccontextmanager
async def terminal(*, fault: str = "", speed: float = 1.0) -> AsyncIterator[tuple[Started, Heard]]:
    """Have a board in Xvisor, and its terminal at its prompt."""
    options = SimOptions(seed=5, speed=speed, mode="xvisor", faults=parse_faults(fault))
    async with started(options) as board, serial_line(board.profile) as line:
        line.type("\n")
        await line.until(PROMPT)
        yield board, line


async def answer(line: Heard, command: str) -> str:
    """Type a command; return its answer."""
    line.type(f"{command}\n")
    await line.until(f"{command}\r\n")
    return await line.until(PROMPT) if command != "version" else await line.until("XVisor# ")


class GuestLine:
    """A guest's console as a line of its own: bound to Xvisor's terminal, its tag taken out."""

    name = PORT
    is_open = True
    state = "open"
    scrollback = b""

    def __init__(self, line: Heard) -> None:
        self._line = line
        self._sinks: list[Callable[[bytes], None]] = []
        self._held = b""
        self._tag = f"[{PORT}] ".encode()

    async def open(self) -> None:
        """Bind it."""
        self._line.type(f"vserial bind {PORT}\n")
        await self._line.until(f"vserial bind {PORT}\r\n")
        self._line.others.append(self._take)

    async def close(self) -> None:
        """Leave it."""
        self._line.others.remove(self._take)
        self._line.port.write(b"\x1bxq")
        await self._line.until(PROMPT)

    def write(self, data: bytes) -> None:
        self._line.port.write(data)

    def subscribe(self, callback: Callable[[bytes], None]) -> Callable[[], None]:
        self._sinks.append(callback)
        return lambda: self._sinks.remove(callback)

    def _take(self, data: bytes) -> None:
        text = (self._held + data).replace(self._tag, b"")
        at = text.rfind(b"[")
        cut = at if at >= 0 and self._tag.startswith(text[at:]) else len(text)
        text, self._held = text[:cut], text[cut:]
        for sink in tuple(self._sinks):
            sink(text)


@contextlib.asynccontextmanager
async def bound(line: Heard) -> AsyncIterator[GuestLine]:
    guest = GuestLine(line)
    await guest.open()
    try:
        yield guest
    finally:
        await guest.close()


async def measured(line: Heard, out: Path, **settings: object) -> RunSummary:
    """Put the sampler into guest0 through its console, and record a run there."""
    asked = RunSettings(**({"cpus": (0,), "seconds": 2.0} | settings))  # type: ignore[arg-type]
    async with bound(line) as guest:
        bench = BoardBench(GUEST, out)
        session = Session(GUEST, lambda: SerialShellLink(guest), bench, asked)
        try:
            await session.open()
            await session.start_run()
            end = await asyncio.wait_for(session.run_ended(), 90)
            assert end.clean, end
        finally:
            await session.close()
    (row,) = summary_rows([out])
    assert row.lost_on_link == 0
    assert row.dropped == 0
    assert row.detected == row.recorded
    return row


async def test_only_the_serial_line_answers() -> None:
    async with terminal(speed=4) as (board, line):
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", address_of(board.profile).port)
        assert board.controls is not None
        board.controls.reset()
        await line.until("Starting kernel ...\r\n\r\n")
        boot = await line.until(PROMPT)
        assert boot.startswith("\r\r\nXvisor v0.3.2-56-g8713a802 (")
        assert "INIT: standard I/O\r\r\nINIT: clocksource manager\r\n" in boot
        assert "guest1: Loaded 0x0000000000000000 with 4128 bytes\r\n" in boot
        assert "Linux" not in boot
        assert "vcpu         - control commands for vcpu" in await answer(line, "help")


async def test_answers_come_in_pieces() -> None:
    async with terminal() as (_, line):
        pieces: list[bytes] = []
        line.others.append(pieces.append)
        said = await answer(line, "vcpu list")
        assert "guest1/vcpu1" in said
        assert len(pieces) > 5


@pytest.mark.parametrize("command", ["reset", "reset guest0"])
async def test_xvisors_reset_leads_to_uboot_and_into_linux(command: str) -> None:
    async with terminal(speed=4) as (board, line):
        line.type(f"{command}\n")
        await line.until("Stopping Hypervisor Timer\r\nIssuing System Reset\r\n")
        await line.until("Hit any key to stop autoboot")
        line.type(" ")
        await line.until("=> ")
        line.type("setenv bootmode native\n")
        line.type("boot\n")
        await line.until("login: ")
        _, writer = await asyncio.open_connection("127.0.0.1", address_of(board.profile).port)
        writer.close()


async def test_shutdown_is_the_end_until_somebody_presses_reset() -> None:
    async with terminal(speed=4) as (board, line):
        line.type("shutdown\n")
        await line.until("Issuing System Shutdown\r\n")
        await asyncio.sleep(0.2)
        line.data = b""
        line.type("\n")
        await asyncio.sleep(0.3)
        assert line.data == b""
        assert board.controls is not None
        board.controls.reset()
        await line.until("U-Boot SPL")
        await line.until(PROMPT)  # it boots its mode again by itself


async def test_a_guest_is_measured_beside_another_and_moved(tmp_path: Path) -> None:
    """The lab's figure: gaps of 10.015 ms beside a busy guest, none where it has a CPU."""
    async with terminal() as (_, line):
        await answer(line, "guest kick guest0;guest kick guest1")
        await until_up(line)
        beside = await measured(line, tmp_path / "beside")
        assert beside.max_ns == pytest.approx(10.02e6, rel=0.015)
        assert beside.lost_percent == pytest.approx(50, abs=2)
        assert beside.counter == "cntpct"
        assert "done" in await answer(line, "vcpu set_affinity 15 0")
        apart = await measured(line, tmp_path / "apart", counter="cntvct")
        assert apart.max_ns < 200_000
        assert apart.counter == "cntvct"


async def until_up(line: Heard) -> None:
    """Wait until guest0's Linux has a shell on its console."""
    async with bound(line):
        await line.until("root@guest0:~# ")


async def test_a_paused_guest_stands_still_and_goes_on(tmp_path: Path) -> None:
    async with terminal() as (_, line):
        await answer(line, "guest kick guest0")
        await until_up(line)
        said = await answer(line, "guest pause guest0")
        assert "guest0: Failed to pause" in said  # its second vCPU is in reset; the first stands
        assert re.search(r"Paused +guest0/vcpu0", await answer(line, "vcpu normal_list"))
        async with bound(line):
            line.type("echo aw''ake\n")
            await asyncio.sleep(0.3)
            assert b"awake" not in line.data
        assert "guest0: Resumed" in await answer(line, "guest resume guest0")
        assert "awake" in await answer(line, f"vserial dump {PORT}")


async def test_a_guest_that_is_reset_has_lost_its_memory() -> None:
    async with terminal() as (_, line):
        await answer(line, "guest kick guest0")
        await until_up(line)
        async with bound(line):
            line.type("touch /root/there; ls /root\n")
            await line.until("] there\r")
        await answer(line, "guest reset guest0")
        assert await answer(line, f"vserial dump {PORT}") is not None
        await answer(line, "guest kick guest0")
        await until_up(line)
        async with bound(line):
            line.type("ls /root; echo en''d\n")
            before = await line.until("] end\r")
            assert "] there\r" not in before


async def test_linux_in_the_guest_restarts_the_guest_alone() -> None:
    async with terminal() as (_, line):
        await answer(line, "guest kick guest0")
        await until_up(line)
        async with bound(line):
            line.type("reboot\n")
            await line.until("Booting Linux on physical CPU")
            await line.until("root@guest0:~# ")
        said = await answer(line, "vcpu dumpstat 15")
        assert re.search(r"Reset Count +: 1", said)


@pytest.mark.parametrize("fault", ["guest-trap", "guest-trap-inside"])
async def test_a_guest_traps_at_any_time(fault: str) -> None:
    async with terminal() as (board, line):
        await answer(line, "guest kick guest1")
        assert board.controls is not None
        board.controls.fault(parse_faults(fault)[0])
        if fault == "guest-trap":
            await line.until("do_hyp_trap: ec=0x24")
            await line.until("R12=0x00000000\r\n")
            line.type("\n")
            await line.until(PROMPT)
        else:
            said = await answer(line, "vcpu list")
            before, _, behind = said.partition("\r\ndo_hyp_trap: ec=0x24")
            assert " ID     CPU" in before + behind
            assert behind.count("{0,1}\r\n") + before.count("{0,1}\r\n") == 9
            assert behind.index("R12=") > 0
        assert re.search(r"Halted +guest1/vcpu0", await answer(line, "vcpu normal_list"))


async def test_the_console_raises_an_alarm_about_a_trap() -> None:
    from hvconsole.session.console_watch import ConsoleWatch

    alarms: list[object] = []
    async with started(SimOptions(mode="xvisor")) as board:
        console = ConsoleWatch(board.serial, lambda _data: None, alarms.append)
        await console.open()
        console.write(b"\rguest kick guest1\r")
        assert board.controls is not None
        board.controls.fault(parse_faults("guest-trap")[0])
        async with asyncio.timeout(20):
            while not alarms:
                await asyncio.sleep(0.05)
        await console.close()
    assert AlarmKind.GUEST_FAULT
    assert "guest" in str(alarms[0])


async def test_the_same_seed_gives_the_same_figures(tmp_path: Path) -> None:
    rows = []
    for number in range(2):
        async with terminal() as (_, line):
            await answer(line, "guest kick guest0")
            await until_up(line)
            rows.append(await measured(line, tmp_path / str(number), seconds=1.0))
    first, second = rows
    assert first.max_ns < 200_000  # it is alone on its CPU
    assert (first.switches, first.lost_ns, first.max_ns) == (
        second.switches,
        second.lost_ns,
        second.max_ns,
    )
