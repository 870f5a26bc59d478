"""The console on a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import UnknownModeError
from textual.binding import BindingType
from textual.driver import Driver
from textual.theme import Theme
from textual.worker import Worker, WorkerState

from hvconsole.config.themes import Themes, load_themes
from hvconsole.model.problem import Problem
from hvconsole.ui.actions import bindings
from hvconsole.ui.campaigns import Campaigns
from hvconsole.ui.commands import ActionCommands, ThemeCommands
from hvconsole.ui.doors import Doors
from hvconsole.ui.driver import MOUSE_SAID, ConsoleDriver
from hvconsole.ui.happenings import Happenings
from hvconsole.ui.leaving import LeavingApp
from hvconsole.ui.modes import CHARTS, MODES, OF_A_BOARD, WITH_CHARTS
from hvconsole.ui.screens.base import ConsoleScreen
from hvconsole.ui.screens.help import HelpScreen
from hvconsole.ui.source import Console
from hvconsole.ui.theme import NO_COLOUR_THEME, chosen_theme, palette, textual_theme
from hvconsole.ui.view.header import board_title
from hvconsole.ui.view.problem import unforeseen
from hvconsole.ui.widgets.painted import Painted

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_TOLD_LONG_S = 12
_WATCH_S = 0.25
_STARTED_S = 2.0


class HvconsoleApp(LeavingApp, inherit_bindings=False):
    """Shows one console: a board or a recorded session.

    Args:
        console: What is shown. The app opens and closes it.
        theme: Name of a theme; None takes the default. ``NO_COLOR`` outweighs it.
        read_only: Say so on the screen; what is refused then is the console's matter.
        frames_per_second: How often the screen pulls, 1 to 30.
        keys: Own keys by id of an action, comma separated.
        themes: The themes; None reads them.
        doors: What else the console can be opened on: boards and recorded sessions.
        recorded: Folder of the recording, where the console is one.
        campaigns: Plans and campaigns; None where none can be run.
        told: Problems found before there was a screen to tell them on; none of them is fatal.

    Raises:
        UsageProblem: No theme has that name.
    """

    TITLE = "hvconsole"
    CSS_PATH = Path(__file__).with_name("app.tcss")  # absolute: holds for subclasses as well
    MODES: ClassVar = MODES
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
        doors: Doors | None = None,
        told: Sequence[Problem] = (),
        recorded: Path | None = None,
        campaigns: Campaigns | None = None,
    ) -> None:
        self.source = console
        self.recorded = recorded
        self.compared: tuple[Path, ...] = ()
        self.campaigns = campaigns
        self.doors = doors
        self.happenings = Happenings()
        self._told_before = tuple(told)
        self.read_only = read_only
        self.frames_per_second = frames_per_second
        self.themes = themes or load_themes()
        self._taking = self._mouse_gone = False
        if console.status.link == "none":
            self.DEFAULT_MODE = "boards"  # type: ignore[misc]  # Textual reads it from the app
        elif CHARTS in sys.modules:
            # What is loaded need not be waited for.
            self.DEFAULT_MODE = "measure"  # type: ignore[misc]  # Textual reads it from the app
        no_colour = "NO_COLOR" in os.environ
        chosen = NO_COLOUR_THEME if no_colour else chosen_theme(self.themes, theme)
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

    def get_driver_class(self) -> type[Driver]:
        """Return the driver: on a terminal, one that notices when it is gone."""
        wanted = super().get_driver_class()
        if wanted.__name__ != "LinuxDriver":
            return wanted
        return ConsoleDriver

    def on_mount(self) -> None:
        """Connect, and report themes that could not be read."""
        self.theme_changed_signal.subscribe(self, self._theme_changed)
        broken = [("a theme was left out", problem) for problem in self.themes.broken.values()]
        for title, problem in [*broken, *(("left out", one) for one in self._told_before)]:
            self.notify(
                "\n".join(problem.lines()),
                title=title,
                severity="warning",
                timeout=_TOLD_LONG_S,
                markup=False,
            )
        self.set_interval(_WATCH_S, self._watch)
        if isinstance(self._driver, ConsoleDriver):
            # Garbage is looked for among what is new from then on: what the start left behind is
            # ten times as much, and to go through it takes as long as a frame.
            self.set_timer(_STARTED_S, gc.freeze)
        for number in (signal.SIGTERM, signal.SIGHUP):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                asyncio.get_running_loop().add_signal_handler(number, self.gone)
        # Whatever is made now would keep the first frame waiting.
        self.call_after_refresh(
            lambda: self.run_worker(self._open(), group="link", exit_on_error=False)
        )

    @property
    def pictured(self) -> str:
        """What the screen is a picture of, for names of files."""
        return _UNSAFE.sub("-", board_title(self.source.status)).strip("-.") or "boards"

    def tell(self, problem: Problem) -> None:
        """Show a problem on the screen that is looked at."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, ConsoleScreen):
                screen.tell(problem)
                return

    async def action_go(self, mode: str) -> None:
        """Show another screen; each keeps its state."""
        if isinstance(self.screen, ConsoleScreen) and self.current_mode != mode:
            if mode in WITH_CHARTS:
                await asyncio.to_thread(importlib.import_module, WITH_CHARTS[mode])
            await self.switch_mode(mode)

    async def take(self, console: Console, *, recorded: Path | None = None) -> None:
        """Leave the present console in order, and show another one.

        Raises:
            Problem: The board that is left could not be tidied up; the other one is shown.
        """
        if self._taking or self._leaving:
            return
        self._taking = True
        if self.source.status.run in {"preparing", "running", "ending"}:
            self.notify("ending the run and tidying up", markup=False)
        left: Problem | None = None
        try:
            try:
                await self.source.close()
            except Problem as problem:
                left = problem
            self.source, self.recorded = console, recorded
            self.read_only = console.status.read_only
            await self._forget_screens()
        finally:
            self._taking = False
        self.run_worker(self._open(), group="link", exit_on_error=False)
        if left is not None:
            raise left

    async def _forget_screens(self) -> None:
        """Show a fresh screen of the console; what its old ones held belongs to another board."""
        if self.current_mode in OF_A_BOARD:
            await self.switch_mode("boards")
        for name in OF_A_BOARD:
            with contextlib.suppress(UnknownModeError):
                await self.remove_mode(name)
            self.add_mode(name, MODES[name])
        await asyncio.to_thread(importlib.import_module, CHARTS)
        await self.switch_mode("measure")

    def noted(self, problem: Problem) -> None:
        """Keep a problem that is shown, for the log."""
        self.happenings.told(problem, at_s=self._now_s(), board=self.source.status.board)

    def did(self, what: str, command: Sequence[str] = ()) -> None:
        """Note what a person did, with the command that does the same."""
        self.happenings.did(what, command, at_s=self._now_s(), board=self.source.status.board)

    def _watch(self) -> None:
        """Follow link and run for the log, whichever screen is looked at."""
        self.happenings.see(self.source.status, self._now_s)

    def _now_s(self) -> float | None:
        """Return the samples' clock; None outside a run."""
        if self.source.status.run != "running" and self.source.playback is None:
            return None
        from hvconsole.stream.snapshot import View  # noqa: PLC0415  # not for the first frame

        snapshot = self.source.snapshot(View(columns=1))
        return snapshot.now_s if snapshot.hello is not None else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what this console cannot do."""
        if action == "go":
            return self._can_go(str(parameters[0]))
        if action == "mouse":
            return isinstance(self._driver, ConsoleDriver)
        if action == "boot":
            boots = self.source.boots
            return boots is not None and bool(boots.modes) and not self.source.status.read_only
        return super().check_action(action, parameters)

    def _can_go(self, mode: str) -> bool:
        """Whether there is anything to see on a screen."""
        if mode in OF_A_BOARD:
            return self.source.status.link != "none"
        if mode == "campaigns":
            return self.campaigns is not None
        return mode not in {"boards", "sessions", "compare"} or self.doors is not None

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

    def action_mouse(self) -> None:
        """Leave the mouse to the terminal, or take it back."""
        driver = self._driver
        if isinstance(driver, ConsoleDriver):
            self._mouse_gone = not self._mouse_gone
            driver.let_mouse(go=self._mouse_gone)
            self.notify(MOUSE_SAID[self._mouse_gone], markup=False)

    def action_help(self) -> None:
        """Show all keys."""
        if isinstance(self.screen, ConsoleScreen):
            self.push_screen(HelpScreen(self.screen.bound()))

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

    def _theme_changed(self, theme: Theme) -> None:
        file = self.themes.files.get(theme.name)
        if file is None:
            return
        self.palette = palette(file)
        for screen in self.screen_stack:
            for widget in screen.query(Painted):
                widget.repaint()
