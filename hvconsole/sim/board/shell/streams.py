"""What a simulated program reads from and writes to."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Mapping
from typing import Final, Protocol, runtime_checkable

from hvconsole.sim.board.handle import Handle

_PIPE_ROOM: Final = 1 << 16
_PORTION: Final = 1 << 16
_PAUSE_S: Final = 0.01


@runtime_checkable
class Reading(Protocol):
    """Something to read from."""

    async def read(self, most: int) -> bytes:
        """Return what is there, at least a byte and at most so many; b"" at the end."""


@runtime_checkable
class Writing(Protocol):
    """Something to write to."""

    @property
    def clogged(self) -> bool:
        """Whether the reader has fallen behind; who must not wait can hold back."""

    def write(self, data: bytes) -> None:
        """Take bytes. Raises `OSError` as a kernel would."""

    async def drain(self) -> None:
        """Return once the reader has kept up."""


class Bytes:
    """Input that is all there."""

    def __init__(self, data: bytes = b"") -> None:
        self._data = data
        self._at = 0

    async def read(self, most: int) -> bytes:
        """Return the next bytes."""
        taken = self._data[self._at : self._at + most]
        self._at += len(taken)
        return taken


class Buffer:
    """Output that is kept.

    The reader never falls behind.

    Args:
        room: Bytes that are kept; whoever writes more is told that there is no room.
    """

    def __init__(self, room: int = 16 << 20) -> None:
        self.data = bytearray()
        self.clogged = False
        self._room = room

    def write(self, data: bytes) -> None:
        """Take bytes."""
        if len(self.data) + len(data) > self._room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.data += data

    async def drain(self) -> None:
        """Nobody has to keep up."""
        await asyncio.sleep(0)


class Call:
    """Output into a function.

    Args:
        take: The function.
        clogged: Whether its reader has fallen behind.
    """

    def __init__(
        self, take: Callable[[bytes], None], clogged: Callable[[], bool] = lambda: False
    ) -> None:
        self._take = take
        self._clogged = clogged

    @property
    def clogged(self) -> bool:
        """Whether the reader has fallen behind."""
        return self._clogged()

    def write(self, data: bytes) -> None:
        """Take bytes."""
        self._take(data)

    async def drain(self) -> None:
        """Let others run, and wait while the reader is behind."""
        await asyncio.sleep(0)
        while self._clogged():  # noqa: ASYNC110  # a function can only be asked again
            await asyncio.sleep(_PAUSE_S)


class Pipe:
    """Between two programs: what one writes the other reads."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._ended = self._abandoned = False
        self._changed = asyncio.Event()

    @property
    def clogged(self) -> bool:
        """Whether the reader has fallen behind."""
        return len(self._data) > _PIPE_ROOM

    def write(self, data: bytes) -> None:
        """Take bytes.

        Raises:
            BrokenPipeError: Nobody reads any more.
        """
        if self._abandoned:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        self._data += data
        self._changed.set()

    async def drain(self) -> None:
        """Wait until the reader has kept up, or is gone."""
        await asyncio.sleep(0)
        while self.clogged and not self._abandoned:
            self._changed.clear()
            await self._changed.wait()

    async def read(self, most: int) -> bytes:
        """Return the next bytes; b"" once the writer has ended."""
        while not self._data and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        taken = bytes(self._data[:most])
        del self._data[: len(taken)]
        self._changed.set()
        return taken

    def end(self) -> None:
        """The writer has ended."""
        self._ended = True
        self._changed.set()

    def abandon(self) -> None:
        """The reader has ended."""
        self._abandoned = True
        self._changed.set()


class FileStream:
    """An open file of the board, from its beginning or, to append, its end."""

    clogged = False

    def __init__(self, handle: Handle, *, append: bool = False) -> None:
        self._handle = handle
        self._append = append
        self._at = 0

    async def read(self, most: int) -> bytes:
        """Return the next bytes."""
        taken = self._handle.read(self._at, most)
        self._at += len(taken)
        if len(taken) == most:  # there may be no end to it
            await asyncio.sleep(0)
        return taken

    def write(self, data: bytes) -> None:
        """Write behind what was written before."""
        at = self._handle.size if self._append else self._at
        self._handle.write(at, data)
        self._at = at + len(data)

    async def drain(self) -> None:
        """A file takes everything at once."""
        await asyncio.sleep(0)


class _Closed:
    """A descriptor that was closed."""

    clogged = False

    async def read(self, most: int) -> bytes:
        """Fail."""
        del most
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    def write(self, data: bytes) -> None:
        """Fail."""
        del data
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    async def drain(self) -> None:
        """Nobody has to keep up."""


CLOSED: Final = _Closed()


class Streams:
    """A program's open descriptors. They do not change; `with_` makes others.

    Args:
        stdin: Descriptor 0.
        stdout: Descriptor 1.
        stderr: Descriptor 2; None takes standard output.
        more: Others by number.
    """

    def __init__(
        self,
        stdin: Reading,
        stdout: Writing,
        stderr: Writing | None = None,
        more: Mapping[int, Reading | Writing] | None = None,
    ) -> None:
        self._table: dict[int, Reading | Writing] = {
            **(more or {}),
            0: stdin,
            1: stdout,
            2: stderr or stdout,
        }

    def with_(self, number: int, stream: Reading | Writing) -> Streams:
        """Return the same with another stream at one number."""
        made = Streams(CLOSED, CLOSED)
        made._table = {**self._table, number: stream}
        return made

    def get(self, number: int) -> Reading | Writing:
        """Return what is open at a number.

        Raises:
            OSError: Nothing is.
        """
        stream = self._table.get(number, CLOSED)
        if stream is CLOSED:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF), str(number))
        return stream

    @property
    def stdin(self) -> Reading:
        """Standard input."""
        stream = self._table[0]
        return stream if isinstance(stream, Reading) else CLOSED

    @property
    def stdout(self) -> Writing:
        """Standard output."""
        stream = self._table[1]
        return stream if isinstance(stream, Writing) else CLOSED

    @property
    def stderr(self) -> Writing:
        """Standard error."""
        stream = self._table[2]
        return stream if isinstance(stream, Writing) else CLOSED


async def read_all(source: Reading) -> bytes:
    """Read up to the end.

    Raises:
        OSError: There is too much of it.
    """
    buffer = Buffer()
    while data := await source.read(_PORTION):
        buffer.write(data)
    return bytes(buffer.data)
