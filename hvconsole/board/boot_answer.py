"""Waiting for a board that boots: trying to connect, and noticing when it is in vain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hvconsole.board.boot_ear import BootEar
from hvconsole.board.boot_proof import read_boot_id
from hvconsole.board.boot_report import SAME_BOOT, BootReport
from hvconsole.link.protocol import HostKeyProblem, Link
from hvconsole.model.boot import BootStep
from hvconsole.model.problem import LinkProblem, Problem
from hvconsole.model.text import plain

Connect = Callable[[], Awaitable[Link]]

# A try that meets a machine half up may hang: short ones find it earlier, and a slow board needs
# long ones for the exchange of keys.
_SHORTEST_TRY_S, _LONGEST_TRY_S = 4.0, 20.0


class BootAnswer:
    """Finds out when a board answers again.

    Attributes:
        boot_before: The boot that is no answer; empty where it is not known.

    Args:
        connect: Makes and opens a link; raises `LinkProblem` as long as none can be had.
        ear: Hears the board's console.
        report: Makes the problems.
        again_s: Seconds between two tries.
        panic_s: Seconds that a board which stopped has to restart by itself.
    """

    def __init__(
        self,
        connect: Connect,
        ear: BootEar,
        report: BootReport,
        *,
        again_s: float,
        panic_s: float,
    ) -> None:
        self.boot_before = ""
        self._connect = connect
        self._ear = ear
        self._report = report
        self._again_s = again_s
        self._panic_s = panic_s
        self._try_s = _SHORTEST_TRY_S

    async def wait(self, step: BootStep) -> Link:
        """Try until the board answers, in another boot than before; return the open link.

        Raises:
            BootStopped: It is back at U-Boot's prompt.
            BoardGone: It stopped, and does not restart.
            HostKeyProblem: What answers is not the board that we know.
        """
        while True:
            if (link := await self._try(step)) is not None:
                return link
            await asyncio.sleep(self._again_s)

    async def wait_for_anybody(self, step: BootStep) -> Link | None:
        """Likewise, but somebody who waits for input on the console is answer enough: None."""
        while self._ear.waits is None:
            if (link := await self._try(step)) is not None:
                return link
            await asyncio.sleep(self._again_s)
        return None

    def check_alive(self, step: BootStep) -> None:
        """Give up on a board that stopped, and on one that fell back to U-Boot's prompt.

        Raises:
            BootStopped: It is back at U-Boot's prompt.
            BoardGone: It stopped, and does not restart.
        """
        ear = self._ear
        if ear.at_uboot and not ear.system:
            raise self._report.back_at_prompt(step)
        stopped_s = ear.fatal_for(asyncio.get_running_loop().time())
        if ear.fatal is not None and stopped_s > self._panic_s:
            raise self._report.gone(step, f"stopped as it booted: {plain(ear.fatal.text, 80)}")

    async def _try(self, step: BootStep) -> Link | None:
        try:
            link = await self._open(step)
        except HostKeyProblem:
            raise
        except TimeoutError:
            self._report.refused = f"no answer within {self._try_s:g} s"
            self._try_s = min(1.5 * self._try_s, _LONGEST_TRY_S)
        except LinkProblem as problem:
            self._report.refused = problem.title
        else:
            return link if await self._is_new(link) else None
        return None

    async def _open(self, step: BootStep) -> Link:
        """Connect once; give up at once on a board that stopped meanwhile."""
        trying = asyncio.ensure_future(self._connect())
        try:
            async with asyncio.timeout(self._try_s):
                while not trying.done():
                    self.check_alive(step)
                    await asyncio.wait({trying}, timeout=self._again_s)
            return trying.result()
        finally:
            if not trying.done():
                trying.cancel()
                await asyncio.gather(trying, return_exceptions=True)

    async def _is_new(self, link: Link) -> bool:
        """Return whether a link leads into another boot than before; close it otherwise."""
        try:
            if not self.boot_before or await read_boot_id(link) != self.boot_before:
                return True
            self._report.refused = SAME_BOOT
        except Problem as problem:
            self._report.refused = problem.title
        except BaseException:
            await link.close()
            raise
        await link.close()
        return False
