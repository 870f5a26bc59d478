"""Choosing one of a list, in a box: with the arrows or j and k, and Enter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

Chosen = TypeVar("Chosen")


class ChoiceScreen(ModalScreen[Chosen | None], inherit_bindings=False):
    """Lists what can be chosen; how each of them reads is the subclass's matter.

    Args:
        title: What is asked; safe to show.
        choices: What each row answers with.
        enter: What Enter does.
    """

    CSS_PATH = "choosing.tcss"
    AUTO_FOCUS = "OptionList"
    BINDINGS: ClassVar = [
        Binding("escape", "close", "close", tooltip="Close without choosing", id="choice.close"),
        Binding("ctrl+c,ctrl+q", "app.leave", "quit", tooltip="Quit from here", id="choice.quit"),
        Binding("j", "down", "down", show=False, id="choice.down"),
        Binding("k", "up", "up", show=False, id="choice.up"),
    ]

    def __init__(self, title: str, choices: Iterable[Chosen], *, enter: str = "chooses") -> None:
        super().__init__()
        self._asked = title
        self._choices = tuple(choices)
        self._enter = enter

    def options(self) -> Sequence[Option]:
        """Return a row for each choice, in their order."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Put the list into a box."""
        box = Vertical(OptionList(*self.options()), id="choice-box")
        box.border_title = self._asked
        box.border_subtitle = f"Enter {self._enter} · Esc closes"
        yield box

    def action_down(self) -> None:
        """Go to the next one that can be chosen."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """Go to the one before."""
        self.query_one(OptionList).action_cursor_up()

    def action_close(self) -> None:
        """Close without choosing."""
        self.dismiss(None)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index])


def side_by_side(rows: Sequence[tuple[str, str]]) -> list[Option]:
    """Return rows of a name and, in a second column, what it is."""
    wide = max((len(name) for name, _ in rows), default=0)
    return [Option(Text.assemble(f"{name:<{wide}}  ", (about, "dim"))) for name, about in rows]
