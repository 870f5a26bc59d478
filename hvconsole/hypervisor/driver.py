"""The seam between the house and a hypervisor: what every driver can be asked."""

from __future__ import annotations

from typing import Protocol

from hvconsole.hypervisor.actions import Action
from hvconsole.hypervisor.plan import Plan, Step
from hvconsole.link.duplex import Duplex
from hvconsole.link.protocol import Completed
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.problem import Problem


class Driver(Protocol):
    """One system on one board. Thin: parsers and builders of commands are pure and lie beside it.

    Surveys raise `LinkProblem` where the link is lost and `BoardProblem` where the system does not
    answer as it should.
    """

    @property
    def system(self) -> str:
        """``native``, ``jailhouse``, ``xen``, ``kvm`` or ``xvisor``."""

    async def survey(self) -> Survey:
        """Read the whole state from the board, as cheaply as the system lets us."""

    def plan(self, action: Action, survey: Survey) -> Plan:
        """Say how an action is done in the surveyed state. Pure: nothing is asked or changed.

        Raises:
            UsageProblem: What was asked for makes no sense: no such guest, a value out of range.
            BoardProblem: This system, or this build of it, cannot do that; with the reason.
        """

    def console(self, guest: Guest) -> Duplex:
        """Return the way to a guest's console, not open yet.

        Raises:
            BoardProblem: This system has none for it; with the reason.
        """

    async def explain(self, step: Step, done: Completed) -> Problem:
        """Say why a step failed: its own words and the logs, turned into cause and fix."""
