"""Adding a condition to a plan: fields, and the lines of TOML that they become."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Button, Input, Label

from hvconsole.model.problem import UsageProblem
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.screens.asking import said_rows
from hvconsole.ui.widgets.bars import Lines

_FIELDS = (
    ("name", "name", "stands in every table: xen-credit"),
    ("mode", "boot mode", "{modes}; empty takes the board as it is"),
    ("do", "do", "as hvconsole hv has it; ';' between: create busy.cfg ; sched busy cap=50"),
    ("loads", "loads", "NAME@CPU, with blanks between: cpuburn-a8@0"),
    ("governor", "governor", "performance, schedutil; empty leaves it"),
    ("seconds", "seconds", "of a run, where it differs from the plan"),
    ("fifo", "FIFO", "priority of the sampler, 1 to 99; empty for none"),
)
_GOVERNORS = ("performance", "powersave", "schedutil", "ondemand", "conservative")


class ConditionScreen(ModalScreen[str | None], inherit_bindings=False):
    """Asks for a condition; answers with its TOML.

    Args:
        modes: Boot modes of the board, as far as they are known.
    """

    CSS_PATH = "plan.tcss"
    AUTO_FOCUS = "#c-name"
    BINDINGS: ClassVar = [
        Binding("escape", "close", "close", tooltip="Close without adding", id="condition.close"),
        Binding("ctrl+c,ctrl+q", "app.leave", "quit", tooltip="Quit", id="condition.quit"),
        Binding("tab,down", "app.focus_next", "next", show=False, id="condition.next"),
        Binding("shift+tab,up", "app.focus_previous", "previous", show=False,
                id="condition.previous"),
    ]  # fmt: skip

    def __init__(self, modes: Sequence[str]) -> None:
        super().__init__()
        self._modes = tuple(modes)

    def compose(self) -> ComposeResult:
        """Yield the fields and the buttons."""
        suggested = {"mode": self._modes, "governor": _GOVERNORS}
        with Vertical(id="ask-box") as box:
            box.border_title = "add a condition"
            box.border_subtitle = "Esc cancels"
            for key, label, about in _FIELDS:
                with Horizontal(classes="field"):
                    yield Label(label, classes="label")
                    modes = ", ".join(self._modes[:4]) or "native"
                    words = suggested.get(key, ())
                    yield Input(
                        placeholder=about.format(modes=modes),
                        id=f"c-{key}",
                        suggester=SuggestFromList(words) if words else None,
                    )
            yield Lines(id="trial")
            with Horizontal(id="ask-buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Add", id="do", variant="primary")

    def on_mount(self) -> None:
        """Show what it would be."""
        self.call_after_refresh(self._judge)

    def on_resize(self, _event: events.Resize) -> None:
        """Lay the words out for the room there is."""
        self.call_after_refresh(self._judge)

    def action_close(self) -> None:
        """Close without adding."""
        self.dismiss(None)

    @property
    def toml(self) -> str:
        """The condition as it would be written.

        Raises:
            UsageProblem: A field makes no sense.
        """
        return condition_toml(
            {key: self.query_one(f"#c-{key}", Input).value.strip() for key, _, _ in _FIELDS}
        )

    @on(Input.Changed)
    def _judge(self) -> None:
        try:
            said = [(line, Role.MUTED) for line in self.toml.splitlines()]
        except UsageProblem as problem:
            said = [(problem.title, Role.WARN)]
            self.query_one("#do", Button).disabled = True
        else:
            self.query_one("#do", Button).disabled = False
        lines = self.query_one("#trial", Lines)
        rows = said_rows(said, lines.size.width)
        lines.styles.height = len(rows)
        lines.show(rows)

    @on(Input.Submitted)
    @on(Button.Pressed, "#do")
    def _agreed(self) -> None:
        if not self.query_one("#do", Button).disabled:
            self.dismiss(self.toml)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)


def condition_toml(fields: Mapping[str, str]) -> str:
    """Return a condition as TOML.

    Args:
        fields: Texts by name, as they were typed; empty ones are left out.

    Raises:
        UsageProblem: One of them makes no sense; the plan's own checks come after that.
    """
    if not fields.get("name"):
        raise UsageProblem("give the condition a name")
    lines = ["[[conditions]]", f"name = {_text(fields['name'])}"]
    if fields.get("mode"):
        lines.append(f"mode = {_text(fields['mode'])}")
    if fields.get("governor"):
        lines.append(f"governor = {_text(fields['governor'])}")
    if actions := _actions(fields.get("do", "")):
        lines.append(f"do = [{', '.join(_list(words) for words in actions)}]")
    measure = []
    if fields.get("seconds"):
        measure.append(f"seconds = {_number(fields['seconds'], 'seconds', float):g}")
    if fields.get("fifo"):
        measure.append(f"fifo = {_number(fields['fifo'], 'FIFO', int)}")
    if loads := fields.get("loads", "").split():
        measure.append(f"loads = {_list(loads)}")
    if measure:
        lines.append(f"measure = {{{', '.join(measure)}}}")
    return "\n".join(lines) + "\n"


def _actions(text: str) -> list[list[str]]:
    try:
        found = [shlex.split(part) for part in text.split(";")]
    except ValueError as error:
        raise UsageProblem(f"do: {error}") from None
    return [words for words in found if words]


def _number(text: str, what: str, kind: type[float | int]) -> float:
    try:
        return kind(text)
    except ValueError:
        raise UsageProblem(f"{what}: {text!r} is no number") from None


def _list(words: Sequence[str]) -> str:
    return f"[{', '.join(_text(word) for word in words)}]"


def _text(text: str) -> str:
    # A JSON string is a basic string of TOML, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
