"""Capturing Xen's scheduler records over a link, and leaving the board as it was."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final

from hvconsole.board.journal import Journal
from hvconsole.board.journal_file import Change
from hvconsole.hypervisor.xen.trace.command import BUFFER_PAGES, capture, find, switch_off
from hvconsole.link.protocol import Link, Process, Sink
from hvconsole.model.problem import BoardProblem, LinkProblem, Problem

COST: Final = (
    f"{BUFFER_PAGES * 4} KiB of Xen's memory a CPU until the next reboot; 12 kB/s over the link "
    "beside one busy domain under credit, up to 60 kB/s under rtds; five records more on Xen's "
    "path at each switch, and a task in dom0 that wakes five times a second"
)
"""What tracing costs, for a person who is about to switch it on."""

MAX_BYTES: Final = 256 << 20
"""A trace that grows beyond this is ended: an hour under rtds."""

_FAILS_WITHIN_S = 1.0
_END_S = 8.0
_LONGER_S = 30
_TERMINATED = 128 + 15
# Where tracing is compiled out, the call that switches it on is unknown to Xen (ENOSYS), or is
# refused (EOPNOTSUPP), depending on its version.
_COMPILED_OUT = ("Function not implemented", "Operation not supported")


async def why_not(link: Link) -> str:
    """Return why this board cannot be traced, or nothing where it looks as if it could.

    Whether Xen was built with its trace buffers shows only when a trace is started.
    """
    if (await link.run(("test", "-e", "/dev/xen/privcmd"))).status != 0:
        return "xentrace needs dom0 of a running Xen: boot one of the board's Xen modes"
    if (await link.run(find())).status != 0:
        return "xentrace is not on the board: apt-get install xen-utils-common there"
    return ""


@dataclass(frozen=True, slots=True)
class TraceEnd:
    """How a trace ended: bytes handed on, and what was wrong, if anything."""

    size: int
    problem: Problem | None = None


class Trace:
    """One trace of Xen's scheduler: started, streamed, ended, and tracing switched off again.

    Args:
        link: The way to the board, open.
        journal: Where switching tracing on is noted, with its undo, before it happens.
        sink: Takes the bytes as they come.
        most: Bytes after which the trace is ended.
    """

    def __init__(self, link: Link, journal: Journal, sink: Sink, *, most: int = MAX_BYTES) -> None:
        self._link = link
        self._journal = journal
        self._sink = sink
        self._most = most
        self._size = 0
        self._process: Process | None = None
        self._change: Change | None = None
        self._problem: Problem | None = None

    async def start(self, seconds: float | None = None) -> None:
        """Start tracing.

        Args:
            seconds: How long the run will be; the trace ends by itself soon after.

        Raises:
            BoardProblem: The board cannot be traced; the reason is in the detail.
            LinkProblem: The board was lost.
        """
        if reason := await why_not(self._link):
            raise BoardProblem(
                f"Xen's scheduler cannot be traced on {self._link.name}",
                detail=reason,
                hint="or measure without Xen's scheduler records",
            )
        self._change = await self._journal.record(
            switch_off(), "switch Xen's tracing off", until_reboot=True
        )
        limit = 10**9 if seconds is None else int(seconds) + _LONGER_S
        self._process = await self._link.stream(capture(limit), self._take)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAILS_WITHIN_S):
                status = await self._process.wait()
                await self._switch_off(clean=status == 0)
                raise _failure(self._link.name, status, self._process.stderr)

    async def wait(self) -> None:
        """Wait until the trace ends by itself; returns at once where none was started."""
        if self._process is not None:
            with contextlib.suppress(LinkProblem):
                await self._process.wait()

    async def stop(self) -> TraceEnd:
        """End tracing, take what is left in Xen's buffers, and switch tracing off.

        A lost link raises nothing here: the journal undoes it at the next connection, and
        xentrace ends itself.
        """
        process, self._process = self._process, None
        if process is None:
            return TraceEnd(self._size, self._problem)
        status: int | None = None
        process.close_stdin()
        try:
            async with asyncio.timeout(_END_S):
                status = await process.wait()
            await self._switch_off(clean=status == 0)
        except TimeoutError:
            await self._switch_off(clean=False)
        except LinkProblem as problem:
            self._problem = self._problem or problem
        if status == _TERMINATED and not self._size:
            status = 0  # it was ended before it had begun, as it was asked to
        if status and self._problem is None:
            self._problem = _failure(self._link.name, status, process.stderr)
        return TraceEnd(self._size, self._problem)

    def _take(self, data: bytes) -> None:
        if self._size + len(data) > self._most:
            if self._problem is None and self._process is not None:
                self._problem = BoardProblem(
                    "the trace of Xen's scheduler was ended early",
                    detail=f"it had reached {self._most >> 20} MiB",
                    hint="what was traced until then is kept; trace shorter runs",
                )
                self._process.close_stdin()
            return
        try:
            self._sink(data)
        except Problem as problem:  # a full disk ends the trace, not the measurement
            self._problem = self._problem or problem
            self._most = self._size
            if self._process is not None:
                self._process.close_stdin()
            return
        self._size += len(data)

    async def _switch_off(self, *, clean: bool) -> None:
        """Settle the journal; a xentrace that did not end well has left tracing on."""
        change = self._change
        if change is None:
            return
        if clean or (await self._link.run(switch_off())).status == 0:
            await self._journal.settle(change)
            self._change = None


def _failure(name: str, status: int, stderr: bytes) -> BoardProblem:
    said = stderr.decode("utf-8", "backslashreplace").strip()
    if any(words in said for words in _COMPILED_OUT):
        return BoardProblem(
            f"the Xen on {name} cannot trace its scheduler",
            detail=said,
            hint="it was built without CONFIG_TRACEBUFFER; boot one that has it",
        )
    hint = "connect as root" if "Could not obtain handle" in said else "try it on the board"
    return BoardProblem(
        f"xentrace does not run on {name}", detail=said or f"it ended with {status}", hint=hint
    )
