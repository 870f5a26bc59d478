"""What is known of a board while somebody looks at it. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from hvconsole.board.facts import BoardFacts
from hvconsole.board.vitals import Vitals
from hvconsole.model.check import Check
from hvconsole.model.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardLook:
    """The state of affairs.

    Attributes:
        facts: What the board says of itself; None before it was asked.
        checks: What the doctor found, as far as it got.
        checked: Seconds since the epoch when the doctor ended; 0 before.
        vitals: Temperatures and frequencies, oldest first.
        module: How the counter module came to be in the kernel; empty while it is not.
        module_ours: It was loaded from here, and is unloaded at the end.
        doing: What is being done now; empty if nothing.
        looks: How often the board was asked for its vitals.
        looked_s: What that took together, seconds.
        problem: Why the board does not answer; None if it does.
    """

    facts: BoardFacts | None = None
    checks: tuple[Check, ...] = ()
    checked: float = 0.0
    vitals: tuple[Vitals, ...] = ()
    module: str = ""
    module_ours: bool = False
    doing: str = ""
    looks: int = 0
    looked_s: float = 0.0
    problem: Problem | None = None
