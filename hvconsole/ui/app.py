"""The console on a terminal."""

from __future__ import annotations

import io
import os
import re
import sys
import time
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import App
from textual.binding import BindingType
from textual.theme import Theme
from textual.worker import Worker, WorkerState

from hvconsole.config.themes import Themes, load_themes
from hvconsole.model.problem import Problem, UsageProblem
from hvconsole.ui.actions import bindings
from hvconsole.ui.commands import ActionCommands, ThemeCommands
from hvconsole.ui.screens.base import ConsoleScreen
from hvconsole.ui.screens.help import HelpScreen
from hvconsole.ui.screens.opening import OpeningScreen
from hvconsole.ui.source import Console
from hvconsole.ui.theme import DEFAULT_THEME, NO_COLOUR_THEME, palette, textual_theme
from hvconsole.ui.view.header import board_title
from hvconsole.ui.view.problem import unforeseen
from hvconsole.ui.widgets.painted import Painted

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_PICTURE = "picture"
_CHARTS = "hvconsole.ui.screens.measure"
_BROKEN_THEME_SHOWN_S = 12


def _measure() -> ConsoleScreen:
    from hvconsole.ui.screens.measure import MeasureScreen  # noqa: PLC0415  # after the first frame

    return MeasureScreen()


def _hypervisor() -> ConsoleScreen:
    from hvconsole.ui.screens.hypervisor import HypervisorScreen  # noqa: PLC0415  # when it is wanted

    return HypervisorScreen()


def _serial() -> ConsoleScreen:
    from hvconsole.ui.screens.serial import SerialScreen  # noqa: PLC0415  # when it is wanted

    return SerialScreen()


