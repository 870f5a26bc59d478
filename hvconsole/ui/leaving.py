"""An app that leaves the board as it was found, by whatever way it is left."""

from __future__ import annotations

import contextlib

from rich.text import Text

from hvconsole.model.problem import Problem
from hvconsole.ui.campaigns import Campaigns
from hvconsole.ui.pictures import PictureApp
from hvconsole.ui.source import Console
from hvconsole.ui.view.problem import unforeseen


class LeavingApp(PictureApp, inherit_bindings=False):
    """Ends runs and campaigns in order before it ends itself.

    Attributes:
        source: The board or the recording.
        campaigns: Plans and campaigns; None where none can be run.
    """

    source: Console
    campaigns: Campaigns | None
    _leaving = False
    _hurried = False

    def gone(self) -> None:
        """Leave because nobody looks any more: the terminal is gone, or a signal says so."""
        if not self._leaving:
            self.action_leave()

    async def on_unmount(self) -> None:
        """Leave the board as it was found, by whatever way the console was left."""
        if not self._hurried:
            if self.campaigns is not None:
                await self.campaigns.stop()
            with contextlib.suppress(Problem):
                await self.source.close()

    def action_leave(self) -> None:
        """Leave the board as it was found and quit; the second time, quit at once."""
        if self._leaving:
            self._hurried = True
            self.exit(return_code=1, message=Text("left before the board was tidied up"))
            return
        self._leaving = True
        progress = self.campaigns.progress if self.campaigns is not None else None
        runs = self.source.status.run in {"preparing", "running", "ending"}
        if runs or (progress is not None and progress.runs_now):
            self.notify("ending the run and tidying up", title="quit", markup=False)
        self.run_worker(self._close(), group="leave", exit_on_error=False)

    async def _close(self) -> None:
        code, message = 0, None
        try:
            if self.campaigns is not None:
                await self.campaigns.stop()
            await self.source.close()
        except Problem as problem:
            code, message = problem.exit_code, Text("\n".join(problem.lines()))
        except Exception as error:  # noqa: BLE001  # a fault of ours must not keep anybody here
            code, message = 1, Text("\n".join(unforeseen(error).lines()))
        self.exit(return_code=code, message=message)
