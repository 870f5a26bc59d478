"""Asking whether really: what it is done to is named, and the safe button is the first one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button

from hvconsole.model.text import plain, wrap
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.line import pad
from hvconsole.ui.widgets.bars import Lines

_TITLE = 76
_LONGEST = 1000

Said = tuple[str, Role]


class ConfirmScreen(ModalScreen[bool], inherit_bindings=False):
    """Says what will happen, and asks.

    Args:
        title: What is asked, with the target's name.
        said: Lines with their roles; wrapped here, and made safe to show.
        do: What the button that does it says.
    """

    asks: ClassVar = True
    CSS_PATH = "asking.tcss"
    AUTO_FOCUS = "#cancel"
    BINDINGS: ClassVar = [
        Binding("escape", "close", "close", tooltip="Close without doing it", id="confirm.close"),
        Binding("ctrl+c,ctrl+q", "app.leave", "quit", tooltip="Quit from here", id="confirm.quit"),
        Binding("tab,right,down,l,j", "app.focus_next", "next", show=False, id="confirm.next"),
        Binding(
            "shift+tab,left,up,h,k",
            "app.focus_previous",
            "previous",
            show=False,
            id="confirm.previous",
        ),
    ]

    def __init__(self, title: str, said: Sequence[Said], *, do: str) -> None:
        super().__init__()
        self._asked = plain(title, _TITLE)
        self._said = said
        self._do = do

    def compose(self) -> ComposeResult:
        """Put the lines and two buttons into a box."""
        with Vertical(id="ask-box") as box:
            box.border_title = self._asked
            box.border_subtitle = "Esc cancels"
            with VerticalScroll(id="ask-scroll") as scroll:
                scroll.can_focus = False
                yield Lines(id="ask-lines")
            with Horizontal(id="ask-buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(self._do, id="do", variant="error")

    def on_resize(self, _event: events.Resize) -> None:
        """Lay the lines out for the room there is."""
        self.call_after_refresh(self._show)

    def action_close(self) -> None:
        """Close without doing it."""
        self.dismiss(result=False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "do")

    def _show(self) -> None:
        lines = self.query_one(Lines)
        lines.show_all(said_rows(self._said, lines.size.width))


def said_rows(said: Sequence[Said], width: int) -> list[Row]:
    """Return lines as rows exactly `width` cells wide."""
    rows: list[Row] = []
    for text, role in said:
        pieces = wrap(plain(text, _LONGEST), max(width, 1)) or [""]
        rows += [pad([(piece, int(role))], width) for piece in pieces]
    return rows
