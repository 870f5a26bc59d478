"""A guest's console on the Serial screen: shown, typed to, left; and the reason where none is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from desks import NotedDesk
from driving import Driver, console
from serial_desk import Tty, draw
from synthetic import BOARD, SyntheticConsole

from hvconsole.ui.screens.hypervisor import HypervisorScreen
from hvconsole.ui.screens.said import AskScreen
from hvconsole.ui.screens.serial import SerialScreen


class GuestTty(Tty):
    """A guest's console: a way of its own that nobody sends BREAK on."""

    async def open(self) -> None:
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False


def board() -> tuple[SyntheticConsole, Tty, GuestTty]:
    line = Tty()
    guest = GuestTty(name="the console of dom1", scrollback=b"dom1 says hello\r\n/ # ")
    desk = NotedDesk(consoles={"2": guest})
    status = replace(BOARD, serial="open")
    return SyntheticConsole(status=status, hypervisor=desk, serial_console=line), line, guest


async def until(driver: Driver, holds: Callable[[], bool]) -> None:
    for _ in range(100):
        await driver.pilot.pause(0.02)
        for screen in driver.app.screen_stack:
            if isinstance(screen, HypervisorScreen | SerialScreen):
                screen.tick()
        await driver.pilot.pause()
        if holds():
            return
    raise AssertionError(driver.text)


async def to_the_guest(driver: Driver) -> None:
    """Select the guest of a board in the Hypervisor screen, and show its console."""
    await driver.press("f3")
    await until(driver, lambda: "dom1" in driver.text)
    await driver.press("down", "down", "down")
    await until(driver, lambda: "▸" in driver.text or "dom1" in driver.text)
    await driver.press("o")


async def test_it_is_shown_typed_to_and_left() -> None:
    source, line, guest = board()
    async with console(source, size=(120, 40)) as driver:
        await to_the_guest(driver)
        await until(driver, lambda: "dom1 says hello" in driver.text)
        assert isinstance(driver.app.screen, SerialScreen)
        source.status = replace(source.status, typing_to=guest.name)
        assert "the console of dom1 · Ctrl+] g leaves it" in driver.text
        assert "board login" not in driver.text
        await driver.press("l", "s", "enter")
        assert bytes(guest.typed) == b"ls\r"
        assert line.typed == b""
        guest.said(b"ls\r\nbin dev\r\n/ # ")
        line.said(b"\r\nthe board says so meanwhile")
        await until(driver, lambda: "bin dev" in driver.text)
        assert "meanwhile" not in driver.text

        await driver.press("ctrl+right_square_bracket")
        assert "guest's console" in driver.text
        assert "BREAK" not in driver.text  # a guest's console has none
        assert "send Ctrl+]" not in driver.text
        await driver.press("g")
        await until(driver, lambda: "the board says so meanwhile" in driver.text)
        assert "dom1 says" not in driver.text
        assert "keys are the board's again" in driver.text
        source.status = replace(source.status, typing_to="")
        await driver.press("x")
        assert line.typed == b"x"
        assert bytes(guest.typed) == b"ls\r"


async def test_a_console_that_ends_by_itself_says_why_until_it_is_left() -> None:
    source, _, guest = board()
    async with console(source, size=(120, 40)) as driver:
        await to_the_guest(driver)
        await until(driver, lambda: "dom1 says hello" in driver.text)
        source.status = replace(source.status, typing_to=guest.name)
        guest.is_open, guest.state = False, "xl ended with status 0"
        await until(driver, lambda: "xl ended with status 0" in driver.text)
        assert "dom1 says hello" in driver.text  # its last words are there yet
        await driver.press("ctrl+right_square_bracket", "g")
        await until(driver, lambda: "board login" in driver.text)


async def test_where_there_is_none_the_reason_is_shown() -> None:
    source, line, _ = board()
    async with console(source, size=(120, 40)) as driver:
        await driver.press("f3")
        await until(driver, lambda: "dom1" in driver.text)
        await driver.press("o")  # dom0
        await until(driver, lambda: "0 has no console here" in driver.text)
        assert "none is given to it" in driver.text
        assert isinstance(driver.app.screen, HypervisorScreen)
        await driver.press("escape", "f4", "y")
        await draw(driver)
        assert line.typed == b"y"


async def test_the_serial_screens_menu_finds_the_guests() -> None:
    source, _, guest = board()
    async with console(source, size=(120, 40)) as driver:
        await driver.press("f4")
        await draw(driver)
        await driver.press("ctrl+right_square_bracket", "g")
        await until(driver, lambda: isinstance(driver.app.screen, AskScreen))
        assert "type to dom1" in driver.text
        assert "Domain-0" not in driver.text
        await driver.press("enter")
        await until(driver, lambda: "dom1 says hello" in driver.text)
        await driver.press("q")
        assert bytes(guest.typed) == b"q"


async def test_no_guests_no_offer() -> None:
    source = SyntheticConsole(status=replace(BOARD, serial="open"), serial_console=Tty())
    async with console(source, size=(120, 40)) as driver:
        await driver.press("f4")
        await draw(driver)
        await driver.press("ctrl+right_square_bracket")
        assert "line end" in driver.text
        assert "guest's console" not in driver.text
