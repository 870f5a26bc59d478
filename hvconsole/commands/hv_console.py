"""``hvconsole hv BOARD console GUEST``: a guest's console, on this terminal or in a pipe."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
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
_QUIET_S = 1.0
_LONGEST_S = 30.0
"""What was typed in a pipe is answered until nothing comes for a second; for so long at most."""


async def talk(driver: Driver, survey: Survey, name: str) -> int:
    """Join this terminal and a guest's console until Ctrl-] is typed.

    In a pipe, until the guest has been quiet for a second after the end of what is typed.

    Returns:
        0, or 1 when the console ended by itself: the guest is gone, or the link.

    Raises:
        UsageProblem: There is no such guest.
        BoardProblem: The system has no console for it; with the reason.
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
    heard = _Heard()
    stop: Callable[[], None] | None = None
    person = sys.stdin is not None and sys.stdin.isatty()
    try:
        await console.open()
        with _raw() if person else contextlib.nullcontext():
            if person:
                sys.stderr.write(f"{console.name}; Ctrl-] leaves it\r\n")
                sys.stderr.flush()
            # What came while it was opened stands below that line; nothing is missed in between.
            heard(console.scrollback)
            stop = console.subscribe(heard)
            with _typed_into(typed):
                left = await _join(console, typed, heard)
        why = console.state
    finally:
        if stop is not None:
            stop()
        await console.close()
    if not left:
        sys.stderr.write(f"\n{console.name} has ended: {plain(why, 200)}\n")
        return 1
    if person:
        sys.stderr.write("\n")
    return 0


class _Heard:
    """Says on our output what the guest says, and knows when that was last."""

    def __init__(self) -> None:
        self.at = time.monotonic()

    def __call__(self, data: bytes) -> None:
        self.at = time.monotonic()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


async def _join(console: Duplex, typed: asyncio.Queue[bytes], heard: _Heard) -> bool:
    """Type what is typed; return whether the console was left, and did not end by itself."""
    while console.is_open:
        try:
            async with asyncio.timeout(_LOOK_S):
                data = await typed.get()
        except TimeoutError:
            continue
        if not data:
            return await _answered(console, heard)
        before, key, _ = data.partition(_LEAVE)
        if before:
            console.write(before)
        if key:
            return True
    return False


async def _answered(console: Duplex, heard: _Heard) -> bool:
    """Wait until the guest has nothing more to say to what was typed."""
    ended = heard.at = time.monotonic()
    while console.is_open:
        now = time.monotonic()
        if now - heard.at > _QUIET_S or now - ended > _LONGEST_S:
            break
        await asyncio.sleep(_LOOK_S)
    return True


@contextlib.contextmanager
def _typed_into(typed: asyncio.Queue[bytes]) -> Iterator[None]:
    """Put what is typed into a queue; nothing at all is the end of it."""
    if sys.stdin is None:  # closed by whoever started us: nothing will be typed
        typed.put_nowait(b"")
        yield
        return
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
    """Have each key as it is typed, and no echo of ours; keys typed before are kept."""
    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    tty.setraw(number, termios.TCSADRAIN)
    try:
        yield
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)
