"""Asking for one file or folder, judged while it is typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label

from hvconsole.analysis.chosen import CAMPAIGN
from hvconsole.model.recorded import SUFFIX
from hvconsole.model.text import plain
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.screens.asking import said_rows
from hvconsole.ui.widgets.bars import Lines

Judge = Callable[[Path], tuple[str, bool]]
"""Says what will be done with a path, or why it cannot be; and whether it can."""


class FileScreen(ModalScreen[Path | None], inherit_bindings=False):
    """Asks for a path.

    Args:
        title: What it is for.
        label: What stands before the field.
        offered: The path that is offered.
        judge: Judges what is typed; cheap.
        do: What the button says.
    """

    CSS_PATH = "asking.tcss"
    AUTO_FOCUS = "#file"
    BINDINGS: ClassVar = [
        Binding("escape", "close", "close", tooltip="Close without doing it", id="file.close"),
        Binding("ctrl+c,ctrl+q", "app.leave", "quit", tooltip="Quit from here", id="file.quit"),
        Binding("tab", "app.focus_next", "next", show=False, id="file.next"),
        Binding("shift+tab", "app.focus_previous", "previous", show=False, id="file.previous"),
    ]

    def __init__(self, title: str, label: str, offered: str, judge: Judge, *, do: str) -> None:
        super().__init__()
        self._asked, self._label, self._do = title, label, do
        self._offered, self._judged = offered, judge

    def compose(self) -> ComposeResult:
        """Yield the field and the buttons."""
        with Vertical(id="ask-box") as box:
            box.border_title = plain(self._asked, 60)
            box.border_subtitle = "Esc cancels"
            with Horizontal(classes="field"):
                yield Label(self._label, classes="label")
                yield Input(self._offered, id="file", select_on_focus=False)
            yield Lines(id="trial")
            with Horizontal(id="ask-buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(self._do, id="do", variant="primary")

    def on_mount(self) -> None:
        """Judge what is offered."""
        self._judge()

    def on_resize(self, _event: events.Resize) -> None:
        """Lay the words out for the room there is."""
        self.call_after_refresh(self._judge)

    def action_close(self) -> None:
        """Close without doing it."""
        self.dismiss(None)

    @property
    def path(self) -> Path:
        """The path as it stands in the field."""
        return Path(self.query_one("#file", Input).value.strip()).expanduser()

    @on(Input.Changed)
    def _judge(self) -> None:
        text, good = self._judged(self.path)
        self.query_one("#do", Button).disabled = not good
        lines = self.query_one("#trial", Lines)
        rows = said_rows([(text, Role.TEXT if good else Role.WARN)], lines.size.width)
        lines.styles.height = len(rows)
        lines.show(rows)

    @on(Input.Submitted)
    @on(Button.Pressed, "#do")
    def _agreed(self) -> None:
        if not self.query_one("#do", Button).disabled:
            self.dismiss(self.path)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)


def into_a_new_file(suffixes: Mapping[str, str]) -> Judge:
    """Return what judges a file to be written: its suffix says what, and it must not be there."""

    def judge(path: Path) -> tuple[str, bool]:
        what = suffixes.get(path.suffix)
        if what is None:
            return f"end the name in {', '.join(suffixes)}", False
        if path.exists():
            return f"{path} exists already: choose another name", False
        return f"writes {what} to {path.absolute()}", True

    return judge


def recordings_at(path: Path) -> list[Path]:
    """Return what can be compared at a path: a campaign, a recording, or the recordings in it."""
    try:
        if path.suffix in {CAMPAIGN, SUFFIX}:
            return [path] if path.is_dir() else []
        return sorted(one for one in path.iterdir() if one.suffix == SUFFIX and one.is_dir())
    except OSError:
        return []
