"""The hypervisor of a connected board: looked at while somebody watches, changed on demand.

Looking costs the board time that a measurement sees. So it is done only while it is wanted, with
one command over the link that is open anyway, the less often the longer it takes; and what it cost
is part of every survey.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from hvconsole.board.facts import BoardFacts
from hvconsole.board.journal import Journal
from hvconsole.hypervisor.actions import Action, Create, Enable
from hvconsole.hypervisor.carry_out import carry_out
from hvconsole.hypervisor.detect import driver_for
from hvconsole.hypervisor.driver import Driver
from hvconsole.hypervisor.inquiry import Inquiry, ask
from hvconsole.hypervisor.plan import Plan
from hvconsole.hypervisor.state import DeskState
from hvconsole.link.duplex import Duplex
from hvconsole.link.protocol import Capability, Link
from hvconsole.link.xvisor_console import XvisorConsole, terminal_of
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.inspection import CellFile, Inspection
from hvconsole.model.problem import BoardProblem, Problem, UsageProblem
from hvconsole.model.text import plain
from hvconsole.session.cells_ahead import cell_files, inspect
from hvconsole.session.guest_console import JoinedConsole
from hvconsole.session.guest_load import GuestLoad, load_of
from hvconsole.session.hypervisor_seen import FASTEST_S, Seen
from hvconsole.session.jailhouse_watch import After, look_from_elsewhere, moves_cpus

_WANTED_S = 2.0


@dataclass(slots=True)
class _Board:
    link: Link
    journal: Journal | None
    driver: Driver | None
    problem: Problem | None = None
    sudo: bool = False
    after: After | None = None
    load: GuestLoad | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class HypervisorDesk:
    """Looks at a board's hypervisor and carries actions out, one at a time.

    Args:
        mark: Is told what was done, for the markers on the samples' clock and the session's record.
        read_only: Refuse actions.
        sampled: Says which CPUs are being measured.
    """

    def __init__(
        self,
        mark: Callable[[str], None],
        *,
        read_only: bool = False,
        sampled: Callable[[], Collection[int]] = tuple,
    ) -> None:
        self._mark = mark
        self._sampled = sampled
        self._read_only = read_only
        self._board: _Board | None = None
        self._task: asyncio.Task[None] | None = None
        self._seen = Seen(mark)
        self._wanted = 0.0
        self._one_at_a_time = asyncio.Lock()
        self._joined = JoinedConsole(mark)

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
        self._board = _Board(link, journal, driver, problem, sudo=sudo, after=after)
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
        self._joined.drop()
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

    def plan(self, action: Action) -> Plan:
        """Say how an action would be done, from the newest state.

        Raises:
            Problem: It makes no sense or cannot be done; with the reason.
        """
        _, driver = self._ready()
        survey = self._seen.state.survey
        if survey is None:
            raise BoardProblem("the board has not been looked at yet", hint="wait a moment")
        return driver.plan(action, survey)

    async def console(self, guest: str) -> tuple[Guest, str, Duplex]:
        """Look, and return a guest, the system, and the way to its console, not open yet.

        Args:
            guest: Its name or key.

        Raises:
            UsageProblem: There is no such guest.
            Problem: The board does not answer, or the system has no such way.
        """
        board, driver = self._ready()
        async with self._one_at_a_time:
            seen = await self._look(board, driver)
        found = seen.guest(guest)
        if found is None:
            names = ", ".join(plain(one.name, 40) for one in seen.guests if one.role == "guest")
            raise UsageProblem(
                f"there is no guest '{plain(guest, 60)}'",
                hint=f"there are: {names}" if names else "none runs; create one first",
            )
        return found, driver.system, driver.console(found)

    @property
    def bound(self) -> str:
        """The guest's console that Xvisor's terminal is given to; empty for none."""
        if self._board is None or Capability.TERMINAL not in self._board.link.capabilities:
            return ""
        return terminal_of(self._board.link).bound

    @property
    def joined(self) -> Duplex | None:
        """The guest's console that is shown instead of the board's line; None for none.

        Under Xvisor a guest's console is on the board's line: see `bound`.
        """
        return self._joined.line

    @property
    def typing_to(self) -> str:
        """The guest's console that keys go to; empty for none."""
        return self.bound or (self.joined.name if self.joined is not None else "")

    async def join(self, guest: str) -> None:
        """Have what is typed go to a guest's console, whichever way the system has.

        Args:
            guest: Its name or key.

        Raises:
            UsageProblem: There is no such guest.
            Problem: It has no console, or somebody has it; or nothing may be changed.
        """
        self._may_type()
        survey = self._seen.state.survey
        known = survey.guest(guest) if survey is not None else None
        if self.bound and known is not None and self.bound in known.consoles:
            return
        _, _, console = await self.console(guest)
        if isinstance(console, XvisorConsole):
            await self.bind(console.port)
        else:
            await self._joined.join(console)

    def _may_type(self) -> None:
        if self._read_only:
            raise BoardProblem(
                "what is typed to a guest changes it", hint="connect without --read-only"
            )

    async def bind(self, console: str) -> None:
        """Give Xvisor's terminal to a guest's console: what is typed on the line goes there.

        Raises:
            Problem: There is no such console, or no such terminal; or nothing may be changed.
        """
        self._may_type()
        board, _ = self._ready()
        async with self._one_at_a_time:
            await terminal_of(board.link).bind(console)
        self._mark(f"type to {console}")

    async def unbind(self) -> None:
        """Leave the guest's console that is typed to; nothing happens where none is.

        Raises:
            Problem: Xvisor does not answer.
        """
        await self._joined.leave()
        console = self.bound
        if not console:
            return
        board, _ = self._ready()
        async with self._one_at_a_time:
            await terminal_of(board.link).leave()
        self._mark(f"left {console}")

    async def configurations(self) -> list[CellFile]:
        """Return Jailhouse's configurations that lie on the board; none for other systems."""
        board, _ = self._ready()
        survey = self._seen.state.survey
        if survey is None or survey.system != "jailhouse":
            return []
        return await cell_files(board.link)

    async def ask(self, inquiry: Inquiry) -> list[str]:
        """Ask the hypervisor for something; return the lines of its answer, safe to show.

        Raises:
            Problem: It does not answer.
        """
        board, _ = self._ready()
        async with self._one_at_a_time:
            return await ask(board.link, inquiry, root=("sudo", "-n") if board.sudo else ())

    async def inspect(self, action: Action) -> Inspection | None:
        """Judge the configuration that an action would use; None where there is nothing to judge.

        Raises:
            Problem: The configuration cannot be read, or is none.
        """
        board, _ = self._ready()
        survey = self._seen.state.survey
        if survey is None or survey.system != "jailhouse":
            return None
        if not isinstance(action, Enable | Create):
            return None
        return await inspect(board.link, action, survey, name=board.link.name, sudo=board.sudo)

    async def do(self, action: Action) -> Survey:
        """Look, plan anew from what is there, carry out, read back.

        The person has agreed to the plan's danger. If the board has changed since they saw it,
        the plan is made again from what is there now.

        Raises:
            Problem: It was refused or failed; what could be taken back was.
        """
        if self._read_only:
            raise BoardProblem(
                "nothing is changed on this board", hint="connect without --read-only"
            )
        board, driver = self._ready()
        async with self._one_at_a_time:
            survey = await self._look(board, driver)
            plan = driver.plan(action, survey)
            if plan.boot_mode:
                raise BoardProblem(
                    f"cannot {plan.title} while the board is up",
                    detail="\n".join(plan.notes),
                    hint=f"boot into {plan.boot_mode}",
                )
            self._seen.set(doing=plan.title, progress=(), problem=None)
            self._mark(plan.title)
            try:
                seen = await carry_out(
                    plan, driver, board.link, journal=board.journal, tell=self._seen.tell
                )
            except Problem as problem:
                self._mark(f"failed: {plan.title}")
                self._seen.set(problem=problem)
                with contextlib.suppress(Problem):
                    await self._look(board, driver, keep_problem=True)
                    await self._prove(board, driver, keep_problem=True)
                raise
            finally:
                self._seen.set(doing="")
            self._seen.take(seen)
            self._mark(f"done: {plan.title}")
            await self._prove(board, driver)
            return seen

    def _ready(self) -> tuple[_Board, Driver]:
        board = self._board
        if board is None:
            raise BoardProblem("the board is not connected", hint="wait until it is")
        if board.driver is None:
            raise board.problem or BoardProblem("no hypervisor runs on the board")
        return board, board.driver

    async def _prove(self, board: _Board, driver: Driver, *, keep_problem: bool = False) -> None:
        """Prove, after CPUs went and came, that they can still be measured.

        What is wrong is shown and not raised: the action itself is done.
        """
        if board.after is None or not moves_cpus(driver):
            return
        try:
            found = await board.after(self._sampled())
        except Problem as problem:
            self._mark(problem.title)
            self._seen.set(problem=self._seen.state.problem if keep_problem else problem)
        else:
            if found:
                self._mark(found)

    async def _look(self, board: _Board, driver: Driver, *, keep_problem: bool = False) -> Survey:
        look_from_elsewhere(driver, self._sampled())
        seen = await driver.survey()
        if self._board is board:
            self._seen.take(seen, keep_problem=keep_problem)
        return seen

    async def _keep_looking(self, board: _Board) -> None:
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
