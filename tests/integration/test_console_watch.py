"""The serial console beside a run, on a real pty: logged, and heard when a board dies."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from hvconsole.link.local import LocalLink
from hvconsole.model.board import BoardProfile
from hvconsole.model.run import RunSettings
from hvconsole.session.session import Session
from hvconsole.session.workbench import BoardBench

PARKED = (
    b"Unhandled data read at 0x1c25014(4)\r\n\r\nFATAL: unhandled trap (exception class 0x24)\r\n"
    b'Parking CPU 0 (Cell: "Banana-Pi")\r\n'
)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    return tmp_path


def session_with(serial: str, record_to: Path | None = None) -> Session:
    profile = BoardProfile(name="bpi", kind="local", serial=serial)
    return Session(profile, LocalLink, BoardBench(profile, record_to), RunSettings())


async def until(condition, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_parked_cpu_is_told_with_its_cause(line, folders: Path) -> None:
    ours, path = line
    session = session_with(path)
    await session.open()
    assert session.status.serial == "open"
    os.write(ours, PARKED)
    await until(
        lambda: session.status.problem is not None and "parked" in session.status.problem.title
    )
    problem = session.status.problem
    assert "Banana-Pi" in problem.title
    assert "0x1c25014" in problem.detail
    assert "configuration" in problem.hint
    await session.close()


@pytest.mark.compiler
async def test_everything_said_is_in_the_session(line, folders: Path) -> None:
    ours, path = line
    session = session_with(path, folders / "a.hvs")
    await session.open()
    os.write(ours, b"U-Boot SPL\r\nbefore the run\r\n")
    await asyncio.sleep(0.3)
    await session.start_run()
    os.write(ours, b"\x1b[31mduring\x1b[0m \xff\r\n")
    await asyncio.sleep(0.5)
    await session.close()
    log = (folders / "a.hvs/serial.log").read_bytes()
    assert log == b"U-Boot SPL\r\nbefore the run\r\n\x1b[31mduring\x1b[0m \xff\r\n"


async def test_without_the_line_the_session_goes_on(folders: Path) -> None:
    session = session_with("/dev/no-such-adapter")
    await session.open()
    assert session.status.link == "connected"
    assert session.status.serial not in {"", "open"}
    assert session.status.problem is None
    await session.close()
