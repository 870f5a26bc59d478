"""A serial line that tests speak for, and the Serial screen on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from driving import Driver
from synthetic import BOARD, SyntheticConsole

from hvconsole.ui.screens.serial import SerialScreen


class Port:
    """What a break is sent with."""

    def __init__(self) -> None:
        self.breaks = 0

    async def send_break(self, seconds: float = 0.25) -> None:  # noqa: ARG002  # the protocol's
        self.breaks += 1


@dataclass
class Tty:
    """A serial line that notes what is typed."""

    name: str = "ttyUSB0"
    state: str = "open"
    is_open: bool = True
    scrollback: bytes = b"board login: "
    typed: bytearray = field(default_factory=bytearray)
    port: Any = field(default_factory=Port)
    said: Callable[[bytes], None] = lambda _: None

    def subscribe(self, callback: Callable[[bytes], None]) -> Callable[[], None]:
        self.said = callback
        return lambda: None

    def write(self, data: bytes) -> None:
        self.typed += data


def board(tty: Tty | None, **status: Any) -> SyntheticConsole:
    """Return a board with that line, and what its status is to be."""
    return SyntheticConsole(status=replace(BOARD, **status), serial_console=tty)


async def go(driver: Driver) -> SerialScreen:
    """Go to the Serial screen."""
    await driver.press("f4")
    await draw(driver)
    assert isinstance(driver.app.screen, SerialScreen)
    return driver.app.screen


async def draw(driver: Driver) -> None:
    """Paint what is due now, whatever the clock says."""
    await driver.pilot.pause()
    screen = driver.app.screen
    if isinstance(screen, SerialScreen):
        screen.terminal.settle_all()
        screen.paint()
    await driver.pilot.pause()


async def press(driver: Driver, *keys: str) -> None:
    """Press keys and paint what came of it."""
    await driver.pilot.press(*keys)
    await draw(driver)


async def menu(driver: Driver, key: str) -> None:
    """Do something by the menu."""
    await press(driver, "ctrl+right_square_bracket", key)
