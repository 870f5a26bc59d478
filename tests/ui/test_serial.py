"""The Serial screen by key: the board gets them, one alone is the console's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from driving import Driver, console
from synthetic import SyntheticConsole

from hvconsole.link.serial_name import link_name
from hvconsole.ui.screens.serial import SerialScreen


class Tty:
    """A serial line that notes what is typed."""

    name = "ttyUSB0"
    state = "open"
    is_open = True
    scrollback = b"board login: "

    def __init__(self) -> None:
        self.typed = bytearray()
        self.said: Callable[[bytes], None] = lambda _: None

    def subscribe(self, callback: Callable[[bytes], None]) -> Callable[[], None]:
        self.said = callback
        return lambda: None

    def write(self, data: bytes) -> None:
        self.typed += data


def board(tty: Tty, **status: Any) -> SyntheticConsole:
    made = SyntheticConsole()
    made.serial_console = tty  # type: ignore[attr-defined]
    if status:
        from dataclasses import replace

        made.status = replace(made.status, **status)
    return made


async def go(driver: Driver) -> SerialScreen:
    await driver.press("f4")
    await draw(driver)
    assert isinstance(driver.app.screen, SerialScreen)
    return driver.app.screen


async def draw(driver: Driver) -> None:
    await driver.pilot.pause()
    if isinstance(driver.app.screen, SerialScreen):
        driver.app.screen.tick()
    await driver.pilot.pause()


async def test_keys_go_to_the_board_and_its_words_are_seen() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        await go(driver)
        assert "board login:" in driver.text
        await driver.press("q", "t", "enter", "ctrl+c", "up")
        assert tty.typed == b"qt\r\x03\x1b[A"
        tty.said(b"root\r\n\x1b]0;evil\x07[markup]\r\n# ")
        await draw(driver)
        assert "[markup]" in driver.text
        assert "evil" not in driver.text
        assert "open" in driver.line("ttyUSB0")


async def test_the_prefix_leads_out() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        await go(driver)
        assert "Ctrl+]" in driver.text
        await driver.press("ctrl+right_square_bracket")
        await draw(driver)
        assert "BREAK" in driver.text
        await driver.press("m")
        assert not isinstance(driver.app.screen, SerialScreen)
        assert tty.typed == b""


async def test_nothing_is_typed_while_the_line_is_measured_over() -> None:
    tty = Tty()
    busy = {"link": "connected", "link_detail": link_name(tty.name), "run": "running"}
    async with console(board(tty, **busy)) as driver:
        await go(driver)
        await driver.press("x")
        await draw(driver)
        assert tty.typed == b""
        assert "a run measures over this line" in driver.text


async def test_without_a_serial_line_it_says_so() -> None:
    async with console() as driver:
        await go(driver)
        assert "no serial line" in driver.text
