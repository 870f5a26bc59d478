"""The board's network: a port on loopback in front of its SSH server, where links go wrong.

SSH cannot be damaged from within. So connections pass through here, byte by byte, and here they
are reset, die without a word, or become slow, as on a real network.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

_PORTION: Final = 1 << 14
_SLOW_PORTIONS_A_SECOND: Final = 20
_LOOPBACK: Final = "127.0.0.1"
# What a kernel would hold for a slow reader is memory that a slow network does not have.
_BUFFER: Final = 1 << 15


class _Connection:
    """One connection, and the one to the SSH server behind it.

    Attributes:
        dead: Nothing passes any more, and neither end is told.
    """

    def __init__(self, outer: asyncio.StreamWriter, inner: asyncio.StreamWriter) -> None:
        self.outer, self.inner = outer, inner
        self.dead = False

    def reset(self) -> None:
        for writer in (self.outer, self.inner):
            writer.transport.abort()


class Network:
    """A port that leads to another one on loopback, as long as the board is up.

    Args:
        inner_port: The SSH server's.

    Attributes:
        port: The one that people connect to; the same after each restart.
        rate: Bytes a second in each direction; 0 for no limit.
    """

    def __init__(self, inner_port: int) -> None:
        self._inner_port = inner_port
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._hangs = False
        self.port = 0
        self.rate = 0.0

    @property
    def in_use(self) -> bool:
        """Whether anybody is connected."""
        return bool(self._connections)

    async def up(self) -> None:
        """Listen, and answer."""
        self._hangs = False
        if self._server is None:
            self._server = await asyncio.start_server(self._accepted, _LOOPBACK, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Be gone: nobody listens, and what was open is reset."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self.drop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def drop(self) -> None:
        """Reset all connections; new ones are welcome."""
        for connection in self._connections:
            connection.reset()

    def die(self) -> None:
        """Let nothing pass on the connections that there are; new ones are welcome."""
        for connection in self._connections:
            connection.dead = True

    def hang(self) -> None:
        """Let nothing pass any more, on new connections either, until the next `up`."""
        self._hangs = True
        self.die()

    async def _accepted(self, reader: asyncio.StreamReader, outer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # streams run this in a task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            inner_reader, inner = await asyncio.open_connection(
                sock=_narrow_socket(self._inner_port), limit=_BUFFER
            )
        except OSError:
            outer.transport.abort()
            return
        connection = _Connection(outer, inner)
        connection.dead = self._hangs
        self._connections.add(connection)
        try:
            await self._both_ways(connection, reader, inner_reader)
        finally:
            self._connections.discard(connection)
            connection.reset()
            for writer in (outer, inner):
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def _both_ways(
        self, connection: _Connection, reader: asyncio.StreamReader, inner: asyncio.StreamReader
    ) -> None:
        ways = [
            asyncio.create_task(self._carry(connection, reader, connection.inner)),
            asyncio.create_task(self._carry(connection, inner, connection.outer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if connection.dead and not ways[0].done():
                await ways[0]  # the board's end may be closed: the other end is not told
            for writer in (connection.outer, connection.inner):
                with contextlib.suppress(OSError):
                    writer.write_eof()
                    await writer.drain()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _carry(
        self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_PORTION):
                for portion in self._portions(data):
                    if connection.dead:
                        break
                    writer.write(portion)
                    await writer.drain()
                    if self.rate:
                        await asyncio.sleep(len(portion) / self.rate)

    def _portions(self, data: bytes) -> Iterator[bytes]:
        """Yield data in portions that a slow network passes evenly."""
        while data:
            size = int(self.rate / _SLOW_PORTIONS_A_SECOND) + 1 if self.rate else len(data)
            yield data[:size]
            data = data[size:]


def _narrow_socket(port: int) -> socket.socket:
    """Connect to a port here; little is kept for a reader that does not keep up."""
    narrow = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    narrow.connect((_LOOPBACK, port))
    narrow.settimeout(0)
    return narrow
