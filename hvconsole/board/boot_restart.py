"""Making a board restart: by its Linux over SSH or at a login shell, by SysRq, by its button.

Ways are tried in the order of how kind they are to the board's file systems.
"""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from hvconsole.board.boot_ear import BootEar
from hvconsole.link.protocol import Capability, Link
from hvconsole.link.serial_protocol import SerialPort
from hvconsole.model.problem import LinkProblem, Problem
from hvconsole.model.text import plain
from hvconsole.wire.console import Prompt

# The polite ways first: services end, disks are unmounted. The others are for boards whose first
# process knows nothing of reboot, and for shutdowns that hang.
_ASKED: tuple[tuple[str, ...], ...] = (("systemctl", "reboot"), ("reboot",))
_FORCED: tuple[tuple[str, ...], ...] = (("reboot", "-f"), ("busybox", "reboot", "-f"))
_XVISOR: tuple[str, ...] = ("reset",)  # of the hypervisor and all its guests
_COMMAND_S = 20.0
_SYSRQ = (b"s", b"u", b"b")  # sync, mount read-only, restart
_SYSRQ_PAUSE_S = 1.0
_SAID = 160

# Typed at a login shell. The quotes keep the word that tells of a refusal out of the echo.
_REFUSED = "hv-refused"
_SHELL_ASKED = b"{root}systemctl reboot || {root}reboot || echo hv-''refused"
_SHELL_FORCED = b"sync; {root}reboot -f || {root}busybox reboot -f || echo hv-''refused"

Note = Callable[[str], None]


class Way(Enum):
    """How a board was made to restart."""

    LINUX = auto()
    SHELL = auto()
    XVISOR = auto()
    SYSRQ = auto()
    BUTTON = auto()
    PERSON = auto()
    NOT_NEEDED = auto()  # U-Boot waits at its prompt already


@dataclass(frozen=True, slots=True)
class Patience:
    """How long effects are waited for, in seconds.

    Attributes:
        shutdown: Until a shutdown that systemd accepted ends; it waits 90 s for a service.
        short: Until anything else has its effect.
        answer: Until somebody on the console answers Return.
    """

    shutdown: float = 90.0
    short: float = 30.0
    answer: float = 1.5


