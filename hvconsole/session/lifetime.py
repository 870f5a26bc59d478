"""One task group that lives as long as a session: it owns all of the session's tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

Begin = Callable[[asyncio.TaskGroup], None]


class Lifetime:
    """From the first opening until the end; not before, and only once.

    Args:
        begin: Is handed the group when it is there, to have its first tasks in it.

    Attributes:
        closing: Set when the session begins to end.
        tasks: The group; None before the first opening.
    """

    def __init__(self, begin: Begin) -> None:
        self.closing = asyncio.Event()
        self.tasks: asyncio.TaskGroup | None = None
        self._begin = begin
        self._held: asyncio.Task[None] | None = None

    @property
    def has_begun(self) -> bool:
        """Whether the group is there."""
        return self._held is not None

    async def begin(self) -> None:
        """Enter the group, in a task of its own. Safe to call twice."""
        if self._held is not None:
            return
        ready = asyncio.Event()

        async def hold() -> None:
            async with asyncio.TaskGroup() as self.tasks:
                self._begin(self.tasks)
                ready.set()
                await self.closing.wait()

        self._held = asyncio.create_task(hold(), name="session")
        await ready.wait()

    async def end(self) -> None:
        """Wait until all tasks have ended. Safe to call twice."""
        self.closing.set()
        if self._held is not None:
            await asyncio.gather(self._held, return_exceptions=True)
            self._held = None
