"""The Boards screen: which boards there are, connecting to one, adding and changing them."""

from __future__ import annotations

import asyncio
import importlib
import shlex
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from hvconsole.config.boards import BoardEntry
from hvconsole.config.paths import boards_file
from hvconsole.model.problem import Problem
from hvconsole.ui.actions import bindings
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.doors import BoardCard
from hvconsole.ui.modes import CHARTS
from hvconsole.ui.screens.asking import ConfirmScreen
from hvconsole.ui.screens.lists import ListScreen
from hvconsole.ui.source import Status
from hvconsole.ui.view.boards import about_rows, board_rows
from hvconsole.ui.view.equivalent import connect_words
from hvconsole.ui.widgets.bars import Lines
from hvconsole.ui.widgets.rows import RowsPanel


class BoardsScreen(ListScreen):
    """What the console begins with when no board is named."""

    CSS_PATH: ClassVar = ["base.tcss", "boards.tcss"]
    AUTO_FOCUS = "#boards"
    BINDINGS: ClassVar[list[BindingType]] = bindings("boards")

    def __init__(self) -> None:
        super().__init__()
        self._cards: dict[str, BoardCard] = {}
        self._opening = False

    def body(self) -> ComposeResult:
        """Yield the list, and what the selected board needs."""
        yield RowsPanel("boards", id="boards")
        yield Lines(id="about")

    def on_mount(self) -> None:
        """Read the boards; load what draws once this is on the terminal."""
        super().on_mount()
        self._read()
        self.call_after_refresh(lambda: self.run_worker(_load_charts(), exit_on_error=False))

    def on_screen_resume(self) -> None:
        """Read the boards again: a lab board may run now."""
        super().on_screen_resume()
        if self.is_mounted:
            self._read()

    def frame(self, status: Status) -> None:
        """Show the boards."""
        panel, about = self.query_one("#boards", RowsPanel), self.query_one("#about", Lines)
        current = status.board if status.link not in {"none", "replay"} else ""
        head, rows = board_rows(list(self._cards.values()), current, panel.width_inside)
        panel.show(rows, head=head, empty="no boards")
        keys = self.keys_of("boards.add")
        height = max(about.size.height, 1)
        about.show(
            about_rows(
                self.card, str(boards_file()), keys[0] if keys else "", about.size.width, height
            )
        )

    @property
    def card(self) -> BoardCard | None:
        """The selected board."""
        return self._cards.get(self.query_one("#boards", RowsPanel).chosen)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what the selected board does not allow."""
        if action in {"edit", "remove"}:
            return self.is_mounted and self.card is not None and self.card.own
        if action in {"open", "copy"}:
            return self.is_mounted and self.card is not None and not self._opening
        return super().check_action(action, parameters)

    def picked(self, panel: RowsPanel) -> None:
        """Connect to the board that was clicked twice."""
        del panel
        self.action_open()

    def action_open(self) -> None:
        """Connect to the selected board; what is open is left in order first."""
        card, status = self.card, self.source.status
        if card is None:
            return
        if status.board == card.name and status.link not in {"none", "lost", "replay"}:
            self.attempt(self.leave(), "open")
        elif status.link in {"none", "replay"}:
            self.attempt(self._open(card), "open")
        else:
            said = [
                (f"{status.board} is left: its run ends, what was measured is kept.", Role.TEXT),
                ("What the console changed on it is undone.", Role.TEXT),
            ]
            self.app.push_screen(
                ConfirmScreen(f"leave {status.board} for {card.name}?", said, do="Connect"),
                lambda yes: self.attempt(self._open(card), "open") if yes else None,
            )

    def action_add(self) -> None:
        """Ask for a board."""
        self._ask("", None)

    def action_edit(self) -> None:
        """Ask what is to be changed."""
        from hvconsole.config.boards_edit import read_entry  # noqa: PLC0415  # not at first paint

        card = self.card
        if card is not None and card.own:
            try:
                self._ask(card.name, read_entry(card.name))
            except Problem as problem:
                self.tell(problem)

    def action_remove(self) -> None:
        """Take a board out of boards.toml, if really wanted."""
        card = self.card
        if card is None or not card.own:
            return
        said = [
            (f"'{card.name}' ({card.way}) is taken out of {boards_file()}.", Role.TEXT),
            ("Its recordings stay.", Role.MUTED),
        ]
        self.app.push_screen(
            ConfirmScreen(f"remove board '{card.name}'?", said, do="Remove"),
            lambda yes: self._remove(card.name) if yes else None,
        )

    def action_copy(self) -> None:
        """Copy the problem that is shown, else the command that connects."""
        card = self.card
        if not self.copy_problem() and card is not None:
            self.host.copy(shlex.join(connect_words(card.name)), "command")

    async def _open(self, card: BoardCard) -> None:
        doors = self.host.doors
        if doors is None or self._opening:
            return
        self._opening = True
        try:
            console = doors.board(card.name)
            await self.host.take(console)
            self.host.did(f"connect to {card.name}", connect_words(card.name))
        finally:
            self._opening = False

    def _ask(self, name: str, entry: BoardEntry | None) -> None:
        from hvconsole.ui.screens.board_form import (  # noqa: PLC0415  # not at first paint
            BoardFormScreen,
            Wanted,
        )

        doors = self.host.doors
        if doors is None:
            return

        def answered(wanted: Wanted | None) -> None:
            if wanted is not None:
                self._save(name, *wanted)

        self.app.push_screen(BoardFormScreen(doors, name, entry), answered)

    def _save(self, before: str, name: str, entry: BoardEntry) -> None:
        from hvconsole.config import boards, boards_edit  # noqa: PLC0415  # not at first paint

        try:
            if before:
                path = boards_edit.change_board(before, entry, new_name=name)
            else:
                path = boards.add_board(name, entry)
        except Problem as problem:
            self.tell(problem)
            return
        self.host.did(
            f"{'change' if before else 'add'} board {name}", boards_edit.as_words(name, entry)
        )
        self._read()
        self.query_one("#boards", RowsPanel).choose(name)
        self.notify(f"{name} stands in {path}", markup=False)
        self.acted()

    def _remove(self, name: str) -> None:
        from hvconsole.config.boards_edit import remove_board  # noqa: PLC0415  # likewise

        try:
            path = remove_board(name)
        except Problem as problem:
            self.tell(problem)
            return
        self.host.did(f"remove board {name}")
        self._read()
        self.notify(f"{name} was taken out of {path}", markup=False)
        self.acted()

    def _read(self) -> None:
        doors = self.host.doors
        if doors is None:
            return
        cards, problem = doors.boards()
        self._cards = {card.name: card for card in cards}
        if problem is not None:
            self.tell(problem)
        self.call_after_refresh(self.tick)


async def _load_charts() -> None:
    await asyncio.to_thread(importlib.import_module, CHARTS)
