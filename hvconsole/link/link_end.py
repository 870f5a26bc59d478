"""How a link over a line ends: once, with a reason or without, and whoever waits is told."""

from __future__ import annotations

import asyncio


class LinkEnd:
    """The end of one link, while it lasts and after."""

    def __init__(self) -> None:
        self._reached: asyncio.Future[Exception | None] | None = None

    def begin(self) -> None:
        """The link is open from now on."""
        self._reached = asyncio.get_running_loop().create_future()

    async def wait(self) -> Exception | None:
        """Wait until the link is closed; return why, or None if we closed it or never opened it."""
        if self._reached is None:
            return None
        return await asyncio.shield(self._reached)

    def reach(self, reason: Exception | None) -> None:
        """The link is closed; the first reason counts."""
        if self._reached is not None and not self._reached.done():
            self._reached.set_result(reason)
