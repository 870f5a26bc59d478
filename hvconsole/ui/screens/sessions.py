"""The Sessions screen: recordings to look through, play, export and delete."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from hvconsole.config.paths import sessions_dir
from hvconsole.model import units
from hvconsole.model.problem import RecordProblem
from hvconsole.model.recorded import SessionInfo
from hvconsole.session.sessions import SessionShelf, delete_session
from hvconsole.ui.actions import bindings
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.screens.asking import ConfirmScreen
from hvconsole.ui.screens.export import ExportScreen, Wanted
from hvconsole.ui.screens.lists import FilteredScreen
from hvconsole.ui.source import Status
from hvconsole.ui.view import sessions as view
from hvconsole.ui.widgets.bars import Lines
from hvconsole.ui.widgets.rows import RowsPanel


class SessionsScreen(FilteredScreen):
    """What was recorded, the newest first."""

    CSS_PATH: ClassVar = ["base.tcss", "sessions.tcss"]
    AUTO_FOCUS = "#sessions"
    BINDINGS: ClassVar[list[BindingType]] = bindings("sessions")

    def __init__(self) -> None:
        super().__init__()
        self._shelf = SessionShelf([sessions_dir()])
        self._infos: dict[str, SessionInfo] = {}
        self._order = next(iter(view.ORDERS))
        self._looked = False
        self._busy = ""
        self.marked: dict[str, None] = {}

    def body(self) -> ComposeResult:
        """Yield the list, the line to filter it, and what is said of the selected one."""
        yield RowsPanel("recorded sessions", id="sessions")
        yield from self.filter_line()
        yield Lines(id="about")

    def on_mount(self) -> None:
        """Look for recordings."""
        super().on_mount()
        self.action_refresh()

    def on_screen_resume(self) -> None:
        """Look again: a run may have ended meanwhile."""
        super().on_screen_resume()
        if self.is_mounted:
            self.action_refresh()

    def frame(self, status: Status) -> None:
        """Show the recordings that match."""
        del status
        panel, about = self.query_one("#sessions", RowsPanel), self.query_one("#about", Lines)
        shown = sorted(
            view.matching(list(self._infos.values()), self.words), key=view.ORDERS[self._order]
        )
        head, rows = view.session_rows(shown, panel.width_inside, self.marked)
        self.marked = {key: None for key in self.marked if key in self._infos}
        marked = f"{len(self.marked)} marked" if self.marked else ""
        info = [
            (marked, int(Role.KEY)),
            (self._busy, int(Role.WARN)),
            (self._order, int(Role.MUTED)),
        ]
        if self.words:
            found = f"“{self.words}”: {len(shown)} of {len(self._infos)}"
            info.insert(2, (found, int(Role.KEY)))
        panel.show(
            rows, head=head, info=tuple(piece for piece in info if piece[0]), empty=self._why_empty
        )
        about.show(view.about_rows(self.info, about.size.width, max(about.size.height, 1)))

    @property
    def info(self) -> SessionInfo | None:
        """The selected recording."""
        return self._infos.get(self.query_one("#sessions", RowsPanel).chosen)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what needs a recording where there is none."""
        if action in {"open", "export", "delete", "mark", "compare"}:
            return self.is_mounted and self.info is not None
        return super().check_action(action, parameters)

    def picked(self, panel: RowsPanel) -> None:
        """Play the recording that was clicked twice."""
        del panel
        self.action_open()

    def action_refresh(self) -> None:
        """Look for recordings, in a thread; a look that was begun before counts no longer."""
        look: Any = self._look  # for mypy, Textual's union has two answers here
        self.run_worker(look, group="look", exclusive=True, exit_on_error=False)

    def action_sort(self) -> None:
        """Take the next order."""
        names = list(view.ORDERS)
        self._order = names[(names.index(self._order) + 1) % len(names)]
        self.acted()

    def action_open(self) -> None:
        """Play the selected recording; a board that is open is left in order first."""
        info, status = self.info, self.source.status
        if info is None:
            return
        if status.link in {"none", "replay"}:
            self.attempt(self._open(info), "open")
            return
        said = [
            (f"{status.board} is left: its run ends, what was measured is kept.", Role.TEXT),
            ("What the console changed on it is undone.", Role.TEXT),
        ]
        self.app.push_screen(
            ConfirmScreen(f"leave {status.board} and play {info.name}?", said, do="Play"),
            lambda yes: self.attempt(self._open(info), "open") if yes else None,
        )

    def action_mark(self) -> None:
        """Mark the selected recording, or take the mark away; the next one is selected."""
        key = self.rows_panel.chosen
        if key in self.marked:
            del self.marked[key]
        else:
            self.marked[key] = None
        self.rows_panel.move(1)
        self.acted()

    async def action_compare(self) -> None:
        """Compare the marked recordings, in the order of their making; else the selected one."""
        info = self.info
        chosen = [self._infos[key] for key in self.marked if key in self._infos]
        if not chosen and info is not None:
            chosen = [info]
        self.host.compared = tuple(
            one.path for one in sorted(chosen, key=lambda one: (one.created, one.name))
        )
        await self.host.action_go("compare")

    def action_export(self) -> None:
        """Ask for a file, and write the recording to it."""
        info = self.info
        if info is None:
            return
        out = Path.cwd() / f"{info.name}.parquet"

        def answered(wanted: Wanted | None) -> None:
            if wanted is not None:
                self.attempt(self._export(info, *wanted), "export")

        self.app.push_screen(ExportScreen(info.name, out), answered)

    def action_delete(self) -> None:
        """Delete the selected recording, if really wanted."""
        info = self.info
        if info is None:
            return
        if self.host.recorded == info.path:
            self.tell(RecordProblem(f"{info.name} is being played", hint="play another one first"))
            return
        self.app.push_screen(
            ConfirmScreen(f"delete {info.name}?", view.what_goes(info), do="Delete"),
            lambda yes: self.attempt(self._delete(info), "delete") if yes else None,
        )

    def action_copy(self) -> None:
        """Copy the problem that is shown, else the command that plays the recording."""
        if not self.copy_problem() and self.info is not None:
            self.host.copy(shlex.join(["hvconsole", "replay", str(self.info.path)]), "command")

    @property
    def _why_empty(self) -> str:
        if not self._looked:
            return "looking for recordings"
        if self._infos:
            return f"nothing holds “{self.words}”"
        return f"nothing is recorded in {sessions_dir()} yet"

    async def _look(self) -> None:
        infos = await asyncio.to_thread(self._shelf.sessions)
        self._infos = {str(info.path): info for info in infos}
        self._looked = True
        self.acted()

    async def _open(self, info: SessionInfo) -> None:
        doors = self.host.doors
        if doors is None:
            return
        self._busy = f"opening {info.name}"
        self.acted()
        try:
            console = await asyncio.to_thread(doors.session, info.path)
            await self.host.take(console, recorded=info.path)
        finally:
            self._busy = ""
        self.host.did(f"replay {info.name}", ["hvconsole", "replay", str(info.path)])

    async def _export(self, info: SessionInfo, out: Path, table: str) -> None:
        self._busy = f"exporting {info.name}"
        self.acted()
        try:
            from hvconsole.analysis.export import (  # noqa: PLC0415  # polars only when wanted
                export_session,
            )

            written = await asyncio.to_thread(export_session, info.path, out, table=table)
        finally:
            self._busy = ""
        words = ["hvconsole", "export", str(info.path), "-o", str(out), "--table", table]
        self.host.did(f"export {info.name}", words)
        rows = sum(one.rows for one in written)
        self.notify(f"{units.grouped(rows, 20)} rows in {out}", title="exported", markup=False)

    async def _delete(self, info: SessionInfo) -> None:
        await asyncio.to_thread(delete_session, info.path)
        self.host.did(f"delete {info.name}", ["rm", "-r", "--", str(info.path)])
        self.notify(f"{info.name} is deleted", markup=False)
        # Not awaited here: one that was begun when the question closed may come home later than
        # this one, with what is gone.
        self.action_refresh()
