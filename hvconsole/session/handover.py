"""The board out of the session's hands while it is booted, and back into them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from hvconsole.link.protocol import Link
from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.session.console_watch import ConsoleWatch
from hvconsole.session.guests import GuestDesk
from hvconsole.session.hypervisor import HypervisorDesk
from hvconsole.session.link_keeper import LinkKeeper
from hvconsole.session.parts import Workbench
from hvconsole.session.run_desk import RunDesk
from hvconsole.session.standing import Standing


class Handover:
    """Lets go of a board in order, and goes on with it.

    Args:
        console: The board's serial console; None where there is none.
        note: Keeps what was done, on the samples' clock where there is one.
        keeper: The way to the board.
        bench: What was done to it, and is undone.
        runs: Its runs.
        guests: Its guests that are sampled.
        hypervisor: Its hypervisor.
        standing: Told how the link stands.
    """

    def __init__(
        self,
        console: ConsoleWatch | None,
        note: Callable[[str], None],
        *,
        keeper: LinkKeeper,
        bench: Workbench,
        runs: RunDesk,
        guests: GuestDesk,
        hypervisor: HypervisorDesk,
        standing: Standing,
    ) -> None:
        self.console, self.note_action = console, note
        self._keeper, self._bench, self._runs = keeper, bench, runs
        self._guests, self._hypervisor, self._standing = guests, hypervisor, standing
        self._mode = self._boot = ""

    @property
    def mode(self) -> str:
        """The boot mode that was proven in this session, in the boot that runs; empty for none."""
        return self._mode if self._boot == self._bench.boot_id else ""

    @property
    def doubted(self) -> str:
        """The boot mode that was proven in another boot than the one that runs; empty for none."""
        return self._mode if self._boot != self._bench.boot_id else ""

    def proven(self, mode: str) -> None:
        """Keep the mode of the boot that runs; empty for none."""
        self._mode, self._boot = mode, self._bench.boot_id

    async def let_go(self) -> Link | None:
        """End what goes over the link, and let go of it; None where there is none."""
        await self._guests.close()
        with contextlib.suppress(Problem):
            await self._hypervisor.unbind()  # left behind, some guests' consoles stay locked
        self._hypervisor.detach()
        return await self._keeper.give()

    async def lend_link(self, mode: str) -> Link | None:
        """End the run, say that the board is booted into a mode, and let go of the link.

        Raises:
            BoardProblem: The session is read-only, or a run is just being begun or ended;
                everything is as before.
        """
        status = self._standing.status
        if status.read_only:
            raise BoardProblem(
                "booting into a mode changes the board", hint="connect without --read-only"
            )
        if status.run in {"preparing", "ending"}:
            raise BoardProblem(f"the run is {status.run}", hint="wait a moment, then boot again")
        self.note_action(f"boot {mode}")
        await self._runs.stop()
        link = await self.let_go()
        self.proven("")
        self._standing.set(link="booting", link_detail=f"into {mode}", problem=None)
        return link

    async def settle(self, link: Link) -> None:
        """Undo what was changed on the board.

        Raises:
            BoardProblem: Something could not be undone; it stays in the journal.
        """
        await self._bench.restore(link)

    async def connect(self) -> Link:
        """Make and open a fresh link, for a boot alone.

        Raises:
            LinkProblem: The board does not answer.
        """
        return await self._keeper.connect()

    async def take_link(self, link: Link, mode: str) -> None:
        """Go on with a board that is in a mode.

        Raises:
            Problem: It is lost again already, or cannot be worked with.
        """
        await self._keeper.take(link)
        self.proven(mode)

    def go_on_without(self, problem: Problem) -> None:
        """Go on with a board that is not where it should be: try to reconnect."""
        self._keeper.look_for(problem.title)
