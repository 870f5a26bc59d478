"""The board's SSH server: commands and logins, each with a shell of the board behind it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Any

import asyncssh

from hvconsole.sim.board.board import Board
from hvconsole.sim.board.shell.interactive import Interactive
from hvconsole.sim.board.shell.streams import Call, Pipe, Streams
from hvconsole.sim.terminal import Discipline, for_terminal

_SAMPLER = "hvsampler"


class Corruption:
    """Changes bytes of the sampler's stream, as a bad line would; the same for the same seed.

    Attributes:
        share: Share of bytes that are changed, 0 to 1.
    """

    def __init__(self, seed: int) -> None:
        self.share = 0.0
        self._random = random.Random(seed)  # noqa: S311  # damage, not secrets

    def apply(self, data: bytes) -> bytes:
        """Return what arrives of the data."""
        if not self.share:
            return data
        damaged = bytearray(data)
        for at in range(len(damaged)):
            if self._random.random() < self.share:
                damaged[at] ^= 1 << self._random.randrange(8)
        return bytes(damaged)


class BoardServer(asyncssh.SSHServer):
    """One connection; root with the right key only.

    Args:
        board: What is logged in to.
        corruption: What happens to the sampler's bytes.
    """

    def __init__(self, board: Board, corruption: Corruption) -> None:
        self._board = board
        self._corruption = corruption

    def password_auth_supported(self) -> bool:
        """Keys only."""
        return False

    def session_requested(self) -> Session:
        """Let a command or a login begin."""
        return Session(self._board, self._corruption)


class Session(asyncssh.SSHServerSession[bytes]):
    """One command, or one login."""

    def __init__(self, board: Board, corruption: Corruption) -> None:
        self._board = board
        self._corruption = corruption
        self._stdin = Pipe()
        self._clogged = False
        self._command: str | None = None
        self._terminal = False
        self._discipline: Discipline | None = None
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
        if self._discipline is not None:
            self._discipline.feed(data)
            return
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(data)

    def eof_received(self) -> bool:
        """The other end sends no more, and may still listen."""
        self._stdin.end()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more: what runs sees its input end."""
        del exc
        self._stdin.end()

    def pause_writing(self) -> None:
        """The other end does not keep up."""
        self._clogged = True

    def resume_writing(self) -> None:
        """It does again."""
        self._clogged = False

    async def _run_command(self, command: str) -> None:
        sampled = _SAMPLER in command
        streams = Streams(
            self._stdin,
            Call(self._out_damaged if sampled else self._out, lambda: self._clogged),
            Call(self._err),
        )
        self._end(await self._board.shell(streams=streams).execute(command))

    async def _log_in(self) -> None:
        out = self._out_terminal if self._terminal else self._out
        streams = Streams(self._stdin, Call(out, lambda: self._clogged), Call(out))
        person = Interactive(self._board.shell("-sh", streams=streams))
        if self._terminal:
            self._discipline = Discipline(self._out, self._line, person.interrupt, self._stdin.end)
        self._end(await person.run())

    def _line(self, line: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(line + b"\n")

    def _out(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, OSError):
            self._channel.write(data)

    def _out_damaged(self, data: bytes) -> None:
        self._out(self._corruption.apply(data))

    def _out_terminal(self, data: bytes) -> None:
        self._out(for_terminal(data))

    def _err(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, OSError):
            self._channel.write_stderr(data)

    def _end(self, status: int) -> None:
        with contextlib.suppress(BrokenPipeError, OSError):
            self._channel.exit(status & 0xFF)
