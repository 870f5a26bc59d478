"""Asking before something is done: which action, with which values, and what it will type."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select
from textual.widgets.option_list import Option

from hvconsole.hypervisor.actions import Action
from hvconsole.hypervisor.plan import Plan
from hvconsole.model.inspection import Inspection
from hvconsole.model.problem import Problem
from hvconsole.model.text import plain
from hvconsole.ui.chart.cells import Row
from hvconsole.ui.screens.choosing import ChoiceScreen
from hvconsole.ui.view.form import Field, Form
from hvconsole.ui.view.plan import commands, inspection_rows, plan_rows, refused_rows
from hvconsole.ui.widgets.bars import Lines

_TITLE = 100
_REASON = 300
_TYPING_S = 0.4
_BOX_SHARE = 94  # percent of the screen's height; doing.tcss says the same
_AROUND = 6  # the box's border and padding, and the buttons

Inspect = Callable[[Action], Awaitable[Inspection | None]]


class MenuScreen(ChoiceScreen[Form]):
    """Lists what can be done; what cannot be is there as well, with the reason."""

    def __init__(self, forms: Sequence[Form]) -> None:
        super().__init__("what shall be done?", forms)
        self._forms = tuple(forms)

    def options(self) -> Sequence[Option]:
        """Return a row for each form."""
        return [_option(form) for form in self._forms]


def _option(form: Form) -> Option:
    text = Text(plain(form.title, _TITLE))
    if form.fields:
        text.append(" …")
    if form.missing:
        text.append(f"\n  {plain(form.missing, _REASON)}", style="dim")
    return Option(text, disabled=bool(form.missing))


class FormScreen(ModalScreen[Action | None], inherit_bindings=False):
    """Fields, what will be typed on the board, and two buttons; Cancel is the safe one.

    Args:
        form: What is asked.
        plan: Makes a plan of an action without touching the board.
        inspect: Judges the configuration that an action would use, on the board.
    """

    asks: ClassVar = True
    CSS_PATH = "doing.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar = [
        Binding("escape", "close", "close", tooltip="Close without doing it", id="form.close"),
        Binding("ctrl+c,ctrl+q", "app.leave", "quit", tooltip="Quit from here", id="form.quit"),
        Binding("tab,down", "app.focus_next", "next", show=False, id="form.next"),
        Binding("shift+tab,up", "app.focus_previous", "previous", show=False, id="form.previous"),
        Binding("pagedown", "page(1)", "further", show=False, id="form.further"),
        Binding("pageup", "page(-1)", "back", show=False, id="form.back"),
        Binding("ctrl+y", "copy", "copy", tooltip="Copy the commands", id="form.copy"),
    ]

    def __init__(
        self, form: Form, plan: Callable[[Action], Plan], inspect: Inspect | None = None
    ) -> None:
        super().__init__()
        self._form = form
        self._plan_of = plan
        self._action: Action | None = None
        self._plan: Plan | None = None
        self._refused: Problem | None = None
        self._inspect = inspect
        self._inspected: Inspection | None = None

    def compose(self) -> ComposeResult:
        """Yield fields, preview and buttons."""
        with Vertical(id="ask-box") as box:
            box.border_title = plain(self._form.title, _TITLE)
            box.border_subtitle = "PgDn shows more · Ctrl+Y copies the commands · Esc cancels"
            with VerticalScroll(id="ask-fields"):
                for field in self._form.fields:
                    yield from self._field(field)
                yield Lines(id="preview")
            with Horizontal(id="ask-buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Do it", id="do", variant="primary")

    def on_mount(self) -> None:
        """Show the plan; the keyboard begins in the first field, else on the safe button."""
        self.query_one("#ask-fields").can_focus = False
        first = self.query("Input, Select")
        self._make_plan()
        dangerous = self._plan is not None and bool(self._plan.danger)
        if first:
            first.first().focus()
        else:
            self.query_one("#cancel" if dangerous or self._plan is None else "#do").focus()

    def on_resize(self, event: events.Resize) -> None:
        """Lay the preview out for the room there is; the buttons stay on the screen."""
        room = event.size.height * _BOX_SHARE // 100 - _AROUND
        self.query_one("#ask-fields").styles.max_height = max(room, 1)
        self.call_after_refresh(self._show)

    def action_page(self, pages: int) -> None:
        """Scroll what is longer than the screen."""
        fields = self.query_one("#ask-fields")
        fields.scroll_relative(y=pages * max(fields.size.height - 1, 1), animate=False)

    def action_close(self) -> None:
        """Close without doing anything."""
        self.dismiss(None)

    def action_copy(self) -> None:
        """Copy the commands as they would be typed on the board."""
        if self._plan is not None:
            self.app.copy_to_clipboard(commands(self._plan))
            self.notify("commands copied", markup=False)

    @on(Input.Changed)
    @on(Select.Changed)
    def _changed(self) -> None:
        self._make_plan()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        if self._plan is not None and not self._plan.danger and not self._unsafe:
            self._do()
        else:
            self.query_one("#cancel").focus()

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#do")
    def _do(self) -> None:
        if self._plan is not None and self._action is not None and self._worth_doing:
            self.dismiss(self._action)

    @property
    def _worth_doing(self) -> bool:
        return self._plan is not None and bool(self._plan.steps or self._plan.boot_mode)

    @property
    def _unsafe(self) -> bool:
        return self._inspected is not None and bool(self._inspected.errors)

    def _field(self, field: Field) -> ComposeResult:
        yield Label(Text(plain(field.label, _TITLE)), classes="label")
        if field.choices:
            there = [(plain(name, 40), name) for name, missing in field.choices if not missing]
            value = field.value if field.value in dict(field.choices) else Select.NULL
            yield Select(there, value=value if there else Select.NULL, id=f"f-{field.name}")
            for name, missing in field.choices:
                if missing:
                    yield Label(
                        Text(f"not {plain(name, 20)}: {plain(missing, 200)}"), classes="hint"
                    )
        else:
            yield Input(field.value, id=f"f-{field.name}", select_on_focus=True)
        if field.hint:
            yield Label(Text(plain(field.hint, 200)), classes="hint")

    def _values(self) -> dict[str, str]:
        values: dict[str, str] = {}
        for field in self._form.fields:
            widget = self.query_one(f"#f-{field.name}")
            if isinstance(widget, Input):
                values[field.name] = widget.value
            elif isinstance(widget, Select):
                values[field.name] = "" if widget.is_blank() else str(widget.value)
        return values

    def _make_plan(self) -> None:
        self._action = self._plan = self._refused = None
        try:
            self._action = self._form.build(self._values())
            self._plan = self._plan_of(self._action)
        except Problem as problem:
            self._refused = problem
        self._inspected = None
        self._offer()
        self._show()
        if self._inspect is not None and self._action is not None:
            self.run_worker(self._judge(self._inspect, self._action), exclusive=True, group="judge")

    async def _judge(self, inspect: Inspect, action: Action) -> None:
        """Have the configuration judged, once the person has stopped typing."""
        await asyncio.sleep(_TYPING_S)
        try:
            seen = await inspect(action)
        except Problem as problem:
            seen = Inspection(unknown=problem.title)
        # A board answers late at times: the form may have been closed, or the console left.
        if action is self._action and self.query("#preview"):
            self._inspected = seen
            self._show()
            self._offer()

    def _offer(self) -> None:
        """Say on the button what pressing it means."""
        button = self.query_one("#do", Button)
        button.disabled = not self._worth_doing
        button.label = "Do it despite that" if self._unsafe else "Do it"
        harms = self._unsafe or (self._plan is not None and bool(self._plan.danger))
        button.variant = "error" if harms else "primary"
        button.refresh(layout=True)

    def _show(self) -> None:
        lines = self.query_one("#preview", Lines)
        rows: list[Row] = []
        if self._plan is not None:
            rows = plan_rows(self._plan, lines.size.width)
            if self._inspected is not None:
                rows += inspection_rows(self._inspected, lines.size.width)
        elif self._refused is not None:
            rows = refused_rows(self._refused, lines.size.width)
        lines.show_all(rows)
