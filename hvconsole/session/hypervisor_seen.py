"""What has been seen of a board's hypervisor, and how soon to look again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from hvconsole.hypervisor.plan import Progress
from hvconsole.hypervisor.rates import cpu_shares, exit_rates
from hvconsole.hypervisor.state import DeskState
from hvconsole.model.hypervisor import Survey
from hvconsole.session.guest_load import GuestLoad

FASTEST_S: Final = 1.0
SLOWEST_S: Final = 15.0
# Looking takes a twentieth of the board's attention at most.
_SHARE: Final = 20.0
_CALMER: Final = 1.25


class Seen:
    """The newest state of affairs of one desk.

    Args:
        mark: Is told of each step that was done.

    Attributes:
        state: What is known.
        pause_s: How long to wait before the next look: longer while nothing changes, and the
            longer a look takes.
    """

    def __init__(self, mark: Callable[[str], None]) -> None:
        self._mark = mark
        self._surveyed = 0.0
        self.state = DeskState()
        self.pause_s = FASTEST_S

    def as_of_now(self, load: GuestLoad | None) -> DeskState:
        """Return the state with its age, and the load of guests where that is known."""
        survey = self.state.survey
        age = time.monotonic() - self._surveyed if survey is not None else 0.0
        if load is None or survey is None:
            return replace(self.state, age_s=age)
        return replace(self.state, age_s=age, load=load.shares(survey), load_cost=load.cost)

    def set(self, **changed: object) -> None:
        """Change fields of the state, by their names."""
        self.state = replace(self.state, **changed)  # type: ignore[arg-type]  # names are checked by replace

    def forget(self) -> None:
        """The board is gone; what looking at it cost stays known."""
        self.state = DeskState(looks=self.state.looks, looked_s=self.state.looked_s)

    def take(self, seen: Survey, *, keep_problem: bool = False) -> None:
        """Take what was seen now."""
        before = self.state.survey
        now = time.monotonic()
        over = now - self._surveyed
        self._surveyed = now
        self.set(
            survey=seen,
            problem=self.state.problem if keep_problem else None,
            looks=self.state.looks + 1,
            looked_s=self.state.looked_s + seen.cost_s,
            exits=exit_rates(before, seen, over) if before is not None else {},
            load=cpu_shares(before, seen, over) if before is not None else {},
        )
        calm = before is not None and _same(before, seen)
        longest = max(SLOWEST_S, seen.cost_s * _SHARE)
        shortest = max(FASTEST_S, seen.cost_s * _SHARE)
        self.pause_s = min(max(self.pause_s * _CALMER if calm else 0.0, shortest), longest)

    def tell(self, progress: Progress) -> None:
        """Take how far an action is."""
        kept = [one for one in self.state.progress if one.step is not progress.step]
        self.set(progress=(*kept, progress))
        if progress.state == "done" and kept:
            self._mark(progress.step.about)


def _same(before: Survey, after: Survey) -> bool:
    """Whether nothing changed but times and costs."""

    def shape(survey: Survey) -> object:
        guests = [(one.key, one.state, one.pool, one.cpus, one.values) for one in survey.guests]
        return guests, survey.pools, survey.active

    return shape(before) == shape(after)
