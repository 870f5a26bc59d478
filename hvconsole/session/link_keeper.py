"""One link to a board, kept: opened, watched, and got back after a loss."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from hvconsole.link.protocol import Capability, Link
from hvconsole.model.problem import LinkProblem, Problem
from hvconsole.model.status import LinkState

_RETRY_S = (1.0, 2.0, 4.0, 8.0, 15.0)

Tell = Callable[[LinkState, str], None]


class LinkKeeper:
    """Has the link that a session works over, for as long as there is one.

    Attributes:
        link: The link; None while there is none.

    Args:
        make_link: Makes a fresh link, for the first time and after a loss.
        greet: Learns what the board at the other end is, before the link is used.
        gone: Called when a link was lost.
        tell: Told the state of the way to the board, and why.
        closing: Set when nothing is to be got back any more.
    """

    def __init__(
        self,
        make_link: Callable[[], Link],
        greet: Callable[[Link], Awaitable[None]],
        gone: Callable[[], None],
        tell: Tell,
        *,
        closing: asyncio.Event,
    ) -> None:
        self.link: Link | None = None
        self._make_link = make_link
        self._greet = greet
        self._gone = gone
        self._tell = tell
        self._closing = closing
        self._tasks: asyncio.TaskGroup | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def is_alone(self) -> bool:
        """Whether only guests run programs: at the link's other end is a hypervisor's terminal."""
        return self.link is not None and Capability.TERMINAL in self.link.capabilities

    def needed(self, hint: str = "wait until it is") -> Link:
        """Return the link.

        Args:
            hint: What can be done where there is none.

        Raises:
            LinkProblem: There is none.
        """
        if self.link is None:
            raise LinkProblem("the board is not connected", hint=hint)
        return self.link

    def begin(self, tasks: asyncio.TaskGroup) -> None:
        """Have tasks of its own run in a group from now on."""
        self._tasks = tasks

    async def connect(self) -> Link:
        """Make and open a fresh link, and leave it to the caller.

        Raises:
            LinkProblem: The board does not answer.
        """
        link = self._make_link()
        await link.open()
        return link

    async def open(self) -> None:
        """Connect, and keep the link.

        Raises:
            Problem: The board cannot be reached, or not be worked with.
        """
        await self.take(await self.connect())

    async def take(self, link: Link) -> None:
        """Keep a link that is open.

        Raises:
            Problem: The board at its other end cannot be worked with; the link is closed.
        """
        try:
            await self._greet(link)
        except BaseException:
            await link.close()
            raise
        self.link = link
        if self._tasks is not None:
            self._watching = self._tasks.create_task(self._watch(link), name="link")

    async def give(self) -> Link | None:
        """Let go of the link, and look for no other: its end will be no loss."""
        task, self._watching = self._watching, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        link, self.link = self.link, None
        return link

    def look_for(self, why: str) -> None:
        """Try to get a link back, from now on and in the background."""
        self._tell("reconnecting", why)
        if self._tasks is not None and not self._closing.is_set():
            self._watching = self._tasks.create_task(self._reconnect(why), name="reconnect")

    async def _watch(self, link: Link) -> None:
        """Wait for the link's end; if it was not ours, try to get it back."""
        reason = await link.closed()
        if self.link is not link or self._closing.is_set():
            return
        self.link = None
        self._gone()
        await link.close()
        why = reason.title if isinstance(reason, Problem) else str(reason or "closed")
        self._tell("reconnecting", why)
        await self._reconnect(why)

    async def _reconnect(self, why: str) -> None:
        attempt = 0
        while not self._closing.is_set():
            pause = _RETRY_S[min(attempt, len(_RETRY_S) - 1)]
            attempt += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), pause)
                return
            self._tell("reconnecting", f"{why} · attempt {attempt}")
            try:
                await self.open()
            except Problem as problem:
                self._tell("reconnecting", f"{problem.title} · attempt {attempt}")
            else:
                return
