"""The driver: one command to look, one for each step, and the logs when something fails."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace

from hvconsole.hypervisor.actions import Action
from hvconsole.hypervisor.jailhouse import plans
from hvconsole.hypervisor.jailhouse.survey import SCRIPT, make_survey, split
from hvconsole.hypervisor.plan import Plan, Step
from hvconsole.link.protocol import Completed, Link
from hvconsole.model.hypervisor import Survey
from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.wire.console import shown

_LOG_LINES = 12
_SHOWN_LINES = 6

# What the command says (an ioctl's name and its errno), then what the kernel's log says where the
# errno alone is silent. The first that fits is told.
_SAID: Sequence[tuple[str, str, str]] = (
    (
        r"opening /dev/jailhouse: No such file",
        "Jailhouse's driver is not loaded",
        "on the board, as root: modprobe jailhouse",
    ),
    (r"opening (?P<file>.*): No such file", "the file is not on the board", "say its whole path"),
    (r"JAILHOUSE_ENABLE: Device or resource busy", "it is enabled already", ""),
    (
        r"JAILHOUSE_DISABLE: Device or resource busy",
        "a CPU that the root cell owns is offline",
        "bring it back: echo 1 > /sys/devices/system/cpu/cpuN/online",
    ),
    (r"JAILHOUSE_DISABLE: Invalid argument", "Jailhouse is not enabled", ""),
    (
        r"JAILHOUSE_CELL_CREATE: Device or resource busy",
        "a CPU of the configuration is not the root cell's: taken by another cell, or not there",
        "choose other CPUs in the configuration, or destroy the cell that has them",
    ),
    (r"JAILHOUSE_CELL_CREATE: File exists", "a cell of that name exists", "destroy it first"),
    (
        r": Operation not permitted",
        "a cell forbids it: it is locked, or denied to be shut down",
        "shut that cell down from within",
    ),
    (r"JAILHOUSE_CELL_\w+: No such file", "there is no such cell", "look at the list again"),
    (r"JAILHOUSE_CELL_LOAD: Invalid argument", "an image does not fit into the cell's memory",
     "does its address lie in a region that may be loaded?"),
)  # fmt: skip
_LOGGED: Sequence[tuple[str, str, str]] = (
    (
        r"request_mem_region failed",
        "the memory that the configuration gives to the hypervisor is not free",
        "reserve it on the kernel's command line (mem=): hvconsole boot BOARD jailhouse",
    ),
    (
        r"Configuration revision mismatch",
        "the configuration is of another revision than this hypervisor",
        "build it again for that revision: hvconsole cell build",
    ),
    (r"architecture mismatch", "the configuration is for another kind of machine", ""),
    (r"Not a (?:system|cell) configuration", "the file is no such configuration", ""),
    (
        r"Missing hypervisor image",
        "the hypervisor's image is not on the board",
        "copy jailhouse.bin to /lib/firmware",
    ),
    (
        r"HYP mode not available",
        "the kernel was not started in HYP mode",
        "boot by a U-Boot that leaves it on (bootm_boot_mode=nonsec)",
    ),
    (
        r"failed to bring CPU (?P<cpu>\d+) back online",
        "a CPU did not come back to Linux",
        "restart the board",
    ),
)
_QUIETLY = (
    "the command said it was done, but nothing changed",
    "is the configuration for this kind of machine? Jailhouse ignores others without a word",
)


class JailhouseDriver:
    """Jailhouse on one board, seen from its root cell (a `hvconsole.hypervisor.driver.Driver`).

    Args:
        link: The way to the root cell's Linux.
        sudo: Whether root's commands go through ``sudo -n``.
    """

    system = "jailhouse"

    def __init__(self, link: Link, *, sudo: bool = False) -> None:
        self._link = link
        self._root = ("sudo", "-n") if sudo else ()

    async def survey(self) -> Survey:
        """Read the whole state with one command.

        Raises:
            BoardProblem: The board's answer is not whole.
        """
        marker = secrets.token_hex(8)
        begun = time.monotonic()
        done = await self._link.run([*self._root, "sh", "-s", marker], stdin=SCRIPT.encode())
        return replace(make_survey(split(done.text, marker)), cost_s=time.monotonic() - begun)

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

    async def explain(self, step: Step, done: Completed) -> Problem:
        """Say why a step failed, from its errno and the kernel's log."""
        log = await self._link.run([*self._root, "dmesg"])
        return explain(step, done, log.text.splitlines()[-_LOG_LINES:])

    def _as_root(self, step: Step) -> Step:
        undo = (*self._root, *step.undo) if step.undo else ()
        return replace(step, argv=(*self._root, *step.argv), undo=undo)


def explain(step: Step, done: Completed, log: Sequence[str]) -> BoardProblem:
    """Turn what was said into a cause and a fix; the words are kept.

    Args:
        step: What was tried.
        done: How the command ended.
        log: The newest lines of the kernel's log.
    """
    said = [line for line in f"{done.text}\n{done.error_text}".splitlines() if line.strip()]
    ours = [line for line in log if "jailhouse" in line.lower()]
    cause, fix = _first(_SAID, "\n".join(said)) or ("", "")
    if not cause and done.status != 0:
        cause, fix = _first(_LOGGED, "\n".join(ours[-2:])) or ("", "")
    if not cause:
        cause, fix = _QUIETLY if done.status == 0 else ("Jailhouse gave no reason", "")
    wanted = [f"expected: {step.expect.text}"] if step.expect is not None else []
    lines = [shown(line.encode()) for line in [*said, *ours][-_SHOWN_LINES:]]
    return BoardProblem(
        f"could not {step.about}: {cause}", detail="\n".join([*lines, *wanted]), hint=fix
    )


def _first(table: Sequence[tuple[str, str, str]], text: str) -> tuple[str, str] | None:
    fitting = ((why, how) for pattern, why, how in table if re.search(pattern, text))
    return next(fitting, None)
