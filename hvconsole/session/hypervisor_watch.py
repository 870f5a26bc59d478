"""Looking at the hypervisor of a connected board, while somebody watches.

Looking costs the board time that a measurement sees. So it is done only while it is wanted, with
one command over the link that is open anyway, the less often the longer it takes; and what it cost
is part of every survey.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from hvconsole.board.facts import BoardFacts
from hvconsole.board.journal import Journal
from hvconsole.hypervisor.detect import driver_for
from hvconsole.hypervisor.driver import Driver
from hvconsole.hypervisor.state import DeskState
from hvconsole.link.protocol import Capability, Link
from hvconsole.link.xvisor_console import terminal_of
from hvconsole.model.hypervisor import Survey
from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.session.guest_load import GuestLoad, load_of
from hvconsole.session.hypervisor_seen import FASTEST_S, Seen
from hvconsole.session.jailhouse_watch import After, look_from_elsewhere

_WANTED_S = 2.0


@dataclass(slots=True)
class WatchedBoard:
    """A board that is looked after, and what it is worked with."""

    link: Link
    journal: Journal | None
    driver: Driver | None
    problem: Problem | None = None
    sudo: bool = False
    after: After | None = None
    load: GuestLoad | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class HypervisorWatch:
    """Looks at a board's hypervisor, from when it is connected until it is gone.

    Args:
        mark: Is told what was done, for the markers on the samples' clock and the session's record.
        sampled: Says which CPUs are being measured.
    """

    def __init__(self, mark: Callable[[str], None], sampled: Callable[[], Collection[int]]) -> None:
        self._sampled = sampled
        self._board: WatchedBoard | None = None
        self._task: asyncio.Task[None] | None = None
        self._seen = Seen(mark)
        self._wanted = 0.0
        self._one_at_a_time = asyncio.Lock()

    @property
    def system(self) -> str:
        """The system that runs on the board; empty where none is known. Asks for nothing."""
        driver = self._board.driver if self._board is not None else None
        return driver.system if driver is not None else ""

    @property
    def state(self) -> DeskState:
        """The state of affairs. Asking for it says that somebody watches."""
        self._wanted = time.monotonic()
        if self._board is not None:
            self._board.wake.set()
        return self._seen.as_of_now(self._board.load if self._board is not None else None)

    def attach(
        self,
        link: Link,
        facts: BoardFacts,
        journal: Journal | None,
        *,
        sudo: bool = False,
        after: After | None = None,
    ) -> None:
        """Begin to look after a board that has just been connected.

        Args:
            link: The way to it.
            facts: What it is.
            journal: Keeps what has to be taken back.
            sudo: Root's commands go through sudo.
            after: Done after each action that moves CPUs: proves that they can be measured still.
        """
        self.detach()
        driver: Driver | None = None
        problem: Problem | None = None
        try:
            driver = driver_for(link, facts, sudo=sudo)
        except Problem as reason:
            problem = reason
        self._board = WatchedBoard(link, journal, driver, problem, sudo=sudo, after=after)
        self._seen.state = DeskState(problem=problem)
        self._seen.pause_s = FASTEST_S
        if driver is not None:
            self._board.load = load_of(driver, link)
            self._task = asyncio.create_task(self._keep_looking(self._board), name="hypervisor")

    def detach(self) -> None:
        """The board is gone: what was known of it is no longer so."""
        if self._board is not None and self._board.load is not None:
            self._board.load.stop()
        self._board = None
        self._seen.forget()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def look(self) -> Survey:
        """Look now.

        Raises:
            Problem: The board does not answer, or has no hypervisor.
        """
        board, driver = self._ready()
        async with self._one_at_a_time:
            return await self._look(board, driver)

    @property
    def bound(self) -> str:
        """The guest's console that Xvisor's terminal is given to; empty for none."""
        if self._board is None or Capability.TERMINAL not in self._board.link.capabilities:
            return ""
        return terminal_of(self._board.link).bound

    def _ready(self) -> tuple[WatchedBoard, Driver]:
        board = self._board
        if board is None:
            raise BoardProblem("the board is not connected", hint="wait until it is")
        if board.driver is None:
            raise board.problem or BoardProblem("no hypervisor runs on the board")
        return board, board.driver

    async def _look(
        self, board: WatchedBoard, driver: Driver, *, keep_problem: bool = False
    ) -> Survey:
        look_from_elsewhere(driver, self._sampled())
        seen = await driver.survey()
        if self._board is board:
            self._seen.take(seen, keep_problem=keep_problem)
        return seen

    async def _keep_looking(self, board: WatchedBoard) -> None:
        """Look again and again while somebody watches."""
        driver = board.driver
        while driver is not None:
            await board.wake.wait()
            if time.monotonic() - self._wanted > _WANTED_S:
                board.wake.clear()
                self._seen.pause_s = FASTEST_S
                if board.load is not None:
                    board.load.stop()
                continue
            if self.bound:  # whoever types to a guest has the terminal
                await asyncio.sleep(self._seen.pause_s)
                continue
            try:
                async with self._one_at_a_time:
                    await self._look(board, driver)
                if board.load is not None:
                    await board.load.keep()
            except Problem as problem:
                self._seen.set(problem=problem)
            await asyncio.sleep(self._seen.pause_s)
