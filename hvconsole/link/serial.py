"""A board's serial console, kept open through whatever happens to its adapter."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from hvconsole.link.serial_line import Line
from hvconsole.link.serial_open import open_line
from hvconsole.link.serial_protocol import ByteSink, SerialState, StateSink
from hvconsole.link.serial_url import DeviceAddress, SerialAddress, UnixAddress, parse_serial
from hvconsole.model.problem import LinkProblem

_FIRST_RETRY_S = 0.2
_LAST_RETRY_S = 2.0


class SerialLink:
    """A `SerialPort` at any address that `parse_serial` understands.

    When the line is lost (adapter unplugged, terminal server restarted, emulator gone) the link
    waits for it and opens it again, for as long as it is not closed.

    Args:
        address: Where the line is, as text or taken apart already.
        sink: Takes the bytes that arrive, on the event loop.
        log: Takes the same bytes before `sink` does, for the session's log.
        on_state: Is told each change of state and why.
        reconnect: Wait for a lost line; otherwise losing it closes the link.
        retry_s: First and longest time between two tries to open it again, seconds.
    """

    def __init__(
        self,
        address: SerialAddress | str,
        sink: ByteSink,
        *,
        log: ByteSink | None = None,
        on_state: StateSink | None = None,
        reconnect: bool = True,
        retry_s: tuple[float, float] = (_FIRST_RETRY_S, _LAST_RETRY_S),
    ) -> None:
        self._address = parse_serial(address) if isinstance(address, str) else address
        self._sink = sink
        self._log = log
        self._on_state = on_state
        self._reconnect = reconnect
        self._retry_s = retry_s
        self._state = SerialState.CLOSED
        self._line: Line | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        self._reason: Exception | None = None

    @property
    def name(self) -> str:
        """The address, as a person writes it."""
        return str(self._address)

    @property
    def state(self) -> SerialState:
        """What the link is doing now."""
        return self._state

    async def open(self) -> None:
        """Open the line.

        Raises:
            LinkProblem: It cannot be opened now; later losses are waited for instead.
        """
        if self._state is not SerialState.CLOSED:
            raise LinkProblem(f"{self.name} is open already")
        self._reason = None
        self._ended.clear()
        self._become(SerialState.OPENING)
        try:
            self._line = await open_line(self._address, self._arrived)
        except BaseException as error:
            self._become(SerialState.CLOSED, str(error))
            raise
        self._become(SerialState.OPEN)
        self._keeper = asyncio.create_task(self._keep(), name=f"serial {self.name}")

    def write(self, data: bytes) -> None:
        """Send bytes soon.

        Raises:
            LinkProblem: The line is not open, or does not take what was sent before.
        """
        self._open_line().write(data)

    async def send(self, data: bytes, *, pace_s: float = 0.0) -> None:
        """Send bytes and wait until they left our buffers.

        Args:
            data: What to send.
            pace_s: Seconds to wait after each byte, for receivers with a short FIFO.
        """
        step = 1 if pace_s > 0 else len(data) or 1
        for at in range(0, len(data), step):
            line = self._open_line()
            line.write(data[at : at + step])
            await line.drain()
            if pace_s > 0:
                await asyncio.sleep(pace_s)

    async def send_break(self, seconds: float = 0.25) -> None:
        """Hold the line in the break state.

        Raises:
            LinkProblem: The line is not open, or is of a kind that has no break.
        """
        await self._open_line().send_break(seconds)

    async def closed(self) -> Exception | None:
        """Wait until the link is closed for good; return why, or None if we closed it."""
        await self._ended.wait()
        return self._reason

    async def close(self) -> None:
        """Close the line and stop waiting for it. Safe to call twice."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
        line, self._line = self._line, None
        if line is not None:
            await line.close()
        self._end(None)

    def _open_line(self) -> Line:
        if self._line is None or self._state is not SerialState.OPEN:
            raise LinkProblem(f"{self.name} is not open", detail=f"it is {self._state.value}")
        return self._line

    def _arrived(self, data: bytes) -> None:
        if self._log is not None:
            self._log(data)
        self._sink(data)

    async def _keep(self) -> None:
        """Watch the open line; when it is lost, open it again until told to stop."""
        while self._line is not None:
            reason = await asyncio.shield(self._line.lost)
            self._line = None
            detail = str(reason) if reason else "the other end closed it"
            if not self._reconnect:
                self._end(LinkProblem(f"{self.name} was lost", detail=detail))
                return
            self._become(SerialState.WAITING, detail)
            self._line = await self._open_again()
            self._become(SerialState.OPEN, "it is back")

    async def _open_again(self) -> Line:
        wait, longest = self._retry_s
        while True:
            await asyncio.sleep(wait)
            if _is_absent(self._address):
                continue  # looking is cheap, so an adapter that comes back is found at once
            try:
                return await open_line(self._address, self._arrived)
            except LinkProblem as problem:
                self._become(SerialState.WAITING, problem.detail or problem.title)
            wait = min(2 * wait, longest)

    def _become(self, state: SerialState, why: str = "") -> None:
        self._state = state
        if self._on_state is not None:
            self._on_state(state, why)

    def _end(self, reason: Exception | None) -> None:
        if self._ended.is_set():
            return
        self._reason = reason
        self._ended.set()
        if self._state is not SerialState.CLOSED:
            self._become(SerialState.CLOSED, str(reason or ""))


def _is_absent(address: SerialAddress) -> bool:
    match address:
        case DeviceAddress() | UnixAddress():
            return not Path(address.path).exists()
        case _:
            return False
