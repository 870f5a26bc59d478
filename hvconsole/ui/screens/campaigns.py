"""The Campaigns screen: plans to begin, campaigns to go on with, and the one that runs."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from hvconsole.config.paths import plans_dir
from hvconsole.model.problem import UsageProblem
from hvconsole.ui.actions import bindings
from hvconsole.ui.campaigns import CampaignCard, Campaigns, PlanCard
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.chart.frame import Caption
from hvconsole.ui.screens.asking import ConfirmScreen
from hvconsole.ui.screens.lists import ListScreen
from hvconsole.ui.screens.plan import Planned, PlanScreen
from hvconsole.ui.source import Status
from hvconsole.ui.view import campaigns as view
from hvconsole.ui.widgets.picture import PicturePanel
from hvconsole.ui.widgets.rows import RowsPanel

_NEW = """\
name = "mine"
about = ""
board = "{board}"
repetitions = 5
warm_up_s = 2

[measure]
seconds = 10
"""


class CampaignsScreen(ListScreen):
    """Plans and campaigns, and what the one that runs does."""

    CSS_PATH: ClassVar = ["base.tcss", "campaigns.tcss"]
    AUTO_FOCUS = "#cards"
    BINDINGS: ClassVar[list[BindingType]] = bindings("campaigns")

    def __init__(self) -> None:
        super().__init__()
        self._plans: dict[str, PlanCard] = {}
        self._begun: dict[str, CampaignCard] = {}
        self._looked = False
        self._settled = -1

    def body(self) -> ComposeResult:
        """Yield the list, and the campaign that runs."""
        yield RowsPanel("plans and campaigns", id="cards")
        yield PicturePanel(id="progress")

    @property
    def campaigns(self) -> Campaigns:
        """Plans and campaigns."""
        found = self.host.campaigns
        if found is None:
            raise UsageProblem("this console runs no campaigns", hint="it is read-only")
        return found

    def on_mount(self) -> None:
        """Look for plans and campaigns."""
        super().on_mount()
        self.action_refresh()

    def on_screen_resume(self) -> None:
        """Look again: a file may have come."""
        super().on_screen_resume()
        if self.is_mounted:
            self.action_refresh()

    def frame(self, status: Status) -> None:
        """Show the list and the progress."""
        del status
        progress = self.campaigns.progress
        panel, below = (
            self.query_one("#cards", RowsPanel),
            self.query_one("#progress", PicturePanel),
        )
        head, rows = view.card_rows(
            list(self._plans.values()), list(self._begun.values()), progress, panel.width_inside
        )
        panel.show(rows, head=head, empty="nothing here" if self._looked else "looking for plans")
        below.display = progress is not None
        if progress is None:
            return
        if progress.settled != self._settled:
            self._settled = progress.settled
            self.action_refresh()

        def draw(width: int, height: int) -> list[Row]:
            return view.progress_rows(progress, width, height)

        title = Caption(
            f"{progress.name} on {progress.board}", info=((progress.state, int(Role.KEY)),)
        )
        below.show(draw, title, progress)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what cannot be done."""
        if action == "stop":
            progress = self.host.campaigns.progress if self.host.campaigns else None
            return progress is not None and progress.state == "running"
        if action in {"open", "copy"}:
            return self.is_mounted and bool(self.rows_panel.chosen)
        if action == "compare":
            card = self._begun.get(self.rows_panel.chosen) if self.is_mounted else None
            return card is not None and card.kept > 0
        return super().check_action(action, parameters)

    def picked(self, panel: RowsPanel) -> None:
        """Open what was clicked twice."""
        del panel
        self.action_open()

    def action_refresh(self) -> None:
        """Look for plans and campaigns, in a thread."""
        look: Any = self._look  # for mypy, Textual's union has two answers here
        self.run_worker(look, group="look", exclusive=True, exit_on_error=False)

    def action_open(self) -> None:
        """Look at a plan, or go on with a campaign."""
        key = self.rows_panel.chosen
        if key in self._begun:
            self._go_on(self._begun[key])
        elif key in self._plans:
            card = self._plans[key]
            own = card.origin == "own"
            self._edit(self.campaigns.text_of(card.path), card.path, own=own)

    def action_new(self) -> None:
        """Write a new plan."""
        status = self.source.status
        board = status.board if status.link not in {"none", "replay"} else "sim"
        self._edit(_NEW.format(board=board), plans_dir() / "mine.toml", own=True)

    async def action_compare(self) -> None:
        """Compare the runs that a campaign kept."""
        self.host.compared = (Path(self.rows_panel.chosen),)
        await self.host.action_go("compare")

    def action_stop(self) -> None:
        """End the campaign that runs, if really wanted."""
        progress = self.campaigns.progress
        if progress is None:
            return
        said = [
            ("The run under way is not kept; what was changed on the board is undone.", Role.TEXT),
            ("The campaign can be gone on with later.", Role.TEXT),
        ]
        self.app.push_screen(
            ConfirmScreen(f"end the campaign {progress.name}?", said, do="End it"),
            lambda yes: self.attempt(self.campaigns.stop(), "stop") if yes else None,
        )

    def action_copy(self) -> None:
        """Copy the problem that is shown, else the command that does the same."""
        if self.copy_problem():
            return
        key = self.rows_panel.chosen
        words = ["hvconsole", "run", key]
        if (card := self._begun.get(key)) is not None:
            plan = str(card.path / "plan.toml")
            words = ["hvconsole", "run", plan, "--board", card.board, "--resume", key]
        self.host.copy(shlex.join(words), "command")

    def _edit(self, text: str, path: Path, *, own: bool) -> None:
        def answered(planned: Planned | None) -> None:
            if planned is not None:
                self._begin(planned.text, planned.path, planned.board, None)

        screen = PlanScreen(self.campaigns, text, path, own=own, may_begin=self._may_begin)
        self.app.push_screen(screen, answered)

    def _go_on(self, card: CampaignCard) -> None:
        if not card.left:
            self.notify("all its runs are made: x compares them", markup=False)
            return
        text = self.campaigns.text_of(card.path)
        said = [
            (
                f"{card.kept} of {card.runs} runs are kept; {card.left} are still to be made.",
                Role.TEXT,
            ),
            (f"Board: {card.board}", Role.TEXT),
        ]
        self.app.push_screen(
            ConfirmScreen(f"go on with {card.name}?", said, do="Go on"),
            lambda yes: (
                self._begin(text, card.path / "plan.toml", card.board, card.path) if yes else None
            ),
        )

    def _begin(self, text: str, path: Path, board: str, folder: Path | None) -> None:
        self.attempt(self._really_begin(text, path, board, folder), "begin")

    def _may_begin(self, path: Path, board: str) -> None:
        """Raise a problem if a campaign cannot be begun on a board now."""
        status = self.source.status
        if status.link not in {"none", "replay"} and status.board == board:
            raise UsageProblem(
                f"this console measures on {board} itself",
                detail="two that measure at once would measure each other",
                hint="leave the board first: F5, and choose another; or run it beside: "
                f"hvconsole run {path}",
            )
        self.campaigns.may_begin(path, board)

    async def _really_begin(self, text: str, path: Path, board: str, folder: Path | None) -> None:
        self._may_begin(path, board)
        self.campaigns.begin(text, path, board, folder)
        words = ["hvconsole", "run", str(path), "--board", board]
        self.host.did(
            f"campaign {path.stem}", [*words, *(["--resume", str(folder)] if folder else [])]
        )
        self.acted()

    async def _look(self) -> None:
        plans, begun = await asyncio.to_thread(self.campaigns.cards)
        self._plans = {str(one.path): one for one in plans}
        self._begun = {str(one.path): one for one in begun}
        self._looked = True
        self.acted()
