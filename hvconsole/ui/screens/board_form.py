"""Adding or changing a board: the way to it is tried while it is typed."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Button, Input, Label

from hvconsole.config.boards import BoardEntry
from hvconsole.model.problem import Problem
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.doors import Doors, Trial
from hvconsole.ui.screens.asking import ConfirmScreen
from hvconsole.ui.view.board_form import FIELDS, entry_of, name_of, texts_of
from hvconsole.ui.view.boards import trial_rows, wrong_rows
from hvconsole.ui.widgets.bars import Lines

_PAUSE_S = 0.6  # nobody wants a connection attempt for every letter

Wanted = tuple[str, BoardEntry]


class BoardFormScreen(ModalScreen[Wanted | None], inherit_bindings=False):
    """Fields, what came of trying, and two buttons.

    Args:
        doors: Tries the board out.
        name: The board that is changed; empty for a new one.
        entry: As it is.
    """

    asks: ClassVar = True
    CSS_PATH = "asking.tcss"
    AUTO_FOCUS = "#f-name"
    BINDINGS: ClassVar = [
        Binding("escape", "close", "close", tooltip="Close without saving", id="board-form.close"),
        Binding("ctrl+c,ctrl+q", "app.leave", "quit", tooltip="Quit", id="board-form.quit"),
        Binding("tab,down", "app.focus_next", "next", show=False, id="board-form.next"),
        Binding(
            "shift+tab,up", "app.focus_previous", "previous", show=False, id="board-form.previous"
        ),
    ]

    def __init__(self, doors: Doors, name: str = "", entry: BoardEntry | None = None) -> None:
        super().__init__()
        self._doors = doors
        self._board = name
        self._before = entry
        self._waiting: Timer | None = None
        self._tried: BoardEntry | None = None
        self._wrong: Problem | None = None
        self.trial: Trial | None = None

    def compose(self) -> ComposeResult:
        """Yield the fields and the buttons."""
        texts = texts_of(self._board, self._before or BoardEntry())
        with Vertical(id="ask-box") as box:
            box.border_title = f"change board {self._board}" if self._board else "add a board"
            box.border_subtitle = "Esc cancels"
            with VerticalScroll(id="ask-scroll") as scroll:
                scroll.can_focus = False
                for name, label, placeholder in FIELDS:
                    with Horizontal(classes="field"):
                        yield Label(label, classes="label")
                        yield Input(texts[name], placeholder=placeholder, id=f"f-{name}")
                yield Lines(id="trial")
            with Horizontal(id="ask-buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Save", id="save", variant="primary")

    def on_mount(self) -> None:
        """Judge what stands there already."""
        self._judge()

    def on_resize(self, _event: events.Resize) -> None:
        """Lay the answer out for the room there is."""
        self.call_after_refresh(self._show)

    @property
    def texts(self) -> dict[str, str]:
        """What stands in the fields."""
        return {name: self.query_one(f"#f-{name}", Input).value for name, *_ in FIELDS}

    def action_close(self) -> None:
        """Close without saving."""
        self.dismiss(None)

    @on(Input.Changed)
    def _changed(self) -> None:
        self._judge()

    @on(Input.Submitted)
    @on(Button.Pressed, "#save")
    def _saved(self) -> None:
        try:
            wanted = name_of(self.texts), entry_of(self.texts, self._before)
        except Problem:
            return  # it is said in the form already
        trial = self.trial
        if trial is not None and trial.answer == "new key" and self._tried == wanted[1]:
            self.app.push_screen(_trust(wanted[0], trial), lambda yes: self._agreed(wanted, yes))
        else:
            self.dismiss(wanted)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    def _agreed(self, wanted: Wanted, yes: bool | None) -> None:
        if yes and self.trial is not None:
            self.run_worker(self._trust(wanted, self.trial.fingerprint), group="trial")

    async def _trust(self, wanted: Wanted, fingerprint: str) -> None:
        self._say(Trial("trying", "logging in"))
        trial = await self._doors.try_out(wanted[1], trust=fingerprint)
        if trial.answer == "answers":
            self.dismiss(wanted)
        else:
            self._say(trial)

    def _judge(self) -> None:
        """Say what is wrong with the words; where nothing is, try the board after a pause."""
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None
        self._wrong, entry = self._read()
        self.query_one("#save", Button).disabled = self._wrong is not None
        if entry is None or entry != self._tried:
            self.workers.cancel_group(self, "trial")
            self.trial = self._tried = None
        if entry is not None and entry != self._tried:
            self._waiting = self.set_timer(_PAUSE_S, lambda: self._try(entry))
        self._show()

    def _read(self) -> tuple[Problem | None, BoardEntry | None]:
        """Return what is wrong with the words, and the board they describe."""
        texts = self.texts
        try:
            entry = entry_of(texts, self._before)
        except Problem as problem:
            return problem, None
        try:
            name_of(texts)
        except Problem as problem:
            return problem, entry
        return None, entry

    def _try(self, entry: BoardEntry) -> None:
        self._tried = entry
        self._say(Trial("trying", ""))
        work: Any = partial(self._try_out, entry)  # for mypy, Textual's union has two answers here
        self.run_worker(work, group="trial", exclusive=True)

    async def _try_out(self, entry: BoardEntry) -> None:
        self._say(await self._doors.try_out(entry))

    def _say(self, trial: Trial) -> None:
        self.trial = trial
        self._show()

    def _show(self) -> None:
        lines = self.query_one("#trial", Lines)
        rows = trial_rows(self.trial, lines.size.width)
        if self._wrong is not None:
            rows = [*wrong_rows(self._wrong, lines.size.width), *rows]
        lines.styles.height = len(rows)
        lines.show(rows)


def _trust(name: str, trial: Trial) -> ConfirmScreen:
    said = [
        (f"'{name}' shows a host key that no file knows yet:", Role.TEXT),
        (trial.fingerprint, Role.STRONG),
        ("Compare it with what the board's own console says:", Role.TEXT),
        ("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub", Role.KEY),
        ("Whoever holds another key is not your board.", Role.WARN),
    ]
    return ConfirmScreen(f"trust the host key of {name}?", said, do="Trust it")
