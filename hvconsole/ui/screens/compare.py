"""The Compare screen: conditions over each other, with intervals, verdicts and their reasons."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from hvconsole.analysis.conditions import FIGURES
from hvconsole.config.paths import sessions_dir
from hvconsole.model.problem import RecordProblem
from hvconsole.model.text import plain
from hvconsole.ui.actions import bindings
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.chart.frame import Caption, Pieces
from hvconsole.ui.screens.comparing import compared, judge, write_page, write_table
from hvconsole.ui.screens.file import FileScreen, into_a_new_file, recordings_at
from hvconsole.ui.screens.lists import ListScreen
from hvconsole.ui.screens.reasons import ReasonsScreen
from hvconsole.ui.source import Status
from hvconsole.ui.view import compare as view
from hvconsole.ui.widgets.bars import Lines
from hvconsole.ui.widgets.picture import PicturePanel
from hvconsole.ui.widgets.rows import RowsPanel

if TYPE_CHECKING:
    from hvconsole.analysis.runs import MeasuredRun

_HOW = "mark recordings in Sessions (F6) and press x, or o to name a campaign"
_RUNS = (".csv", ".parquet")
_PAGE = ".html"


class CompareScreen(ListScreen):
    """What runs of several conditions show, and what they cannot."""

    CSS_PATH: ClassVar = ["base.tcss", "compare.tcss"]
    AUTO_FOCUS = "#conditions"
    BINDINGS: ClassVar[list[BindingType]] = bindings("compare")

    def __init__(self) -> None:
        super().__init__()
        self._paths: tuple[Path, ...] = ()
        self._runs: list[MeasuredRun] = []
        self._reference: str | None = None
        self._busy = ""
        self.what: view.Compared | None = None
        self.figure = FIGURES[0]
        self.kind: view.Picture = view.PICTURES[0]
        self.logarithmic = True
        self.hidden: frozenset[str] = frozenset()

    def body(self) -> ComposeResult:
        """Yield the picture, the table of conditions, and what is to be known of them."""
        yield PicturePanel(id="picture")
        yield RowsPanel("conditions", id="conditions")
        yield Lines(id="about")

    def on_mount(self) -> None:
        """Compare what was chosen."""
        super().on_mount()
        self._follow()

    def on_screen_resume(self) -> None:
        """Compare what was chosen meanwhile."""
        super().on_screen_resume()
        if self.is_mounted:
            self._follow()

    def frame(self, status: Status) -> None:
        """Show the comparison as it is."""
        del status
        what, panel = self.what, self.query_one("#conditions", RowsPanel)
        chart, about = self.query_one("#picture", PicturePanel), self.query_one("#about", Lines)
        if what is None:
            chart.say(self._busy or _HOW, Caption("conditions over each other"))
            panel.show((), empty=self._busy or "nothing is compared yet")
            about.show([])
            return
        head, rows = view.condition_rows(what, self.figure, self.hidden, panel.width_inside)
        panel.title = f"{self.figure.title}, relative to {plain(what.comparison.reference, 40)}"
        panel.show(rows, head=head, info=self._info())
        panel.styles.height = min(len(rows) + 3, max(self.size.height // 2, 5))
        scale = "log" if self.logarithmic else "linear"
        caption = Caption(
            view.ABOUT[self.kind] if self.kind != "runs" else f"{self.figure.title}: each run",
            info=(*view.labels(what), (scale, int(Role.MUTED))),
        )
        chosen = self.figure, self.kind, self.hidden

        def draw(width: int, height: int) -> list[Row]:
            figure, kind, hidden = chosen
            return view.picture(what, figure, kind, hidden, (width, height), log=self.logarithmic)

        chart.show(draw, caption, (id(what), *chosen, self.logarithmic))
        about.show(view.note_rows(what, about.size.width, max(about.size.height, 1)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what needs a comparison where there is none."""
        needs = {"why", "reference", "figure", "picture", "scale", "hide", "export", "copy_table"}
        if action in needs:
            return self.what is not None
        return super().check_action(action, parameters)

    def picked(self, panel: RowsPanel) -> None:
        """Say why, for the condition that was clicked twice."""
        del panel
        self.action_why()

    def action_open(self) -> None:
        """Ask for a campaign or recordings, and compare those."""
        here = self._paths[0] if len(self._paths) == 1 else sessions_dir()

        def answered(path: Path | None) -> None:
            if path is not None:
                self.host.compared = tuple(recordings_at(path))
                self._follow()

        self.app.push_screen(
            FileScreen("compare", "folder", str(here), judge, do="Compare"), answered
        )

    def action_again(self) -> None:
        """Read the recordings again."""
        if self._paths:
            self._read()

    def action_figure(self, steps: int) -> None:
        """Take another figure."""
        self.figure = view.figure_at(steps, self.figure)
        self.acted()

    def action_picture(self) -> None:
        """Take another picture."""
        at = view.PICTURES.index(self.kind)
        self.kind = view.PICTURES[(at + 1) % len(view.PICTURES)]
        self.acted()

    def action_scale(self) -> None:
        """Take the other scale."""
        self.logarithmic = not self.logarithmic
        self.acted()

    def action_hide(self) -> None:
        """Leave the selected condition out of the picture, or show it again."""
        self.hidden ^= {self.rows_panel.chosen}
        self.acted()

    def action_reference(self) -> None:
        """Show the others relative to the selected condition."""
        self._reference = self.rows_panel.chosen
        self.attempt(self._compare(), "compare")

    def action_why(self) -> None:
        """Say what the verdict on the selected condition rests on."""
        what = self.what
        if what is None:
            return
        name = self.rows_panel.chosen
        pair = what.comparison.against_reference(name, self.figure.key)
        if pair is None:  # the reference: all that is said about it and the others
            from hvconsole.analysis.findings import findings  # noqa: PLC0415  # when it is wanted

            said = [view.sentence(one) for one in findings(what.comparison)]
            self.app.push_screen(ReasonsScreen("what the runs show", said))
            return
        from hvconsole.analysis.reasons import reasons  # noqa: PLC0415  # likewise

        title = f"{self.figure.title}: {plain(name, 30)} to {plain(pair.reference, 30)}"
        self.app.push_screen(ReasonsScreen(title, reasons(what.comparison, pair)))

    def action_export(self) -> None:
        """Ask for a file: a table of the runs, or the report as a page."""
        out = Path.cwd() / "comparison.html"

        def answered(path: Path | None) -> None:
            if path is not None:
                self.attempt(self._export(path), "export")

        into = into_a_new_file({_PAGE: "the report", **dict.fromkeys(_RUNS, "a row for each run")})
        self.app.push_screen(
            FileScreen("export the comparison", "file", str(out), into, do="Export"), answered
        )

    def action_copy(self) -> None:
        """Copy the problem that is shown, else the command that compares the same."""
        if not self.copy_problem() and self._paths:
            self.host.copy(shlex.join(self._words("compare")), "command")

    def action_copy_table(self) -> None:
        """Copy the table that is shown, tab-separated."""
        if self.what is not None:
            self.host.copy(view.table_text(self.what, self.figure), "table")

    def _info(self) -> Pieces:
        number = len(self._runs)
        busy = ((self._busy, int(Role.WARN)),) if self._busy else ()
        return (*busy, (f"{number} run{'s' * (number != 1)}", int(Role.MUTED)))

    def _words(self, command: str) -> list[str]:
        given = ["--reference", self._reference] if self._reference else []
        return ["hvconsole", command, *given, *(str(path) for path in self._paths)]

    def _follow(self) -> None:
        """Read what was chosen, where that is something else than before."""
        if self.host.compared != self._paths:
            self._paths = self.host.compared
            self.hidden, self._reference, self.what = frozenset(), None, None
            self._read()

    def _read(self) -> None:
        work: Any = self._reading  # for mypy, Textual's union has two answers here
        self.run_worker(work, group="read", exclusive=True, exit_on_error=False)

    async def _reading(self) -> None:
        try:
            await self._attempt(self._load(self._paths))
        finally:
            self._busy = ""
            self.acted()

    async def _load(self, paths: Sequence[Path]) -> None:
        """Read the runs one session after the other, so that one sees how far it is."""
        from hvconsole.analysis.chosen import sessions_in  # noqa: PLC0415  # numpy and more
        from hvconsole.analysis.runs import measured_runs  # noqa: PLC0415  # likewise

        self._busy = "looking for recordings"
        self.acted()
        sessions = await asyncio.to_thread(sessions_in, paths)
        runs: list[MeasuredRun] = []
        for number, session in enumerate(dict.fromkeys(sessions), 1):
            self._busy = f"reading {number} of {len(sessions)}"
            self.acted()
            runs += await asyncio.to_thread(measured_runs, [session])
        if not runs:
            raise RecordProblem("nothing to compare", hint=_HOW)
        self._runs = runs
        await self._compare()

    async def _compare(self) -> None:
        self._busy = "comparing"
        self.acted()
        try:
            runs, reference = self._runs, self._reference
            what = await asyncio.to_thread(compared, runs, reference, self._paths)
            if runs is self._runs and reference == self._reference:  # else a later one is at it
                self.what = what
        finally:
            self._busy = ""
            self.acted()

    async def _export(self, path: Path) -> None:
        self._busy = f"writing {path.name}"
        self.acted()
        try:
            if path.suffix == _PAGE:
                words = [*self._words("report"), "-o", str(path)]
                await asyncio.to_thread(write_page, self._paths, path, self._reference)
            else:
                words = [*self._words("compare"), "--runs", str(path)]
                await asyncio.to_thread(write_table, self._runs, path)
        finally:
            self._busy = ""
        self.host.did("export the comparison", words)
        self.notify(str(path), title="written", markup=False)
