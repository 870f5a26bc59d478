"""Boot modes: the ways in which a board can be booted, and what proves that it was."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec

from hvconsole.model.problem import Problem


class BootProof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must be seen on the running board for it to be in a mode.

    Attributes:
        hypervisor: What Linux runs on: ``none``, ``xen``, ``jailhouse`` (reserved memory only:
            Jailhouse itself is enabled later) or ``kvm`` (none, with KVM); ``xvisor``: no Linux at
            all, its terminal answers on the serial line; empty: not looked at.
        scheduler: What ``xl info xen_scheduler`` must say; empty: not looked at.
        cmdline: Words that /proc/cmdline must hold.
        no_cmdline: Words that it must not hold.
    """

    hypervisor: str = ""
    scheduler: str = ""
    cmdline: tuple[str, ...] = ()
    no_cmdline: tuple[str, ...] = ()


class BootMode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to boot a board.

    Attributes:
        about: One line for a person.
        uboot: Lines typed at U-Boot's prompt after its autoboot was stopped, in this order; the
            last one boots. Empty: U-Boot is left alone.
        linux: Commands run on the running Linux before it is restarted, argument list by argument
            list (a one-shot variable, say). The restart itself is not among them.
        proof: What proves the mode once the board is up.
        timeout_s: Longest time from the restart to a board that answers, in seconds.
    """

    about: str = ""
    uboot: tuple[str, ...] = ()
    linux: tuple[tuple[str, ...], ...] = ()
    proof: BootProof = BootProof()
    timeout_s: float = 240.0


class BootStep(StrEnum):
    """What is being done on the way into a mode, in this order; a mode may not need all."""

    SETTLE = "settle"
    PREPARE = "prepare"
    RESTART = "restart"
    UBOOT = "u-boot"
    PROMPT = "prompt"
    TYPE = "type"
    START = "start"
    ANSWER = "answer"
    PROVE = "prove"

    @property
    def about(self) -> str:
        """What the step is, for a person."""
        return _ABOUT[self]


_ABOUT = {
    BootStep.SETTLE: "undo what was changed on the board",
    BootStep.PREPARE: "tell Linux the mode",
    BootStep.RESTART: "restart the board",
    BootStep.UBOOT: "wait for U-Boot",
    BootStep.PROMPT: "stop its autoboot",
    BootStep.TYPE: "type the mode's lines",
    BootStep.START: "start kernel or hypervisor",
    BootStep.ANSWER: "wait until the board answers",
    BootStep.PROVE: "read the proof back",
}

BootMark = Literal["begun", "done", "note", "ask", "failed"]


@dataclass(frozen=True, slots=True)
class BootEvent:
    """One thing that happened on the way into a mode.

    Attributes:
        step: During which step.
        mark: ``begun`` and ``done`` frame a step; ``note`` tells what is unusual; ``ask`` asks the
            person to do something; ``failed`` ends the boot.
        text: What happened, safe to show.
        at_s: Seconds since the boot began.
    """

    step: BootStep
    mark: BootMark
    text: str
    at_s: float


BootOutcome = Literal["running", "proven", "unproven", "failed"]


@dataclass(frozen=True, slots=True)
class BootProgress:
    """A boot as of now, for whoever shows it.

    Attributes:
        mode: The mode's name.
        events: What happened so far.
        lines: The last lines of the board's console since the boot began, safe to show.
        outcome: ``unproven`` where nobody wanted the proof.
        evidence: What was read back, by name.
        seconds: How long it has taken.
        problem: Why it failed.
    """

    mode: str
    events: tuple[BootEvent, ...] = ()
    lines: tuple[str, ...] = ()
    outcome: BootOutcome = "running"
    evidence: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    problem: Problem | None = None
