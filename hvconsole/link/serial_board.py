"""Links that find out what a board runs: a shell on its serial line, or Xvisor's terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hvconsole.link.duplex import Duplex
from hvconsole.link.protocol import (
    Capability,
    Completed,
    HostKeyProblem,
    Link,
    Process,
    Sink,
    Terminals,
    no_terminal,
)
from hvconsole.link.serial_name import link_name
from hvconsole.link.serial_shell import SerialShellLink
from hvconsole.link.serial_shell_login import (
    Ear,
    Login,
    XvisorAnswersProblem,
    of_xvisor_guest,
)
from hvconsole.link.xvisor import XvisorLink
from hvconsole.model.problem import LinkProblem
from hvconsole.wire.console import LineSplitter, Prompt, in_boot_loader, prompt_of
from hvconsole.wire.xvisor import Terminal

_TAIL = 16 << 10
# Longer than a second of a boot loader's countdown: whoever counts is not interrupted.
_LISTEN_S = 1.4
_ANSWER_S = 2.0


class _Chosen:
    """A link that is one of several, known once it is open; what all of them hand on."""

    def __init__(self, name: str) -> None:
        self._first_name = name
        self._link: Link | None = None

    @property
    def name(self) -> str:
        """What a person calls the other end."""
        return self._link.name if self._link is not None else self._first_name

    @property
    def capabilities(self) -> Capability:
        """What this link can do; known once it is open."""
        return self._link.capabilities if self._link is not None else Capability.NONE

    @property
    def chosen(self) -> Link | None:
        """The link that it is; None while it is not open."""
        return self._link

    async def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 30.0
    ) -> Completed:
        """Run a command to its end."""
        return await self._open_link().run(argv, stdin=stdin, timeout=timeout)

    async def stream(self, argv: Sequence[str], sink: Sink) -> Process:
        """Start a command."""
        return await self._open_link().stream(argv, sink)

    async def terminal(self, argv: Sequence[str], sink: Sink) -> Process:
        """Start a command on a terminal of its own.

        Raises:
            LinkProblem: What was chosen gives none, or was lost.
        """
        link = self._open_link()
        if not isinstance(link, Terminals):
            raise no_terminal(argv[0], link.name)
        return await link.terminal(argv, sink)

    async def put(self, data: bytes, path: str, *, mode: int = 0o644) -> None:
        """Write a file."""
        await self._open_link().put(data, path, mode=mode)

    async def closed(self) -> Exception | None:
        """Wait until the link is closed; return why, or None if we closed it."""
        return await self._link.closed() if self._link is not None else None

    async def close(self) -> None:
        """Close it. Safe to call twice."""
        if self._link is not None:
            await self._link.close()

    def _open_link(self) -> Link:
        if self._link is None:
            raise LinkProblem(f"{self._first_name} is not open")
        return self._link


class SerialBoardLink(_Chosen):
    """A `Link` to whatever answers on a serial line: a shell, or Xvisor's terminal.

    Args:
        line: The line.
        login: Who logs in, where a login is asked for.
    """

    def __init__(self, line: Duplex, login: Login | None = None) -> None:
        super().__init__(link_name(line.name))
        self._line = line
        self._login = login

    async def open(self) -> None:
        """Find out who answers.

        Raises:
            BoardProblem: U-Boot answers, or the login is refused.
            LinkProblem: The line cannot be opened, or nothing answers.
        """
        if not tells_xvisor(self._line.scrollback):
            shell = SerialShellLink(self._line, self._login)
            try:
                await shell.open()
            except XvisorAnswersProblem:
                pass  # the shell's link has closed the line again, if it had opened it
            else:
                self._link = shell
                return
        terminal = XvisorLink(self._line)
        await terminal.open()
        self._link = terminal


class EitherLink(_Chosen):
    """A `Link` over the network; where that does not answer, to Xvisor on the serial line.

    A board that is booted into Xvisor has no Linux that SSH could reach. Nothing but Xvisor's
    terminal is taken on the line: a Linux whose network is down is told as that.

    Args:
        network: The way to try first, not yet open.
        line: Makes or hands out the serial line.
        owned: The line is this link's own, and is to be closed with it.
        ask: Whether Enter may be pressed on a line that is silent, to see who is there. Where it
            may not, only what the line has told by itself counts: a byte that waits for a board
            which restarts could stop its boot loader.
    """

    def __init__(
        self, network: Link, line: Callable[[], Duplex], *, owned: bool, ask: bool = True
    ) -> None:
        super().__init__(network.name)
        self._network = network
        self._make_line = line
        self._owned = owned
        self._ask = ask

    async def open(self) -> None:
        """Connect by the network, else to Xvisor.

        Raises:
            LinkProblem: Neither answers; told is what the network says.
        """
        line = self._make_line()
        waits = not self._owned and line.is_open and tells_xvisor(line.scrollback)
        if waits and await self._by_terminal(line):
            return
        try:
            await self._network.open()
        except HostKeyProblem:
            raise
        except LinkProblem as problem:
            if not await self._on(line):
                raise (_with_line(problem, line) if self._ask else problem) from problem
        else:
            self._link = self._network

    async def close(self) -> None:
        """Close it. Safe to call twice."""
        await super().close()
        if self._link is not self._network:
            await self._network.close()

    async def _on(self, line: Duplex) -> bool:
        """Look whether Xvisor answers on the line; have the link to it if so."""
        was_open = line.is_open
        if not self._ask and not (was_open and tells_xvisor(line.scrollback)):
            return False
        if not was_open:
            await line.open()
        if not line.is_open:
            return False
        if await answers_as_xvisor(line) and await self._by_terminal(line, opened=not was_open):
            return True
        if not was_open:
            await line.close()
        return False

    async def _by_terminal(self, line: Duplex, *, opened: bool = False) -> bool:
        terminal = XvisorLink(line, close_line=opened)
        try:
            await terminal.open()
        except LinkProblem:
            return False
        self._link = terminal
        return True


async def answers_as_xvisor(line: Duplex) -> bool:
    """Whether Xvisor's terminal answers on an open line.

    A board that is just booting is not disturbed: Enter is pressed only where its boot loader is
    not at work, and where the line has been quiet for some seconds.
    """
    ear = Ear(line)
    try:
        before = line.scrollback[-_TAIL:]
        if not tells_xvisor(before):
            loud = not await ear.quiet(_LISTEN_S)
            if loud or in_boot_loader(before + ear.heard):
                return tells_xvisor(ear.heard)
        ear.forget()
        line.write(b"\r")
        await ear.until(b"XVisor# ", _ANSWER_S)
        return ear.prompt() is Prompt.XVISOR or of_xvisor_guest(ear.heard)
    finally:
        ear.close()


def tells_xvisor(text: bytes) -> bool:
    """Whether the newest text of a console ends with Xvisor's prompt, faults behind it or not."""
    terminal = Terminal()
    terminal.feed(text[-_TAIL:])
    if terminal.typed is not None:
        return True
    lines = LineSplitter()
    lines.feed(text[-_TAIL:])
    return prompt_of(lines.partial) is Prompt.XVISOR or bool(terminal.bound)


def _with_line(problem: LinkProblem, line: Duplex) -> LinkProblem:
    """Say as well that the serial line was looked at."""
    detail = f"{problem.detail}\non {line.name} no Xvisor answers either".strip()
    return type(problem)(problem.title, detail=detail, hint=problem.hint)
