"""Pictures of the Hypervisor screen and its dialogs; look at them before accepting new ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from desks import NotedDesk
from synthetic import BOARD, SyntheticConsole
from textual.pilot import Pilot

from hvconsole.ui.app import HvconsoleApp
from hvconsole.ui.screens.base import ConsoleScreen

SIZES = pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=["80x24", "160x48"])
Compare = Callable[..., bool]


def app(theme: str = "dark") -> HvconsoleApp:
    board = SyntheticConsole(status=BOARD, hypervisor=NotedDesk())
    board.advance(12.0)
    return HvconsoleApp(board, theme=theme, frames_per_second=1)


def after(*keys: str) -> Callable[[Pilot], Any]:
    async def run(pilot: Pilot) -> None:
        await pilot.pause()
        await pilot.press("f3")
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        await settle(pilot)

    async def settle(pilot: Pilot) -> None:
        for _ in range(2):
            await pilot.pause()
            for screen in pilot.app.screen_stack:
                if isinstance(screen, ConsoleScreen):
                    screen.tick()
        await pilot.pause()

    return run


@SIZES
@pytest.mark.parametrize("theme", ["dark", "light", "mono"])
def test_guests(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    assert snap_compare(app(theme), terminal_size=size, run_before=after())


@SIZES
def test_menu(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(
        app(), terminal_size=size, run_before=after("down", "down", "down", "enter")
    )


@SIZES
def test_a_dangerous_action(snap_compare: Compare, size: tuple[int, int]) -> None:
    keys = ("down", "down", "down", "enter", "down", "down", "down", "enter")
    assert snap_compare(app(), terminal_size=size, run_before=after(*keys))
