"""Short ways to a whole simulated board for its tests: what a person has, nothing behind it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from hvconsole.analysis.summary import RunSummary, summary_rows
from hvconsole.commands.sessions import live_session
from hvconsole.link.serial import SerialLink
from hvconsole.link.ssh import SshLink
from hvconsole.model.board import BoardProfile, SshAddress
from hvconsole.model.problem import Problem
from hvconsole.model.run import RunSettings
from hvconsole.session.run import RunEnd
from hvconsole.session.session import Session
from hvconsole.sim.options import parse_faults
from hvconsole.sim.start import Started


class Heard:
    """The serial line, and all that it said."""

    def __init__(self, address: str) -> None:
        self.data = b""
        self.others: list[Callable[[bytes], None]] = []
        self.port = SerialLink(address, self._take)

    def type(self, text: str) -> None:
        """Type as a person does: Enter is CR."""
        self.port.write(text.replace("\n", "\r").encode())

    async def until(self, wanted: str, seconds: float = 20) -> str:
        """Wait for a text; return what was said up to it, and forget that."""
        async with asyncio.timeout(seconds):
            while wanted.encode() not in self.data:
                await asyncio.sleep(0.01)
        before, _, self.data = self.data.partition(wanted.encode())
        return before.decode("utf-8", "replace")

    def _take(self, data: bytes) -> None:
        self.data += data
        for each in self.others:
            each(data)


@contextlib.asynccontextmanager
async def serial_line(profile: BoardProfile) -> AsyncIterator[Heard]:
    """Listen at a board's serial line."""
    assert profile.serial is not None
    heard = Heard(profile.serial)
    await heard.port.open()
    try:
        yield heard
    finally:
        await heard.port.close()


@contextlib.asynccontextmanager
async def ssh_link(profile: BoardProfile) -> AsyncIterator[SshLink]:
    """Be logged in."""
    link = SshLink(address_of(profile))
    await link.open()
    try:
        yield link
    finally:
        await link.close()


def address_of(profile: BoardProfile) -> SshAddress:
    """Return where its SSH is."""
    assert profile.ssh is not None
    return profile.ssh


@dataclass
class Recorded:
    """How a recorded run went.

    Attributes:
        end: Why it ended; None where it did not begin.
        problem: What the session said at its end.
        rows: The recording's figures.
        path: The recording.
    """

    end: RunEnd | None
    problem: Problem | None
    rows: list[RunSummary]
    path: Path


async def record(
    started: Started,
    out: Path,
    fault: str = "",
    *,
    after_s: float = 0.7,
    settings: RunSettings | None = None,
    profile: BoardProfile | None = None,
    until: str = "",
) -> Recorded:
    """Do as ``hvconsole record`` does; let a fault happen while the run is under way.

    Args:
        started: The board.
        out: Where to record.
        fault: What goes wrong.
        after_s: How long the run goes on before that.
        settings: What is measured; two seconds of the last CPU.
        profile: The way to the board, where it is not its usual one.
        until: What the serial line must have said before the session is closed.
    """
    session = live_session(
        profile or started.profile, settings or RunSettings(seconds=2.0), record_to=out
    )
    end = problem = None
    try:
        await session.open()
        await session.start_run()
        await asyncio.sleep(after_s)
        for one in parse_faults(fault):
            assert started.controls is not None
            started.controls.fault(one)
        end = await asyncio.wait_for(session.run_ended(), 240)
        problem = session.status.problem
        async with asyncio.timeout(20):
            while until.encode() not in _scrollback(session):
                await asyncio.sleep(0.02)
    except Problem as raised:
        problem = raised
    finally:
        await session.close()
    return Recorded(end, problem, summary_rows([out]) if out.exists() else [], out)


def _scrollback(session: Session) -> bytes:
    return session.serial_console.scrollback if session.serial_console is not None else b""