class Restarter:
    """Restarts one board.

    Args:
        link: The open link to its Linux, where there is one.
        ear: Listens to its console.
        port: Where to type; None without a console.
        sudo: Root's commands go through ``sudo -n``.
        button: Words of a command of this machine that resets the board; empty if there is none.
        note: Told what is unusual.
        patience: How long effects are waited for.
    """

    def __init__(
        self,
        link: Link | None,
        ear: BootEar,
        port: SerialPort | None,
        *,
        sudo: bool,
        button: tuple[str, ...] = (),
        note: Note,
        patience: Patience,
    ) -> None:
        self._patience = patience
        self._link = link
        self._ear = ear
        self._port = port
        has_shell = link is None or Capability.TERMINAL not in link.capabilities
        self._root = ("sudo", "-n") if sudo and has_shell else ()
        self._button = button
        self._note = note
        self._said: list[str] = []

    @property
    def said(self) -> str:
        """Why ways that were tried did not work."""
        return "\n".join(dict.fromkeys(self._said))

    async def restart(self) -> Way | None:
        """Restart the board; return how, or None where only a person can."""
        if self._link is not None and await self._by_link(self._link):
            return Way.LINUX
        way = await self._by_console(self._port) if self._port is not None else None
        if way is None and self._button and await self._by_button():
            way = Way.BUTTON
        return way

    async def _by_console(self, port: SerialPort) -> Way | None:
        waits = await self._who_waits(port)
        if waits is Prompt.UBOOT:
            return Way.NOT_NEEDED
        if waits is Prompt.XVISOR:
            self._note("Xvisor waits on the console: it is told to restart")
            if await self._by_xvisor(port):
                return Way.XVISOR
        if waits is Prompt.SHELL:
            self._note("a shell waits on the console: it is told to restart")
            if await self._by_shell(port):
                return Way.SHELL
        return Way.SYSRQ if await self._by_sysrq(port) else None

    async def _by_xvisor(self, port: SerialPort) -> bool:
        """Type Xvisor's command, with no word behind it."""
        with contextlib.suppress(LinkProblem):
            await port.send(b"reset\r")
        if await self._ear.until(self._restarted, self._patience.short):
            return True
        self._said.append("Xvisor's 'reset' has no effect")
        return False

    async def _by_link(self, link: Link) -> bool:
        if Capability.TERMINAL in link.capabilities:
            return await self._ask(link, _XVISOR, self._patience.short)
        for words in _ASKED:
            seconds = self._patience.shutdown if words[0] == "systemctl" else self._patience.short
            if await self._ask(link, words, seconds):
                return True
        self._note(f"{self._said[-1]}: the board is restarted without a shutdown")
        with contextlib.suppress(Problem):
            await link.run([*self._root, "sync"], timeout=_COMMAND_S)
        for words in _FORCED:
            if await self._ask(link, words, self._patience.short):
                return True
        return False

    async def _ask(self, link: Link, words: tuple[str, ...], seconds: float) -> bool:
        """Run a command that ends the link if all is well; return whether the board went down.

        A board that restarts at once says nothing over the link; its console does, much earlier
        than the link is found dead.
        """
        went_down = asyncio.create_task(self._went_down(link))
        asked = asyncio.create_task(self._refusal(link, words))
        try:
            await asyncio.wait({went_down, asked}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done() and (refusal := asked.result()):
                self._said.append(refusal)
                return False
            await asyncio.wait({went_down}, timeout=seconds)
            if not went_down.done():
                self._said.append(f"'{' '.join(words)}' has no effect")
            return went_down.done()
        finally:
            went_down.cancel()
            asked.cancel()
            await asyncio.gather(went_down, asked, return_exceptions=True)

    async def _refusal(self, link: Link, words: tuple[str, ...]) -> str:
        """Run a command; return why it was refused, or nothing."""
        try:
            done = await link.run([*self._root, *words], timeout=_COMMAND_S)
        except Problem:  # the link ended, or the command does not return: it is at work
            return ""
        if done.status == 0:
            return ""
        said = done.error_text.split("\n")[-1]
        return plain(said, _SAID) or f"'{' '.join(words)}' ended with status {done.status}"

    async def _went_down(self, link: Link) -> None:
        """Wait until the link ends or the console shows a restart."""
        closed = asyncio.create_task(link.closed())
        heard = asyncio.create_task(self._ear.until(self._restarted))
        try:
            await asyncio.wait({closed, heard}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closed.cancel()
            heard.cancel()
            await asyncio.gather(closed, heard, return_exceptions=True)

    def _restarted(self) -> bool:
        return self._ear.restarts > 0 or self._ear.uboot

    async def _who_waits(self, port: SerialPort) -> Prompt | None:
        """Press Return and see who answers."""
        for _ in range(2):
            try:
                await port.send(b"\r")
            except LinkProblem as problem:
                self._said.append(problem.title)
                return None
            await self._ear.until(lambda: self._ear.waits is not None, self._patience.answer)
            await self._ear.quiet()
            if self._ear.waits is not None:
                return self._ear.waits
        return None

    async def _by_shell(self, port: SerialPort) -> bool:
        patience = self._patience
        for line, seconds in (
            (_SHELL_ASKED, patience.shutdown),
            (_SHELL_FORCED, patience.short),
        ):
            words = line.replace(b"{root}", b"sudo -n " if self._ear.is_user_shell else b"")
            before = self._refusals()
            with contextlib.suppress(LinkProblem):
                await port.send(words + b"\r")
            await self._ear.until(lambda: self._restarted() or self._refusals() > before, seconds)  # noqa: B023  # awaited here
            if self._restarted():
                return True
            self._said.append("the shell on the console does not restart the board")
            await self._ear.quiet()
        return False

    def _refusals(self) -> int:
        return sum(line.strip() == _REFUSED for line in self._ear.lines)

    async def _by_sysrq(self, port: SerialPort) -> bool:
        """Break, then a key: Linux obeys even where nobody can log in, if it may."""
        self._note("nobody can be asked on the console: trying BREAK and SysRq")
        try:
            for key in _SYSRQ:
                await port.send_break()
                await port.send(key)
                if await self._ear.until(self._restarted, _SYSRQ_PAUSE_S):
                    return True
        except LinkProblem as problem:
            self._said.append(problem.detail or problem.title)
            return False
        if await self._ear.until(self._restarted, self._patience.short):
            return True
        self._said.append("BREAK and SysRq had no effect")
        return False

    async def _by_button(self) -> bool:
        """Run the command that stands for the reset button."""
        words = self._button
        self._note(f"resetting it: {plain(shlex.join(words), _SAID)}")
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            self._said.append(f"{words[0]}: {error.strerror or error}")
            return False
        try:
            async with asyncio.timeout(_COMMAND_S):
                _, said = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            self._said.append(f"{words[0]} did not end within {_COMMAND_S:g} s")
            return False
        if process.returncode:
            last = said.decode(errors="replace").strip().split("\n")[-1]
            self._said.append(plain(last, _SAID) or f"{words[0]} ended with {process.returncode}")
            return False
        if self._port is None or await self._ear.until(self._restarted, self._patience.short):
            return True
        self._said.append(f"{words[0]} ended well, and the console shows no restart")
        return False
