"""What is being done on the board, step by step, and what should be known about it."""

from __future__ import annotations

from hvconsole.hypervisor.state import DeskState
from hvconsole.ui.chart.cells import Row
from hvconsole.ui.chart.frame import Caption
from hvconsole.ui.view.exits import exit_rows
from hvconsole.ui.view.guests import Item, notes_rows, step_rows
from hvconsole.ui.widgets.painted import Panel


class StepsPanel(Panel):
    """Steps of the action that is under way, or of the newest one; below them, notes."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name for it
        super().__init__(id=id)
        self._state = DeskState()
        self._item: Item | None = None

    def show(self, state: DeskState, item: Item | None = None) -> None:
        """Show a state, and what is to be known of the item that is selected."""
        self._state = state
        self._item = item
        self.repaint()

    def caption(self) -> Caption:
        """Name the list."""
        return Caption("steps and notes")

    def inside(self, width: int, height: int) -> list[Row]:
        """Return steps, and notes where there is room left."""
        rows = step_rows(self._state, width, height)
        if self._state.survey is not None:
            rows += exit_rows(self._state, self._item, width)[: height - len(rows)]
            rows += notes_rows(self._state.survey, width, height - len(rows))
        return rows
