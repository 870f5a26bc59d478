"""A program on the board whose input and output are somebody's console: ``xl console busy``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from hvconsole.link.listeners import Listeners
from hvconsole.link.output import Tail
from hvconsole.link.protocol import Link, Process, Terminals, no_terminal
from hvconsole.link.serial_protocol import ByteSink
from hvconsole.model.problem import LinkProblem
from hvconsole.wire.console import shown

_AT_ONCE_S = 0.5
_GRACE_S = 3.0
_CLOSED = "closed"


class ProcessLine:
    """A `Duplex` over a program that runs on a board.

    Args:
        link: The way to the board; the program has a place on it for as long as this is open.
        argv: The program. It must pass bytes through.
        name: What a person calls what it reaches.
        leave: Typed alone before its input ends, for programs that listen to nothing else.
        terminal: It insists on a terminal; otherwise it must end with its standard input.
    """

    def __init__(
        self,
        link: Link,
        argv: Sequence[str],
        *,
        name: str,
        leave: bytes = b"",
        terminal: bool = False,
    ) -> None:
        self._link = link
        self.argv = tuple(argv)
        self._name = name
        self._leave = leave
        self._terminal = terminal
        self._process: Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._listeners = Listeners()
        self._said = Tail()
        self._state = _CLOSED

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self._name

    @property
    def is_open(self) -> bool:
        """Whether the program runs."""
        return self._process is not None

    @property
    def state(self) -> str:
        """``open``, ``closed``, or why it ended."""
        return self._state

    @property
    def scrollback(self) -> bytes:
        """The last 64 KiB that were said."""
        return self._said.data

    def subscribe(self, callback: ByteSink) -> Callable[[], None]:
        """Hand on what arrives; return what ends that."""
        return self._listeners.add(callback)

    def write(self, data: bytes) -> None:
        """Type something.

        Raises:
            LinkProblem: The program does not run.
        """
        if self._process is None:
            raise LinkProblem(f"{self._name} is not open", detail=self._state)
        self._process.write(data)

    async def open(self) -> None:
        """Start the program.

        Raises:
            LinkProblem: The link is lost, or the program ended at once; its words are the detail.
        """
        if self._process is not None:
            return
        self._process = process = await self._start()
        self._state = "open"
        self._watch = asyncio.create_task(self._until_end(process), name=f"watch {self._name}")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_AT_ONCE_S):
                await asyncio.shield(self._watch)
        if self._process is None:
            raise LinkProblem(
                f"{self._name} cannot be reached",
                detail=self._state,
                hint="does the guest run, and has nobody else its console?",
            )

    async def close(self) -> None:
        """End the program. Safe to call twice."""
        process, watch = self._process, self._watch
        self._watch = None
        if process is not None and watch is not None:
            if self._leave:
                process.write(self._leave)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_AT_ONCE_S):
                        await asyncio.shield(watch)
            process.close_stdin()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_S):
                    await asyncio.shield(watch)
        if watch is not None:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        self._process = None
        self._state = _CLOSED

    async def _start(self) -> Process:
        if not self._terminal:
            return await self._link.stream(self.argv, self._take)
        if not isinstance(self._link, Terminals):
            raise no_terminal(self.argv[0], self._link.name)
        return await self._link.terminal(self.argv, self._take)

    async def _until_end(self, process: Process) -> None:
        try:
            status = await process.wait()
            said = _words(process.stderr) or (_words(self._said.data) if status else "")
            why = said or f"{self.argv[0]} ended with status {status}"
        except LinkProblem as problem:
            why = problem.title
        self._state = why
        self._process = None

    def _take(self, data: bytes) -> None:
        self._said.add(data)
        self._listeners.tell(data)


def _words(said: bytes) -> str:
    """Return the last line of what a program said."""
    lines = [line for line in said.splitlines() if line.strip()]
    return shown(lines[-1]).strip() if lines else ""
