"""Open serial lines: the same few methods whatever carries the bytes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Protocol

from hvconsole.model.problem import LinkProblem

_MAX_UNSENT = 256 * 1024


class Line(Protocol):
    """An open serial line."""

    lost: asyncio.Future[Exception | None]

    def write(self, data: bytes) -> None:
        """Queue bytes. Raises `LinkProblem` when far too many wait already."""

    async def drain(self) -> None:
        """Wait while the line does not keep up."""

    async def send_break(self, seconds: float) -> None:
        """Hold the line in the break state. Raises `LinkProblem` where that is not possible."""

    async def close(self) -> None:
        """Drop what is unsent and close."""


class StreamLine(asyncio.Protocol):
    """A line that is a byte stream and nothing else: unix socket, TCP, and device through pyserial.

    Args:
        name: What a person calls it.
        sink: Takes what arrives.

    Attributes:
        lost: Resolved when the stream ended, with the reason if there is one.
    """

    def __init__(self, name: str, sink: Callable[[bytes], None]) -> None:
        self.name = name
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self._sink = sink
        self._transport: asyncio.WriteTransport | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # pyserial's transport is no subclass of WriteTransport, only of Transport's ancestor.
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Hand on what came."""
        self._sink(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits."""
        self._writable.set()
        if not self.lost.done():
            self.lost.set_result(exc)

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The transport's buffer is empty enough again."""
        self._writable.set()

    def write(self, data: bytes) -> None:
        """Queue bytes."""
        if self._transport is None or self._transport.is_closing():
            raise LinkProblem(f"{self.name}: the line was lost")
        if self._transport.get_write_buffer_size() > _MAX_UNSENT:
            raise LinkProblem(
                f"{self.name} takes no more bytes",
                detail=f"more than {_MAX_UNSENT // 1024} KiB wait to be sent",
                hint="check flow control: does the board hold the line?",
            )
        self._transport.write(data)

    async def drain(self) -> None:
        """Wait while the transport's buffer is full."""
        await self._writable.wait()

    async def send_break(self, seconds: float) -> None:  # noqa: ARG002  # the protocol's signature
        """Raise: a plain stream of bytes has no break."""
        raise LinkProblem(
            f"{self.name} cannot send a break",
            detail="a raw socket carries bytes only",
            hint="use the terminal server's RFC 2217 port: rfc2217://HOST:PORT",
        )

    async def close(self) -> None:
        """Drop what is unsent and close."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.abort()
        await self.lost


class DeviceLine(StreamLine):
    """A device of this machine, opened by pyserial."""

    def __init__(self, name: str, sink: Callable[[bytes], None], port: Any) -> None:
        super().__init__(name, sink)
        self._port = port

    async def send_break(self, seconds: float) -> None:
        """Hold the line in the break state; pyserial sleeps meanwhile, so in a thread."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(None, self._port.send_break, seconds)
        except (OSError, ValueError) as error:
            raise LinkProblem(
                f"{self.name} cannot send a break", detail=f"the device says: {error}"
            ) from error

    async def close(self) -> None:
        """Drop what is unsent, in the kernel too: closing would wait for it, blocking the loop."""
        with contextlib.suppress(Exception):  # it may be unplugged: then nothing is left to drop
            self._port.reset_output_buffer()
        await super().close()
