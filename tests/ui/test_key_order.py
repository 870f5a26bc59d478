"""Keys that come faster than they are dealt with: each acts after the one before, none is lost."""

from __future__ import annotations

import asyncio
from typing import Any

from desks import NotedDesk
from shelf import NotedDoors, opened
from sides import board
from textual import events
from textual.keys import _character_to_key
from textual.widgets import Input

from hvconsole.hypervisor import actions as do
from hvconsole.ui.screens.board_form import BoardFormScreen
from hvconsole.ui.screens.doing import MenuScreen


def burst(app: Any, *keys: str) -> None:
    """Hand over keys as a terminal does that sent all of them in one go; text after ``type ``."""
    for key in keys:
        for one in key.removeprefix("type ") if key.startswith("type ") else [key]:
            named = _character_to_key(one) if len(one) == 1 else one
            app.post_message(events.Key(named, one if len(one) == 1 else None))


async def comes(true: Any, patience_s: float = 20.0) -> bool:
    """Wait until something is so."""
    async with asyncio.timeout(patience_s):
        while not true():
            await asyncio.sleep(0.02)
    return True


async def test_a_form_is_filled_in_one_go() -> None:
    async with opened(NotedDoors()) as driver:
        burst(driver.app, "a", "type bpi", "tab", "type 192.0.2.7", "tab", "type 22", "tab",
              "type rootx", "home", "ctrl+k", "type root", "tab", "type id")  # fmt: skip
        await comes(lambda: isinstance(driver.app.screen, BoardFormScreen))
        form = driver.app.screen
        await comes(lambda: form.query("#f-profile"))
        await comes(lambda: form.texts["identity"] == "id")
        assert form.texts == {"name": "bpi", "host": "192.0.2.7", "port": "22", "user": "root",
                              "identity": "id", "serial": "", "profile": ""}  # fmt: skip


async def test_keys_go_on_where_the_one_before_led_to() -> None:
    async with opened(NotedDoors(), board()) as driver:
        burst(driver.app, "f5", "a", "type q", "escape", "f6", "slash", "type sim", "enter", "f7")
        await comes(lambda: driver.app.current_mode == "board")
        assert driver.app.source.calls == ["open"], "q was text, and no command"
        burst(driver.app, "f6")
        await comes(lambda: driver.app.current_mode == "sessions")
        assert driver.app.screen.query_one(Input).value == "sim"


async def test_a_pasted_text_keeps_its_place() -> None:
    async with opened(NotedDoors()) as driver:
        burst(driver.app, "a", "type bpi", "tab")
        driver.app.post_message(events.Paste("192.0.2.7"))
        burst(driver.app, "home", "type root", "tab", "type 22")
        await comes(lambda: isinstance(driver.app.screen, BoardFormScreen))
        form = driver.app.screen
        await comes(lambda: form.query("#f-profile"))
        await comes(lambda: form.texts["port"] == "22")
        assert form.texts["host"] == "root192.0.2.7"


async def test_an_action_is_filled_in_and_done_in_one_go() -> None:
    one = board()
    one.hypervisor = desk = NotedDesk()
    async with opened(NotedDoors(), one) as driver:
        burst(driver.app, "f3")
        await comes(lambda: "dom1" in driver.text)
        burst(driver.app, "down", "down", "down", "enter")
        await comes(lambda: isinstance(driver.app.screen, MenuScreen))
        menu = driver.app.screen
        titles = [form.title for form in menu._forms if not form.missing]
        at = next(n for n, title in enumerate(titles) if title.startswith("set rtds's values"))
        burst(driver.app, *["down"] * at, "enter", "ctrl+a", "ctrl+k", "type 8000",
              "tab", "type 2000", "enter")  # fmt: skip
        await comes(lambda: bool(desk.done))
        assert desk.done == [do.Schedule(guest="2", values={"period": 8000, "budget": 2000})]
