"""What the console cried shortly before a run died: the cause is shown, not its consequence."""

from __future__ import annotations

import time

from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.session.parked import ParkedCpu
from hvconsole.session.run import RunEnd

_SHORTLY_S = 30.0


class Alarmed:
    """Remembers the console's first alarm of a disaster; the ones after it are its consequences.

    But a parked CPU is said last and best: with the cell, the address and what lies there.
    """

    def __init__(self) -> None:
        self._problem: Problem | None = None
        self._at = -_SHORTLY_S

    def note(self, problem: Problem) -> None:
        """Take an alarm."""
        now = time.monotonic()
        if now - self._at >= _SHORTLY_S or isinstance(problem, ParkedCpu):
            self._problem, self._at = problem, now

    def explain(self, end: RunEnd) -> Problem | None:
        """Return the alarm that explains a run's end, if one was raised shortly before it."""
        problem = self._problem
        if problem is None or time.monotonic() - self._at >= _SHORTLY_S:
            return None
        return BoardProblem(
            problem.title,
            detail=f"{problem.detail}\nthe run ended: {end.reason}".strip(),
            hint=problem.hint,
        )
