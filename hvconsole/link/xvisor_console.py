"""A guest's console under Xvisor, as bytes both ways: the terminal is given to it meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from hvconsole.link.listeners import Listeners
from hvconsole.link.output import Tail
from hvconsole.link.protocol import Link
from hvconsole.link.serial_protocol import ByteSink
from hvconsole.link.xvisor import XvisorLink
from hvconsole.model.problem import BoardProblem, LinkProblem, Problem
from hvconsole.wire.xvisor_guest import Untagged

_PIECE = 16
_PAUSE_S = 0.002  # a guest's emulated UART takes so much at a time, and drops what is more


class XvisorConsole:
    """A `Duplex` over a guest's console; while it is open, no command of Xvisor's can be typed.

    Args:
        link: The way to Xvisor's terminal.
        port: The console: ``guest0/uart0``.
    """

    def __init__(self, link: Link, port: str) -> None:
        self._given = link
        self._port = port
        self._link: XvisorLink | None = None
        self._own = Untagged(port)
        self._stop: Callable[[], None] = lambda: None
        self._listeners = Listeners()
        self._said = Tail()
        self._unsent = bytearray()
        self._sending: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """What a person calls it."""
        return f"the console {self._port}"

    @property
    def port(self) -> str:
        """What Xvisor calls it."""
        return self._port

    @property
    def is_open(self) -> bool:
        """Whether the terminal is given to it."""
        return self._link is not None and self._link.bound == self._port

    @property
    def state(self) -> str:
        """``open`` or ``closed``."""
        return "open" if self.is_open else "closed"

    @property
    def scrollback(self) -> bytes:
        """The last 64 KiB that the guest said while this was open."""
        return self._said.data

    def subscribe(self, callback: ByteSink) -> Callable[[], None]:
        """Hand on what arrives; return what ends that."""
        return self._listeners.add(callback)

    def write(self, data: bytes) -> None:
        """Type something to the guest, as fast as its UART takes it.

        Raises:
            LinkProblem: The terminal is not given to it.
        """
        if not self.is_open:
            raise LinkProblem(f"{self.name} is not open")
        self._unsent += data
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send(), name=f"type to {self._port}")

    async def open(self) -> None:
        """Give the terminal to it.

        Raises:
            BoardProblem: There is no such console, or another one has the terminal.
            LinkProblem: Xvisor no longer answers.
        """
        if self.is_open:
            return
        link = terminal_of(self._given)
        self._own = Untagged(self._port)
        self._stop = link.listen(self._take)
        try:
            await link.bind(self._port)
        except BaseException:
            self._stop()
            raise
        self._link = link

    async def close(self) -> None:
        """Take the terminal back. Safe to call twice."""
        link, self._link = self._link, None
        if self._sending is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._sending, 2.0)
        self._stop()
        if link is not None and link.bound == self._port:
            with contextlib.suppress(Problem):  # it is lost then, and the link says so itself
                await link.leave()

    async def _send(self) -> None:
        while self._unsent:
            link = self._link
            if link is None or link.bound != self._port:
                self._unsent.clear()
                return
            piece = bytes(self._unsent[:_PIECE])
            del self._unsent[:_PIECE]
            try:
                link.type_to_guest(piece)
            except Problem:
                self._unsent.clear()
                return
            await asyncio.sleep(_PAUSE_S)

    def _take(self, data: bytes) -> None:
        if own := self._own.feed(data):
            self._said.add(own)
            self._listeners.tell(own)


def terminal_of(link: Link) -> XvisorLink:
    """Return the link to Xvisor's terminal that a link is.

    Raises:
        BoardProblem: It leads elsewhere.
    """
    inner: Link | None = link
    while inner is not None and not isinstance(inner, XvisorLink):
        inner = getattr(inner, "chosen", None)
    if inner is None:
        raise BoardProblem(f"{link.name} is not Xvisor's terminal")
    return inner
