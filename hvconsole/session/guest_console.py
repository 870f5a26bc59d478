"""The one guest's console that a person types to, where it is a way of its own beside the line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hvconsole.link.duplex import Duplex


class JoinedConsole:
    """Holds a guest's console open until it is left; one at a time.

    Args:
        mark: Is told that it was opened and left.
    """

    def __init__(self, mark: Callable[[str], None]) -> None:
        self._mark = mark
        self._console: Duplex | None = None
        self._one_at_a_time = asyncio.Lock()

    @property
    def line(self) -> Duplex | None:
        """The console; one that has ended by itself stays, with the reason, until it is left."""
        return self._console

    async def join(self, console: Duplex) -> None:
        """Open a console, after the one before is left.

        Raises:
            LinkProblem: It cannot be reached.
        """
        async with self._one_at_a_time:
            before = self._console
            if before is not None and before.is_open and before.name == console.name:
                return
            await self._leave()
            try:
                await console.open()
            except BaseException:
                await console.close()
                raise
            self._console = console
            self._mark(f"type to {console.name}")

    async def leave(self) -> None:
        """Let go of it. Safe to call twice."""
        async with self._one_at_a_time:
            await self._leave()

    def drop(self) -> None:
        """Forget it: the link that it went over is gone, and it with it."""
        self._console = None

    async def _leave(self) -> None:
        console, self._console = self._console, None
        if console is not None:
            await console.close()
            self._mark(f"left {console.name}")
