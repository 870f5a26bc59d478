"""The driver: one command to look, one for each step, and the logs when something fails."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from dataclasses import replace

from hvconsole.hypervisor.actions import Action
from hvconsole.hypervisor.jailhouse import plans
from hvconsole.hypervisor.jailhouse.explain import explain, recent
from hvconsole.hypervisor.jailhouse.place import quiet_cpu, there
from hvconsole.hypervisor.jailhouse.survey import SCRIPT, make_survey, split
from hvconsole.hypervisor.plan import Plan, Step
from hvconsole.link.duplex import Duplex
from hvconsole.link.protocol import Completed, Link
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.model.text import plain

_LOG_LINES = 12
_RING = "/sys/devices/jailhouse/console"


class JailhouseDriver:
    """Jailhouse on one board, seen from its root cell (a `hvconsole.hypervisor.driver.Driver`).

    Args:
        link: The way to the root cell's Linux.
        sudo: Whether root's commands go through ``sudo -n``.

    Attributes:
        sampled: CPUs that are being measured: we look from another one, where there is one.
    """

    system = "jailhouse"

    def __init__(self, link: Link, *, sudo: bool = False) -> None:
        self._link = link
        self._root = ("sudo", "-n") if sudo else ()
        self._online: Collection[int] = ()
        self._revision: int | None = None
        self._looks = 0
        self.sampled: Collection[int] = ()

    async def survey(self) -> Survey:
        """Read the whole state with one command.

        Raises:
            BoardProblem: The board's answer is not whole.
        """
        marker = secrets.token_hex(8)
        begun = time.monotonic()
        place = there(quiet_cpu(self._online, self.sampled))
        heads = [] if self._looks else ["heads"]
        words = [*self._root, *place, "sh", "-s", marker, *heads]
        done = await self._link.run(words, stdin=SCRIPT.encode())
        seen = make_survey(split(done.text, marker))
        # The root cell's CPUs are those that Linux has: where we may look from next time.
        self._online = next((one.cpus for one in seen.guests if one.role == "control"), ())
        self._revision = self._revision if self._looks else seen.config_revision
        self._looks += 1
        return replace(seen, cost_s=time.monotonic() - begun, config_revision=self._revision)

    def plan(self, action: Action, survey: Survey) -> Plan:
        """Say how an action is done in the surveyed state.

        Raises:
            UsageProblem: What was asked for makes no sense here.
            BoardProblem: Jailhouse cannot do that, or not now.
        """
        plan = plans.plan(action, survey)
        if not self._root:
            return plan
        return replace(plan, steps=tuple(map(self._as_root, plan.steps)))

    def console(self, guest: Guest) -> Duplex:
        """Raise: a cell has no console; what it says goes to its UART.

        Raises:
            BoardProblem: Always.
        """
        raise BoardProblem(
            f"the console of {plain(guest.name, 60)} cannot be reached through Jailhouse",
            hint="a cell speaks on its own UART: give it one of the board's in its configuration",
        )

    async def explain(self, step: Step, done: Completed) -> Problem:
        """Say why a step failed, from its errno, the kernel's log and the hypervisor's console."""
        uptime = await self._link.run(["cat", "/proc/uptime"])
        log = await self._link.run([*self._root, "dmesg"])
        ring = await self._link.run([*self._root, "cat", _RING])
        newest, said = (one.text.splitlines()[-_LOG_LINES:] for one in (log, ring))
        return explain(step, done, recent(newest, uptime.text), said)

    def _as_root(self, step: Step) -> Step:
        undo = (*self._root, *step.undo) if step.undo else ()
        return replace(step, argv=(*self._root, *step.argv), undo=undo)
