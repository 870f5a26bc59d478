"""Typing on Xvisor's terminal: what is typed is compared with its echo before Enter is pressed.

A line that lost a character is never carried out, and a fault that breaks in costs another prompt.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from hvconsole.link.duplex import Duplex
from hvconsole.model.problem import BoardProblem, LinkProblem, Problem
from hvconsole.model.text import plain
from hvconsole.wire import xvisor
from hvconsole.wire.console import Alarm, AlarmFinder, AlarmKind, LineSplitter, Prompt, prompt_of

_PIECE = 16  # characters; a UART's FIFO holds them while the terminal is busy
_ECHO_S = 3.0
_PROMPT_S = 3.0
_TRIES = 3
_RESTART_S = 30.0
_MONITOR = "\x1b[H\x1b[J"


class XvisorTypist:
    """Types on one terminal, a command at a time, and hears what it says.

    Args:
        line: The serial line, open.
        name: What a person calls the other end.
        lost: Told once that Xvisor is gone, and why.

    Attributes:
        bound: The guest console that the terminal is bound to, ``guest0/uart0``; empty for none.
        problem: Why Xvisor is gone; None while it is not.
    """

    def __init__(self, line: Duplex, name: str, lost: Callable[[LinkProblem], None]) -> None:
        self.bound = ""
        self.problem: LinkProblem | None = None
        self._line = line
        self._name = name
        self._lost = lost
        self._terminal = xvisor.Terminal()
        self._finder = AlarmFinder()
        self._splitter = LineSplitter()
        self._said: list[xvisor.Line | xvisor.Fault] = []
        self._shaken = False  # a fault was printed since the last prompt that we asked for
        self._news = asyncio.Event()

    async def prompt(self) -> None:
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
            await self.leave_guest()
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
            await self.prompt()
        try:
            for _ in range(_TRIES):
                if await self._echoed(typed):
                    return
                await self._erase(len(typed))
                await self.prompt()
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

    async def carried_out(self, typed: bytes, timeout: float) -> xvisor.Answer:
        """Type a command, press Enter, and return its answer.

        Raises:
            BoardProblem: It is not back in time.
            LinkProblem: Xvisor is gone, or ends by this command.
        """
        await self._type(typed)
        if typed in {b"reset", b"shutdown"}:
            raise await self._restarting(typed)
        return await self._answer(typed, timeout)

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
                f"{self._name}: '{plain(typed.decode(), 60)}' did not end within {timeout:g} s",
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
        if self.problem is None:
            self.lose(
                LinkProblem(f"{self._name}: '{typed.decode()}' was typed; it is silent since")
            )
        return self.problem or LinkProblem(f"{self._name} is gone")

    async def bind(self, port: str) -> None:
        """Give the terminal to a guest's console, whose name can be typed.

        Raises:
            BoardProblem: There is no such console.
            LinkProblem: Xvisor no longer answers.
        """
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
        self.bound = port

    async def leave_guest(self) -> None:
        """Take the terminal back from a guest's console, if one has it."""
        if self.bound or self._terminal.bound:
            self._line.write(xvisor.LEAVE)
            await self._until(lambda: self._terminal.waits, _PROMPT_S)
            self.bound = ""

    async def _until(self, condition: Callable[[], object], timeout: float) -> bool:
        """Wait until something holds; return whether it does.

        Raises:
            LinkProblem: The link was lost meanwhile.
        """
        try:
            async with asyncio.timeout(timeout):
                while not condition():
                    if self.problem is not None:
                        break
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        if self.problem is not None:
            raise self.problem
        return True

    def take(self, data: bytes) -> None:
        """Take what the line says."""
        events = self._terminal.feed(data)
        self._said += events
        self._shaken = self._shaken or any(isinstance(one, xvisor.Fault) for one in events)
        if self.bound and self._terminal.waits:
            self.bound = ""  # a person has left it by hand
        for line in self._splitter.feed(data):
            for alarm in self._finder.feed(line):
                if alarm.kind is AlarmKind.REBOOT:
                    self.lose(self._restarted(alarm))
        # Lines of a guest's console carry its name, so these are the board's own.
        if (waits := prompt_of(self._terminal.partial)) in {Prompt.LOGIN, Prompt.UBOOT}:
            who = "Linux asks for a login" if waits is Prompt.LOGIN else "U-Boot waits"
            self.lose(LinkProblem(f"{self._name}: {who} where Xvisor was"))
        self._news.set()

    def _restarted(self, alarm: Alarm) -> LinkProblem:
        return LinkProblem(f"{self._name}: the board restarted", detail=alarm.text)

    def _last_words(self) -> str:
        said = [one.text for one in self._said[-2:]]
        partial = self._terminal.partial.decode("ascii", "backslashreplace")
        told = [plain(text, 120) for text in (*said, partial) if text.strip()]
        return f"last seen: {' | '.join(told)}" if told else "nothing is said"

    def lose(self, problem: LinkProblem) -> None:
        """Xvisor is gone: nothing more is typed. What answers now may be a boot loader."""
        if self.problem is None:
            self.problem = problem
            self.bound = ""
            self._news.set()
            self._lost(problem)
