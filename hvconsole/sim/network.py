"""The board's network: a port on loopback in front of its SSH server, where links go wrong.

SSH cannot be damaged from within. So connections pass through here, byte by byte, and here they
are reset, die without a word, or become slow, as on a real network.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

_PORTION = 1 << 14
_LOOPBACK = "127.0.0.1"

Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Network:
    """A port that leads to another one on loopback, as long as the board is up.

    Attributes:
        port: The one that people connect to; the same after each restart.
        dead: Nothing passes any more, and nobody is told.
        rate: Bytes a second in each direction; 0 for no limit.
    """

    def __init__(self, inner_port: int) -> None:
        self._inner_port = inner_port
        self._server: asyncio.Server | None = None
        self._pairs: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.dead = False
        self.rate = 0.0

    async def up(self) -> None:
        """Listen."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accepted, _LOOPBACK, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Be gone: nobody listens, and what was open is reset."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self.drop()
        await asyncio.sleep(0)

    def drop(self) -> None:
        """Reset all connections; new ones are welcome."""
        for writer in list(self._pairs):
            writer.transport.abort()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner = await asyncio.open_connection(_LOOPBACK, self._inner_port)
        except OSError:
            writer.transport.abort()
            return
        self._pairs |= {writer, inner}
        ways = [
            asyncio.create_task(self._carry(reader, inner), name="sim network in"),
            asyncio.create_task(self._carry(inner_reader, writer), name="sim network out"),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._pairs -= {writer, inner}
            for one in (writer, inner):
                with contextlib.suppress(OSError):
                    one.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_PORTION if not self.rate else 1 << 10):
                while self.dead:  # noqa: ASYNC110  # a fault that is looked at now and then
                    await asyncio.sleep(0.2)
                writer.write(data)
                await writer.drain()
                if self.rate:
                    await asyncio.sleep(len(data) / self.rate)
