"""The driver: one line to look, one command for each step, and Xvisor's words on failure."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace

from hvconsole.hypervisor.actions import Action
from hvconsole.hypervisor.plan import Plan, Step
from hvconsole.hypervisor.xvisor import plans
from hvconsole.hypervisor.xvisor.explain import explain
from hvconsole.hypervisor.xvisor.survey import Known, learn, look, make_survey, split
from hvconsole.link.protocol import Completed, Link
from hvconsole.link.xvisor_console import XvisorConsole
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.model.text import plain

_SURVEY_S = 60.0


class XvisorDriver:
    """Xvisor on one board, through its terminal (a `hvconsole.hypervisor.driver.Driver`).

    Args:
        link: The way to the terminal.
    """

    system = "xvisor"

    def __init__(self, link: Link) -> None:
        self._link = link
        self._known = Known()
        self._numbers: list[int] = []  # of guests' vCPUs, those whose times are oldest first

    async def survey(self) -> Survey:
        """Read the whole state with one line; vCPUs' times from the second look on.

        Raises:
            BoardProblem: Xvisor does not tell it, or a guest console has the terminal.
        """
        marker = secrets.token_hex(4)
        before = self._known
        argv, asked = look(marker, before, self._numbers)
        begun = time.monotonic()
        done = await self._link.run(argv, timeout=_SURVEY_S)
        answers = split(done.text, marker)
        known = learn(answers, before)
        seen = make_survey(answers, known, before)
        self._known = known
        there = [one.number for guest in seen.guests for one in guest.vcpus if one.number]
        kept = [one for one in self._numbers if one in there and one not in asked]
        kept += [one for one in there if one not in kept and one not in asked]
        self._numbers = [*kept, *(one for one in asked if one in there)]
        return replace(seen, cost_s=time.monotonic() - begun)

    def plan(self, action: Action, survey: Survey) -> Plan:
        """Say how an action is done in the surveyed state.

        Raises:
            UsageProblem: What was asked for makes no sense here.
            BoardProblem: Xvisor cannot do that.
        """
        return plans.plan(action, survey)

    def console(self, guest: Guest) -> XvisorConsole:
        """Return the way to a guest's first console; Xvisor's terminal is given to it meanwhile.

        Raises:
            BoardProblem: It is the hypervisor, or the guest has none.
        """
        if guest.role == "control" or not guest.consoles:
            raise BoardProblem(
                f"'{plain(guest.name, 60)}' has no console",
                detail="Xvisor shows the serial ports that a guest's device tree has",
                hint="hvconsole hv BOARD list names the guests",
            )
        if guest.state in {"defined", "stopped"}:
            raise BoardProblem(
                f"guest '{plain(guest.name, 60)}' does not run",
                detail=f"its vCPUs are {plain(guest.words, 60)}",
                hint=f"hvconsole hv BOARD start {plain(guest.name, 60)}",
            )
        return XvisorConsole(self._link, guest.consoles[0])

    async def explain(self, step: Step, done: Completed) -> Problem:
        """Say why a step failed, from what Xvisor said."""
        return explain(step, done)
