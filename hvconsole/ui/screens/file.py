"""Asking for one file or folder, judged while it is typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from textual.widget import Widget
from textual.widgets import Input

from hvconsole.analysis.chosen import CAMPAIGN
from hvconsole.config.named import is_there
from hvconsole.model.recorded import SUFFIX
from hvconsole.model.text import plain
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.screens.asking import Said
from hvconsole.ui.screens.fields import FieldsScreen

Judge = Callable[[Path], tuple[str, bool]]
"""Says what will be done with a path, or why it cannot be; and whether it can."""


class FileScreen(FieldsScreen[Path]):
    """Asks for a path.

    Args:
        title: What it is for.
        label: What stands before the field.
        offered: The path that is offered.
        judge: Judges what is typed; cheap.
        do: What the button says.
    """

    AUTO_FOCUS = "#file"

    def __init__(self, title: str, label: str, offered: str, judge: Judge, *, do: str) -> None:
        super().__init__(plain(title, 60), do=do)
        self._label, self._offered, self._of_path = label, offered, judge

    @property
    def wanted(self) -> Path:
        """The path."""
        return self.typed_path("file")

    def fields(self) -> Iterator[tuple[str, Widget]]:
        """Yield the one field."""
        yield self._label, Input(self._offered, id="file", select_on_focus=False)

    def judge(self) -> tuple[Sequence[Said], bool]:
        """Say what is said of the path."""
        return judged(self._of_path(self.wanted))


def judged(found: tuple[str, bool]) -> tuple[Sequence[Said], bool]:
    """Return what a judge found as a form shows it."""
    text, good = found
    return [(text, Role.TEXT if good else Role.WARN)], good


def into_a_new_file(suffixes: Mapping[str, str]) -> Judge:
    """Return what judges a file to be written: its suffix says what, and it must not be there."""

    def judge(path: Path) -> tuple[str, bool]:
        what = suffixes.get(path.suffix)
        if what is None:
            return f"end the name in {', '.join(suffixes)}", False
        if is_there(path):
            return f"{path} exists already: choose another name", False
        return f"writes {what} to {path.absolute()}", True

    return judge


def recordings_at(path: Path) -> list[Path]:
    """Return what can be compared at a path: a campaign, a recording, or the recordings in it."""
    try:
        if path.suffix in {CAMPAIGN, SUFFIX}:
            return [path] if path.is_dir() else []
        return sorted(one for one in path.iterdir() if one.suffix == SUFFIX and one.is_dir())
    except (OSError, ValueError):
        return []
