"""Writing a campaign's plan: the file on the left, what it would be on the right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Button, Input, Label, TextArea

from hvconsole.config.named import named
from hvconsole.config.paths import plans_dir
from hvconsole.model.campaign import Preview
from hvconsole.model.problem import Problem
from hvconsole.model.text import plain
from hvconsole.ui.campaigns import Campaigns
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.screens.asking import ConfirmScreen
from hvconsole.ui.screens.condition import ConditionScreen
from hvconsole.ui.view.campaigns import begin_said, preview_rows, problem_rows
from hvconsole.ui.widgets.bars import Lines

_PAUSE_S = 0.3


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan that is to be begun now.

    Attributes:
        text: The file.
        path: Where it is, or would be.
        board: The board it is for.
    """

    text: str
    path: Path
    board: str


class PlanScreen(ModalScreen[Planned | None], inherit_bindings=False):
    """Edits a plan, checked while it is typed.

    Args:
        campaigns: Checks and saves it.
        text: As it is now.
        path: Its file.
        own: Whether the file is the user's own; one that comes along is saved as a copy.
        may_begin: Raises a problem where the plan's board cannot be measured on now.
    """

    CSS_PATH = "plan.tcss"
    AUTO_FOCUS = "#plan-text"
    BINDINGS: ClassVar = [
        Binding("escape", "close", "close", tooltip="Close; nothing is begun", id="plan.close"),
        Binding("ctrl+c,ctrl+q", "app.leave", "quit", tooltip="Quit from here", id="plan.quit"),
        Binding("f2,ctrl+s", "save", "save", tooltip="Save the plan", id="plan.save"),
        Binding("f4,ctrl+n", "add", "condition", tooltip="Add a condition", id="plan.add"),
        Binding("f5,ctrl+r", "begin", "begin", tooltip="Begin the campaign", id="plan.begin"),
        Binding("f6", "app.focus_next", "next", show=False, id="plan.next"),
    ]

    def __init__(
        self,
        campaigns: Campaigns,
        text: str,
        path: Path,
        *,
        own: bool,
        may_begin: Callable[[Path, str], None],
    ) -> None:
        super().__init__()
        self._may_begin = may_begin
        self._found: Preview | None = None
        self._campaigns = campaigns
        self._text = text
        self._path = path if own else plans_dir() / path.name
        self._beside = path
        self._waiting: Timer | None = None
        self._rows: list[Row] = []
        self.board = ""

    def compose(self) -> ComposeResult:
        """Yield the text, the preview, the file's name and the buttons."""
        with Vertical(id="plan-box") as box:
            box.border_title = f"plan {plain(self._path.name, 50)}"
            box.border_subtitle = "F2 saves · F4 adds a condition · F5 begins · Esc closes"
            with Horizontal(id="plan-both"):
                text = TextArea(self._text, id="plan-text", show_line_numbers=True)
                text.cursor_blink = False
                yield text
                with VerticalScroll(id="plan-seen") as seen:
                    seen.can_focus = False
                    yield Lines(id="plan-lines")
            with Horizontal(id="plan-file"):
                yield Label("file", classes="label")
                yield Input(str(self._path), id="file", select_on_focus=False)
            with Horizontal(id="ask-buttons"):
                yield Button("Close", id="cancel")
                yield Button("Add condition", id="add")
                yield Button("Save", id="save")
                yield Button("Begin", id="do", variant="primary")

    def on_mount(self) -> None:
        """Judge what stands there."""
        self.call_after_refresh(self._judge)

    def on_resize(self, _event: events.Resize) -> None:
        """Lay the preview out for the room there is."""
        self.call_after_refresh(self._judge)

    @property
    def text(self) -> str:
        """The plan as it stands now."""
        return self.query_one("#plan-text", TextArea).text

    @property
    def path(self) -> Path:
        """The file as it stands in the field."""
        return named(self.query_one("#file", Input).value.strip())

    def action_close(self) -> None:
        """Close; what was typed and not saved is thrown away only if that is wanted."""
        if self.text == self._text:
            self.dismiss(None)
            return
        said = [("They were not saved. F2 saves them.", Role.TEXT)]
        title = f"throw away the changes to {self.path.name}?"
        self._leave_if_wanted(ConfirmScreen(title, said, do="Throw away"), None)

    def action_save(self) -> None:
        """Write the plan to its file."""
        try:
            self._campaigns.save(self.text, self.path)
        except Problem as problem:
            self._wrong(problem)
            return
        self._text = self.text
        self.notify(str(self.path), title="saved", markup=False)

    def action_add(self) -> None:
        """Ask for a condition, and write it at the end of the plan."""
        area = self.query_one("#plan-text", TextArea)

        def answered(text: str | None) -> None:
            if text is not None:
                area.move_cursor(area.document.end)
                area.insert(("" if area.text.endswith("\n") else "\n") + "\n" + text)
                self._judge()

        modes = self._campaigns.modes(self.board or "sim")
        self.app.push_screen(ConditionScreen(modes), answered)

    def action_begin(self) -> None:
        """Begin the campaign, if the plan makes sense and that is really wanted."""
        if not self._judge() or self._found is None:
            return
        planned = Planned(self.text, self._beside, self.board)
        try:
            self._may_begin(planned.path, planned.board)
        except Problem as problem:
            self._wrong(problem, good=True)
            return
        title = f"begin {self._beside.stem} on {self.board}?"
        screen = ConfirmScreen(title, begin_said(self._found), do="Begin")
        self._leave_if_wanted(screen, planned)

    def _leave_if_wanted(self, question: ConfirmScreen, answer: Planned | None) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self.dismiss(answer)

        self.app.push_screen(question, answered)

    @on(TextArea.Changed)
    def _typed(self) -> None:
        if self._waiting is not None:
            self._waiting.stop()
        self._waiting = self.set_timer(_PAUSE_S, self._judge)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        do = {"cancel": self.action_close, "add": self.action_add, "save": self.action_save}
        do.get(event.button.id or "", self.action_begin)()

    def _judge(self) -> bool:
        """Show what the plan would be, or what is wrong with it; tell whether it makes sense."""
        if not self.is_mounted:
            return False
        try:
            self._found, self.board = self._campaigns.check(self.text, self._beside)
        except Problem as problem:
            self._wrong(problem)
            return False
        self._show(preview_rows(self._found, self.board, self._width), good=True)
        return True

    def _wrong(self, problem: Problem, *, good: bool = False) -> None:
        rows = problem_rows(problem.title, problem.detail, problem.hint, self._width)
        self._show(rows, good=good)

    @property
    def _width(self) -> int:
        return self.query_one(Lines).size.width

    def _show(self, rows: list[Row], *, good: bool) -> None:
        lines = self.query_one(Lines)
        lines.styles.height = max(len(rows), 1)
        lines.show(rows)
        self.query_one("#do", Button).disabled = not good
        self.query_one("#save", Button).disabled = not good
