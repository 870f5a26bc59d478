"""What the console can be opened on in tests: boards that are values, recordings on disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from driving import SIZE, Driver
from synthetic import BOARD, SyntheticConsole, SyntheticPlayback
from textual.pilot import Pilot
from textual.widgets import Input

from hvconsole.config.boards import BoardEntry, load_boards
from hvconsole.model.problem import Problem
from hvconsole.ui.app import HvconsoleApp
from hvconsole.ui.doors import BoardCard, NoConsole, Trial
from hvconsole.ui.screens.base import ConsoleScreen
from hvconsole.ui.screens.board_form import BoardFormScreen
from hvconsole.ui.source import Status

NOTHING = Status(board="", link="none")


@dataclass
class NotedDoors:
    """Doors (`hvconsole.ui.doors.Doors`) that note what is opened and tried."""

    opened: list[str] = field(default_factory=list)
    tried: list[tuple[BoardEntry, str]] = field(default_factory=list)
    trial: Callable[[BoardEntry, str], Trial] = lambda _entry, _trust: Trial("answers", "Linux 6.1")
    problem: Problem | None = None

    def boards(self) -> tuple[list[BoardCard], Problem | None]:
        cards = [
            BoardCard("sim", "simulated here", "the simulated Banana Pi", ready="ready",
                      labels=("simulated",)),
            BoardCard("local", "this machine", ready="ready"),
            BoardCard("lab-virt", "in QEMU, here", "a board in QEMU", ready="missing",
                      hint="hvconsole lab start lab-virt"),
        ]  # fmt: skip
        try:
            known = load_boards()
        except Problem as problem:
            return cards, problem
        cards += [
            BoardCard(name, str(board.ssh or "serial line alone"), board.profile,
                      serial=board.serial or "", own=True)
            for name, board in known.items()
            if name != "local"
        ]  # fmt: skip
        return cards, None

    def board(self, name: str) -> SyntheticConsole:
        self.opened.append(name)
        if self.problem is not None:
            raise self.problem
        return SyntheticConsole(status=replace(BOARD, board=name)).advance(1.0)

    def session(self, path: Path) -> SyntheticConsole:
        self.opened.append(str(path))
        status = replace(BOARD, link="replay", run="ended", recording=None, read_only=True)
        return SyntheticConsole(status=status, playback=SyntheticPlayback()).advance(1.0)

    async def try_out(self, entry: BoardEntry, *, trust: str = "") -> Trial:
        self.tried.append((entry, trust))
        return self.trial(entry, trust)


def app(
    doors: NotedDoors | None = None, board: SyntheticConsole | None = None, **options: Any
) -> HvconsoleApp:
    """Return a console on a board, or on none."""
    console = board or NoConsole(NOTHING)
    return HvconsoleApp(console, frames_per_second=1, doors=doors or NotedDoors(), **options)


@asynccontextmanager
async def opened(
    doors: NotedDoors | None = None,
    board: SyntheticConsole | None = None,
    *,
    size: tuple[int, int] = SIZE,
    **options: Any,
) -> AsyncIterator[Driver]:
    """Run the console on a board, or on none."""
    running = app(doors, board, **options)
    async with running.run_test(size=size, notifications=True) as pilot:
        driver = Driver(running, board or SyntheticConsole(), pilot)
        await draw(pilot)
        yield driver


async def draw(pilot: Pilot[Any]) -> None:
    """Draw what is due now, whatever the clock says."""
    for _ in range(2):
        await pilot.pause()
        for screen in pilot.app.screen_stack:
            if isinstance(screen, ConsoleScreen):
                screen.tick()
    await pilot.pause()


async def fill(pilot: Pilot[Any], **texts: str) -> BoardFormScreen:
    """Fill the form of a board, and wait until it has tried what can be tried."""
    form = pilot.app.screen
    assert isinstance(form, BoardFormScreen)
    for one in form.query(Input):
        one.cursor_blink = False  # pictures of it are the same at any moment
    for name, text in texts.items():
        form.query_one(f"#f-{name}", Input).value = text
    await pilot.pause()
    for _ in range(100):
        waits = form._waiting is not None and form._tried is None
        if not waits and (form.trial is None or form.trial.answer != "trying"):
            break
        await pilot.pause(0.1)
    await draw(pilot)
    return form


async def press(driver: Driver, *keys: str) -> None:
    """Press keys one after another, each after the one before was taken."""
    for key in keys:
        await driver.pilot.press(key)
        await driver.pilot.pause()
    await draw(driver.pilot)


async def settled(driver: Driver) -> None:
    """Wait for what works in the background."""
    await driver.app.workers.wait_for_complete()
    await draw(driver.pilot)
