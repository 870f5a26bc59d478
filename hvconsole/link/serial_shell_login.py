"""From whatever a serial line shows to a shell's prompt: look, log in, tell what is in the way."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from hvconsole.link.duplex import Duplex
from hvconsole.model.problem import BoardProblem, LinkProblem
from hvconsole.wire.console import LineSplitter, Prompt, in_boot_loader, prompt_of, shown
from hvconsole.wire.shell import LEAVE
from hvconsole.wire.xvisor_guest import guest_of_line

_QUIET_S = 0.4
_PATIENCE = 3
_LOOKS = 8
_KEPT = 16 << 10
_LOADER_S = 60.0


class XvisorAnswersProblem(LinkProblem):
    """What answers on the line is no shell but Xvisor's terminal."""


AskPassword = Callable[[str], str | None]
"""Asked for a user's password, by name; None is none. What it returns is never logged."""


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in where a line asks for it."""

    user: str = "root"
    password: AskPassword | None = None


class Ear:
    """What a line said since it was last asked."""

    def __init__(self, line: Duplex) -> None:
        self._heard = bytearray()
        self._news = asyncio.Event()
        self._stop = line.subscribe(self._take)

    @property
    def heard(self) -> bytes:
        """What came since `forget`."""
        return bytes(self._heard)

    def forget(self) -> None:
        """Begin anew."""
        self._heard.clear()

    def close(self) -> None:
        """Listen no longer."""
        self._stop()

    async def quiet(self, seconds: float) -> bool:
        """Wait until something is said; return whether nothing was for that long."""
        self._news.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return True
        return False

    async def until(self, wanted: bytes, timeout: float) -> bool:
        """Wait for bytes, or for the line to be quiet; say whether they came.

        While something is said, an echo on a slow console, it is waited for longer.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        latest = deadline + _PATIENCE * timeout
        size = len(self._heard)
        while wanted not in self._heard and (left := deadline - loop.time()) > 0:
            self._news.clear()
            try:
                async with asyncio.timeout(min(left, _QUIET_S)):
                    await self._news.wait()
            except TimeoutError:
                if self.prompt() is not None:
                    break
            if len(self._heard) != size:
                size = len(self._heard)
                deadline = min(loop.time() + timeout, latest)
        return wanted in self._heard

    def prompt(self) -> Prompt | None:
        """Say who waits for input, by the unfinished line."""
        lines = LineSplitter()
        lines.feed(bytes(self._heard))
        return prompt_of(lines.partial)

    def last_line(self) -> str:
        """Return the last line that says something."""
        lines = LineSplitter()
        complete = [*lines.feed(bytes(self._heard)), lines.partial]
        return next((text for line in reversed(complete) if (text := shown(line).strip())), "")

    def _take(self, data: bytes) -> None:
        self._heard += data
        del self._heard[:-_KEPT]
        self._news.set()


async def reach_shell(line: Duplex, ear: Ear, login: Login) -> bool:
    """Bring the line to a shell that takes commands; return whether we logged in for that.

    Raises:
        BoardProblem: Something else answers there: U-Boot, or a login that is refused.
        XvisorAnswersProblem: Xvisor's own terminal does.
        LinkProblem: Nothing answers.
    """
    await _past_boot_loader(line, ear)
    asked_password = named = False
    seen = ""
    for _ in range(_LOOKS):
        ear.forget()
        # An unfinished line is taken back first; at a login prompt that does nothing.
        line.write(b"\x15\n")
        await ear.until(b"\0", 1.5)
        prompt = ear.prompt()
        seen = ear.last_line() or seen
        if prompt is Prompt.UBOOT:
            raise _at_uboot(line.name, seen)
        if prompt is Prompt.XVISOR or of_xvisor_guest(ear.heard):
            raise XvisorAnswersProblem(
                f"{line.name}: Xvisor's terminal answers, not a shell",
                detail=seen,
                hint="its guests are managed with: hvconsole hv BOARD list",
            )
        if prompt is Prompt.LOGIN:
            if named and asked_password:
                raise _refused(line.name, login.user, seen)
            named = True
            asked_password = await _log_in(line, ear, login) or asked_password
        elif prompt is not Prompt.PASSWORD:
            if not ear.heard:  # a console that died may have left its loop of shell here
                line.write(f"{LEAVE}\n".encode())
            if await _answers(line, ear):
                return named
    raise _silent(line.name, seen, named, login.user)


def of_xvisor_guest(heard: bytes) -> bool:
    """Whether a guest's console that Xvisor's terminal is given to spoke last."""
    lines = LineSplitter()
    complete = [line for line in lines.feed(heard) if line]
    return bool(guest_of_line(lines.partial or (complete[-1] if complete else b""))[0])


async def _past_boot_loader(line: Duplex, ear: Ear) -> None:
    """Wait while a boot loader is at work: a key would stop its countdown.

    A prompt of its own, or a minute without Linux, is for the caller to judge.
    """
    before = line.scrollback[-_KEPT:]
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _LOADER_S
    while loop.time() < deadline and in_boot_loader(before + ear.heard):  # noqa: ASYNC110  # a look now and then
        await asyncio.sleep(_QUIET_S)


async def _log_in(line: Duplex, ear: Ear, login: Login) -> bool:
    """Answer a login prompt; return whether a password was asked for."""
    ear.forget()
    line.write(login.user.encode() + b"\n")
    await ear.until(b"assword:", 6.0)
    if ear.prompt() is not Prompt.PASSWORD:
        return False
    word = login.password(login.user) if login.password is not None else None
    if word is None:
        line.write(b"\n")
        raise BoardProblem(
            f"{line.name}: {login.user} needs a password",
            detail=ear.last_line(),
            hint="give it when asked, or log in by hand on the Serial screen and connect again",
        )
    ear.forget()
    line.write(word.encode() + b"\n")
    await ear.until(b"ogin:", 6.0)
    if b"incorrect" in ear.heard:
        raise _refused(line.name, login.user, "Login incorrect")
    return True


async def _answers(line: Duplex, ear: Ear) -> bool:
    """Try whether a shell is there, whatever its prompt looks like."""
    mark = secrets.token_hex(4)
    ear.forget()
    line.write(f" echo hv''{mark}\n".encode())
    return await ear.until(b"hv" + mark.encode(), 3.0)


def _at_uboot(name: str, seen: str) -> BoardProblem:
    return BoardProblem(
        f"{name}: the board stands in its boot loader",
        detail=seen,
        hint="boot it: type 'boot' on the Serial screen, or hvconsole boot BOARD MODE",
    )


def _refused(name: str, user: str, seen: str) -> BoardProblem:
    return BoardProblem(
        f"{name}: the board does not let {user} in",
        detail=seen,
        hint="are user and password right?",
    )


def _silent(name: str, seen: str, named: bool, user: str) -> LinkProblem:
    if named:
        return LinkProblem(
            f"{name}: no shell came after logging in as {user}", detail=f"last seen: {seen}"
        )
    if seen:
        return LinkProblem(
            f"{name}: no shell answers",
            detail=f"last seen: {seen}",
            hint="end what runs there (Serial screen), or wait until the board is up",
        )
    return LinkProblem(
        f"{name} is silent",
        detail="the line is open, and nothing answers to Enter",
        hint="is the board on, are the wires TX to RX, and is the speed right?",
    )
