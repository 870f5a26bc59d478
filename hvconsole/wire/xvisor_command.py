"""Commands as they are typed on Xvisor's terminal: what can be typed, how long, what never is.

Format: ``core/vmm_cmdmgr.c`` and ``core/vmm_stdio.c`` of Xvisor v0.3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain
from hvconsole.wire.xvisor import VCPU_ROW

MAX_COMMAND = 256
"""Characters of a line. What is longer is cut, and the cut command is carried out."""

NEXT = ";"
"""A word that separates commands; the first that fails ends the line."""

WHEN = "when"
"""Begins a command of our own: ``when NAME STATES COMMAND``; see `Condition`."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A command that is carried out only where the board is as it was meant for.

    Undoing may come late: a guest may be gone by then, be in another state, or its vCPUs may have
    other numbers. Xvisor's terminal knows no conditions, so its list of vCPUs is read first.

    Attributes:
        name: A guest or one of its vCPUs.
        states: One of its vCPUs must be in one of these.
        argv: The command; a word ``@`` becomes the vCPU's number.
    """

    name: str
    states: tuple[str, ...]
    argv: tuple[str, ...]

    def command(self, vcpu_list: Sequence[str]) -> tuple[str, ...]:
        """Return the command, or nothing where there is nothing to do.

        Args:
            vcpu_list: Lines of ``vcpu list``.
        """
        for line in vcpu_list:
            row = VCPU_ROW.fullmatch(line)
            if row is None or row["state"] not in self.states:
                continue
            if row["name"] == self.name or row["name"].startswith(f"{self.name}/"):
                return tuple(row["id"] if word == "@" else word for word in self.argv)
        return ()


def condition(argv: Sequence[str]) -> Condition | None:
    """Return the condition that a command begins with; None where there is none."""
    match tuple(argv):
        case (first, name, states, *rest) if first == WHEN and rest:
            return Condition(name, tuple(states.split(",")), tuple(rest))
        case _:
            return None


def is_typable(word: str) -> bool:
    """Whether a word reaches a command as it is: the terminal knows no quotes and no escapes."""
    return bool(word) and all("!" <= char <= "~" and char != NEXT for char in word)


def command_line(argv: Sequence[str]) -> bytes:
    """Return a command as it is typed, without Enter.

    Args:
        argv: Its words; a word ``;`` begins another command.

    Raises:
        UsageProblem: A word cannot be typed, the line is too long, or the command is one of those
            that would take the terminal away.
    """
    words = tuple(argv)
    for word in words:
        if word != NEXT and not is_typable(word):
            raise UsageProblem(
                f"'{plain(word, 60)}' cannot be typed on Xvisor's terminal",
                detail="it knows no quotes: a blank ends a word, and ';' begins another command",
                hint="rename what it names, in the board's device tree",
            )
    _refuse_traps(words)
    line = " ".join(words).replace(f" {NEXT} ", NEXT)
    if len(line) > MAX_COMMAND:
        raise UsageProblem(
            f"a command of {len(line)} characters is too long for Xvisor's terminal",
            detail=f"it would be cut at {MAX_COMMAND} characters, and what is left carried out",
            hint="say it in several commands, or with shorter names",
        )
    return line.encode("ascii")


def _refuse_traps(words: tuple[str, ...]) -> None:
    commands: list[list[str]] = [[]]
    for word in words:
        if word == NEXT:
            commands.append([])
        else:
            commands[-1].append(word)
    for one in commands:
        if not one:
            raise UsageProblem("there is no command to type")
        if one[0] in {"reset", "shutdown"} and len(words) > 1:
            raise UsageProblem(
                f"'{one[0]}' is typed alone or not at all",
                detail="whatever stands beside it, it ends the hypervisor and all guests",
                hint="a guest is reset with: guest reset NAME",
            )
        if one[:2] in (["vserial", "bind"], ["vcpu", "monitor"]):
            raise UsageProblem(
                f"'{' '.join(one[:2])}' does not come back to the prompt",
                hint="vserial dump shows what a guest wrote; the Serial screen types to it",
            )
