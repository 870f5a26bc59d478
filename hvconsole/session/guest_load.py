"""How much CPU each guest gets, while somebody watches; and what knowing that costs.

Where the system has a tool that keeps watching by itself (xentop), it runs over one channel that
stays open, the less often the dearer it is. Elsewhere the CPU times of two looks tell.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from hvconsole.hypervisor.driver import Driver
from hvconsole.hypervisor.xen.driver import XenDriver
from hvconsole.hypervisor.xen.top import LoadStream, calmer
from hvconsole.link.protocol import Link
from hvconsole.model.hypervisor import Survey

_EVERY_S = 2
_PAGES = 1800  # an hour; it is begun anew then
_JUDGED_S = 20.0
_LATE_S = 10.0
_TRIES = 3


def load_of(driver: Driver, link: Link) -> GuestLoad | None:
    """Return what watches the load of this system's guests; None where only looks tell."""
    return GuestLoad(link, driver.root) if isinstance(driver, XenDriver) else None


class GuestLoad:
    """Keeps xentop running while it is wanted.

    Args:
        link: The way to the board.
        root: Words before root's commands.
    """

    def __init__(self, link: Link, root: tuple[str, ...]) -> None:
        self._stream = LoadStream(link, root=root)
        self._every_s = _EVERY_S
        self._begun = self._newest = 0.0
        self._pages = 0
        self._own_then = 0.0
        self._fruitless = 0

    async def keep(self) -> None:
        """Begin, if that was not done; begin anew what ended or what is too dear.

        Raises:
            LinkProblem: The board was lost.
        """
        now = time.monotonic()
        load = self._stream.load
        if load.pages != self._pages:
            self._pages, self._newest, self._fruitless = load.pages, now, 0
        if not self._stream.is_running:
            await self._begin(now)
        elif now - self._newest > _LATE_S + 2 * self._every_s:
            self._fruitless += 1
            self._stream.stop()
            await self._begin(now)
        elif now - self._begun > _JUDGED_S:
            own = load.own_s or 0.0
            slower = calmer(self._every_s, own - self._own_then, now - self._begun)
            self._begun, self._own_then = now, own
            if slower != self._every_s:
                self._every_s = slower
                self._stream.stop()
                await self._begin(now)

    def stop(self) -> None:
        """End it; nobody watches any more."""
        self._stream.stop()

    def shares(self, survey: Survey) -> Mapping[str, float]:
        """Return each guest's share, in percent of one CPU, by its key; empty where not known.

        xentop tells names alone; Xen sees to it that no two domains have the same.
        """
        if not self._stream.is_running:
            return {}
        by_name = {row.name: row.percent for row in self._stream.load.rows}
        return {one.key: by_name[one.name] for one in survey.guests if one.name in by_name}

    @property
    def cost(self) -> str:
        """What it costs, in words; empty where it does not run or the board does not tell."""
        own = self._stream.load.own_s
        over = time.monotonic() - self._begun
        if own is None or not self._stream.is_running or over < self._every_s:
            return ""
        return f"xentop {100 * (own - self._own_then) / over:.1f} % of a CPU"

    async def _begin(self, now: float) -> None:
        if self._fruitless < _TRIES:
            self._begun = self._newest = now
            self._own_then = self._stream.load.own_s or 0.0
            await self._stream.start(self._every_s, _PAGES)
