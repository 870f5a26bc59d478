"""Serial lines behind a terminal server that speaks RFC 2217; the codec is in `wire.rfc2217`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hvconsole.link.serial_line import StreamLine
from hvconsole.link.serial_url import Rfc2217Address
from hvconsole.model.problem import LinkProblem
from hvconsole.wire.rfc2217 import Agreement, Rfc2217Client

_HANDSHAKE_S = 5.0


class Rfc2217Line(StreamLine):
    """A line behind a terminal server that speaks RFC 2217."""

    def __init__(self, name: str, sink: Callable[[bytes], None], client: Rfc2217Client) -> None:
        super().__init__(name, sink)
        self._client = client
        self._answered = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for what we need."""
        super().connection_made(transport)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Take Telnet's part out, answer it, hand on the rest."""
        text = self._client.feed(data)
        self._flush()
        self._answered.set()
        if self._client.suspended:
            self.pause_writing()
        else:
            self.resume_writing()
        if text:
            self._sink(text)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits, the handshake too."""
        super().connection_lost(exc)
        self._answered.set()

    def write(self, data: bytes) -> None:
        """Queue bytes, escaped."""
        super().write(self._client.encode(data))

    async def send_break(self, seconds: float) -> None:
        """Have the server hold the line in the break state."""
        self._client.set_break(on=True)
        self._flush()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._client.set_break(on=False)
            self._flush()

    async def handshake(self) -> None:
        """Wait until the server has set up its port as asked.

        A server that accepts the option but leaves a setting unconfirmed is used all the same.

        Raises:
            LinkProblem: It does not speak RFC 2217, or its port does not take these settings.
        """
        try:
            async with asyncio.timeout(_HANDSHAKE_S):
                while not self._client.settled:
                    await self._progress()
        except TimeoutError as error:
            if self._client.agreement is not Agreement.ACCEPTED:
                raise self._no_rfc2217("it did not answer") from error
        for command, wanted, made in self._client.mismatches():
            what = command.name.removeprefix("SET_").lower()
            raise LinkProblem(
                f"{self.name}: the server set its port up otherwise",
                detail=f"{what}: asked for {wanted}, got {made}",
                hint="ask for what its port can do: rfc2217://HOST:PORT?baud=…&line=8n1",
            )

    async def _progress(self) -> None:
        if self._client.agreement is Agreement.REFUSED:
            raise self._no_rfc2217("it refused the COM-PORT option")
        if self.lost.done():
            raise LinkProblem(
                f"{self.name}: the server hung up",
                detail=str(self.lost.result() or "end of file during the handshake"),
                hint="another client may hold its port",
            )
        self._answered.clear()
        await self._answered.wait()

    def _no_rfc2217(self, why: str) -> LinkProblem:
        return LinkProblem(
            f"{self.name} does not speak RFC 2217",
            detail=why,
            hint="for a port that carries raw bytes write tcp://HOST:PORT",
        )

    def _flush(self) -> None:
        answer = self._client.take()
        if answer and self._transport is not None:
            self._transport.write(answer)


async def open_rfc2217(address: Rfc2217Address, sink: Callable[[bytes], None]) -> Rfc2217Line:
    """Connect and agree on the line's settings.

    Raises:
        LinkProblem: The server does not speak RFC 2217, or its port cannot do what is asked.
        OSError: There is no server.
    """
    settings = address.settings
    client = Rfc2217Client(
        baud=settings.baud,
        data_bits=settings.data_bits,
        parity=settings.parity,
        stop_bits=settings.stop_bits,
        flow=settings.flow,
    )
    loop = asyncio.get_running_loop()
    _, line = await loop.create_connection(
        lambda: Rfc2217Line(str(address), sink, client), address.host, address.port
    )
    try:
        await line.handshake()
    except BaseException:
        await line.close()
        raise
    return line
