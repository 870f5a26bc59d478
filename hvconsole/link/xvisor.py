"""A link to a board that runs Xvisor: its own terminal, over the serial line.

There is no shell and no file system to put anything into: a command is typed, and its answer is
what stands until the prompt comes back (`hvconsole.link.xvisor_typist`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from hvconsole.link.duplex import Duplex
from hvconsole.link.link_end import LinkEnd
from hvconsole.link.protocol import Capability, Completed, Process, Sink
from hvconsole.link.serial_name import XVISOR, link_name
from hvconsole.link.xvisor_typist import XvisorTypist
from hvconsole.model.problem import BoardProblem, LinkProblem, Problem, UsageProblem
from hvconsole.model.text import plain
from hvconsole.wire import xvisor_command

NO_SHELL = "Xvisor runs there, and its terminal has neither a shell nor files"
_WATCH_S = 0.5


class XvisorLink:
    """A `Link` over Xvisor's terminal: one command at a time, and nothing else.

    Args:
        line: The serial line. It stays its owner's; if it is not open, it is opened and closed
            here.
        close_line: Whoever made this link opened the line for it: it is closed with the link.
    """

    def __init__(self, line: Duplex, *, close_line: bool = False) -> None:
        self._line = line
        self._opened_line = close_line
        self._end = LinkEnd()
        self._typist = XvisorTypist(line, self.name, self._end.reach)
        self._turn = asyncio.Lock()
        self._stop: Callable[[], None] = lambda: None
        self._watch: asyncio.Task[None] | None = None
        self._is_open = False

    @property
    def name(self) -> str:
        """What a person calls the other end."""
        return link_name(self._line.name, XVISOR)

    @property
    def capabilities(self) -> Capability:
        """What this link can do."""
        return Capability.RUN | Capability.TERMINAL

    @property
    def bound(self) -> str:
        """The guest console that the terminal is bound to, ``guest0/uart0``; empty for none."""
        return self._typist.bound

    async def open(self) -> None:
        """Find the terminal's prompt.

        Raises:
            LinkProblem: The line cannot be opened, or no Xvisor answers.
        """
        if not self._line.is_open:
            await self._line.open()
            self._opened_line = self._line.is_open
            if not self._line.is_open:
                raise LinkProblem(f"{self._line.name} is not open", detail=self._line.state)
        self._stop = self._line.subscribe(self._typist.take)
        self._is_open = True
        try:
            async with self._turn:
                await self._typist.leave_guest()
                await self._typist.prompt()
        except BaseException:
            await self.close()
            raise
        self._end.begin()
        self._watch = asyncio.create_task(self._watch_line(), name=f"watch {self.name}")

    async def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 30.0
    ) -> Completed:
        """Type a command and return its answer; its faults are in `Completed.stderr`.

        A status is the code that Xvisor tells, 127 for a command that it does not know.

        Raises:
            UsageProblem: It cannot be typed, is too long, or would take the terminal away.
            BoardProblem: It has input, a guest console is bound, or it did not end in time.
            LinkProblem: Xvisor no longer answers.
        """
        condition = xvisor_command.condition(argv)
        wanted = xvisor_command.command_line(condition.argv if condition is not None else argv)
        if stdin:
            raise BoardProblem(f"{self.name}: a command here takes no input", detail=NO_SHELL)
        async with self._turn:
            self._check()
            self._refuse_while_bound()
            if condition is not None:
                listed = await self._typist.carried_out(b"vcpu list", timeout)
                if not (words := condition.command(listed.lines)):
                    return Completed(tuple(argv), 0, b"nothing to do\n", b"")
                wanted = xvisor_command.command_line(words)
            answer = await self._typist.carried_out(wanted, timeout)
        faults = "".join(f"{one.text}\n" for one in answer.faults)
        return Completed(tuple(argv), answer.status, answer.text.encode(), faults.encode())

    async def stream(self, argv: Sequence[str], sink: Sink) -> Process:
        """Refuse: nothing runs beside the terminal.

        Raises:
            BoardProblem: Always.
        """
        del sink
        raise BoardProblem(f"{argv[0]} cannot run on {self._line.name}", detail=NO_SHELL)

    async def put(self, data: bytes, path: str, *, mode: int = 0o644) -> None:
        """Refuse: there is nowhere to put a file.

        Raises:
            BoardProblem: Always.
        """
        del data, mode
        raise BoardProblem(f"{path} cannot be written on {self._line.name}", detail=NO_SHELL)

    async def bind(self, port: str) -> None:
        """Give the terminal to a guest's console: what is typed on the line goes there.

        Raises:
            UsageProblem: The name cannot be typed.
            BoardProblem: There is no such console, or another is bound.
            LinkProblem: Xvisor no longer answers.
        """
        if not xvisor_command.is_typable(port) or "/" not in port:
            raise UsageProblem(
                f"'{plain(port, 64)}' names no guest console", hint="such as guest0/uart0"
            )
        async with self._turn:
            self._check()
            if self._typist.bound:
                raise BoardProblem(f"{self._typist.bound} is bound already", hint="leave it first")
            await self._typist.bind(port)

    def listen(self, callback: Callable[[bytes], None]) -> Callable[[], None]:
        """Hand on all that the line says; return what ends that."""
        return self._line.subscribe(callback)

    def type_to_guest(self, data: bytes) -> None:
        """Type something while a guest's console is bound.

        Raises:
            LinkProblem: None is, or the line is gone.
        """
        if not self._typist.bound:
            raise LinkProblem(f"{self.name}: no guest console is bound")
        self._line.write(data)

    async def leave(self) -> None:
        """Take the terminal back from a guest's console; nothing happens where none is bound.

        Raises:
            LinkProblem: The prompt does not come.
        """
        async with self._turn:
            self._check()
            await self._typist.leave_guest()
            await self._typist.prompt()

    async def closed(self) -> Exception | None:
        """Wait until the link is closed; return why, or None if we closed it."""
        return await self._end.wait()

    async def close(self) -> None:
        """Leave a guest's console that is bound, and let go of the line. Safe to call twice."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        if self._is_open and self._typist.problem is None and self._typist.bound:
            with contextlib.suppress(Problem):
                await self.leave()
        self._is_open = False
        self._stop()
        if self._opened_line:
            self._opened_line = False
            await self._line.close()
        self._end.reach(None)

    def _refuse_while_bound(self) -> None:
        if self._typist.bound:
            raise BoardProblem(
                f"the terminal is given to the guest console {self._typist.bound}",
                detail="until it is left, what is typed goes to the guest",
                hint="leave it: Ctrl+] g on the Serial screen, or ESC x q typed there",
            )

    def _check(self) -> None:
        if self._typist.problem is not None:
            raise self._typist.problem
        if not self._is_open:
            raise LinkProblem(f"{self.name} is not open")

    async def _watch_line(self) -> None:
        """Notice that the adapter is gone."""
        while self._line.is_open:  # noqa: ASYNC110  # a look now and then
            await asyncio.sleep(_WATCH_S)
        self._typist.lose(LinkProblem(f"{self._line.name} was lost", detail=self._line.state))
