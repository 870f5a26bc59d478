"""What is checked before anything is typed: guests, names, CPUs."""

from __future__ import annotations

import re

from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.text import plain
from hvconsole.wire.xvisor_command import is_typable

_NODE = re.compile(r"[A-Za-z][A-Za-z0-9_,.+@-]{0,31}", re.ASCII)
_PATH = re.compile(r"/[!-:<-~]{1,120}", re.ASCII)


def named(found: Guest) -> str:
    """Return a guest as it is spoken of: ``guest 'guest0'``."""
    return f"guest '{plain(found.name, 64)}'"


def guest(survey: Survey, name: str) -> Guest:
    """Return a guest by key or name, whose name can be typed; never the hypervisor itself.

    Raises:
        UsageProblem: There is none, several have that name, or its name cannot be typed.
        BoardProblem: It is the hypervisor.
    """
    found = survey.guest(name)
    others = [one for one in survey.guests if one.role != "control"]
    if found is None:
        there = ", ".join(plain(one.name, 64) for one in others)
        hint = f"there are: {there}" if there else "none is made; create one first"
        raise UsageProblem(f"there is no guest '{plain(name, 64)}'", hint=hint)
    if found.role == "control":
        raise BoardProblem(
            "that is Xvisor itself, not a guest",
            detail="whatever stops it stops all guests",
            hint="choose a guest",
        )
    if not is_typable(found.name):
        raise UsageProblem(
            f"the name '{plain(found.name, 64)}' cannot be typed safely",
            detail="on Xvisor's terminal a blank ends a word and ';' begins another command; "
            "there are no quotes",
            hint="rename the node under /guests in the board's device tree",
        )
    if sum(one.name == found.name for one in others) > 1:
        raise UsageProblem(
            f"several guests are named '{plain(found.name, 64)}'",
            detail="Xvisor's commands take a name alone, so it is not known which they would mean",
            hint="rename one of the nodes under /guests in the board's device tree",
        )
    return found


def new_name(name: str, survey: Survey) -> str:
    """Return the name of a node under /guests that is no guest yet.

    Raises:
        UsageProblem: It cannot be one, or it is a guest already.
    """
    if not _NODE.fullmatch(name):
        raise UsageProblem(
            f"'{plain(name, 64)}' cannot name a guest",
            detail="a guest is made of the node of that name under /guests in the device tree",
            hint="use letters, digits and _ , . + @ -, beginning with a letter",
        )
    if any(one.name == name for one in survey.guests):
        raise UsageProblem(
            f"the guest '{name}' is made already",
            hint="start it; or destroy it first, if it is to be made anew",
        )
    return name


def path(text: str) -> str:
    """Return a path of Xvisor's own file system that can be typed.

    Raises:
        UsageProblem: It is none.
    """
    if not _PATH.fullmatch(text):
        raise UsageProblem(
            f"'{plain(text, 80)}' is no path in Xvisor's file system",
            hint="such as /images/guest0/nor_flash.list; without blanks and ';'",
        )
    return text
