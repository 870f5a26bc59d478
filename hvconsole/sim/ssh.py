"""The board's SSH server: commands and logins, each with a shell of the board behind it."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import socket
from collections.abc import Callable
from typing import Any

import asyncssh

from hvconsole.sim.board.board import Board
from hvconsole.sim.board.processes import SESSION, SIGNALS, TERMINAL
from hvconsole.sim.board.shell.streams import Call, Pipe, Streams
from hvconsole.sim.terminal import Discipline, TerminalShell

_SAMPLER = "hvsampler"
_BUFFER = 1 << 15


class Corruption:
    """Changes bytes of the sampler's stream, as a bad line would; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._share = 0.0
        self._random = random.Random(seed)  # noqa: S311  # damage, not secrets
        self._intact = 0

    @property
    def share(self) -> float:
        """Share of bytes that are changed, 0 to 1."""
        return self._share

    @share.setter
    def share(self, share: float) -> None:
        self._share = share
        self._intact = self._until_the_next()

    def apply(self, data: bytes) -> bytes:
        """Return what arrives of the data."""
        if not self._share:
            return data
        damaged = bytearray(data)
        while self._intact < len(damaged):
            damaged[self._intact] ^= 1 << self._random.randrange(8)
            self._intact += 1 + self._until_the_next()
        self._intact -= len(damaged)
        return bytes(damaged)

    def _until_the_next(self) -> int:
        """Return how many bytes stay as they are: geometrically distributed."""
        if self._share in (0.0, 1.0):
            return 0
        return int(math.log(1.0 - self._random.random()) / math.log(1.0 - self._share))


class BoardServer(asyncssh.SSHServer):
    """One connection; root with the right key only.

    Args:
        board: What is logged in to.
        corruption: What happens to the sampler's bytes.

    Attributes:
        clogged: The network does not keep up.
    """

    def __init__(self, board: Board, corruption: Corruption) -> None:
        self._board = board
        self._corruption = corruption
        self.clogged = False

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Notice when the network takes nothing: asyncssh itself minds the channel's window only.

        On a board the server's own writes wait then, and the sampler's with them.
        """
        conn.pause_writing = self._pause  # type: ignore[method-assign]  # asyncio calls these
        conn.resume_writing = self._resume  # type: ignore[method-assign]
        conn.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)

    def _pause(self) -> None:
        self.clogged = True

    def _resume(self) -> None:
        self.clogged = False

    def password_auth_supported(self) -> bool:
        """Keys only."""
        return False

    def session_requested(self) -> Session:
        """Let a command or a login begin."""
        return Session(self._board, self._corruption, lambda: self.clogged)


def _nothing(_typed: object) -> None:
    """A command reads what is typed by itself: its terminal passes bytes as they are."""


class Session(asyncssh.SSHServerSession[bytes]):
    """One command, or one login.

    Args:
        board: What it runs on.
        corruption: What happens to the sampler's bytes.
        clogged: Whether the connection takes nothing at present.
    """

    def __init__(self, board: Board, corruption: Corruption, clogged: Callable[[], bool]) -> None:
        self._connection_clogged = clogged
        self._board = board
        self._corruption = corruption
        self._stdin = Pipe()
        self._clogged = False
        self._command: str | None = None
        self._terminal = False
        self._shell: TerminalShell | None = None
        self._task: asyncio.Task[None] | None = None
        self._channel: Any = None

    def connection_made(self, chan: Any) -> None:
        """Keep the channel."""
        self._channel = chan

    def pty_requested(self, *_details: Any) -> bool:
        """Be a terminal."""
        self._terminal = True
        return True

    def exec_requested(self, command: str) -> bool:
        """Run a command."""
        self._command = command
        return True

    def shell_requested(self) -> bool:
        """Log in."""
        return True

    def session_started(self) -> None:
        """Begin."""
        work = self._run_command(self._command) if self._command is not None else self._log_in()
        self._task = asyncio.create_task(work, name="board: ssh session")

    def data_received(self, data: bytes, datatype: Any) -> None:
        """Hand on what came."""
        del datatype
        if self._shell is not None:
            self._shell.feed(data)
            return
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(data)

    def signal_received(self, signal: str) -> None:
        """Hand a signal on to the command, as sshd does to its process group."""
        number = SIGNALS.get(signal, 0)
        if number and not self._board.processes.signal_from(self, number) and self._task:
            self._task.cancel()
            with contextlib.suppress(OSError):
                self._channel.exit_with_signal(signal)

    def eof_received(self) -> bool:
        """The other end sends no more, and may still listen."""
        self._end_input()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more: what runs sees its input end."""
        del exc
        self._end_input()

    def _end_input(self) -> None:
        self._stdin.end()
        if self._shell is not None:
            self._shell.end()

    def pause_writing(self) -> None:
        """The other end does not keep up."""
        self._clogged = True

    def resume_writing(self) -> None:
        """It does again."""
        self._clogged = False

    def _is_clogged(self) -> bool:
        return self._clogged or self._connection_clogged()

    async def _run_command(self, command: str) -> None:
        SESSION.set(self)
        if self._terminal:
            TERMINAL.set(Discipline(self._out, _nothing, _nothing, lambda: None))
        sampled = _SAMPLER in command
        streams = Streams(
            self._stdin,
            Call(self._out_damaged if sampled else self._out, self._is_clogged),
            Call(self._err),
        )
        self._end(await self._board.shell(streams=streams).execute(command))

    async def _log_in(self) -> None:
        if self._terminal:
            self._shell = TerminalShell(self._board, self._out, self._is_clogged)
            self._end(await self._shell.run())
            return
        out = Call(self._out, self._is_clogged)
        shell = self._board.shell("-sh", streams=Streams(self._stdin, out, Call(self._err)))
        self._end(await shell.read_commands())

    def _out(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, OSError):
            self._channel.write(data)

    def _out_damaged(self, data: bytes) -> None:
        self._out(self._corruption.apply(data))

    def _err(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, OSError):
            self._channel.write_stderr(data)

    def _end(self, status: int) -> None:
        with contextlib.suppress(BrokenPipeError, OSError):
            self._channel.exit(status & 0xFF)
