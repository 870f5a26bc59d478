"""A form: what has to be said for an action, and how the words become one. Pure.

Whether an action makes sense is said by the driver's plan, which asks and changes nothing: so it
can be made anew at every key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from hvconsole.hypervisor.actions import Action
from hvconsole.ui.view.words import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing to fill in.

    Attributes:
        name: Its key.
        label: What it is, with its unit.
        value: What stands there at first.
        hint: Range, meaning, or what may be left empty.
        choices: If there are only these: each with why it cannot be had (empty if it can).
    """

    name: str
    label: str
    value: str = ""
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One action that is offered.

    Attributes:
        kind: The action's name in `Survey.abilities`.
        title: What it does, with the target's name.
        build: Turns the fields' texts into the action. Raises UsageProblem.
        fields: What has to be said; none for a plain action.
        missing: Why it cannot be done here; empty if it can.
    """

    kind: str
    title: str
    build: Callable[[Values], Action]
    fields: tuple[Field, ...] = ()
    missing: str = ""


def refused(form: Form, reason: str) -> Form:
    """Return a form that cannot be had; a reason of its own outweighs the given one."""
    return form if form.missing else replace(form, missing=reason)
