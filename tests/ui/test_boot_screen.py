"""Booting from the console: choose a mode, agree, watch; and what must not happen by accident."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from driving import Driver, console
from synthetic import BOARD, SyntheticConsole
from textual.widgets import Button

from hvconsole.board.boot_problem import WrongMode
from hvconsole.model.boot import BootEvent, BootMode, BootProgress, BootProof, BootStep
from hvconsole.model.problem import Problem
from hvconsole.ui.actions import BY_ID
from hvconsole.ui.screens.boot import AgreeScreen, BootScreen, ModesScreen, ask_and_boot
from hvconsole.ui.widgets.problem import ProblemPanel

MODES = {
    "native": BootMode(about="Linux alone"),
    "xen-rtds": BootMode(
        uboot=("setenv mode xen-rtds", "run bootcmd"),
        proof=BootProof(hypervisor="xen", scheduler="rtds"),
    ),
    "once": BootMode(about="[b]this once[/b]\x1b[31m", linux=(("fw_setenv", "mode", "a b"),)),
}
BEGUN = BootProgress(
    "xen-rtds",
    events=(
        BootEvent(BootStep.RESTART, "begun", "restart the board", 0.0),
        BootEvent(BootStep.RESTART, "done", "the board restarts", 2.5),
        BootEvent(BootStep.UBOOT, "begun", "wait for U-Boot", 2.5),
    ),
    lines=("U-Boot SPL 2023.01", "[b]Hit any key[/b]"),
    seconds=3.0,
)


@dataclass
class FakeBoots:
    """The boots of a board: one is as far as the test says."""

    modes: dict[str, BootMode] = field(default_factory=lambda: dict(MODES))
    progress: BootProgress | None = None
    asked: list[str] = field(default_factory=list)
    problem: Problem | None = None

    def __post_init__(self) -> None:
        self.go = asyncio.Event()

    @property
    def current(self) -> str:
        now = self.progress
        return now.mode if now is not None and now.outcome == "proven" else ""

    @property
    def is_booting(self) -> bool:
        return self.progress is not None and self.progress.outcome == "running"

    async def boot(self, mode: str) -> BootProgress:
        self.asked.append(mode)
        self.progress = replace(BEGUN, mode=mode)
        await self.go.wait()
        if self.problem is not None:
            self.progress = replace(self.progress, outcome="failed", problem=self.problem)
            raise self.problem
        evidence = (("hypervisor", "xen"), ("scheduler", "rtds"))
        self.progress = replace(self.progress, outcome="proven", evidence=evidence)
        return self.progress


def board(**status) -> SyntheticConsole:
    return SyntheticConsole(status=replace(BOARD, **status), boots=FakeBoots())


async def choose(driver: Driver, *keys: str) -> None:
    await driver.press("b", *keys, "enter")


async def test_from_the_key_to_the_proof() -> None:
    async with console(board()) as driver:
        boots = driver.board.boots
        await driver.press("b")
        assert isinstance(driver.app.screen, ModesScreen)
        assert "Linux alone" in driver.line("native")
        assert "under xen, scheduler rtds" in driver.line("xen-rtds")
        await driver.press("down", "enter")
        assert isinstance(driver.app.screen, AgreeScreen)
        assert "boot bpi into xen-rtds?" in driver.text
        assert "run bootcmd" in driver.text
        assert "The run ends; what was measured is kept. Another one begins" in driver.text
        await driver.press("tab", "enter")
        assert isinstance(driver.app.screen, BootScreen)
        assert boots.asked == ["xen-rtds"]
        driver.app.screen.tick()
        await driver.settle()
        assert "booting into xen-rtds" in driver.text
        assert "✓ the board restarts" in driver.text
        assert "restart the board" not in driver.text, "what is done need not be told as begun"
        assert "▸ wait for U-Boot" in driver.text
        assert "│ [b]Hit any key[/b]" in driver.text, "a board's text is no markup"
        boots.go.set()
        await driver.settle()
        driver.app.screen.tick()
        await driver.settle()
        assert "✓ proven: xen-rtds" in driver.text
        assert "scheduler rtds" in driver.text
        assert driver.board.calls[1:] == ["start_run"], "measuring goes on in the new mode"
        await driver.press("escape")
        assert driver.app.screen is driver.screen


async def test_where_nothing_was_measured_nothing_begins() -> None:
    async with console(board(run="ended")) as driver:
        await choose(driver, "down")
        assert "Another one begins" not in driver.text
        await driver.press("tab", "enter")
        driver.board.boots.go.set()
        await driver.settle()
        assert driver.board.boots.progress.outcome == "proven"
        assert "start_run" not in driver.board.calls


async def test_cancel_is_where_the_keyboard_begins() -> None:
    async with console(board()) as driver:
        await choose(driver)
        assert isinstance(driver.app.focused, Button)
        assert driver.app.focused.id == "cancel"
        await driver.press("enter")
        assert driver.board.boots.asked == []
        assert driver.app.screen is driver.screen


@pytest.mark.parametrize("keys", [("b", "escape"), ("b", "enter", "escape")])
async def test_escape_boots_nothing(keys: tuple[str, ...]) -> None:
    async with console(board()) as driver:
        await driver.press(*keys)
        assert driver.board.boots.asked == []
        assert driver.app.screen is driver.screen


async def test_a_boards_words_are_no_markup() -> None:
    async with console(board()) as driver:
        await choose(driver, "down", "down")
        assert "[b]this once[/b]" in driver.text
        assert "fw_setenv mode 'a b'" in driver.text


async def test_a_boot_that_failed_is_told_with_its_console() -> None:
    one = board()
    one.boots.problem = WrongMode(
        "bpi is up, but not in mode 'xen-rtds'",
        step=BootStep.PROVE,
        detail="wanted Xen's scheduler rtds, seen: credit",
        hint="look at its console",
    )
    async with console(one) as driver:
        await choose(driver, "down")
        await driver.press("tab", "enter")
        one.boots.go.set()
        await driver.settle()
        driver.app.screen.tick()
        await driver.settle()
        assert "✕ failed: xen-rtds" in driver.text
        assert "seen: credit" in driver.text
        await driver.press("escape")
        assert driver.screen.query_one(ProblemPanel).problem is one.boots.problem


async def test_closing_stops_nothing_and_the_key_shows_it_again() -> None:
    async with console(board()) as driver:
        await choose(driver, "down")
        await driver.press("tab", "enter", "escape")
        assert driver.board.boots.is_booting
        await driver.press("b")
        assert isinstance(driver.app.screen, BootScreen)
        assert driver.board.boots.asked == ["xen-rtds"]


async def test_a_mode_that_was_chosen_elsewhere_is_still_asked_about() -> None:
    async with console(board()) as driver:
        ask_and_boot(driver.app, driver.board.boots, "xen-rtds")
        await driver.settle()
        assert isinstance(driver.app.screen, AgreeScreen)
        assert driver.board.boots.asked == []


@pytest.mark.parametrize(
    "one",
    [
        SyntheticConsole(),
        SyntheticConsole(boots=FakeBoots(modes={})),
        SyntheticConsole(status=replace(BOARD, read_only=True), boots=FakeBoots()),
    ],
    ids=["no board", "no modes", "read-only"],
)
async def test_where_nothing_can_be_booted_the_key_is_not_there(one: SyntheticConsole) -> None:
    async with console(one) as driver:
        assert "board.boot" not in {bound.id for bound in driver.screen.bound()}
        await driver.press("b")
        assert driver.app.screen is driver.screen


async def test_the_link_is_not_lost_but_booting() -> None:
    async with console(board(link="booting", link_detail="into xen-rtds")) as driver:
        assert "◌ booting" in driver.text.splitlines()[0]
        assert "BOOTING  into xen-rtds" in driver.text


async def test_it_is_in_the_palette() -> None:
    async with console(board()) as driver:
        await driver.run_command(BY_ID["board.boot"].tooltip[:12].lower())
        assert isinstance(driver.app.screen, ModesScreen)


@pytest.mark.parametrize("size", [(40, 12), (66, 20), (200, 60)])
async def test_it_fits_any_terminal(size: tuple[int, int]) -> None:
    async with console(board(), size=size) as driver:
        await choose(driver, "down")
        assert "Cancel" in driver.text
        await driver.press("tab", "enter")
        driver.app.screen.tick()
        await driver.settle()
        assert "booting into" in driver.text


async def test_an_empty_chart_says_that_the_board_boots() -> None:
    one = board(link="booting", link_detail="into xen-rtds", run="idle")
    async with console(one, seconds=0) as driver:
        assert "booting bpi into xen-rtds" in driver.text
