"""The Boards screen by key: opening, adding with a trial, changing and removing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from shelf import NotedDoors, draw, fill, opened, press, settled
from synthetic import BOARD, SyntheticConsole
from textual.widgets import Button

from hvconsole.config.boards import BoardEntry, add_board, load_boards
from hvconsole.config.paths import boards_file
from hvconsole.model.problem import UsageProblem
from hvconsole.ui.doors import Trial
from hvconsole.ui.screens.asking import ConfirmScreen
from hvconsole.ui.screens.boards import BoardsScreen

KEY = "SHA256:abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


async def test_without_a_board_the_boards_are_shown() -> None:
    async with opened() as driver:
        assert isinstance(driver.app.screen, BoardsScreen)
        assert "no board" in driver.text
        assert "ready" in driver.line("sim ")
        assert "ready" in driver.line("local")
        assert "not running" in driver.line("lab-virt")
        assert str(boards_file())[:20] in driver.text


async def test_enter_connects_and_measures() -> None:
    doors = NotedDoors()
    async with opened(doors) as driver:
        await press(driver, "down", "enter")
        await settled(driver)
        assert doors.opened == ["local"]
        assert driver.app.current_mode == "measure"
        assert driver.app.source.status.board == "local"
        assert driver.app.source.calls == ["open"]
        assert "hvconsole connect local" in " ".join(
            " ".join(one.command) for one in driver.app.happenings
        )


async def test_a_board_that_has_to_be_started_says_how() -> None:
    problem = UsageProblem("lab-virt does not run", hint="hvconsole lab start lab-virt")
    async with opened(NotedDoors(problem=problem)) as driver:
        await press(driver, "j", "j")
        assert "hvconsole lab start lab-virt" in driver.text
        await press(driver, "enter")
        await settled(driver)
        assert "lab-virt does not run" in driver.text
        assert isinstance(driver.app.screen, BoardsScreen)
        await press(driver, "escape")
        assert "lab-virt does not run" not in driver.text


async def test_leaving_a_board_is_asked_and_cancel_is_the_default() -> None:
    doors, board = NotedDoors(), SyntheticConsole().advance(1.0)
    async with opened(doors, board) as driver:
        await press(driver, "f5", "enter")
        assert isinstance(driver.app.screen, ConfirmScreen)
        assert "leave bpi for sim?" in driver.text
        await press(driver, "enter")
        assert doors.opened == []
        assert "close" not in board.calls
        await press(driver, "enter", "tab", "enter")
        await settled(driver)
        assert doors.opened == ["sim"]
        assert board.calls[-1] == "close"
        assert driver.app.current_mode == "measure"
        assert driver.app.source.status.board == "sim"


async def test_going_elsewhere_while_a_board_is_left_leads_to_the_next_one() -> None:
    go_on = asyncio.Event()

    class Slow(SyntheticConsole):
        async def close(self) -> None:
            await go_on.wait()

    async with opened(NotedDoors(), Slow().advance(1.0)) as driver:
        old = driver.app.screen
        await press(driver, "f5", "enter", "tab", "enter")
        assert "ending the run and tidying up" in driver.text
        await press(driver, "f2")
        assert driver.app.screen is old
        go_on.set()
        await settled(driver)
        assert driver.app.current_mode == "measure"
        assert driver.app.screen is not old
        assert driver.app.source.status.board == "sim"


async def test_what_cannot_be_tidied_up_is_told_on_the_next_board() -> None:
    board = SyntheticConsole(problems={"close": UsageProblem("the module stays")}).advance(1.0)
    async with opened(NotedDoors(), board) as driver:
        await press(driver, "f5", "enter", "tab", "enter")
        await settled(driver)
        assert driver.app.source.status.board == "sim"
        assert any("the module stays" in one.text for one in driver.app.happenings)


async def test_adding_a_board_tries_it_and_keeps_comments() -> None:
    boards_file().parent.mkdir(parents=True)
    boards_file().write_text('# mine\n[old]\nssh = "root@192.0.2.1"  # by the window\n')
    doors = NotedDoors()
    async with opened(doors) as driver:
        await press(driver, "a")
        form = await fill(driver.pilot, name="bpi", host="192.0.2.7", user="root", port="2222")
        assert doors.tried == [(BoardEntry(ssh="root@192.0.2.7:2222"), "")]
        assert "answers" in driver.text
        form.query_one("#save", Button).press()
        await draw(driver.pilot)
        assert "root@192.0.2.7:2222" in driver.line("bpi")
        assert driver.app.screen.card.name == "bpi", "what was added is selected"
    written = boards_file().read_text()
    assert "# mine" in written
    assert "# by the window" in written
    assert str(load_boards()["bpi"].ssh) == "root@192.0.2.7:2222"


async def test_a_board_that_does_not_answer_can_be_saved_all_the_same() -> None:
    doors = NotedDoors(trial=lambda _e, _t: Trial("refused", "nobody listens", hint="start sshd"))
    async with opened(doors) as driver:
        await press(driver, "a")
        form = await fill(driver.pilot, name="bpi", host="192.0.2.7")
        assert "not reached" in driver.text
        assert "start sshd" in driver.text
        form.query_one("#save", Button).press()
        await draw(driver.pilot)
        assert "bpi" in load_boards()


async def test_a_new_host_key_is_shown_and_asked() -> None:
    def trial(_entry: BoardEntry, trust: str) -> Trial:
        return Trial("answers", "Linux") if trust == KEY else Trial("new key", "it", KEY)

    doors = NotedDoors(trial=trial)
    async with opened(doors, size=(100, 30)) as driver:
        await press(driver, "a")
        form = await fill(driver.pilot, name="bpi", host="192.0.2.7")
        assert KEY in driver.text
        form.query_one("#save", Button).press()
        await draw(driver.pilot)
        assert isinstance(driver.app.screen, ConfirmScreen)
        assert "trust the host key of bpi?" in driver.text
        await press(driver, "enter")  # Cancel is in focus
        assert driver.app.screen is form
        assert [trust for _, trust in doors.tried] == [""]
        form.query_one("#save", Button).press()
        await draw(driver.pilot)
        await press(driver, "tab", "enter")
        await settled(driver)
        assert [trust for _, trust in doors.tried] == ["", KEY]
        assert "bpi" in load_boards()


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({}, "nothing says how it is reached"),
        ({"host": "192.0.2.7"}, "it has no name yet"),
        ({"name": "sim", "host": "192.0.2.7"}, "always exists"),
        ({"name": "bpi", "host": "192.0.2.7", "port": "x"}, "no TCP port"),
        ({"name": "bpi", "host": "a b"}, "no SSH address"),
    ],
)
async def test_wrong_words_are_told_and_cannot_be_saved(texts: dict[str, str], said: str) -> None:
    async with opened() as driver:
        await press(driver, "a")
        form = await fill(driver.pilot, **texts)
        assert said in driver.text
        assert form.query_one("#save", Button).disabled
        await press(driver, "enter")
        assert driver.app.screen is form
        await press(driver, "escape")
        assert isinstance(driver.app.screen, BoardsScreen)


async def test_changing_a_board_keeps_what_no_field_says() -> None:
    add_board("bpi", BoardEntry(ssh="root@192.0.2.7", ciphers=("aes128-gcm@openssh.com",)))
    async with opened() as driver:
        await press(driver, "G", "e")
        form = await fill(driver.pilot, name="pi", port="22022")
        assert form.texts["user"] == "root"
        form.query_one("#save", Button).press()
        await draw(driver.pilot)
    board = load_boards()["pi"]
    assert "bpi" not in load_boards()
    assert str(board.ssh) == "root@192.0.2.7:22022"
    assert board.ssh is not None
    assert board.ssh.ciphers == ("aes128-gcm@openssh.com",)


async def test_removing_names_the_board_and_cancel_is_the_default() -> None:
    add_board("bpi", BoardEntry(ssh="root@192.0.2.7"))
    async with opened() as driver:
        await press(driver, "G", "d")
        assert "remove board 'bpi'?" in driver.text
        await press(driver, "enter")
        assert "bpi" in load_boards()
        await press(driver, "d", "tab", "enter")
        assert "bpi" not in load_boards()
        assert "bpi" not in "".join(driver.app.screen.query_one("#boards").keys)


async def test_boards_that_always_exist_cannot_be_changed() -> None:
    async with opened() as driver:
        ids = {one.id for one in driver.app.screen.bound()}
        assert not ids & {"boards.edit", "boards.remove"}
        await press(driver, "d", "e")
        assert isinstance(driver.app.screen, BoardsScreen)


async def test_a_broken_file_is_told_and_the_other_boards_are_there() -> None:
    boards_file().parent.mkdir(parents=True)
    boards_file().write_text("[bpi\n")
    async with opened() as driver:
        assert "is not valid TOML" in driver.text
        await press(driver, "escape")
        assert "local" in driver.text


async def test_the_command_is_copied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    async with opened() as driver:
        await press(driver, "down", "c")
        assert driver.app.clipboard == "hvconsole connect local"
        kept = tmp_path / "state" / "clipboard.txt"
        assert kept.read_text() == "hvconsole connect local"
        assert kept.stat().st_mode & 0o777 == 0o600


async def test_each_screen_keeps_its_state() -> None:
    board = SyntheticConsole(status=replace(BOARD)).advance(2.0)
    async with opened(NotedDoors(), board) as driver:
        await press(driver, "p", "f5", "down", "down", "f6", "f5")
        assert driver.app.screen.query_one("#boards").chosen == "lab-virt"
        await press(driver, "escape")
        assert driver.app.current_mode == "measure"
        assert driver.app.screen.look.paused


async def test_names_are_text_and_nothing_else() -> None:
    class Hostile(NotedDoors):
        def boards(self):
            cards, problem = super().boards()
            return [
                replace(cards[0], about="\x1b[31mred[/] [bold]x\x1b]0;t\x07"),
                *cards[1:],
            ], problem

    async with opened(Hostile()) as driver:
        assert "red[/] [bold]x" in driver.text
        assert "\x1b" not in driver.text
