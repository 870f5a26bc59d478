"""Measuring over serial alone: a session on a real shell behind a pty, paced as a line is."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from test_serial_shell import KERNEL, wire

from hvconsole.link.serial_shell import SerialShellLink
from hvconsole.model.board import BoardProfile
from hvconsole.model.run import RunSettings
from hvconsole.session.session import Session
from hvconsole.session.workbench import BoardBench
from hvconsole.stream.snapshot import View

BOARD = BoardProfile(name="serial-only", kind="local")


async def test_a_run_over_a_line_of_115200_with_kernel_messages(tmp_path: Path) -> None:
    async with wire(noise_every=4000, bytes_per_s=11_520) as line:
        bench = BoardBench(BOARD, tmp_path / "record")
        settings = RunSettings(threshold_ns=2000, seconds=3.0)
        session = Session(BOARD, lambda: SerialShellLink(line), bench, settings)
        try:
            await session.open()
            assert session.status.link == "connected"
            await session.start_run()
            async with asyncio.timeout(60):
                end = await session.run_ended()
            assert end.clean, end
            shown = session.snapshot(View())
            assert shown.totals.received > 0
        finally:
            await session.close()
        assert KERNEL in line.heard


async def test_more_than_the_line_carries_is_kept_as_histograms(tmp_path: Path) -> None:
    """Nothing is lost silently where switches come faster than 115,200 baud take them."""
    async with wire(bytes_per_s=3_000) as line, ticking(10.0):
        bench = BoardBench(BOARD, tmp_path / "record")
        settings = RunSettings(threshold_ns=60, seconds=6.0)
        few = {"hvsampler": ("--format", "text", "--ring", "64")}
        session = Session(BOARD, lambda: SerialShellLink(line, text_format=few), bench, settings)
        try:
            await session.open()
            await session.start_run()
            async with asyncio.timeout(90):
                end = await session.run_ended()
            assert end.clean, end
            totals = session.snapshot(View()).totals
        finally:
            await session.close()
    assert totals.received > 0
    assert totals.dropped > 0, "the line carried everything: this test needs more switches"
    assert totals.received + totals.dropped + totals.lost_on_link == totals.detected


@asynccontextmanager
async def ticking(seconds: float) -> AsyncIterator[None]:
    """Have each CPU taken away some thousand times a second."""
    code = (
        "import os,sys,time\n"
        "os.sched_setaffinity(0, {int(sys.argv[1])})\n"
        f"end=time.monotonic()+{seconds}\n"
        "while time.monotonic()<end: time.sleep(0.0002)\n"
    )
    running = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(cpu))
        for cpu in os.sched_getaffinity(0)
    ]
    try:
        yield
    finally:
        for one in running:
            with contextlib.suppress(ProcessLookupError):
                one.kill()
            await one.wait()


RESTARTING_BOARD = r"""
import os, select, signal, sys, termios, tty

before = termios.tcgetattr(0)
said = open(sys.argv[1], "w", buffering=1)
print("\nboard is up", flush=True)
leader = os.fork()
if not leader:
    os.setpgid(0, 0)
    os.execlp("sh", "sh", "-i")
os.setpgid(leader, leader)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
os.tcsetpgrp(0, leader)
said.write(f"{leader}\n")
os.waitpid(leader, 0)
for entry in filter(str.isdigit, os.listdir("/proc")):  # all that ran on the board
    try:
        if int(entry) != os.getpid() and os.getsid(int(entry)) == os.getsid(0):
            os.kill(int(entry), signal.SIGKILL)
    except ProcessLookupError:
        pass
os.tcsetpgrp(0, os.getpgrp())
tty.setraw(0)
termios.tcflush(0, termios.TCIFLUSH)
print("\r\nU-Boot SPL 2024.01 (Nov 01)\r\nU-Boot 2024.01 (Nov 01)\r\n", end="", flush=True)
for left in (4, 3, 2, 1, 0):
    print(f"\rHit any key to stop autoboot: {left} ", end="", flush=True)
    if select.select([0], [], [], 1.0)[0]:
        said.write("STOPPED " + repr(os.read(0, 100)) + "\n")
print("\r\nStarting kernel ...\r\n[    0.000000] Booting Linux on physical CPU 0x0\r\n", flush=True)
termios.tcsetattr(0, termios.TCSANOW, before)
said.write("booted\n")
os.execlp("sh", "sh", "-i")
"""


async def test_a_board_that_restarts_while_it_measures(tmp_path: Path) -> None:
    """The run ends and says why, the countdown is left alone, and the board is found again."""
    script, said = tmp_path / "board.py", tmp_path / "said"
    script.write_text(RESTARTING_BOARD)
    async with wire(sys.executable, str(script), str(said)) as line:
        bench = BoardBench(BOARD, tmp_path / "record")
        session = Session(
            BOARD, lambda: SerialShellLink(line), bench, RunSettings(threshold_ns=2000, seconds=60)
        )
        try:
            await session.open()
            await session.start_run()
            async with asyncio.timeout(60):
                while not session.snapshot(View()).totals.received:
                    await asyncio.sleep(0.1)
            os.killpg(int(said.read_text().split()[0]), signal.SIGKILL)
            async with asyncio.timeout(60):
                end = await session.run_ended()
            assert not end.clean
            async with asyncio.timeout(120):
                while "booted" not in said.read_text() or session.status.link != "connected":
                    await asyncio.sleep(0.1)
            assert "STOPPED" not in said.read_text()
        finally:
            await session.close()
