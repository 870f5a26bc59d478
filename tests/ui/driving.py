"""Driving the console in tests: start it on a synthetic board, press keys, read the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from synthetic import SyntheticConsole
from textual.pilot import Pilot

from hvconsole.ui.app import HvconsoleApp
from hvconsole.ui.screens.measure import MeasureScreen

SIZE = (80, 24)


class Driver:
    """A running console and what is on its screen."""

    def __init__(self, app: HvconsoleApp, board: SyntheticConsole, pilot: Pilot[None]) -> None:
        self.app = app
        self.board = board
        self.pilot = pilot

    @property
    def screen(self) -> MeasureScreen:
        screen = self.app.screen_stack[0]
        assert isinstance(screen, MeasureScreen)
        return screen

    @property
    def text(self) -> str:
        """Return all that is on the screen, line by line."""
        width, height = self.app.size
        lines = self.app.screen._compositor.render_strips()
        return "\n".join(strip.crop(0, width).text for strip in lines[:height])

    def line(self, holding: str) -> str:
        """Return the first line that holds a text."""
        return next(line for line in self.text.splitlines() if holding in line)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def settle(self) -> None:
        """Draw what is due now, whatever the clock says."""
        await self.pilot.pause()
        for screen in self.app.screen_stack:
            if isinstance(screen, MeasureScreen):
                screen._figures_at = 0.0
                screen.tick()
        await self.pilot.pause()

    async def run_command(self, words: str) -> None:
        """Do something through the command palette."""
        await self.pilot.press("ctrl+p")
        await self.pilot.pause()
        await self.pilot.press(*("space" if char == " " else char for char in words))
        await self.pilot.pause(0.3)
        await self.pilot.press("enter")
        await self.settle()


@asynccontextmanager
async def console(
    board: SyntheticConsole | None = None,
    *,
    size: tuple[int, int] = SIZE,
    seconds: float = 12.0,
    **options: Any,
) -> AsyncIterator[Driver]:
    """Run the console on a board that has measured for some seconds."""
    board = board or SyntheticConsole()
    if seconds:
        board.advance(seconds)
    app = HvconsoleApp(board, frames_per_second=1, **options)
    async with app.run_test(size=size, notifications=True) as pilot:
        driver = Driver(app, board, pilot)
        await driver.settle()
        await driver.settle()
        yield driver
