"""Booting the board into another mode: which one, whether really, and how it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button
from textual.widgets.option_list import Option

from hvconsole.model.boot import BootMode
from hvconsole.model.problem import Problem
from hvconsole.model.text import plain
from hvconsole.ui.host import host_of
from hvconsole.ui.screens.choosing import ChoiceScreen, side_by_side
from hvconsole.ui.source import Boots
from hvconsole.ui.view.boot import about, agree_rows, progress_rows
from hvconsole.ui.widgets.bars import Lines

_NAME = 40
RUNNING = {"preparing", "running"}  # states of a run that a boot ends
_BESIDE_WORDS = 9  # rows of the box that are not words: frame, margins, buttons
_QUIT = Binding("ctrl+c,ctrl+q", "app.leave", "quit", tooltip="Quit from here", id="boot.quit")


def ask_and_boot(app: App[None], boots: Boots, mode: str = "") -> None:
    """Ask for a mode, and whether really; then boot into it and show how it goes.

    Args:
        app: The console.
        boots: The board's ways to boot.
        mode: The mode, where it was chosen already; it is asked whether really all the same.
    """
    if boots.is_booting:
        app.push_screen(BootScreen(boots))
        return

    def chosen(name: str | None) -> None:
        if name is not None:
            app.push_screen(AgreeScreen(name, boots.modes[name]), lambda yes: agreed(name, yes))

    def agreed(name: str, yes: bool | None) -> None:
        if yes and not boots.is_booting:
            app.run_worker(_boot(app, boots, name), group="boot", exit_on_error=False)
            app.push_screen(BootScreen(boots))

    if mode in boots.modes:
        chosen(mode)
    else:
        app.push_screen(ModesScreen(boots.modes), chosen)


async def _boot(app: App[None], boots: Boots, mode: str) -> None:
    """Boot; where something was measured before, measuring goes on in the new mode."""
    console = host_of(app).source
    measured = console.status.run in RUNNING
    try:
        await boots.boot(mode)
        if measured and host_of(app).source is console:
            await console.start_run()
    except Problem as problem:
        host_of(app).tell(problem)


class ModesScreen(ChoiceScreen[str]):
    """Lists the modes, and what each is."""

    def __init__(self, modes: Mapping[str, BootMode]) -> None:
        super().__init__("boot into which mode?", modes)
        self._modes = dict(modes)

    def options(self) -> Sequence[Option]:
        """Return a row for each mode."""
        return side_by_side(
            [(plain(name, _NAME), about(name, mode)) for name, mode in self._modes.items()]
        )


class AgreeScreen(ModalScreen[bool], inherit_bindings=False):
    """Says what booting means, and asks; Cancel is where the keyboard begins."""

    asks: ClassVar = True
    CSS_PATH = "boot.tcss"
    AUTO_FOCUS = "#cancel"
    BINDINGS: ClassVar = [
        Binding("escape", "close", "cancel", tooltip="Do not boot", id="agree.close"),
        Binding("tab,right,down", "app.focus_next", "next", show=False, id="agree.next"),
        Binding("shift+tab,left,up", "app.focus_previous", "back", show=False, id="agree.back"),
        _QUIT,
    ]

    def __init__(self, name: str, mode: BootMode) -> None:
        super().__init__()
        self._name_of_mode = name
        self._mode = mode

    def compose(self) -> ComposeResult:
        """Yield what will happen, and two buttons."""
        board = plain(host_of(self).source.status.board, _NAME)
        with Vertical(id="boot-box") as box:
            box.border_title = f"boot {board} into {plain(self._name_of_mode, _NAME)}?"
            box.border_subtitle = "Esc cancels"
            with VerticalScroll(id="boot-words", can_focus=False):
                yield Lines(id="boot-lines")
            with Horizontal(id="boot-buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Boot", id="boot", variant="warning")

    def on_resize(self, _event: events.Resize) -> None:
        """Lay the text out for the room there is."""
        self.call_after_refresh(self._lay_out)

    def action_close(self) -> None:
        """Do not boot."""
        self.dismiss(result=False)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(result=False)

    @on(Button.Pressed, "#boot")
    def _agreed(self) -> None:
        self.dismiss(result=True)

    def _lay_out(self) -> None:
        lines = self.query_one(Lines)
        running = host_of(self).source.status.run in RUNNING
        rows = agree_rows(self._name_of_mode, self._mode, running=running, width=lines.size.width)
        lines.show_all(rows)
        # The buttons stay in sight, however low the terminal is.
        self.query_one("#boot-words").styles.max_height = max(self.size.height - _BESIDE_WORDS, 1)


class BootScreen(ModalScreen[None], inherit_bindings=False):
    """Shows how a boot goes, with the live log of the console; closing it stops nothing."""

    CSS_PATH = "boot.tcss"
    BINDINGS: ClassVar = [
        Binding(
            "escape,enter,b,q", "close", "close", tooltip="Close; the boot goes on", id="booting"
        ),
        _QUIT,
    ]

    def __init__(self, boots: Boots) -> None:
        super().__init__()
        self._boots = boots

    def compose(self) -> ComposeResult:
        """Put steps and log into a box."""
        box = Vertical(Lines(id="boot-progress"), id="boot-box", classes="-tall")
        box.border_title = f"boot of {plain(host_of(self).source.status.board, _NAME)}"
        box.border_subtitle = "Esc closes, the boot goes on"
        yield box

    def on_mount(self) -> None:
        """Pull on a frame clock of its own."""
        self.set_interval(1 / host_of(self).frames_per_second, self.tick)

    def on_resize(self, _event: events.Resize) -> None:
        """Fill the new size at once."""
        self.call_after_refresh(self.tick)

    def tick(self) -> None:
        """Draw one frame."""
        progress = self._boots.progress
        lines = self.query_one(Lines)
        if progress is None or not lines.size:
            return
        lines.show(progress_rows(progress, lines.size.width, lines.size.height))
        if progress.outcome != "running":
            self.query_one("#boot-box").border_subtitle = "Esc closes"

    def action_close(self) -> None:
        """Close; the boot goes on."""
        self.dismiss()
