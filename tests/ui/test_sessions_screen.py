"""The Sessions screen by key: filtering, playing, exporting and deleting recordings on disk."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import polars as pl
import pytest
from sessions import make_session
from shelf import NotedDoors, draw, opened, press, settled
from synthetic import SyntheticConsole
from textual.widgets import Button, Input, Select

from hvconsole.model.recorded import SessionInfo
from hvconsole.session.sessions import SessionShelf
from hvconsole.ui import screens
from hvconsole.ui.screens.asking import ConfirmScreen
from hvconsole.ui.screens.export import ExportScreen
from hvconsole.ui.screens.sessions import SessionsScreen


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "sessions"
    monkeypatch.setenv("HVCONSOLE_SESSIONS_DIR", str(folder))
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    make_session(folder / "alpha.hvs", conditions=["idle"])
    make_session(folder / "beta.hvs", labels=("simulated",))
    torn = make_session(folder / "torn.hvs")
    (torn / "manifest.toml").write_text("format = [\n")
    return folder


async def go(driver) -> SessionsScreen:
    await press(driver, "f6")
    await settled(driver)
    screen = driver.app.screen
    assert isinstance(screen, SessionsScreen)
    return screen


async def test_recordings_are_listed_with_what_a_glance_tells() -> None:
    async with opened(size=(120, 30)) as driver:
        await go(driver)
        assert "5.0 s" in driver.line("alpha")
        assert "400" in driver.line("alpha")
        assert "simulated" in driver.line("beta")
        assert "! damaged" in driver.line("torn")


async def test_typing_filters_and_escape_ends_it() -> None:
    async with opened() as driver:
        screen = await go(driver)
        await press(driver, "slash", "b", "e", "t")
        assert [Path(key).stem for key in screen.rows_panel.keys] == ["beta"]
        assert "1 of 3" in driver.text
        await press(driver, "enter")  # the words stay, the keys are the list's again
        assert screen.rows_panel.has_focus
        await press(driver, "escape")
        assert len(screen.rows_panel.keys) == 3
        await press(driver, "slash", "i", "d", "l", "e", "enter")
        assert [Path(key).stem for key in screen.rows_panel.keys] == ["alpha"]


async def test_what_nothing_holds_is_said() -> None:
    async with opened() as driver:
        await go(driver)
        await press(driver, "slash", "z", "z")
        assert "nothing holds “zz”" in driver.text


async def test_enter_plays_a_recording(folder: Path) -> None:
    doors = NotedDoors()
    async with opened(doors) as driver:
        screen = await go(driver)
        screen.rows_panel.choose(str(folder / "alpha.hvs"))
        await press(driver, "enter")
        await settled(driver)
        assert doors.opened == [str(folder / "alpha.hvs")]
        assert driver.app.current_mode == "measure"
        assert driver.app.source.status.link == "replay"
        assert driver.app.read_only
        await press(driver, "space", "right_square_bracket", "full_stop")
        assert driver.app.source.playback.playing
        assert driver.app.source.playback.speed == 2.0
        assert driver.app.source.playback.position_s > 12.3


async def test_playing_while_a_board_is_open_is_asked() -> None:
    doors, board = NotedDoors(), SyntheticConsole().advance(1.0)
    async with opened(doors, board) as driver:
        await go(driver)
        await press(driver, "enter")
        assert isinstance(driver.app.screen, ConfirmScreen)
        await press(driver, "enter")
        assert doors.opened == []
        await press(driver, "enter", "right", "enter")
        await settled(driver)
        assert len(doors.opened) == 1
        assert board.calls[-1] == "close"


async def test_deleting_names_the_recording_and_cancel_is_the_default(folder: Path) -> None:
    async with opened() as driver:
        screen = await go(driver)
        screen.rows_panel.choose(str(folder / "beta.hvs"))
        await press(driver, "d")
        assert "delete beta?" in driver.text
        assert "cannot be had back" in driver.text
        await press(driver, "enter")
        assert (folder / "beta.hvs").exists()
        await press(driver, "d", "tab", "enter")
        await settled(driver)
        assert not (folder / "beta.hvs").exists()
        assert (folder / "alpha.hvs").exists()
        async with asyncio.timeout(30):  # until it has been looked, and drawn, again
            while str(folder / "beta.hvs") in screen.rows_panel.keys:
                await driver.pilot.pause(0.05)
                screen.tick()


async def test_a_look_from_before_does_not_bring_back_what_is_deleted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed, begun, late = threading.Event(), threading.Event(), threading.Event()
    look, delete = SessionShelf.sessions, screens.sessions.delete_session

    def looked(shelf: SessionShelf) -> list[SessionInfo]:
        found = look(shelf)
        if armed.is_set() and any(info.name == "beta" for info in found):
            begun.set()
            late.wait(30)
        return found

    def deleted(path: Path) -> None:
        assert begun.wait(30), "the screen looks when the question closes"
        delete(path)

    monkeypatch.setattr(SessionShelf, "sessions", looked)
    monkeypatch.setattr(screens.sessions, "delete_session", deleted)
    async with opened() as driver:
        screen = await go(driver)
        screen.rows_panel.choose(str(folder / "beta.hvs"))
        await press(driver, "d", "tab")
        armed.set()
        await press(driver, "enter")
        async with asyncio.timeout(30):
            while str(folder / "beta.hvs") in screen.rows_panel.keys:
                await driver.pilot.pause(0.05)
                screen.tick()
        late.set()
        await driver.pilot.pause(0.5)
        screen.tick()
        assert str(folder / "beta.hvs") not in screen.rows_panel.keys


async def test_what_is_being_played_is_not_deleted(folder: Path) -> None:
    async with opened() as driver:
        screen = await go(driver)
        screen.rows_panel.choose(str(folder / "alpha.hvs"))
        await press(driver, "enter")
        await settled(driver)
        await go(driver)
        await press(driver, "d")
        assert "alpha is being played" in driver.text
        assert (folder / "alpha.hvs").exists()


async def test_exporting_to_parquet_and_csv(folder: Path, tmp_path: Path) -> None:
    async with opened() as driver:
        screen = await go(driver)
        screen.rows_panel.choose(str(folder / "alpha.hvs"))
        await press(driver, "e")
        form = driver.app.screen
        assert isinstance(form, ExportScreen)
        assert form.out == tmp_path / "alpha.parquet"
        await press(driver, "enter")
        await settled(driver)
        assert pl.read_parquet(tmp_path / "alpha.parquet").height == 400
        await press(driver, "e")
        form = driver.app.screen
        assert form.query_one("#do", Button).disabled
        assert "exists already" in driver.text
        form.query_one("#file", Input).value = str(tmp_path / "actions.csv")
        form.query_one(Select).value = "actions"
        await draw(driver.pilot)
        await press(driver, "enter")
        await settled(driver)
        assert pl.read_csv(tmp_path / "actions.csv").height == 2
        assert any("--table actions" in " ".join(one.command) for one in driver.app.happenings)


async def test_a_suffix_that_means_nothing_is_refused(tmp_path: Path) -> None:
    async with opened() as driver:
        await go(driver)
        await press(driver, "e")
        form = driver.app.screen
        form.query_one("#file", Input).value = str(tmp_path / "x.xls")
        await draw(driver.pilot)
        assert "end the name in .parquet, .csv, .arrow" in driver.text
        await press(driver, "enter")
        assert driver.app.screen is form
        await press(driver, "escape")
        assert isinstance(driver.app.screen, SessionsScreen)


async def test_a_home_is_named_letter_by_letter() -> None:
    async with opened() as driver:
        await go(driver)
        await press(driver, "e")
        form = driver.app.screen
        assert isinstance(form, ExportScreen)
        form.query_one("#file", Input).value = ""
        for text, folder in {
            "~": Path.home(),
            "~o": Path("~o"),  # whose home is known to nobody
            "~/o.csv": Path.home() / "o.csv",
        }.items():
            form.query_one("#file", Input).value = text
            await draw(driver.pilot)
            assert form.out == folder
            assert driver.app.screen is form


async def test_the_order_and_the_command(folder: Path) -> None:
    async with opened() as driver:
        screen = await go(driver)
        await press(driver, "s")
        assert "by name" in driver.text
        assert [Path(key).stem for key in screen.rows_panel.keys] == ["alpha", "beta", "torn"]
        await press(driver, "g", "c")
        assert driver.app.clipboard == f"hvconsole replay {folder / 'alpha.hvs'}"


async def test_new_recordings_are_found(folder: Path) -> None:
    async with opened() as driver:
        screen = await go(driver)
        make_session(folder / "gamma.hvs")
        await press(driver, "r")
        await settled(driver)
        assert str(folder / "gamma.hvs") in screen.rows_panel.keys


async def test_an_empty_folder_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HVCONSOLE_SESSIONS_DIR", str(tmp_path / "none"))
    async with opened() as driver:
        await go(driver)
        assert "nothing is recorded in" in driver.text
        ids = {one.id for one in driver.app.screen.bound()}
        assert not ids & {"sessions.open", "sessions.export", "sessions.delete"}
