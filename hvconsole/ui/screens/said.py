"""Asking a hypervisor for what it knows, and reading the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets.option_list import Option

from hvconsole.hypervisor.inquiry import Inquiry
from hvconsole.model.text import chopped, plain, width
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.screens.choosing import ChoiceScreen, side_by_side
from hvconsole.ui.view.line import pad
from hvconsole.ui.widgets.bars import Lines

_FRAME = 2
_AROUND = 5  # frame, padding and the scroll bar
_LEAST_WIDTH = 92
_MOST_HEIGHT = 0.94


class AskScreen(ChoiceScreen[Inquiry]):
    """Lists what can be asked for."""

    def __init__(self, offered: Sequence[Inquiry], *, title: str = "ask the hypervisor") -> None:
        super().__init__(title, offered, enter="asks")
        self._offered = tuple(offered)

    def options(self) -> Sequence[Option]:
        """Return a row for each inquiry."""
        return side_by_side([(one.name, one.about) for one in self._offered])


class SaidScreen(ModalScreen[None], inherit_bindings=False):
    """Shows an answer, line by line; long ones are scrolled, wide lines go on in the next row.

    Args:
        title: What was asked.
        lines: The answer; made safe to show.
        note: What stands beside the title; by default how many lines there are.
    """

    CSS_PATH = "said.tcss"
    AUTO_FOCUS = "#said-scroll"
    ends_with_newest: ClassVar[bool] = True
    most_width: ClassVar[int] = 1000
    BINDINGS: ClassVar = [
        Binding("escape,enter,q", "close", "close", tooltip="Close the answer", id="said.close"),
        Binding("c,y", "copy", "copy", tooltip="Copy the whole answer", id="said.copy"),
        Binding("down,j", "scroll(1)", "down", show=False, id="said.down"),
        Binding("up,k", "scroll(-1)", "up", show=False, id="said.up"),
        Binding("pagedown,space,ctrl+d", "page(1)", "page down", show=False, id="said.page_down"),
        Binding("pageup,ctrl+u", "page(-1)", "page up", show=False, id="said.page_up"),
        Binding("home,g", "first", "first", show=False, id="said.first"),
        Binding("end,G", "last", "last", show=False, id="said.last"),
        Binding("ctrl+c,ctrl+q", "app.leave", "quit", tooltip="Quit from here", id="said.quit"),
    ]

    def __init__(self, title: str, lines: Sequence[str], *, note: str = "") -> None:
        super().__init__()
        self._asked = plain(title, 60)
        self._said = [plain(line, 2000) for line in lines]
        self._note = note or f"{len(self._said)} lines"

    def compose(self) -> ComposeResult:
        """Put the answer into a box."""
        with Vertical(id="said-box", classes="-tall") as box:
            box.border_title = f"{self._asked} · {self._note}"
            box.border_subtitle = "↑/↓ PgUp/PgDn scroll · c copies · Esc closes"
            with VerticalScroll(id="said-scroll"):
                yield Lines(id="said-lines")

    def on_mount(self) -> None:
        """Begin where the newest stands, or at the top."""
        self.call_after_refresh(self._show)
        if self.ends_with_newest:
            self.call_after_refresh(self.action_last)

    def on_resize(self, _event: events.Resize) -> None:
        """Lay the lines out for the room there is."""
        self.call_after_refresh(self._show)

    def action_close(self) -> None:
        """Close."""
        self.dismiss()

    def action_copy(self) -> None:
        """Copy all of it."""
        self.app.copy_to_clipboard("".join(f"{line}\n" for line in self._said))
        self.notify("answer copied", markup=False)

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
        return self.query_one("#said-scroll", VerticalScroll)

    def _show(self) -> None:
        """Make the box as large as the answer, at most as large as the screen."""
        box, lines = self.query_one("#said-box"), self.query_one(Lines)
        wanted = max((width(line) for line in self._said), default=0) + _AROUND
        wide = min(max(wanted, _LEAST_WIDTH), self.most_width, self.size.width)
        rows = self.rows(max(wide - _AROUND, 1))
        most = max(int(self.size.height * _MOST_HEIGHT), _FRAME + 1)
        box.styles.width, box.styles.height = wide, min(len(rows) + _FRAME, most)
        lines.show_all(rows)

    def rows(self, width: int) -> list[Row]:
        """Return the answer; columns stay aligned, so wide lines are not broken at blanks."""
        pieces = (piece for line in self._said for piece in chopped(line, width))
        return [pad([(piece, int(Role.TEXT))], width) for piece in pieces]
