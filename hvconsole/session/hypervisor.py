"""The hypervisor of a connected board: looked at while somebody watches, changed on demand."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection

from hvconsole.hypervisor.actions import Action, Create, Enable
from hvconsole.hypervisor.carry_out import carry_out
from hvconsole.hypervisor.driver import Driver
from hvconsole.hypervisor.inquiry import Inquiry, ask
from hvconsole.hypervisor.plan import Plan
from hvconsole.link.duplex import Duplex
from hvconsole.link.xvisor_console import XvisorConsole, terminal_of
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.inspection import CellFile, Inspection
from hvconsole.model.problem import BoardProblem, Problem, UsageProblem
from hvconsole.model.text import plain
from hvconsole.session.cells_ahead import cell_files, inspect
from hvconsole.session.guest_console import JoinedConsole
from hvconsole.session.hypervisor_watch import HypervisorWatch, WatchedBoard
from hvconsole.session.jailhouse_watch import moves_cpus


class HypervisorDesk(HypervisorWatch):
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
        super().__init__(mark, sampled)
        self._mark = mark
        self._read_only = read_only
        self._joined = JoinedConsole(mark)

    def detach(self) -> None:
        """The board is gone, and with it the way to a guest's console."""
        super().detach()
        self._joined.drop()

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

    async def _prove(
        self, board: WatchedBoard, driver: Driver, *, keep_problem: bool = False
    ) -> None:
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
