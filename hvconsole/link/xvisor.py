"""A link to a board that runs Xvisor: its own terminal, over the serial line.

There is no shell and no file system to put anything into: a command is typed, and its answer is
what stands until the prompt comes back. What is typed is compared with its echo before Enter is
pressed, so that a line which lost a character is never carried out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from hvconsole.link.duplex import Duplex
from hvconsole.link.link_end import LinkEnd
from hvconsole.link.protocol import Capability, Completed, Process, Sink
from hvconsole.link.serial_name import XVISOR, link_name
from hvconsole.model.problem import BoardProblem, LinkProblem, Problem, UsageProblem
from hvconsole.model.text import plain
from hvconsole.wire import xvisor
from hvconsole.wire.console import Alarm, AlarmFinder, AlarmKind, LineSplitter, Prompt, prompt_of

NO_SHELL = "Xvisor runs there, and its terminal has neither a shell nor files"
_PIECE = 16  # characters; a UART's FIFO holds them while the terminal is busy
_ECHO_S = 3.0
_PROMPT_S = 3.0
_TRIES = 3
_WATCH_S = 0.5
_RESTART_S = 30.0
_MONITOR = "\x1b[H\x1b[J"


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
        self._terminal = xvisor.Terminal()
        self._finder = AlarmFinder()
        self._splitter = LineSplitter()
        self._said: list[xvisor.Line | xvisor.Fault] = []
        self._shaken = False  # a fault was printed since the last prompt that we asked for
        self._bound = ""
        self._news = asyncio.Event()
        self._turn = asyncio.Lock()
        self._stop: Callable[[], None] = lambda: None
        self._watch: asyncio.Task[None] | None = None
        self._problem: LinkProblem | None = None
        self._is_open = False
        self._end = LinkEnd()

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
        return self._bound

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
        self._stop = self._line.subscribe(self._take)
        self._is_open = True
        try:
            async with self._turn:
                await self._leave_guest()
                await self._prompt()
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
        condition = xvisor.condition(argv)
        wanted = xvisor.command_line(condition.argv if condition is not None else argv)
        if stdin:
            raise BoardProblem(f"{self.name}: a command here takes no input", detail=NO_SHELL)
        async with self._turn:
            self._check()
            self._refuse_while_bound()
            if condition is not None:
                listed = await self._carried_out(b"vcpu list", timeout)
                if not (words := condition.command(listed.lines)):
                    return Completed(tuple(argv), 0, b"nothing to do\n", b"")
                wanted = xvisor.command_line(words)
            answer = await self._carried_out(wanted, timeout)
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
        if not xvisor.is_typable(port) or "/" not in port:
            raise UsageProblem(
                f"'{plain(port, 64)}' names no guest console", hint="such as guest0/uart0"
            )
        async with self._turn:
            self._check()
            if self._bound:
                raise BoardProblem(f"{self._bound} is bound already", hint="leave it first")
            typed = b"vserial bind " + port.encode()
            await self._type(typed)
            self._said.clear()
            self._line.write(xvisor.ENTER)
            terminal = self._terminal
            if not await self._until(lambda: terminal.bound or terminal.waits, _PROMPT_S):
                self._shaken = True
                raise BoardProblem(f"{self._line.name}: the console {port} does not show")
            if terminal.waits:
                said = [one.text for one in self._said if isinstance(one, xvisor.Line)]
                raise BoardProblem(
                    f"{port} cannot be bound",
                    detail="\n".join(said[-2:]),
                    hint="hvconsole hv BOARD list names the consoles of guests that are made",
                )
            self._bound = port

    def listen(self, callback: Callable[[bytes], None]) -> Callable[[], None]:
        """Hand on all that the line says; return what ends that."""
        return self._line.subscribe(callback)

    def type_to_guest(self, data: bytes) -> None:
        """Type something while a guest's console is bound.

        Raises:
            LinkProblem: None is, or the line is gone.
        """
        if not self._bound:
            raise LinkProblem(f"{self.name}: no guest console is bound")
        self._line.write(data)

    async def leave(self) -> None:
        """Take the terminal back from a guest's console; nothing happens where none is bound.

        Raises:
            LinkProblem: The prompt does not come.
        """
        async with self._turn:
            self._check()
            await self._leave_guest()
            await self._prompt()

    async def closed(self) -> Exception | None:
        """Wait until the link is closed; return why, or None if we closed it."""
        return await self._end.wait()

    async def close(self) -> None:
        """Leave a guest's console that is bound, and let go of the line. Safe to call twice."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        if self._is_open and self._problem is None and self._bound:
            with contextlib.suppress(Problem):
                await self.leave()
        self._is_open = False
        self._stop()
        if self._opened_line:
            self._opened_line = False
            await self._line.close()
        self._end.reach(None)

    async def _prompt(self) -> None:
        """Have the terminal wait for a command, nothing typed: by Enter, if need be several times.

        Raises:
            LinkProblem: It does not come to that.
        """
        for _ in range(_TRIES):
            if self._terminal.typed:
                await self._erase(len(self._terminal.typed))
            # The prompt that stands there is none to go by: another has to come after Enter.
            self._said.clear()
            self._line.write(xvisor.ENTER)
            if await self._until(lambda: self._terminal.waits and self._said, _PROMPT_S):
                self._shaken = False
                return
            await self._leave_guest()
            if any(_MONITOR in one.text for one in self._said):
                self._line.write(b"q")  # somebody left `vcpu monitor` running
        raise LinkProblem(
            f"{self._line.name}: Xvisor does not answer",
            detail=self._last_words(),
            hint="is the board on, and does Xvisor own this line (stdio device)?",
        )

    async def _type(self, typed: bytes) -> None:
        """Type a command without Enter, until its echo is what was meant.

        Raises:
            LinkProblem: The terminal does not take it.
        """
        if self._shaken or not self._terminal.waits:
            await self._prompt()
        try:
            for _ in range(_TRIES):
                if await self._echoed(typed):
                    return
                await self._erase(len(typed))
                await self._prompt()
        except asyncio.CancelledError:
            # Whoever presses Enter next must not carry out what we had begun to type.
            with contextlib.suppress(Problem):
                self._line.write(xvisor.ERASE * (2 * len(typed)))
            raise
        raise LinkProblem(
            f"{self._line.name}: what is typed does not come back as it was typed",
            detail=self._last_words(),
            hint="is the speed of the line right, and does nobody else type on it?",
        )

    async def _echoed(self, typed: bytes) -> bool:
        for at in range(0, len(typed), _PIECE):
            end = at + _PIECE
            self._line.write(typed[at:end])
            if not await self._until(lambda: self._terminal.typed == typed[:end], _ECHO_S):  # noqa: B023  # awaited here
                return False
        return True

    async def _erase(self, count: int) -> None:
        """Take back what may have been typed, twice over: an erasing key may be lost, too."""
        for at in range(0, 2 * count, _PIECE):
            self._line.write(xvisor.ERASE * min(_PIECE, 2 * count - at))
            await self._until(lambda: self._terminal.waits, 0.1)

    async def _carried_out(self, typed: bytes, timeout: float) -> xvisor.Answer:
        await self._type(typed)
        if typed in {b"reset", b"shutdown"}:
            raise await self._restarting(typed)
        return await self._answer(typed, timeout)

    def _refuse_while_bound(self) -> None:
        if self._bound:
            raise BoardProblem(
                f"the terminal is given to the guest console {self._bound}",
                detail="until it is left, what is typed goes to the guest",
                hint="leave it: Ctrl+] g on the Serial screen, or ESC x q typed there",
            )

    async def _answer(self, typed: bytes, timeout: float) -> xvisor.Answer:
        """Press Enter and return what is said until the prompt is back.

        Raises:
            BoardProblem: It is not back in time.
            LinkProblem: Xvisor is gone.
        """
        self._said.clear()
        self._line.write(xvisor.ENTER)
        if not await self._until(lambda: self._terminal.waits and self._said, timeout):
            self._shaken = True
            raise BoardProblem(
                f"{self.name}: '{plain(typed.decode(), 60)}' did not end within {timeout:g} s",
                detail=self._last_words(),
                hint="the Serial screen shows what stands there",
            )
        said = self._said[:]
        # The first line is the echo, which a prompt begins.
        first = next((at for at, one in enumerate(said) if isinstance(one, xvisor.Line)), -1)
        faults = tuple(one for one in said if isinstance(one, xvisor.Fault))
        lines = tuple(one.text for one in said[first + 1 :] if isinstance(one, xvisor.Line))
        self._shaken = bool(faults)
        return xvisor.Answer(lines, faults)

    async def _restarting(self, typed: bytes) -> LinkProblem:
        """Press Enter on what ends the hypervisor; return what the link ends with."""
        self._line.write(xvisor.ENTER)
        await self._until(lambda: False, _RESTART_S)
        if self._problem is None:
            self._lose(
                LinkProblem(f"{self.name}: '{typed.decode()}' was typed; it is silent since")
            )
        return self._problem or LinkProblem(f"{self.name} is gone")

    async def _leave_guest(self) -> None:
        if self._bound or self._terminal.bound:
            self._line.write(xvisor.LEAVE)
            await self._until(lambda: self._terminal.waits, _PROMPT_S)
            self._bound = ""

    async def _until(self, condition: Callable[[], object], timeout: float) -> bool:
        """Wait until something holds; return whether it does.

        Raises:
            LinkProblem: The link was lost meanwhile.
        """
        try:
            async with asyncio.timeout(timeout):
                while not condition():
                    if self._problem is not None:
                        break
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        if self._problem is not None:
            raise self._problem
        return True

    def _take(self, data: bytes) -> None:
        events = self._terminal.feed(data)
        self._said += events
        self._shaken = self._shaken or any(isinstance(one, xvisor.Fault) for one in events)
        if self._bound and self._terminal.waits:
            self._bound = ""  # a person has left it by hand
        for line in self._splitter.feed(data):
            for alarm in self._finder.feed(line):
                if alarm.kind is AlarmKind.REBOOT:
                    self._lose(self._restarted(alarm))
        # Lines of a guest's console carry its name, so these are the board's own.
        if (waits := prompt_of(self._terminal.partial)) in {Prompt.LOGIN, Prompt.UBOOT}:
            who = "Linux asks for a login" if waits is Prompt.LOGIN else "U-Boot waits"
            self._lose(LinkProblem(f"{self.name}: {who} where Xvisor was"))
        self._news.set()

    def _restarted(self, alarm: Alarm) -> LinkProblem:
        return LinkProblem(f"{self.name}: the board restarted", detail=alarm.text)

    def _last_words(self) -> str:
        said = [one.text for one in self._said[-2:]]
        partial = self._terminal.partial.decode("ascii", "backslashreplace")
        told = [plain(text, 120) for text in (*said, partial) if text.strip()]
        return f"last seen: {' | '.join(told)}" if told else "nothing is said"

    def _check(self) -> None:
        if self._problem is not None:
            raise self._problem
        if not self._is_open:
            raise LinkProblem(f"{self.name} is not open")

    async def _watch_line(self) -> None:
        """Notice that the adapter is gone."""
        while self._line.is_open:  # noqa: ASYNC110  # a look now and then
            await asyncio.sleep(_WATCH_S)
        self._lose(LinkProblem(f"{self._line.name} was lost", detail=self._line.state))

    def _lose(self, problem: LinkProblem) -> None:
        """Xvisor is gone: nothing more is typed. What answers now may be a boot loader."""
        if self._problem is None:
            self._problem = problem
            self._bound = ""
            self._news.set()
            self._end.reach(problem)
