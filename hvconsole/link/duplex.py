"""The seam between a shell and whatever carries its bytes both ways.

A board's serial console is one such way, a guest's console another: `xl console` run on the board,
or whatever its hypervisor has. `hvconsole.link.serial_shell` makes a `Link` of any of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hvconsole.link.serial_protocol import ByteSink


class Duplex(Protocol):
    """Bytes both ways, shared with others: nobody owns what is said on it.

    The console of a board (`hvconsole.session.console_watch`) and of a guest
    (`hvconsole.link.process_line`) are such.
    """

    @property
    def name(self) -> str:
        """What a person calls it: a line's address, ``the console of busy``."""

    @property
    def is_open(self) -> bool:
        """Whether something can be typed now."""

    @property
    def state(self) -> str:
        """How it is, in words."""

    @property
    def scrollback(self) -> bytes:
        """What was said last, as it came."""

    def subscribe(self, callback: ByteSink) -> Callable[[], None]:
        """Hand on what arrives; return what ends that."""

    def write(self, data: bytes) -> None:
        """Type something. Raises `LinkProblem` when it is not open."""

    async def open(self) -> None:
        """Open it if it is not; where that fails, `state` says why."""

    async def close(self) -> None:
        """Close it. Safe to call twice."""
