"""Adding a condition to a plan: fields, and the lines of TOML that they become."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input

from hvconsole.model.problem import UsageProblem
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.screens.asking import Said
from hvconsole.ui.screens.fields import FieldsScreen

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


class ConditionScreen(FieldsScreen[str]):
    """Asks for a condition; answers with its TOML.

    Args:
        modes: Boot modes of the board, as far as they are known.
    """

    AUTO_FOCUS = "#c-name"
    BINDINGS: ClassVar = [
        Binding("down", "app.focus_next", "next", show=False, id="condition.next"),
        Binding("up", "app.focus_previous", "previous", show=False, id="condition.previous"),
    ]

    def __init__(self, modes: Sequence[str]) -> None:
        super().__init__("add a condition", do="Add")
        self._modes = tuple(modes)

    @property
    def wanted(self) -> str:
        """The condition as it would be written.

        Raises:
            UsageProblem: A field makes no sense.
        """
        return condition_toml({key: self.typed(f"c-{key}") for key, *_ in _FIELDS})

    def fields(self) -> Iterator[tuple[str, Widget]]:
        """Yield the fields; where words are known, they are suggested."""
        suggested = {"mode": self._modes, "governor": _GOVERNORS}
        modes = ", ".join(self._modes[:4]) or "native"
        for key, label, about in _FIELDS:
            words = SuggestFromList(suggested[key]) if suggested.get(key) else None
            placeholder = about.format(modes=modes)
            yield label, Input(placeholder=placeholder, id=f"c-{key}", suggester=words)

    def judge(self) -> tuple[Sequence[Said], bool]:
        """Show the lines that would be added, or what is wrong."""
        try:
            return [(line, Role.MUTED) for line in self.wanted.splitlines()], True
        except UsageProblem as problem:
            return [(problem.title, Role.WARN)], False


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
