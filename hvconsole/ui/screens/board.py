"""The Board screen: what the board is, whether it is fit, how warm and how fast it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from hvconsole.board.look import BoardLook
from hvconsole.ui.actions import bindings
from hvconsole.ui.board_side import BoardSide, board_side
from hvconsole.ui.screens.lists import ListScreen
from hvconsole.ui.source import Status
from hvconsole.ui.view import board as view, vitals
from hvconsole.ui.widgets.rows import RowsPanel


class BoardScreen(ListScreen):
    """Facts, checks, boot modes, temperatures and frequencies; looked at while it is shown."""

    CSS_PATH: ClassVar = ["base.tcss", "board.tcss"]
    AUTO_FOCUS = "#facts"
    BINDINGS: ClassVar[list[BindingType]] = bindings("board")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self._look = BoardLook()
        self._shown: dict[str, view.Lines] = {}

    def body(self) -> ComposeResult:
        """Yield the four panels."""
        with Container(id="panels"):
            yield RowsPanel("board", id="facts", alone=False)
            yield RowsPanel("doctor", id="doctor", alone=False)
            yield RowsPanel("boot modes", id="modes", alone=False)
            yield RowsPanel("frequency and temperature", id="vitals", alone=False)

    @property
    def side(self) -> BoardSide | None:
        """The board; None for a recording, and where none is connected."""
        return board_side(self.source)

    def frame(self, status: Status) -> None:
        """Show the newest state of the board."""
        side = self.side if status.link == "connected" else None
        if side is not None:
            self._look = side.state
        look = self._look
        self._show("facts", view.fact_rows(look, self._width("facts")), empty=self._why(status))
        info = view.doctor_info(look)
        keys = self.keys_of("board.doctor")
        empty = (
            "checking"
            if look.doing.startswith("check")
            else f"{''.join(keys[:1])} checks the board"
        )
        self._show(
            "doctor", view.check_rows(look.checks, self._width("doctor")), info=info, empty=empty
        )
        boots = self.source.boots
        modes = boots.modes if boots is not None else {}
        current = boots.current if boots is not None else ""
        self._show(
            "modes",
            view.mode_rows(modes, current, self._width("modes")),
            empty="no boot modes are known: they stand in boards.toml",
        )
        self._show(
            "vitals",
            vitals.vital_rows(look, self._width("vitals"), self._height("vitals")),
            info=vitals.vital_info(look),
            empty=vitals.vital_empty(look, asked=side is not None),
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what cannot be done now."""
        if action in {"doctor", "look"}:
            return self.side is not None and not self._look.doing
        if action in {"load_module", "unload_module"}:
            there = self.side is not None and not self.source.status.read_only
            fits = bool(self._look.module) == (action == "unload_module")
            wanted = action == "load_module" and view.needs_module(self._look)
            ours = wanted or self._look.module_ours
            return there and fits and ours and not self._look.doing
        if action == "boot_into":
            return self.rows_panel.id == "modes" and self._can_boot
        return super().check_action(action, parameters)

    def picked(self, panel: RowsPanel) -> None:
        """Boot into the mode that was clicked twice."""
        if panel.id == "modes" and self._can_boot:
            self.action_boot_into()

    def action_doctor(self) -> None:
        """Check the board."""
        board = self.source.status.board
        self._do(lambda side: side.doctor(), "doctor", ("hvconsole", "doctor", board))

    def action_look(self) -> None:
        """Ask the board again what it is."""
        board = self.source.status.board
        self._do(lambda side: side.look(), "", ("hvconsole", "boards", "check", board))

    def action_load_module(self) -> None:
        """Load the counter module."""
        self._do(lambda side: side.load_module(), "load the counter module")

    def action_unload_module(self) -> None:
        """Unload the counter module."""
        self._do(lambda side: side.unload_module(), "unload the counter module")

    def action_boot_into(self) -> None:
        """Ask whether really, then boot into the selected mode."""
        from hvconsole.ui.screens.boot import ask_and_boot  # noqa: PLC0415  # when it is wanted

        boots = self.source.boots
        if boots is not None:
            ask_and_boot(self.app, boots, self.query_one("#modes", RowsPanel).chosen)

    def action_copy(self) -> None:
        """Copy the problem that is shown, else the panel in focus."""
        name = self.rows_panel.id or ""
        if not self.copy_problem() and self._shown.get(name):
            self.host.copy(view.as_text(self._shown[name]), self.rows_panel.title)

    @property
    def _can_boot(self) -> bool:
        boots = self.source.boots
        return boots is not None and bool(boots.modes) and not self.source.status.read_only

    def _do(
        self, work: Callable[[BoardSide], Awaitable[None]], what: str, command: tuple[str, ...] = ()
    ) -> None:
        side = self.side
        if side is None:
            return
        if what:
            self.host.did(what, command)
        self.attempt(work(side), "board")
        self.call_next(self.tick)

    def _why(self, status: Status) -> str:
        look = self._look
        if self.source.playback is not None:
            return "a recording has no board to ask"
        if look.problem is not None:
            return look.problem.title
        return look.doing or ("asking the board" if status.link == "connected" else "not connected")

    def _width(self, name: str) -> int:
        return self.query_one(f"#{name}", RowsPanel).width_inside

    def _height(self, name: str) -> int:
        return max(self.query_one(f"#{name}", RowsPanel).size.height - 2, 0)

    def _show(
        self,
        name: str,
        lines: view.Lines,
        *,
        info: tuple[tuple[str, int], ...] = (),
        empty: str = "",
    ) -> None:
        self._shown[name] = lines
        self.query_one(f"#{name}", RowsPanel).show(lines, info=info, empty=empty)
