"""What runs on the board: programs with their numbers, to be listed and killed."""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, Protocol

SIGTERM, SIGKILL = 15, 9
SIGNALS: Final = {"HUP": 1, "INT": 2, "QUIT": 3, "KILL": 9, "TERM": 15, "STOP": 19, "CONT": 18}
_SIGNALLED, _NO_CHILD = 128, 127
_FIRST: Final = 401
_MOST: Final = 150


class Terminal(Protocol):
    """A terminal as programs on it see it."""

    def stty(self, words: list[str]) -> str | None:
        """Change its settings; return what stty prints, None where a word means nothing."""


TERMINAL: Final[ContextVar[Terminal | None]] = ContextVar("terminal", default=None)
"""The terminal that what runs here was started on; programs inherit it from who starts them."""
SESSION: Final[ContextVar[object | None]] = ContextVar("session", default=None)
"""Whose signals reach what runs here: a login, or a command over SSH; inherited likewise."""
_PROCESS: Final[ContextVar[Process | None]] = ContextVar("process", default=None)


@dataclass(eq=False, slots=True)
class Process:
    """One running program.

    Attributes:
        pid: Its number.
        words: Its name and arguments.
        task: What runs it.
        catches: Takes a signal's number in place of dying of it; None for most programs.
        signal: The signal that ended it.
        session: Who started it; see `SESSION`.
        trapped: Signals that it survives: a shell's ``trap``.
    """

    pid: int
    words: list[str]
    task: asyncio.Future[int] | None = None
    catches: Callable[[int], None] | None = None
    signal: int = 0
    session: object | None = field(default_factory=SESSION.get)
    trapped: set[int] = field(default_factory=set)

    @property
    def killed(self) -> bool:
        """Whether it was ended without a chance to say anything."""
        return self.signal == SIGKILL

    def kill(self, number: int = SIGTERM) -> None:
        """Send a signal."""
        if number != SIGKILL and number in self.trapped:
            return
        if self.catches is not None and number != SIGKILL:
            self.catches(number)
            return
        self.signal = number
        if self.task is not None:
            self.task.cancel()


class Processes:
    """All that run, by number."""

    def __init__(self) -> None:
        self.running: dict[int, Process] = {}
        self._spawned: dict[int, Process] = {}
        self._numbers = itertools.count(_FIRST)

    async def run(self, words: list[str], work: Callable[[Process], Awaitable[int]]) -> int:
        """Run something to its end; return its status, 128 and the signal for a killed one.

        Raises:
            OSError: Too many run already (a script that calls itself, say).
        """
        return await self._watched(self._begin(words, work))

    def spawn(self, words: list[str], work: Callable[[], Awaitable[int]]) -> Process:
        """Run something beside everything else. Raises `OSError` as `run` does."""
        self._spawned = {n: p for n, p in self._spawned.items() if n in self.running}
        process = self._begin(words, lambda _process: work())
        self._spawned[process.pid] = process
        return process

    def number(self) -> int:
        """Return a number for a process that is kept elsewhere (a login's shell)."""
        return next(self._numbers)

    def named(self, name: str) -> list[Process]:
        """Return those whose program has this name."""
        return [each for each in self.running.values() if each.words[0].rpartition("/")[2] == name]

    def signal_from(self, session: object, number: int) -> bool:
        """Send a session's signal to what runs in it; return whether somebody survives it.

        Where nobody does, nothing is sent: then all ends by ending whoever waits for it. Who
        survives keeps those that it was started by, which wait for it or have become it.
        """
        found = [each for each in self.running.values() if each.session is session]
        survivors = [each for each in found if each.catches or number in each.trapped]
        if not survivors:
            return False
        for each in found[found.index(survivors[-1]) :]:
            each.kill(number)
        return True

    def kill_all(self) -> None:
        """End everything at once: the power is gone."""
        for process in list(self.running.values()):
            process.kill(SIGKILL)

    async def finished(self, pid: int | None) -> int:
        """Wait for a process that was spawned, or for all of them; return its status."""
        if pid is not None:
            process = self._spawned.get(pid)
            return await self._watched(process) if process is not None else _NO_CHILD
        for process in list(self._spawned.values()):
            await self._watched(process)
        return 0

    def _begin(self, words: list[str], work: Callable[[Process], Awaitable[int]]) -> Process:
        if len(self.running) >= _MOST:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        process = Process(self.number(), words)

        async def run() -> int:
            _PROCESS.set(process)
            return await work(process)

        def ended(task: asyncio.Task[int]) -> None:
            self.running.pop(process.pid, None)
            if not task.cancelled():
                task.exception()  # whoever waits gets it; where nobody does, it is not told again

        self.running[process.pid] = process
        task = asyncio.create_task(run(), name=f"board: {words[0][:40]}")
        task.add_done_callback(ended)
        process.task = task
        return process

    async def _watched(self, process: Process) -> int:
        if process.task is None:
            return 0
        try:
            return await process.task
        except asyncio.CancelledError:
            ours = asyncio.current_task()
            if process.signal and not (ours is not None and ours.cancelling()):
                return _SIGNALLED + process.signal
            raise


def this_process() -> Process | None:
    """Return the process that runs here; None in a login's own shell."""
    return _PROCESS.get()
