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

_CLOSES = "Esc closes"


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
        Binding("down,j", "scroll(1)", "down", show=False, id="help.down"),
        Binding("up,k", "scroll(-1)", "up", show=False, id="help.up"),
        Binding("pagedown,space,ctrl+d", "page(1)", "page down", show=False, id="help.page_down"),
        Binding("pageup,ctrl+u", "page(-1)", "page up", show=False, id="help.page_up"),
        Binding("home,g", "first", "first", show=False, id="help.first"),
        Binding("end,G", "last", "last", show=False, id="help.last"),
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
        box.border_subtitle = _CLOSES
        yield box

    def on_mount(self) -> None:
        """Follow whether there is more than is seen."""
        self.watch(self._room, "show_vertical_scrollbar", self._say_keys)

    def on_resize(self, _event: events.Resize) -> None:
        """Lay the list out for the room there is."""
        self.call_after_refresh(self._lay_out)

    def action_close(self) -> None:
        """Close help."""
        self.dismiss()

    def action_scroll(self, steps: int) -> None:
        """Go some lines on."""
        self._room.scroll_relative(y=steps, animate=False)

    def action_page(self, steps: int) -> None:
        """Go a page on."""
        self._room.scroll_relative(y=steps * max(self._room.size.height - 1, 1), animate=False)

    def action_first(self) -> None:
        """Go to the beginning."""
        self._room.scroll_home(animate=False)

    def action_last(self) -> None:
        """Go to the end."""
        self._room.scroll_end(animate=False)

    @property
    def _room(self) -> VerticalScroll:
        return self.query_one("#help-scroll", VerticalScroll)

    def _lay_out(self) -> None:
        lines = self.query_one(Lines)
        rows = help_rows(self.entries, lines.size.width)
        lines.styles.height = len(rows)
        lines.show(rows)

    def _say_keys(self, more: bool) -> None:  # as Textual calls it
        """Tell how to scroll where there is more than is seen."""
        self._room.border_subtitle = f"↑/↓ PgUp/PgDn scroll · {_CLOSES}" if more else _CLOSES
