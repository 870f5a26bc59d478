"""The help screen: what is bound, no more and no less."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from hvconsole.ui.view.help import help_rows, matching
from hvconsole.ui.view.keys import Bound, help_entries
from hvconsole.ui.widgets.bars import Lines

_CLOSES = "/ looks for words · Esc closes"
_SCROLLS = f"↑/↓ PgUp/PgDn scroll · {_CLOSES}"
_TYPING = "Enter keeps them · Esc shows all keys"


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
        Binding("slash", "filter", "filter", show=False, id="help.filter"),
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
        self._words = ""

    def compose(self) -> ComposeResult:
        """Put the list into a box that scrolls, over a line for words that is there when wanted."""
        line = Input(placeholder="words to look for", id="help-filter")
        line.display = False
        box = VerticalScroll(Lines(id="help-lines"), line, id="help-scroll")
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
        """Show all keys again, else close help."""
        if self._line.display:
            self._line.value = ""
            self._end_typing()
        else:
            self.dismiss()

    def action_filter(self) -> None:
        """Begin to type words; the box keeps its size while they are looked for."""
        self._room.styles.height = self._room.outer_size.height
        self._line.display = True
        self._line.focus()
        self._say_keys()

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

    @property
    def _line(self) -> Input:
        return self.query_one("#help-filter", Input)

    @on(Input.Changed, "#help-filter")
    def _typed(self, event: Input.Changed) -> None:
        self._words = event.value
        self._lay_out()
        self._room.scroll_home(animate=False)

    @on(Input.Submitted, "#help-filter")
    def _end_typing(self) -> None:
        self._line.display = bool(self._line.value)
        if not self._line.display:
            self._room.styles.height = "auto"
        self._room.focus()
        self._say_keys()

    def _lay_out(self) -> None:
        lines = self.query_one(Lines)
        rows = help_rows(matching(self.entries, self._words), lines.size.width, self._words)
        lines.styles.height = len(rows)
        lines.show(rows)

    def _say_keys(self) -> None:
        """Tell how to go on, and how to scroll where there is more than is seen."""
        scrolls = _SCROLLS if self._room.show_vertical_scrollbar else _CLOSES
        self._room.border_subtitle = _TYPING if self._line.has_focus else scrolls
