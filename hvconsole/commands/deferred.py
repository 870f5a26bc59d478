"""A console whose inside is made after the first frame is on the screen.

What connects, decodes and records takes a while to import. A person should not look at an empty
terminal meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from hvconsole.model.status import Status

if TYPE_CHECKING:
    from hvconsole.stream.snapshot import Snapshot, View
    from hvconsole.ui.source import Console, Playback


class DeferredConsole:
    """Stands for a `Console` (`hvconsole.ui.source`) until `open` makes it.

    Args:
        first: The state of affairs until then.
        make: Makes the real one; runs in a thread.
    """

    def __init__(self, first: Status, make: Callable[[], Console]) -> None:
        self._first = first
        self._make = make
        self._real: Console | None = None

    @property
    def status(self) -> Status:
        """The state of affairs."""
        return self._first if self._real is None else self._real.status

    @property
    def playback(self) -> Playback | None:
        """The controls of a recorded session."""
        return None if self._real is None else self._real.playback

    def snapshot(self, view: View) -> Snapshot:
        """Return what the view shows now: nothing yet, until there is something."""
        if self._real is not None:
            return self._real.snapshot(view)
        from hvconsole.stream.live import LiveStream

        return LiveStream().snapshot(view)

    async def open(self) -> None:
        """Make the real one and connect.

        Raises:
            Problem: As the real one does.
        """
        if self._real is None:
            self._real = await asyncio.to_thread(self._make)
        await self._real.open()

    async def start_run(self) -> None:
        """Begin a measured run."""
        if self._real is not None:
            await self._real.start_run()

    async def stop_run(self) -> None:
        """End the measured run."""
        if self._real is not None:
            await self._real.stop_run()

    async def close(self) -> None:
        """End everything. Safe to call twice."""
        if self._real is not None:
            await self._real.close()