class HvconsoleApp(App[None], inherit_bindings=False):
    """Shows one console: a board or a recorded session.

    Args:
        console: What is shown. The app opens and closes it.
        theme: Name of a theme; None takes the default. ``NO_COLOR`` outweighs it.
        read_only: Say so on the screen; what is refused then is the console's matter.
        frames_per_second: How often the screen pulls, 1 to 30.
        keys: Own keys by id of an action, comma separated.

    Raises:
        UsageProblem: No theme has that name.
    """

    TITLE = "hvconsole"
    CSS_PATH = Path(__file__).with_name("app.tcss")  # absolute: holds for subclasses as well
    MODES: ClassVar = {
        "opening": OpeningScreen,
        "measure": _measure,
        "hypervisor": _hypervisor,
        "serial": _serial,
    }
    DEFAULT_MODE = "opening"
    COMMANDS: ClassVar = {ActionCommands, ThemeCommands}
    BINDINGS: ClassVar[list[BindingType]] = bindings("app")
    ESCAPE_TO_MINIMIZE: ClassVar = False

    def __init__(
        self,
        console: Console,
        *,
        theme: str | None = None,
        read_only: bool = False,
        frames_per_second: int = 10,
        keys: Mapping[str, str] | None = None,
        themes: Themes | None = None,
    ) -> None:
        self.source = console
        self.read_only = read_only
        self.frames_per_second = frames_per_second
        self.themes = themes or load_themes()
        self._leaving = False
        if _CHARTS in sys.modules:
            # What is loaded need not be waited for.
            self.DEFAULT_MODE = "measure"  # type: ignore[misc]  # Textual reads it from the app
        no_colour = "NO_COLOR" in os.environ
        chosen = NO_COLOUR_THEME if no_colour else _choose(self.themes, theme)
        self.palette = palette(self.themes.files[chosen])
        # Textual decides here, once, how it leaves colours out; later is too late.
        super().__init__(ansi_color=True if no_colour else None)
        for name, file in self.themes.files.items():
            self.register_theme(textual_theme(name, file))
        self.theme = chosen
        if keys:
            self.set_keymap(dict(keys))

    @property
    def theme_names(self) -> list[str]:
        """The themes that can be taken, in the order in which they follow each other."""
        return [NO_COLOUR_THEME] if self.no_color else sorted(self.themes.files)

    def on_mount(self) -> None:
        """Connect, and report themes that could not be read."""
        self.theme_changed_signal.subscribe(self, self._theme_changed)
        for problem in self.themes.broken.values():
            self.notify(
                "\n".join(problem.lines()),
                title="a theme was left out",
                severity="warning",
                timeout=_BROKEN_THEME_SHOWN_S,
                markup=False,
            )
        # Whatever is made now would keep the first frame waiting.
        self.call_after_refresh(
            lambda: self.run_worker(self._open(), group="link", exit_on_error=False)
        )

    def tell(self, problem: Problem) -> None:
        """Show a problem on the screen that is looked at."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, ConsoleScreen):
                screen.tell(problem)
                return

    async def action_go(self, mode: str) -> None:
        """Show another screen; each keeps its state."""
        if isinstance(self.screen, ConsoleScreen) and self.current_mode != mode:
            await self.switch_mode(mode)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what this console cannot do."""
        if action == "boot":
            boots = self.source.boots
            return boots is not None and bool(boots.modes) and not self.source.status.read_only
        return super().check_action(action, parameters)

    def action_boot(self) -> None:
        """Ask for a boot mode, and boot into it."""
        boots = self.source.boots
        if boots is None or not isinstance(self.screen, ConsoleScreen):
            return
        from hvconsole.ui.screens.boot import ask_and_boot  # noqa: PLC0415  # when it is wanted

        ask_and_boot(self, boots)

    def action_next_theme(self) -> None:
        """Take the next theme."""
        names = self.theme_names
        if len(names) == 1:
            self.notify("NO_COLOR is set: there is only the theme without colours", markup=False)
            return
        at = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(at + 1) % len(names)]

    def action_picture(self) -> None:
        """Save a picture of the screen."""
        board = _UNSAFE.sub("-", board_title(self.source.status)).strip("-.") or "board"
        name = f"hvconsole-{board}-{time.strftime('%Y%m%d-%H%M%S')}.svg"
        picture = io.StringIO(self.export_screenshot(title=f"hvconsole {board}"))
        self.deliver_text(picture, save_filename=name, mime_type="image/svg+xml", name=_PICTURE)

    def action_help(self) -> None:
        """Show all keys."""
        if isinstance(self.screen, ConsoleScreen):
            self.push_screen(HelpScreen(self.screen.bound()))

    def action_leave(self) -> None:
        """Leave the board as it was found and quit; the second time, quit at once."""
        if self._leaving:
            self.exit(return_code=1, message=Text("left before the board was tidied up"))
            return
        self._leaving = True
        if self.source.status.run in {"preparing", "running", "ending"}:
            self.notify("ending the run and tidying up", title="quit", markup=False)
        self.run_worker(self._close(), group="leave", exit_on_error=False)

    @on(events.DeliveryComplete)
    def _saved(self, event: events.DeliveryComplete) -> None:
        if event.name == _PICTURE:
            self.notify(str(event.path or "saved"), title="picture", markup=False)

    @on(events.DeliveryFailed)
    def _not_saved(self, event: events.DeliveryFailed) -> None:
        if event.name == _PICTURE:
            self.tell(Problem("the picture could not be saved", detail=str(event.exception)))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show what should not have happened; the console goes on."""
        error = event.worker.error
        if event.state is WorkerState.ERROR and error is not None:
            self.tell(unforeseen(error))

    async def _open(self) -> None:
        try:
            await self.source.open()
        except Problem as problem:
            self.tell(problem)

    async def _close(self) -> None:
        code, message = 0, None
        try:
            await self.source.close()
        except Problem as problem:
            code, message = problem.exit_code, Text("\n".join(problem.lines()))
        except Exception as error:  # noqa: BLE001  # a fault of ours must not keep anybody here
            code, message = 1, Text("\n".join(unforeseen(error).lines()))
        self.exit(return_code=code, message=message)

    def _theme_changed(self, theme: Theme) -> None:
        file = self.themes.files.get(theme.name)
        if file is None:
            return
        self.palette = palette(file)
        for screen in self.screen_stack:
            for widget in screen.query(Painted):
                widget.repaint()


def _choose(themes: Themes, name: str | None) -> str:
    """Return the name of the theme to begin with."""
    if not name:
        return DEFAULT_THEME
    if name in themes.files:
        return name
    if any(name == path.stem for path in themes.broken):
        return DEFAULT_THEME  # told as a notification
    near = get_close_matches(name, themes.files, n=1)
    known = "themes: " + ", ".join(sorted(themes.files))
    raise UsageProblem(
        f"no theme is named '{name}'",
        hint=f"did you mean '{near[0]}'?" if near else known,
    )
