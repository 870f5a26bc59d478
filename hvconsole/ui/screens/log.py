"""The Log screen: what happened and what was done, on the samples' clock."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from hvconsole.model.problem import Problem
from hvconsole.model.text import ELLIPSIS
from hvconsole.record.manifest import read_manifest
from hvconsole.session.action_log import Act, ActionTail
from hvconsole.ui.actions import bindings
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.happenings import Happening
from hvconsole.ui.screens.lists import FilteredScreen
from hvconsole.ui.source import Status
from hvconsole.ui.view import log as view
from hvconsole.ui.view.equivalent import act_words
from hvconsole.ui.widgets.bars import Lines
from hvconsole.ui.widgets.rows import RowsPanel

_DEEPEST = 4  # a file may hold anything


class LogScreen(FilteredScreen):
    """Link, runs, problems and actions, the newest below."""

    CSS_PATH: ClassVar = ["base.tcss", "log.tcss"]
    AUTO_FOCUS = "#log"
    BINDINGS: ClassVar[list[BindingType]] = bindings("log")

    def __init__(self) -> None:
        super().__init__()
        self._tail: ActionTail | None = None
        self._runs: list[Mapping[str, Any]] = []
        self._entries: dict[str, view.Entry] = {}
        self._made: tuple[int, int, str] | None = None
        self.follows = True

    def body(self) -> ComposeResult:
        """Yield the lines, the line to filter them, and the whole text of the selected one."""
        yield RowsPanel("log", id="log")
        yield from self.filter_line()
        yield Lines(id="about")

    def frame(self, status: Status) -> None:
        """Show what is new."""
        self._read(status)
        panel, about = self.query_one("#log", RowsPanel), self.query_one("#about", Lines)
        shown = view.matching(list(self._entries.values()), self.words)
        head, rows = view.log_rows(shown, panel.width_inside)
        info = [("▸ following" if self.follows else "❚❚ not following", int(Role.MUTED))]
        if self.words:
            found = f"“{self.words}”: {len(shown)} of {len(self._entries)}"
            info.insert(0, (found, int(Role.KEY)))
        if self._tail is not None and self._tail.unreadable:
            info.insert(0, (f"{self._tail.unreadable} lines unreadable", int(Role.WARN)))
        panel.show(rows, head=head, info=tuple(info), empty="nothing happened yet")
        if self.follows and rows:
            panel.choose(rows[-1][0])
        keys = self.keys_of("log.command")
        height = max(about.size.height, 1)
        about.show(view.about_rows(self.entry, keys[0] if keys else "", about.size.width, height))

    @property
    def entry(self) -> view.Entry | None:
        """The selected line."""
        return self._entries.get(self.query_one("#log", RowsPanel).chosen)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what needs a command where there is none."""
        if action == "copy_command":
            return self.is_mounted and self.entry is not None and bool(self.entry.command)
        return super().check_action(action, parameters)

    def picked(self, panel: RowsPanel) -> None:
        """Copy the command of the line that was clicked twice."""
        del panel
        self.action_copy_command()

    def action_select(self, steps: int) -> None:
        """Go to another line; going up ends following."""
        self.follows = False
        super().action_select(steps)

    def action_page(self, pages: int) -> None:
        """Go a page down or up, which ends following."""
        self.follows = False
        super().action_page(pages)

    def action_first(self) -> None:
        """Go to the first line, which ends following."""
        self.follows = False
        super().action_first()

    def action_last(self) -> None:
        """Go to the newest line, and follow it."""
        self.follows = True
        super().action_last()

    def action_follow(self) -> None:
        """Follow the newest, or stay."""
        self.follows = not self.follows
        self.acted()

    def action_copy_command(self) -> None:
        """Copy the selected action as a command."""
        entry = self.entry
        if entry is not None and entry.command:
            self.host.copy(view.command_text(entry), "command")

    def action_copy(self) -> None:
        """Copy the problem that is shown, else the selected line."""
        if not self.copy_problem() and self.entry is not None:
            self.host.copy(view.as_text([self.entry]).split("\n", 1)[1], "line")

    def action_copy_all(self) -> None:
        """Copy all lines that are shown."""
        shown = view.matching(list(self._entries.values()), self.words)
        self.host.copy(view.as_text(shown), f"{len(shown)} lines")

    def _read(self, status: Status) -> None:
        """Bring the lines up to date, if anything happened."""
        session = status.recording or self.host.recorded
        if session is None:
            self._tail = None
        elif self._tail is None or self._tail.session != session:
            self._tail, self._runs = ActionTail(session), []
        if self._tail is not None:
            self._tail.read()
        acts = self._tail.acts if self._tail is not None else []
        made = (self.host.happenings.version, len(acts), str(session))
        if made == self._made:
            return
        self._made = made
        happenings = self.host.happenings
        entries = [_of_happening(at, one) for at, one in enumerate(happenings, happenings.first)]
        entries += [self._of_act(at, act, status.board) for at, act in enumerate(acts)]
        entries.sort(key=lambda entry: entry.wall_s)
        self._entries = {entry.key: entry for entry in entries}

    def _of_act(self, at: int, act: Act, board: str) -> view.Entry:
        run = act.details.get("run")
        if act.what == "run start" and isinstance(run, int) and run >= len(self._runs):
            self._runs = _settings(self._tail.session) if self._tail is not None else []
        text = "  ".join([act.what, *_words(act.details)])
        command = act_words(board, act.what, act.details, self._runs)
        bad = act.what.startswith("failed")
        return view.Entry(f"a{at}", act.wall_s, act.at_s, "action", text, command, bad)


def _of_happening(at: int, one: Happening) -> view.Entry:
    return view.Entry(f"h{at}", one.wall_s, one.at_s, one.kind, one.text, one.command, one.bad)


def _words(details: Mapping[str, Any]) -> list[str]:
    """Return the details of an action as words."""
    return [
        f"{name} {_worded(value)}"
        for name, value in details.items()
        if value not in (None, "", [], {})
    ]


def _worded(value: object, deep: int = 0) -> str:
    """Say a value as a person would; what is nested, with commas between its parts."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "unknown"}[value]
    if not isinstance(value, Mapping | list):
        return str(value)
    if deep >= _DEEPEST:
        return ELLIPSIS
    if isinstance(value, list):
        return ", ".join(_worded(one, deep + 1) for one in value)
    return ", ".join(f"{name} {_worded(one, deep + 1)}" for name, one in value.items())


def _settings(session: Path) -> list[Mapping[str, Any]]:
    """Return the settings of a session's runs; none where its manifest cannot be read."""
    try:
        return [run.settings for run in read_manifest(session).runs]
    except Problem:
        return []
