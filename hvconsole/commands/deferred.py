"""A console whose inside is made after the first frame is on the screen.

What connects, decodes and records takes a while to import. A person should not look at an empty
terminal meanwhile.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TYPE_CHECKING

from hvconsole.model.status import Status

if TYPE_CHECKING:
    from hvconsole.stream.snapshot import Snapshot, View
    from hvconsole.stream.vcpu_lane import VcpuLane
    from hvconsole.ui.board_side import BoardSide
    from hvconsole.ui.source import Boots, Console, Desk, Guests, Playback, SerialLine, Tracing


class DeferredConsole:
    """Stands for a `Console` (`hvconsole.ui.source`) until `open` makes it.

    Args:
        first: The state of affairs until then.
        make: Makes the real one, and what it stands on; left when the console is closed.
        needs: Modules that it needs, imported in a thread before: they take a while.
    """

    def __init__(
        self,
        first: Status,
        make: Callable[[], AbstractAsyncContextManager[Console]],
        *,
        needs: Sequence[str] = (),
    ) -> None:
        self._first = first
        self._make = make
        self._needs = needs
        self._under = AsyncExitStack()
        self._real: Console | None = None
        self.board_side: BoardSide | None = None  # whoever makes the real one may know the board

    @property
    def status(self) -> Status:
        """The state of affairs."""
        return self._first if self._real is None else self._real.status

    @property
    def playback(self) -> Playback | None:
        """The controls of a recorded session."""
        return None if self._real is None else self._real.playback

    @property
    def hypervisor(self) -> Desk | None:
        """What is known of the board's hypervisor."""
        return None if self._real is None else self._real.hypervisor

    @property
    def serial_console(self) -> SerialLine | None:
        """The board's serial line."""
        return None if self._real is None else self._real.serial_console

    @property
    def boots(self) -> Boots | None:
        """The ways to boot the board."""
        return None if self._real is None else self._real.boots

    @property
    def vcpus(self) -> VcpuLane | None:
        """Which vCPU had each physical CPU."""
        return None if self._real is None else self._real.vcpus

    @property
    def tracing(self) -> Tracing | None:
        """Xen's scheduler records beside runs."""
        return None if self._real is None else self._real.tracing

    @property
    def guests(self) -> Guests | None:
        """The guests that are sampled beside runs."""
        return None if self._real is None else self._real.guests

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
            for name in self._needs:
                await asyncio.to_thread(importlib.import_module, name)
            self._real = await self._under.enter_async_context(self._make())
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
        async with self._under:
            if self._real is not None:
                await self._real.close()
