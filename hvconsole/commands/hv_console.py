"""``hvconsole hv BOARD console GUEST``: a guest's console, on this terminal or in a pipe."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import termios
import tty
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain

if TYPE_CHECKING:
    from hvconsole.hypervisor.driver import Driver
    from hvconsole.link.duplex import Duplex
    from hvconsole.model.hypervisor import Survey

_LEAVE = b"\x1d"
_PORTION = 4096
_LOOK_S = 0.2
_LAST_S = 1.0
"""How long what was typed in a pipe is answered before the console is left."""


async def talk(driver: Driver, survey: Survey, name: str) -> int:
    """Join this terminal and a guest's console until Ctrl-] is typed or the guest is gone.

    Raises:
        UsageProblem: There is no such guest.
        LinkProblem: Its console cannot be reached.
    """
    guest = survey.guest(name)
    if guest is None:
        names = ", ".join(plain(one.name, 40) for one in survey.guests if one.role == "guest")
        raise UsageProblem(
            f"there is no guest '{plain(name, 60)}'",
            hint=f"there are: {names}" if names else "none runs; create one first",
        )
    console = driver.console(guest)
    typed: asyncio.Queue[bytes] = asyncio.Queue()
    stop = console.subscribe(_say)
    try:
        await console.open()
        person = sys.stdin.isatty()
        if person:
            sys.stderr.write(f"{console.name}; Ctrl-] leaves it\r\n")
        with _raw() if person else contextlib.nullcontext(), _typed_into(typed):
            await _join(console, typed)
    finally:
        stop()
        await console.close()
    if sys.stdin.isatty():
        sys.stderr.write("\r\n")
    return 0


async def _join(console: Duplex, typed: asyncio.Queue[bytes]) -> None:
    while console.is_open:
        try:
            async with asyncio.timeout(_LOOK_S):
                data = await typed.get()
        except TimeoutError:
            continue
        if not data:
            await asyncio.sleep(_LAST_S)
            return
        before, key, _ = data.partition(_LEAVE)
        if before:
            console.write(before)
        if key:
            return


@contextlib.contextmanager
def _typed_into(typed: asyncio.Queue[bytes]) -> Iterator[None]:
    """Put what is typed into a queue; nothing at all is the end of it."""
    loop, number = asyncio.get_running_loop(), sys.stdin.fileno()

    def read() -> None:
        data = os.read(number, _PORTION)
        typed.put_nowait(data)
        if not data:
            loop.remove_reader(number)

    try:
        loop.add_reader(number, read)
    except PermissionError:  # a plain file: it is all there
        typed.put_nowait(sys.stdin.buffer.read())
        typed.put_nowait(b"")
    try:
        yield
    finally:
        loop.remove_reader(number)


@contextlib.contextmanager
def _raw() -> Iterator[None]:
    """Have each key as it is typed, and no echo of ours."""
    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    tty.setraw(number)
    try:
        yield
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)


def _say(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
