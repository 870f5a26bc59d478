"""The user's keys beside the usual ones: which of them want the same key on the same screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hvconsole.model.problem import Problem, UsageProblem
from hvconsole.ui.action import Action
from hvconsole.ui.actions import ACTIONS
from hvconsole.ui.view.keys import key_name


def clashes(own: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a problem for each key of the user's that another action of the screen has as well.

    A screen's key hides the same key of the whole console: that is no clash, it may be meant.

    Args:
        own: The user's keys by id of an action, comma separated.
    """
    for action in ACTIONS:
        for key in own.get(action.id, "").split(","):
            others = [other for other in ACTIONS if _has(other, key, own) and other is not action]
            for other in others:
                first = other.id not in own or action.id < other.id  # each pair is told once
                if other.scope == action.scope and first and _together(action, other):
                    yield UsageProblem(
                        f"'{key_name(key)}' is wanted by '{action.id}' and by '{other.id}'",
                        detail="only one of them has it",
                        hint=f'give the other one another key: "{other.id}" = "…"',
                    )


def _has(action: Action, key: str, own: Mapping[str, str]) -> bool:
    return bool(key) and key in own.get(action.id, action.keys).split(",")


def _together(one: Action, other: Action) -> bool:
    """Whether both can be done at the same time: a recording and a run cannot."""
    return {one.group, other.group} != {"Recording", "Run"}
