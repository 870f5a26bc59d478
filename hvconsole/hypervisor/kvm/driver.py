"""The driver: one command to look, one for each step, and virsh's words on failure."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace

from hvconsole.hypervisor.actions import Action
from hvconsole.hypervisor.kvm import plans
from hvconsole.hypervisor.kvm.command import LKVM
from hvconsole.hypervisor.kvm.console import console
from hvconsole.hypervisor.kvm.explain import explain
from hvconsole.hypervisor.kvm.survey import (
    SCRIPT,
    Constant,
    constant,
    lkvm_hangs,
    make_survey,
    split,
)
from hvconsole.hypervisor.plan import Plan, Step
from hvconsole.link.process_line import ProcessLine
from hvconsole.link.protocol import Completed, Link
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.model.text import plain

# The first call makes libvirtd try out every QEMU that there is: 14 s on a slow board.
_SURVEY_S = 90.0


class KvmDriver:
    """KVM on one board, seen from its Linux (a `hvconsole.hypervisor.driver.Driver`).

    Args:
        link: The way to the board.
        sudo: Whether root's commands go through ``sudo -n``.
    """

    system = "kvm"

    def __init__(self, link: Link, *, sudo: bool = False) -> None:
        self._link = link
        self._root = ("sudo", "-n") if sudo else ()
        self._known: Constant | None = None
        self._asks_lkvm = True

    async def survey(self) -> Survey:
        """Read the whole state with one command.

        Raises:
            BoardProblem: Neither libvirt nor lkvm answers.
        """
        marker = secrets.token_hex(8)
        words = ["all" if self._known is None else "state", "lkvm" if self._asks_lkvm else "-"]
        begun = time.monotonic()
        done = await self._link.run(
            [*self._root, "sh", "-s", marker, *words], stdin=SCRIPT.encode(), timeout=_SURVEY_S
        )
        answers = split(done.text, marker)
        # It would cost five seconds of every look for as long as that guest lives.
        self._asks_lkvm = self._asks_lkvm and not lkvm_hangs(answers)
        known = constant(answers) if self._known is None else self._known
        seen = make_survey(answers, known)
        self._known = known
        return replace(seen, cost_s=time.monotonic() - begun)

    def plan(self, action: Action, survey: Survey) -> Plan:
        """Say how an action is done in the surveyed state.

        Raises:
            UsageProblem: What was asked for makes no sense here.
            BoardProblem: KVM cannot do that.
        """
        plan = plans.plan(action, survey)
        if not self._root:
            return plan
        return replace(plan, steps=tuple(map(self._as_root, plan.steps)))

    def console(self, guest: Guest) -> ProcessLine:
        """Return the way to a domain's console: the pseudo-terminal that libvirt names.

        Raises:
            BoardProblem: It is the host, whose console is the board's own; or a guest of lkvm,
                whose console is the terminal that it was started from.
        """
        name = plain(guest.name, 60)
        if guest.role == "control":
            raise BoardProblem(
                "the host's console is the board's own",
                hint="the Serial screen shows it, where the board's profile names its line",
            )
        if guest.key.startswith(LKVM):
            raise BoardProblem(
                f"the console of {name} is the terminal that lkvm was started from",
                hint="log in to it over its network, or start it by libvirt",
            )
        words = [*self._root, *console(guest.key)]
        return ProcessLine(self._link, words, name=f"the console of {name}")

    async def explain(self, step: Step, done: Completed) -> Problem:
        """Say why a step failed, from what virsh or lkvm said."""
        return explain(step, done)

    def _as_root(self, step: Step) -> Step:
        undo = (*self._root, *step.undo) if step.undo else ()
        return replace(step, argv=(*self._root, *step.argv), undo=undo)
