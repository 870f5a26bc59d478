"""Xvisor in the same screens, on a board whose terminal answers as the real one's does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from driving import Driver, console
from synthetic import BOARD, SyntheticConsole
from textual.widgets import OptionList
from xvisor_board import XvisorLine

from hvconsole.board.facts import BoardFacts
from hvconsole.link.serial_name import XVISOR, link_name
from hvconsole.link.xvisor import XvisorLink
from hvconsole.session.hypervisor import HypervisorDesk
from hvconsole.ui.screens.doing import FormScreen, MenuScreen
from hvconsole.ui.screens.hypervisor import HypervisorScreen
from hvconsole.ui.screens.said import AskScreen, SaidScreen
from hvconsole.ui.screens.serial import SerialScreen

_PATIENCE_S = 60.0


@asynccontextmanager
async def xvisor(key: str) -> AsyncIterator[tuple[Driver, XvisorLine, SyntheticConsole]]:
    """A screen on a board under Xvisor, where nothing is measured."""
    line = XvisorLine(made={"guest0": 2, "guest1": 1})
    link = XvisorLink(line)
    await link.open()
    desk = HypervisorDesk(lambda _: None)
    desk.attach(link, BoardFacts(machine="armv7l", hypervisor="xvisor"), None)
    status = replace(
        BOARD, run="idle", link_detail=link_name(line.name, XVISOR), terminal=True, serial="open"
    )
    board = SyntheticConsole(status=status, hypervisor=desk, serial_console=line)
    try:
        async with console(board, size=(120, 40)) as driver:
            await driver.press(key)
            yield driver, line, board
    finally:
        desk.detach()
        await link.close()


async def until(driver: Driver, holds: Callable[[], bool]) -> None:
    """Draw until something is so."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            await driver.pilot.pause(0.05)
            for screen in driver.app.screen_stack:
                if isinstance(screen, HypervisorScreen | SerialScreen):
                    screen.tick()
            await driver.pilot.pause()
            if holds():
                return


async def choose(driver: Driver, word: str) -> None:
    """Choose what begins with a word from the list that is open."""
    options = driver.app.screen.query_one(OptionList)
    texts = [str(options.options[n].prompt) for n in range(options.option_count)]
    at = next(n for n, text in enumerate(texts) if text.startswith(word))
    await driver.press(*["down"] * (at - (options.highlighted or 0)), "enter")


async def test_a_guests_life_by_keys() -> None:
    async with xvisor("f3") as (driver, line, _):
        await until(driver, lambda: "guest0" in driver.text)
        assert "xvisor v0.3.2" in driver.text
        await driver.press("down")
        for word, command, sign in (
            ("start", "guest kick guest0", "Running"),
            ("pause", "vcpu pause 2", "Paused"),
            ("let", "vcpu resume 2", "Running"),
        ):
            await driver.press("enter")
            await until(driver, lambda: isinstance(driver.app.screen, MenuScreen))
            await choose(driver, word)
            await until(driver, lambda: isinstance(driver.app.screen, FormScreen))
            assert command in driver.text  # what would be typed is shown before it is
            await driver.press("enter")
            await until(driver, lambda: command in line.terminal.lines)  # noqa: B023  # awaited here
            await until(driver, lambda: sign in driver.line("vCPU 0"))  # noqa: B023  # likewise
        assert "Reset" in driver.line("vCPU 1")


async def test_what_the_system_cannot_do_is_said_with_its_reason() -> None:
    async with xvisor("f3") as (driver, _, _board):
        await until(driver, lambda: "guest0" in driver.text)
        await driver.press("down", "enter")
        await until(driver, lambda: isinstance(driver.app.screen, MenuScreen))
        assert "pin 'guest0'" in driver.text
        assert "load images" in driver.text
        assert "scheduler" not in driver.text
        await driver.press("escape", "i")
        await until(driver, lambda: isinstance(driver.app.screen, AskScreen))
        await choose(driver, "host irq stats")
        await until(driver, lambda: isinstance(driver.app.screen, SaidScreen))
        assert "gen-hyp-timer" in driver.text


async def test_a_guests_console_is_typed_to_and_left() -> None:
    async with xvisor("f4") as (driver, line, board):
        desk = board.hypervisor
        assert isinstance(desk, HypervisorDesk)
        await driver.press("x")
        assert line.typed.endswith(b"\r")  # the session has the line: no key goes there
        await driver.press("ctrl+right_square_bracket")
        assert "guest's console" in driver.text
        await driver.press("g")
        await until(driver, lambda: isinstance(driver.app.screen, AskScreen))
        assert "type to guest0/uart0" in driver.text
        await choose(driver, "type to guest0/uart0")
        await until(driver, lambda: desk.bound == "guest0/uart0")
        board.status = replace(board.status, typing_to=desk.bound)
        await until(driver, lambda: "typing to guest0/uart0" in driver.text)
        await driver.press("l", "s")
        assert line.typed.endswith(b"ls")
        await driver.press("ctrl+right_square_bracket", "g")
        await until(driver, lambda: desk.bound == "")
        assert line.terminal.bound is None
        assert b"\x1bxq" in line.typed


async def test_a_guests_text_is_shown_without_binding() -> None:
    async with xvisor("f4") as (driver, line, board):
        desk = board.hypervisor
        assert isinstance(desk, HypervisorDesk)
        line.terminal.key(b"guest kick guest0\r")
        await driver.press("ctrl+right_square_bracket", "g")
        await until(driver, lambda: isinstance(driver.app.screen, AskScreen))
        await choose(driver, "console guest0/uart0")
        await until(driver, lambda: "vserial dump guest0/uart0" in line.terminal.lines)
        await until(driver, lambda: "Basic Firmware" in driver.text)
        assert desk.bound == ""


async def test_the_terminal_is_not_taken_from_a_run_that_measures_in_a_guest() -> None:
    async with xvisor("f4") as (driver, line, board):
        desk = board.hypervisor
        assert isinstance(desk, HypervisorDesk)
        await desk.bind("guest0/uart0")
        board.status = replace(board.status, typing_to=desk.bound, run="running")
        typed = line.typed
        await driver.press("x", "ctrl+right_square_bracket", "g")
        await until(driver, lambda: "end it first" in driver.text)
        assert desk.bound == "guest0/uart0"
        assert line.typed == typed
