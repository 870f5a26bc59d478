"""What holds for every screen: help lists what is bound, keys are the user's, Esc leads back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from desks import NotedDesk
from driving import Driver
from shelf import NotedDoors, draw, opened, press
from sides import board
from textual.screen import ModalScreen

from hvconsole.commands.later import LaterCampaigns
from hvconsole.config.keys import load_keys
from hvconsole.ui.actions import ACTIONS, BY_ID
from hvconsole.ui.commands import ActionCommands
from hvconsole.ui.keymap import clashes
from hvconsole.ui.screens.base import ConsoleScreen
from hvconsole.ui.screens.help import HelpScreen
from hvconsole.ui.view.keys import Bound, help_entries, key_name

WAYS = {"measure": "f2", "hypervisor": "f3", "boards": "f5", "sessions": "f6", "board": "f7",
        "log": "f8", "compare": "f9", "campaigns": "f10"}  # fmt: skip
EVERY = pytest.mark.parametrize("mode", WAYS)


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HVCONSOLE_SESSIONS_DIR", str(tmp_path / "sessions"))
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))


def console():
    one = board()
    one.hypervisor = NotedDesk()
    return one


def listed(screen: HelpScreen) -> set[tuple[str, str]]:
    entries = [entry for group in screen.entries.values() for entry in group]
    return {(key, entry.tooltip) for entry in entries for key in entry.keys}


@EVERY
async def test_help_lists_exactly_what_is_bound(mode: str) -> None:
    async with opened(board=console(), size=(120, 40), campaigns=LaterCampaigns()) as driver:
        await press(driver, WAYS[mode])
        screen = driver.app.screen
        assert driver.app.current_mode == mode
        bound = {
            (key_name(key), active.binding.tooltip)
            for key, active in screen.active_bindings.items()
        }
        await press(driver, "question_mark")
        assert isinstance(driver.app.screen, HelpScreen)
        assert listed(driver.app.screen) == bound


@EVERY
async def test_every_key_of_a_screen_does_what_the_registry_says(mode: str) -> None:
    async with opened(board=console(), size=(120, 40), campaigns=LaterCampaigns()) as driver:
        await press(driver, WAYS[mode])
        for one in driver.app.screen.bound():
            action = BY_ID[one.id]
            assert action.scope in {"app", mode}
            method = f"action_{action.call.split('(')[0]}"
            owner = driver.app if action.scope == "app" else driver.app.screen
            if method.startswith("action_app."):
                owner, method = driver.app, f"action_{method.removeprefix('action_app.')}"
            assert callable(getattr(owner, method))


@EVERY
async def test_the_palette_lists_exactly_what_is_bound(mode: str) -> None:
    async with opened(board=console(), size=(120, 40), campaigns=LaterCampaigns()) as driver:
        await press(driver, WAYS[mode])
        screen = driver.app.screen
        bound = {one.id for one in screen.bound()} - {"console.palette"}
        hits = [hit async for hit in ActionCommands(screen).discover()]
        named = [str(hit.text or hit.display) for hit in hits]
        assert len(named) == len(set(named)) == len(bound)
        words = {BY_ID[one].tooltip for one in bound if not one.startswith("lane.")}
        assert words <= set(named)


async def test_the_palette_can_be_done_with_the_mouse_alone() -> None:
    async with opened(board=console(), size=(120, 40)) as driver:
        await click(driver, "commands")
        await driver.pilot.pause(0.5)
        await click(driver, "Pause the view")
        assert driver.app.screen_stack[-1].look.paused


async def click(driver: Driver, text: str) -> None:
    """Click on the first line that holds a text."""
    y, line = next((y, line) for y, line in enumerate(driver.text.splitlines()) if text in line)
    await driver.pilot.click(offset=(line.index(text) + 1, y))
    await driver.pilot.pause()
    await draw(driver.pilot)


@EVERY
async def test_own_keys_count_on_every_screen(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text('"console.help" = "f12"\n"console.quit" = "ctrl+q"\n')
    keys = load_keys(BY_ID, path)
    async with opened(board=console(), keys=keys.keys, size=(120, 40)) as driver:
        await press(driver, WAYS[mode])
        assert "F12 help" in driver.text
        await press(driver, "question_mark")
        assert not isinstance(driver.app.screen, HelpScreen)
        await press(driver, "f12")
        assert isinstance(driver.app.screen, HelpScreen)


@EVERY
async def test_escape_leads_back_to_what_is_measured(mode: str) -> None:
    async with opened(board=console(), size=(120, 40), campaigns=LaterCampaigns()) as driver:
        await press(driver, WAYS[mode], "escape")
        assert driver.app.current_mode == "measure"


@EVERY
async def test_the_link_is_always_seen(mode: str) -> None:
    async with opened(board=console()) as driver:
        await press(driver, WAYS[mode])
        assert "⇄ connected" in driver.text.splitlines()[0]


async def test_what_is_below_a_question_goes_on() -> None:
    async with opened(NotedDoors(), board()) as driver:
        await press(driver, "f5", "enter")
        assert isinstance(driver.app.screen, ModalScreen)
        one = driver.app.source
        one.status = replace(one.status, link="lost", link_detail="nothing answers")
        for _ in range(200):
            if "lost" in driver.text:
                break
            await driver.pilot.pause(0.1)
        assert "lost" in driver.text.splitlines()[0], "by its own clock"
        assert isinstance(driver.app.screen, ModalScreen)


@EVERY
async def test_every_screen_stands_narrow_and_wide(mode: str) -> None:
    for size in ((40, 12), (300, 80)):
        async with opened(board=console(), size=size) as driver:
            await press(driver, WAYS[mode])
            assert isinstance(driver.app.screen, ConsoleScreen)
            assert len(driver.text.splitlines()) == size[1]


async def test_the_palette_finds_what_a_screen_can_do() -> None:
    async with opened(board=console(), size=(100, 30)) as driver:
        await press(driver, "f7")
        await driver.run_command("check the board")
        await draw(driver.pilot)
        assert driver.app.source.board_side.calls == ["doctor"]


async def test_keys_that_could_not_be_used_are_told(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text('"view.puase" = "z"\n')
    async with opened(told=load_keys(BY_ID, path).problems, size=(120, 30)) as driver:
        assert "did you mean 'view.pause'?" in driver.text


def test_keys_that_two_actions_want_are_told() -> None:
    (problem,) = clashes({"view.pause": "s"})
    assert problem.title == "'s' is wanted by 'view.pause' and by 'run.toggle'"
    assert list(clashes({"view.pause": "s", "run.toggle": "p"})) == []  # they changed places
    assert len(list(clashes({"view.pause": "z", "time.reset": "z"}))) == 1
    assert list(clashes({"boards.open": "s", "play.toggle": "s", "log.follow": "q"})) == []
    assert list(clashes({})) == []


def test_no_two_actions_of_a_screen_share_a_key() -> None:
    for scope in {action.scope for action in ACTIONS} - {"app", "serial"}:
        keys: dict[str, str] = {}
        for action in ACTIONS:
            if action.scope == scope and action.group != "Recording":
                for key in action.keys.split(","):
                    assert key not in keys, f"{key}: {keys.get(key)} and {action.id}"
                    keys[key] = action.id


def test_every_action_has_an_id_of_its_own_and_words() -> None:
    assert len(BY_ID) == len(ACTIONS)
    for action in ACTIONS:
        assert action.tooltip
        assert not action.tooltip.endswith(".")
        entry = Bound("x", action.id, action.label, action.tooltip, action.group)
        assert help_entries([entry])


async def test_a_dialog_is_left_by_escape_without_doing_anything() -> None:
    doors = NotedDoors()
    async with opened(doors, console()) as driver:
        await press(driver, "f5", "enter")
        assert isinstance(driver.app.screen, ModalScreen)
        await press(driver, "escape")
        assert doors.opened == []
        assert driver.app.current_mode == "boards"
