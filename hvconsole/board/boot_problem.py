"""How a boot can end other than well: four kinds, told apart.

BootProblem         a boot that did not lead where it should
├── BootTimeout     a step took too long; the board has not left for the new mode
├── BootStopped     a step was refused, or answered otherwise than it has to be
├── WrongMode       the board is up, in another mode
└── BoardGone       the board left and does not come back
"""

from __future__ import annotations

from hvconsole.model.boot import BootStep
from hvconsole.model.problem import BoardProblem


class BootProblem(BoardProblem):
    """A boot that did not lead where it should.

    Args:
        title: As of every problem.
        step: At which step.
        detail: What was seen, the console's last lines at its end.
        hint: What to do.
    """

    def __init__(self, title: str, *, step: BootStep, detail: str = "", hint: str = "") -> None:
        super().__init__(title, detail=detail, hint=hint)
        self.step = step

    def as_dict(self) -> dict[str, str]:
        """Return the problem for machine-readable output, with its step."""
        return super().as_dict() | {"step": str(self.step)}


class BootTimeout(BootProblem):
    """A step took too long."""


class BootStopped(BootProblem):
    """A step was refused, or answered otherwise than it has to be."""


class WrongMode(BootProblem):
    """The board is up, in another mode than the one wanted."""


class BoardGone(BootProblem):
    """The board left for the mode and does not come back."""
