"""How things stand with a board, as its session tells it."""

from __future__ import annotations

from dataclasses import replace

from hvconsole.model.problem import Problem
from hvconsole.model.status import RunState, Status


class Standing:
    """The one place where a session's status is changed.

    Attributes:
        status: The state of affairs, as it was set last.

    Args:
        status: As it is before anything has been done.
    """

    def __init__(self, status: Status) -> None:
        self.status = status

    def set(self, **changed: object) -> None:
        """Change fields of the status, by their names."""
        self.status = replace(self.status, **changed)  # type: ignore[arg-type]  # field names are checked by replace

    def set_run(self, state: RunState, detail: str) -> None:
        """Say how the run stands, and in words what is being done for it."""
        self.set(run=state, run_detail=detail)

    def tell(self, text: str) -> None:
        """Say in words what is being done; the run stands as it did."""
        self.set_run(self.status.run, text)

    def trouble(self, problem: Problem) -> None:
        """Tell a problem; it stays until another takes its place or a run begins."""
        self.set(problem=problem)
