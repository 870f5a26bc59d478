"""Asking for values in fields, judged while they are typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, Label

from hvconsole.config.named import named
from hvconsole.ui.screens.asking import Said, said_rows
from hvconsole.ui.widgets.bars import Lines

Wanted = TypeVar("Wanted")


class FieldsScreen(ModalScreen[Wanted | None], inherit_bindings=False):
    """Fields, what would come of them, and two buttons; Enter agrees where they make sense.

    Args:
        title: What is asked; safe to show.
        do: What the button says that agrees.
    """

    asks: ClassVar = True  # a key that is held down answers nothing
    CSS_PATH = "asking.tcss"
    BINDINGS: ClassVar = [
        Binding("escape", "close", "close", tooltip="Close without doing it", id="fields.close"),
        Binding("ctrl+c,ctrl+q", "app.leave", "quit", tooltip="Quit from here", id="fields.quit"),
        Binding("tab", "app.focus_next", "next", show=False, id="fields.next"),
        Binding("shift+tab", "app.focus_previous", "previous", show=False, id="fields.previous"),
    ]

    def __init__(self, title: str, *, do: str) -> None:
        super().__init__()
        self._asked = title
        self._do = do

    @property
    def wanted(self) -> Wanted:
        """The answer, as the fields stand now."""
        raise NotImplementedError

    def fields(self) -> Iterable[tuple[str, Widget]]:
        """Yield each field with its label."""
        raise NotImplementedError

    def judge(self) -> tuple[Sequence[Said], bool]:
        """Say what would come of the fields, or what is wrong; and whether they make sense."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Yield the fields and the buttons."""
        with Vertical(id="ask-box") as box:
            box.border_title = self._asked
            box.border_subtitle = "Esc cancels"
            for label, field in self.fields():
                with Horizontal(classes="field"):
                    yield Label(label, classes="label")
                    yield field
            yield Lines(id="trial")
            with Horizontal(id="ask-buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(self._do, id="do", variant="primary")

    def on_mount(self) -> None:
        """Judge what stands in the fields at first."""
        self._judge()

    def on_resize(self, _event: events.Resize) -> None:
        """Lay the words out for the room there is."""
        self.call_after_refresh(self._judge)

    def action_close(self) -> None:
        """Close without doing it."""
        self.dismiss(None)

    def typed(self, name: str) -> str:
        """Return what stands in a field."""
        return self.query_one(f"#{name}", Input).value.strip()

    def typed_path(self, name: str) -> Path:
        """Return the path that stands in a field."""
        return named(self.typed(name))

    @on(Input.Changed)
    def _judge(self) -> None:
        said, good = self.judge()
        self.query_one("#do", Button).disabled = not good
        lines = self.query_one("#trial", Lines)
        lines.show_all(said_rows(said, lines.size.width))

    @on(Input.Submitted)
    @on(Button.Pressed, "#do")
    def _agreed(self) -> None:
        if not self.query_one("#do", Button).disabled:
            self.dismiss(self.wanted)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)
