"""Exporting a recording: which table, and into which file."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select

from hvconsole.model.text import plain
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.screens.asking import said_rows
from hvconsole.ui.widgets.bars import Lines

_TABLES = (
    ("switches: one row each", "switches"),
    ("runs: one row a run and CPU", "runs"),
    ("actions: what was done", "actions"),
)
_SUFFIXES = {".parquet": "Parquet", ".csv": "CSV", ".arrow": "Arrow"}

Wanted = tuple[Path, str]


class ExportScreen(ModalScreen[Wanted | None], inherit_bindings=False):
    """Asks for a table and a file; the file's suffix says how it is written.

    Args:
        name: The recording.
        out: The file that is offered.
    """

    asks: ClassVar = True
    CSS_PATH = "asking.tcss"
    AUTO_FOCUS = "#file"
    BINDINGS: ClassVar = [
        Binding("escape", "close", "close", tooltip="Close without exporting", id="export.close"),
        Binding("ctrl+c,ctrl+q", "app.leave", "quit", tooltip="Quit from here", id="export.quit"),
        Binding("tab", "app.focus_next", "next", show=False, id="export.next"),
        Binding("shift+tab", "app.focus_previous", "previous", show=False, id="export.previous"),
    ]

    def __init__(self, name: str, out: Path) -> None:
        super().__init__()
        self._recording = name
        self._out = out

    def compose(self) -> ComposeResult:
        """Yield the fields and the buttons."""
        with Vertical(id="ask-box") as box:
            box.border_title = f"export {plain(self._recording, 50)}"
            box.border_subtitle = "Esc cancels"
            with Horizontal(classes="field"):
                yield Label("table", classes="label")
                yield Select(_TABLES, value="switches", allow_blank=False, compact=True, id="table")
            with Horizontal(classes="field"):
                yield Label("file", classes="label")
                yield Input(str(self._out), id="file", select_on_focus=False)
            yield Lines(id="trial")
            with Horizontal(id="ask-buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Export", id="do", variant="primary")

    def on_mount(self) -> None:
        """Judge the file that is offered."""
        self._judge()

    def on_resize(self, _event: events.Resize) -> None:
        """Lay the words out for the room there is."""
        self.call_after_refresh(self._judge)

    def action_close(self) -> None:
        """Close without exporting."""
        self.dismiss(None)

    @property
    def out(self) -> Path:
        """The file as it stands in the field."""
        return Path(self.query_one("#file", Input).value.strip()).expanduser()

    @on(Input.Changed)
    def _judge(self) -> None:
        """Say what will be written, or why nothing can be."""
        out, way = self.out, _SUFFIXES.get(self.out.suffix)
        good = way is not None and not out.exists()
        if way is None:
            said = (f"end the name in {', '.join(_SUFFIXES)}", Role.WARN)
        elif out.exists():
            said = (f"{out} exists already: choose another name", Role.WARN)
        else:
            said = (f"writes {way} to {out.absolute()}", Role.TEXT)
        self.query_one("#do", Button).disabled = not good
        lines = self.query_one("#trial", Lines)
        rows = said_rows([said], lines.size.width)
        lines.styles.height = len(rows)
        lines.show(rows)

    @on(Input.Submitted)
    @on(Button.Pressed, "#do")
    def _agreed(self) -> None:
        if not self.query_one("#do", Button).disabled:
            self.dismiss((self.out, str(self.query_one(Select).value)))

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)
