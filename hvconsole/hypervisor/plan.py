"""Plans: an action as the commands that do it, each with what must be seen afterwards.

Exit codes of xl and jailhouse lie. So a step has succeeded when the board's state, read back, says
so, and only then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from hvconsole.model.hypervisor import Survey


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What must be seen after a step.

    Attributes:
        text: In words: ``domain 'rt' is in pool 'fast'``.
        holds: Whether a survey shows it.
        within_s: How long it may take to come true, in seconds.
    """

    text: str
    holds: Callable[[Survey], bool]
    within_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command on the board.

    Attributes:
        about: What it does, in a person's words: ``make pool 'fast' with rtds``.
        argv: The command.
        expect: What must be seen afterwards.
        undo: The command that takes it back; empty where nothing does. It is run when a later step
            fails, and noted in the journal while the change stands if `keep_undo`.
        keep_undo: The change is to be taken back at the session's end as well.
        files: Files to put on the board first: content by path.
        timeout_s: Longest time the command may take, in seconds.
        strict: What is expected may have been so before: the command must succeed as well.
        silence: What it means if the command does not end in that time, and what then helps.
    """

    about: str
    argv: tuple[str, ...]
    expect: Expectation | None = None
    undo: tuple[str, ...] = ()
    keep_undo: bool = False
    files: Mapping[str, bytes] = field(default_factory=dict)
    timeout_s: float = 30.0
    strict: bool = False
    silence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An action as steps.

    Attributes:
        title: The action in a person's words: ``destroy domain 'rt'``.
        steps: One after another; none where all is as wanted already.
        danger: The consequence that a person must agree to, naming the target; empty for none.
        notes: What is worth knowing: which CPU is taken from where, what is lost.
        boot_mode: It cannot be done on the running system: boot this mode instead.
    """

    title: str
    steps: tuple[Step, ...] = ()
    danger: str = ""
    notes: tuple[str, ...] = ()
    boot_mode: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """What became of a step: for the screen, the log, and the marker on the samples' clock."""

    step: Step
    state: Literal["begun", "done", "failed", "taken back", "stays"]
    detail: str = ""
