"""What is known of a board's hypervisor, and what is being done to it: one immutable value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hvconsole.hypervisor.plan import Progress
from hvconsole.model.hypervisor import Survey
from hvconsole.model.problem import Problem


@dataclass(frozen=True, slots=True)
class DeskState:
    """What a screen shows of the hypervisor.

    Attributes:
        survey: The newest state; None before the first look, and without a hypervisor.
        age_s: How old it is, in seconds.
        problem: Why there is none, or why the newest look or action failed.
        doing: The action that is being carried out, in words; empty for none.
        progress: Its steps so far, or those of the action before it.
        looks: How often we looked.
        looked_s: What that cost in all, in seconds.
        exits: Exits a second since the look before, by guest's key and counter, without our own.
        load: CPU that each guest gets, in percent of one CPU, by its key.
        load_cost: What knowing the load costs beside the looks, in words.
    """

    survey: Survey | None = None
    age_s: float = 0.0
    problem: Problem | None = None
    doing: str = ""
    progress: tuple[Progress, ...] = ()
    looks: int = 0
    looked_s: float = 0.0
    exits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    load: Mapping[str, float] = field(default_factory=dict)
    load_cost: str = ""
