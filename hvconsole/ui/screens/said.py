"""Asking a hypervisor for what it knows, and reading the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from hvconsole.hypervisor.inquiry import Inquiry
from hvconsole.model.text import chopped, plain, width
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.line import pad
from hvconsole.ui.widgets.bars import Lines

_QUIT = Binding("ctrl+c,ctrl+q", "app.leave", "quit", tooltip="Quit from here", id="said.quit")
_FRAME = 2
_AROUND = 5  # frame, padding and the scroll bar
_LEAST_WIDTH = 92
_MOST_HEIGHT = 0.94


class AskScreen(ModalScreen[Inquiry | None], inherit_bindings=False):
    """Lists what can be asked for."""

    CSS_PATH = "said.tcss"
    AUTO_FOCUS = "#inquiries"
    BINDINGS: ClassVar = [
        Binding("escape", "close", "close", tooltip="Close without asking", id="asks.close"),
        Binding("j", "down", "down", show=False, id="asks.down"),
        Binding("k", "up", "up", show=False, id="asks.up"),
        _QUIT,
    ]

    def __init__(self, offered: Sequence[Inquiry], *, title: str = "ask the hypervisor") -> None:
        super().__init__()
        self._offered = tuple(offered)
        self._title = title

    def compose(self) -> ComposeResult:
        """Put the list into a box."""
        wide = max((len(one.name) for one in self._offered), default=0)
        options = []
        for one in self._offered:
            text = Text(f"{one.name:<{wide}}  ")
            text.append(one.about, style="dim")
            options.append(Option(text))
        box = Vertical(OptionList(*options, id="inquiries"), id="said-box")
        box.border_title = self._title
        box.border_subtitle = "Enter asks · Esc closes"
        yield box

    def action_down(self) -> None:
        """Go to the next."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """Go to the one before."""
        self.query_one(OptionList).action_cursor_up()

    def action_close(self) -> None:
        """Close without asking."""
        self.dismiss(None)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._offered[event.option_index])


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
        _QUIT,
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
        lines.styles.height = len(rows)
        lines.show(rows)

    def rows(self, width: int) -> list[Row]:
        """Return the answer; columns stay aligned, so wide lines are not broken at blanks."""
        pieces = (piece for line in self._said for piece in chopped(line, width))
        return [pad([(piece, int(Role.TEXT))], width) for piece in pieces]
