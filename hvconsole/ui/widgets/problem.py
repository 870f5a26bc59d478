"""A problem, shown over the charts without stopping them."""

from __future__ import annotations

from textual import events
from textual.message import Message

from hvconsole.model.problem import Problem
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.chart.frame import Caption, framed
from hvconsole.ui.view.problem import problem_rows
from hvconsole.ui.widgets.painted import Painted

_MARGIN = 2


class ProblemPanel(Painted):
    """Title, detail and way out of a problem; Esc or a click puts it away."""

    class Dismissed(Message):
        """Somebody has read it."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name for it
        super().__init__(id=id)
        self.problem: Problem | None = None
        self.display = False

    def show(self, problem: Problem | None) -> None:
        """Show a problem, or nothing."""
        self.problem = problem
        self.display = problem is not None
        self.fit()
        self.repaint()

    def rows(self, width: int, height: int) -> list[Row]:  # noqa: ARG002  # as high as it must be
        """Return the problem in a frame of its own."""
        if self.problem is None:
            return []
        margin = (" ", int(Role.TEXT))
        room = max(width - 4, 0)
        inside: list[Row] = [
            [margin, *row, margin] for row in problem_rows(self.problem, room, self._room)
        ]
        caption = Caption("✕ problem", foot=(("Esc closes", int(Role.MUTED)),))
        return framed(inside, caption, width, edge=Role.BAD)

    def on_click(self, _event: events.Click) -> None:
        """Put it away."""
        self.post_message(self.Dismissed())

    def fit(self) -> None:
        """Take as much room as the text needs, and leave a margin to the screen's edges."""
        width = max(self.screen.size.width - 2 * _MARGIN, 1)
        self.styles.width = width
        if self.problem is not None:
            self.styles.height = len(problem_rows(self.problem, max(width - 4, 0), self._room)) + 2

    @property
    def _room(self) -> int:
        """Rows a problem may take: half of the screen, for what is measured goes on."""
        return self.screen.size.height // 2
