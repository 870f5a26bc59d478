"""A screen that is a list: moving through it, filtering it, copying from it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input

from hvconsole.ui.screens.base import ConsoleScreen
from hvconsole.ui.widgets.rows import RowsPanel

if TYPE_CHECKING:
    from hvconsole.stream.snapshot import Snapshot

_HEADER_EVERY_S = 0.5


class ListScreen(ConsoleScreen):
    """Moves through the list in focus; Esc goes back step by step."""

    _seen: Snapshot | None = None
    _seen_at = 0.0

    @property
    def seen(self) -> Snapshot | None:
        """The newest of the run, for the header."""
        now = time.monotonic()
        if self.source.status.link != "none" and now - self._seen_at >= _HEADER_EVERY_S:
            from hvconsole.stream.snapshot import View  # noqa: PLC0415  # not for the first frame

            self._seen, self._seen_at = self.source.snapshot(View(columns=1)), now
        return self._seen

    @property
    def rows_panel(self) -> RowsPanel:
        """The list that keys move in: the one in focus, else the first."""
        focused = self.focused
        return focused if isinstance(focused, RowsPanel) else self.query(RowsPanel).first()

    def action_select(self, steps: int) -> None:
        """Go to another row."""
        self.rows_panel.move(steps)
        self.moved()

    def action_page(self, pages: int) -> None:
        """Go a page down or up."""
        self.rows_panel.move(pages * max(self.rows_panel.page - 1, 1))
        self.moved()

    def action_first(self) -> None:
        """Go to the first row."""
        self.rows_panel.move(-len(self.rows_panel.keys))
        self.moved()

    def action_last(self) -> None:
        """Go to the last row."""
        self.rows_panel.move(len(self.rows_panel.keys))
        self.moved()

    async def action_back(self) -> None:
        """Put the problem away, or go back to what is measured."""
        if not self.put_problem_away():
            await self.leave()

    def moved(self) -> None:
        """Take notice that another row is selected."""
        self.call_next(self.tick)

    def picked(self, panel: RowsPanel) -> None:
        """Act on a row that was clicked twice."""

    @on(RowsPanel.Picked)
    def _picked(self, event: RowsPanel.Picked) -> None:
        self.moved()
        if event.act:
            self.picked(event.panel)


class FilteredScreen(ListScreen):
    """A list that words can be typed against."""

    def __init__(self) -> None:
        super().__init__()
        self.words = ""

    def filter_line(self) -> ComposeResult:
        """Yield the line the words are typed into; it is there only while it is wanted."""
        line = Input(placeholder="words to look for · Enter keeps them · Esc ends", id="filter")
        line.display = False
        yield line

    def action_filter(self) -> None:
        """Begin to type words."""
        line = self.query_one("#filter", Input)
        line.display = True
        line.focus()

    async def action_back(self) -> None:
        """End the filter before anything else is left."""
        line = self.query_one("#filter", Input)
        if self.put_problem_away():
            return
        if line.display or self.words:
            line.value, self.words = "", ""
            self._end_typing()
            self.filtered()
        else:
            await self.leave()

    def filtered(self) -> None:
        """Take notice that other words are typed."""
        self.call_next(self.tick)

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        self.words = event.value
        self.filtered()

    @on(Input.Submitted, "#filter")
    def _submitted(self) -> None:
        self._end_typing()

    def _end_typing(self) -> None:
        line = self.query_one("#filter", Input)
        line.display = bool(line.value)
        self.query(RowsPanel).first().focus()
