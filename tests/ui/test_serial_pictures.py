"""Pictures of the Serial screen; look at them before accepting new ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from serial_desk import Tty, board
from textual.pilot import Pilot

from hvconsole.link.serial_name import link_name
from hvconsole.ui.app import HvconsoleApp
from hvconsole.ui.screens.serial import SerialScreen

SMALL, LARGE = (80, 24), (160, 48)
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x48"])
THEMES = pytest.mark.parametrize("theme", ["dark", "light", "mono"])

Compare = Callable[..., bool]

BOOT = (
    b"U-Boot 2023.01 (Jan 09 2023)\r\n\r\n"
    b"[    0.000000] Booting Linux on physical CPU 0x0\r\n"
    b"[    1.250000] mmc0: new high speed SDHC card at address aaaa\r\n"
    b"[\x1b[0;32m  OK  \x1b[0m] Started \x1b[0;1;39mOpenSSH server\x1b[0m.\r\n"
    b"[\x1b[0;1;31mFAILED\x1b[0m] Failed to start \x1b[0;1;39mthermald\x1b[0m.\r\n"
    b"[    4.000000] Internal error: Oops: 5 [#1] SMP ARM\r\n"
)
SHELL = (
    b"\x1b[01;32mroot@bpi\x1b[00m:\x1b[01;34m~\x1b[00m# ls --color\r\n"
    b"\x1b[01;34mbin\x1b[0m  \x1b[01;36mlib\x1b[0m  \x1b[01;32mrun.sh\x1b[0m  "
    b"\x1b[40;33;01mtty\x1b[0m  \x1b[30;42mtmp\x1b[0m  \x1b[37;41msu\x1b[0m  "
    + "größe 测量 ✓".encode()
    + b"\r\n"
)
COLOURS = b"".join(
    [
        *(b"\x1b[%dm %2d \x1b[0m" % (30 + n, n) for n in range(8)),
        b"\r\n",
        *(b"\x1b[%dm %2d \x1b[0m" % (90 + n, 8 + n) for n in range(8)),
        b"\r\n",
        *(b"\x1b[%dm %2d \x1b[0m" % (40 + n, n) for n in range(8)),
        b"\r\n",
        *(b"\x1b[48;5;%dm  \x1b[0m" % n for n in range(16, 52)),
        b"\r\n",
        *(b"\x1b[38;2;%d;%d;%dm#\x1b[0m" % (255 - 4 * n, 4 * n, 128) for n in range(60)),
        b"\r\n\x1b[1mbold\x1b[0m \x1b[2mdim\x1b[0m \x1b[3mitalic\x1b[0m \x1b[4munder\x1b[0m ",
        b"\x1b[7mreverse\x1b[0m \x1b[9mstruck\x1b[0m \x1b[8mhidden\x1b[0m\r\n",
    ]
)
PROMPT = b"\x1b[01;32mroot@bpi\x1b[00m:\x1b[01;34m~\x1b[00m# "
DIALOG = (
    b"\x1b[?1049h\x1b[44m\x1b[2J\x1b[H\x1b[1;36mmenuconfig\x1b[0;30;47m"
    b"\x1b[4;10H\x1b(0l" + b"q" * 30 + b"k\x1b(B"
    b"\x1b[5;10H\x1b(0x\x1b(B" + b" Kernel Configuration".ljust(30) + b"\x1b(0x\x1b(B"
    b"\x1b[6;10H\x1b(0t" + b"q" * 30 + b"u\x1b(B"
    b"\x1b[7;10H\x1b(0x\x1b(B \x1b[37;41mGeneral setup\x1b[30;47m  --->"
    + b" " * 10 + b"\x1b(0x\x1b(B"
    b"\x1b[8;10H\x1b(0m" + b"q" * 30 + b"j\x1b(B\x1b[?25l"
)  # fmt: skip


def app(theme: str = "dark", said: bytes = BOOT + SHELL + COLOURS + PROMPT, **status: Any) -> Any:
    desk = board(Tty(scrollback=said), **status).advance(1.0)
    return HvconsoleApp(desk, theme=theme, frames_per_second=1)


def after(*keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what goes to the screen, presses keys, and paints."""

    async def run(pilot: Pilot[None]) -> None:
        await pilot.pause()
        await pilot.press("f4")
        await draw(pilot)
        for key in keys:
            await pilot.press(key)
            await draw(pilot)

    async def draw(pilot: Pilot[None]) -> None:
        await pilot.pause()
        screen = pilot.app.screen
        if isinstance(screen, SerialScreen):
            screen.terminal.settle_all()
            screen.tick()
            screen.paint()
        await pilot.pause()

    return run


@SIZES
@THEMES
def test_colours(snap_compare: Compare, theme: str, size: tuple[int, int]) -> None:
    assert snap_compare(app(theme), terminal_size=size, run_before=after())


@pytest.mark.parametrize("theme", ["high-contrast", "ansi16"])
def test_other_themes(snap_compare: Compare, theme: str) -> None:
    assert snap_compare(app(theme), terminal_size=LARGE, run_before=after())


def test_no_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(app("light"), terminal_size=SMALL, run_before=after())


@THEMES
def test_a_dialog(snap_compare: Compare, theme: str) -> None:
    assert snap_compare(app(theme, BOOT + DIALOG), terminal_size=SMALL, run_before=after())


@SIZES
def test_the_menu(snap_compare: Compare, size: tuple[int, int]) -> None:
    keys = ("ctrl+right_square_bracket",)
    assert snap_compare(app(), terminal_size=size, run_before=after(*keys))


@THEMES
def test_hits_of_a_search(snap_compare: Compare, theme: str) -> None:
    keys = ("ctrl+right_square_bracket", "slash", *"started", "enter")
    assert snap_compare(app(theme), terminal_size=SMALL, run_before=after(*keys))


@THEMES
def test_a_selection(snap_compare: Compare, theme: str) -> None:
    keys = ("ctrl+right_square_bracket", "v", "up", "space", "up", "up")
    assert snap_compare(app(theme), terminal_size=SMALL, run_before=after(*keys))


def test_a_refusal(snap_compare: Compare) -> None:
    busy = app(link="connected", link_detail=link_name("ttyUSB0"))
    assert snap_compare(busy, terminal_size=SMALL, run_before=after("x"))
