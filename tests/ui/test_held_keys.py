"""A key that is held down answers no question; pressed anew, it does."""

from __future__ import annotations

from pathlib import Path

import pytest
from shelf import NotedDoors, opened, press
from sides import board
from textual.screen import ModalScreen

from hvconsole.ui import held
from hvconsole.ui.held import HeldKeys
from hvconsole.ui.screens.file import FileScreen


def test_what_is_a_press(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "HELD_S", 0.7)
    now = 0.0
    keys = HeldKeys(lambda: now)
    seen = []
    for moment, key in (
        *((0.0, "enter"), (0.5, "enter"), (0.53, "enter"), (0.56, "enter"), (1.3, "enter")),
        *((1.4, "tab"), (1.5, "enter"), (1.55, "enter")),
    ):
        now = moment
        seen.append(keys.pressed(key))
    assert seen == [True, False, False, False, True, True, True, False]


async def test_a_held_key_opens_a_question_and_leaves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "HELD_S", 30.0)
    doors = NotedDoors()
    async with opened(doors, board()) as driver:
        await press(driver, "f5", "enter", "enter", "enter")
        assert isinstance(driver.app.screen, ModalScreen), "it neither cancelled nor agreed"
        assert doors.opened == []
        await press(driver, "tab", "enter")
        assert doors.opened == ["sim"]


async def test_a_click_in_between_makes_it_a_press(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "HELD_S", 30.0)
    doors = NotedDoors()
    async with opened(doors, board()) as driver:
        await press(driver, "f5", "enter")
        assert isinstance(driver.app.screen, ModalScreen)
        await driver.pilot.click("#ask-box")
        await press(driver, "enter")
        assert not isinstance(driver.app.screen, ModalScreen), "the safe answer was taken"
        assert doors.opened == []


async def test_held_keys_go_on_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "HELD_S", 30.0)
    async with opened(board=board()) as driver:
        before = driver.app.screen.look.window.span_s
        await press(driver, "plus", "plus", "plus")
        assert driver.app.screen.look.window.span_s < before / 4


async def test_a_held_key_does_not_agree_to_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "HELD_S", 30.0)
    answers: list[Path | None] = []
    async with opened(board=board()) as driver:
        await press(driver, "enter")  # it is held down from here on
        asked = FileScreen("write", "file", "a.csv", lambda _: ("fine", True), do="Write")
        driver.app.push_screen(asked, answers.append)
        await press(driver, "enter", "enter")
        assert driver.app.screen is asked
        await press(driver, "end", "enter")
        assert [one.name for one in answers if one is not None] == ["a.csv"]
