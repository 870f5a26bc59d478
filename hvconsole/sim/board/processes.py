"""What runs on the board: programs with their numbers, to be listed and killed."""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

SIGTERM, SIGKILL = 15, 9
_SIGNALLED, _NO_CHILD = 128, 127
_FIRST: Final = 401
_MOST: Final = 150


@dataclass(eq=False, slots=True)
class Process:
    """One running program.

    Attributes:
        pid: Its number.
        words: Its name and arguments.
        task: What runs it.
        catches: Takes a signal's number in place of dying of it; None for most programs.
        signal: The signal that ended it.
    """

    pid: int
    words: list[str]
    task: asyncio.Future[int] | None = None
    catches: Callable[[int], None] | None = None
    signal: int = 0

    @property
    def killed(self) -> bool:
        """Whether it was ended without a chance to say anything."""
        return self.signal == SIGKILL

    def kill(self, number: int = SIGTERM) -> None:
        """Send a signal."""
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
