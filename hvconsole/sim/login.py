"""Who waits at the serial line while Linux is up: a login, then a shell, again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hvconsole.sim.board.board import Board
from hvconsole.sim.board.modes import HOSTNAME
from hvconsole.sim.line import PtyLine
from hvconsole.sim.terminal import Discipline, TerminalShell

_PERSON = b"root"


class SerialLogin:
    """Asks for a login on a line; root needs no password, nobody else has one that is right.

    Args:
        board: What is logged in to.
        line: Where.
    """

    def __init__(self, board: Board, line: PtyLine) -> None:
        self._board, self._line = board, line
        self._keys: Callable[[bytes], None] = lambda _data: None

    def feed(self, data: bytes) -> None:
        """Take what was typed."""
        self._keys(data)

    async def run(self) -> None:
        """Go on until cancelled. It has to be a task of its own."""
        while True:
            if await self._let_in():
                shell = TerminalShell(self._board, self._line.write, lambda: self._line.clogged)
                self._keys = shell.feed
                await shell.run()
                self._line.write("logout\r\n")

    async def _let_in(self) -> bool:
        """Ask who is there; return whether they may come in."""
        typed: asyncio.Queue[bytes] = asyncio.Queue()
        discipline = Discipline(
            self._line.write,
            typed.put_nowait,
            lambda _signal: typed.put_nowait(b"\n"),
            lambda: typed.put_nowait(b"\n"),
        )
        self._keys = discipline.feed
        self._line.write(f"\r\nDebian GNU/Linux 12 {HOSTNAME} ttyS0\r\n\r\n")
        name = b""
        while not name:
            self._line.write(f"{HOSTNAME} login: ")
            name = (await typed.get()).strip()
        if name == _PERSON:
            return True
        discipline.echo = False
        self._line.write("Password: ")
        await typed.get()
        self._line.write("\r\nLogin incorrect\r\n")
        return False
