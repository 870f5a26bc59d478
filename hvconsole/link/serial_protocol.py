"""The seam between hvconsole and a board's serial console.

A serial line is no `Link`: it runs no commands and puts no files. It carries bytes both ways, it
comes and goes with its adapter, and everybody on the board may write to it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol


class SerialState(Enum):
    """What a serial port is doing."""

    CLOSED = "closed"
    OPENING = "opening"
    OPEN = "open"
    WAITING = "waiting for the adapter"


ByteSink = Callable[[bytes], None]
StateSink = Callable[[SerialState, str], None]


class SerialPort(Protocol):
    """A way to a board's serial console.

    Bytes that arrive go to the log hook first and then to the sink, both given on making the
    port. Methods raise `LinkProblem` while the port is not open.
    """

    @property
    def name(self) -> str:
        """What a person calls it: ``/dev/ttyUSB0`` or ``tcp://192.0.2.7:4000``."""

    @property
    def state(self) -> SerialState:
        """What the port is doing now."""

    async def open(self) -> None:
        """Open the port. Raises `LinkProblem` with the reason and the fix."""

    def write(self, data: bytes) -> None:
        """Send bytes soon. Never blocks."""

    async def send(self, data: bytes, *, pace_s: float = 0.0) -> None:
        """Send bytes and wait until they are on their way, `pace_s` seconds between each two."""

    async def send_break(self, seconds: float = 0.25) -> None:
        """Hold the line in the break state for a while."""

    async def closed(self) -> Exception | None:
        """Wait until the port is closed for good; return why, or None if we closed it."""

    async def close(self) -> None:
        """Close the port. Safe to call twice."""
