"""The driver: one command to look, one for each step, and Xen's own words when something fails."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace

from hvconsole.hypervisor.actions import Action
from hvconsole.hypervisor.failed import LAST_LINES, failed_step, lines_of
from hvconsole.hypervisor.plan import Plan, Step
from hvconsole.hypervisor.xen import plans
from hvconsole.hypervisor.xen.survey import SCRIPT, Constant, constant, make_survey, split
from hvconsole.link.process_line import ProcessLine
from hvconsole.link.protocol import Completed, Link
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.wire.console import shown

_SURVEY_S = 60.0

# What xl and libxl say, what it means, what to do. The first that fits is told.
_CAUSES: Sequence[tuple[str, str, str]] = (
    (
        r"Could not create cpupool",
        "Xen did not make the pool: its build lacks the scheduler, or the CPU is not free",
        "choose credit or credit2, or boot a Xen that was built with it",
    ),
    (r"illegal or not free", "the CPU belongs to another pool", "take it out of that pool first"),
    (
        r"Unknown scheduler",
        "xl does not know the scheduler",
        "credit, credit2, rtds, null, arinc653",
    ),
    (
        r"Domain with name .* already exists",
        "a domain of that name exists already",
        "choose another name, or destroy that one",
    ),
    (
        r"(?i)can't allocate low memory|cannot allocate memory|out of memory|not enough free mem",
        "there is not enough memory for the domain",
        "give it less (memory = …), or dom0 less (dom0_mem= on Xen's command line)",
    ),
    (
        r"failed to open file '(?P<what>[^']*)'",
        "a file that the configuration names is not on the board",
        "copy it there, or correct the path",
    ),
    (
        r"config parsing error|Failed to (?:read|parse) config",
        "xl cannot read the configuration",
        "",
    ),
    (
        r"Error moving cpu|Error removing cpu",
        "Xen did not move the CPU",
        "is it the pool's last, or is a domain pinned to it?",
    ),
    (r"Setting vcpu affinity", "Xen did not take the CPUs", "are they in the domain's pool?"),
    (
        r"is an invalid domain identifier|maybe this domain does not exist",
        "the domain is gone",
        "look at the list of domains again",
    ),
    (
        r"PV control interface not available|feature-poweroff",
        "the guest does not listen to a request to shut down",
        "destroy it instead",
    ),
    (
        r"Can't find hypervisor information",
        "the board does not run under Xen any more",
        "did it restart in another mode?",
    ),
    (r"xs_open|xenstore", "xenstored does not answer", "on the board: systemctl status xenstored"),
)


class XenDriver:
    """Xen on one board, seen from dom0 (a `hvconsole.hypervisor.driver.Driver`).

    Args:
        link: The way to dom0.
        sudo: Whether root's commands go through ``sudo -n``.
    """

    system = "xen"

    def __init__(self, link: Link, *, sudo: bool = False) -> None:
        self._link = link
        self._root = ("sudo", "-n") if sudo else ()
        self._known: Constant | None = None

    @property
    def root(self) -> tuple[str, ...]:
        """Words before root's commands."""
        return self._root

    async def survey(self) -> Survey:
        """Read the whole state with one command.

        Raises:
            BoardProblem: The board does not run under Xen, or its tools do not answer.
        """
        marker = secrets.token_hex(8)
        what = "all" if self._known is None else "state"
        begun = time.monotonic()
        done = await self._link.run(
            [*self._root, "sh", "-s", marker, what], stdin=SCRIPT.encode(), timeout=_SURVEY_S
        )
        answers = split(done.text, marker)
        if not answers:
            raise BoardProblem("Xen does not answer", detail=shown(done.stderr or done.stdout))
        known = constant(answers) if self._known is None else self._known
        seen = make_survey(answers, known)
        self._known = known
        return replace(seen, cost_s=time.monotonic() - begun)

    def plan(self, action: Action, survey: Survey) -> Plan:
        """Say how an action is done in the surveyed state.

        Raises:
            UsageProblem: What was asked for makes no sense here.
            BoardProblem: Xen, or this build of it, cannot do that.
        """
        plan = plans.plan(action, survey)
        if not self._root:
            return plan
        return replace(plan, steps=tuple(map(self._as_root, plan.steps)))

    def console(self, guest: Guest) -> ProcessLine:
        """Return the way to a domain's console: ``xl console`` in dom0.

        It reads nothing where its input is no terminal, and then does not end with it either: one
        left behind like that keeps the console locked. On a terminal it passes every byte but a
        Ctrl-] that comes alone, which ends it.

        Raises:
            BoardProblem: It is dom0, whose console is the board's own.
        """
        if guest.role == "control":
            raise BoardProblem(
                "dom0's console is the board's own",
                detail="xl console reaches the other domains",
                hint="the Serial screen shows it, where the board's profile names its line",
            )
        words = [*self._root, "xl", "console", guest.key]
        name = f"the console of {shown(guest.name.encode())}"
        return ProcessLine(self._link, words, name=name, leave=b"\x1d", terminal=True)

    async def explain(self, step: Step, done: Completed) -> Problem:
        """Say why a step failed, from what xl said."""
        return explain(step, done)

    def _as_root(self, step: Step) -> Step:
        undo = (*self._root, *step.undo) if step.undo else ()
        return replace(step, argv=(*self._root, *step.argv), undo=undo)


def explain(step: Step, done: Completed) -> BoardProblem:
    """Turn xl's words into a cause and a fix; xl's words are kept."""
    said = lines_of(done)
    text = "\n".join(said)
    lied = "xl said it was done, but it was not" if done.status == 0 else "xl failed"
    fitting = ((why, how) for pattern, why, how in _CAUSES if re.search(pattern, text))
    cause, fix = next(fitting, (lied, ""))
    return failed_step(step, cause, fix, [shown(line.encode()) for line in said[-LAST_LINES:]])
