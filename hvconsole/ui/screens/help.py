"""The help screen: what is bound, no more and no less."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from hvconsole.ui.view.help import help_rows
from hvconsole.ui.view.keys import Bound, help_entries
from hvconsole.ui.widgets.bars import Lines


class HelpScreen(ModalScreen[None], inherit_bindings=False):
    """Lists keys by group; made from the bindings that were active when it was opened."""

    CSS_PATH = "help.tcss"
    AUTO_FOCUS = "#help-scroll"
    BINDINGS: ClassVar = [
        Binding(
            "escape,q,question_mark,f1",
            "close",
            "close",
            tooltip="Close help",
            id="help.close",
        ),
        Binding(
            "ctrl+c,ctrl+q",
            "app.leave",
            "quit",
            tooltip="Quit from here",
            id="help.quit",
        ),
    ]

    def __init__(self, bound: list[Bound]) -> None:
        super().__init__()
        self.entries = help_entries(bound)

    def compose(self) -> ComposeResult:
        """Put the list into a box that scrolls."""
        box = VerticalScroll(Lines(id="help-lines"), id="help-scroll")
        box.border_title = "keys"
        box.border_subtitle = "Esc closes"
        yield box

    def on_resize(self, _event: events.Resize) -> None:
        """Lay the list out for the room there is."""
        self.call_after_refresh(self._lay_out)

    def action_close(self) -> None:
        """Close help."""
        self.dismiss()

    def _lay_out(self) -> None:
        lines = self.query_one(Lines)
        rows = help_rows(self.entries, lines.size.width)
        lines.styles.height = len(rows)
        lines.show(rows)
