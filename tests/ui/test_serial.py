"""The Serial screen by key: the board gets them, one alone is the console's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from driving import Driver, console
from serial_desk import Tty, board, draw, go, menu, press
from synthetic import SyntheticPlayback
from textual import events

from hvconsole.link.serial_name import link_name
from hvconsole.ui.screens.serial import SerialScreen
from hvconsole.ui.view.serial_menu import FOR_GUESTS, MENU

BUSY = {"link": "connected", "link_detail": link_name("ttyUSB0"), "run": "running"}


async def paste(driver: Driver, text: str) -> None:
    driver.app.screen.query_one("#terminal").post_message(events.Paste(text))
    await draw(driver)


async def sent(driver: Driver, tty: Tty, data: bytes) -> None:
    """Wait until something has been typed whole; paste is sent piece by piece."""
    for _ in range(200):
        if bytes(tty.typed) == data:
            return
        await driver.pilot.pause(0.01)
    assert bytes(tty.typed) == data


async def test_keys_go_to_the_board_and_its_words_are_seen() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        await go(driver)
        assert "board login:" in driver.text
        await press(driver, "q", "t", "enter", "ctrl+c", "up", "f10", "backspace", "ctrl+home")
        assert tty.typed == b"qt\r\x03\x1b[A\x1b[21~\x7f\x1b[1;5H"
        tty.said(b"root\r\n\x1b]0;evil\x07[markup]\r\n# ")
        await draw(driver)
        assert "[markup]" in driver.text
        assert "evil" not in driver.text
        assert "open" in driver.line("ttyUSB0")


async def test_a_line_that_said_nothing_tells_how_to_begin() -> None:
    tty = Tty(scrollback=b"")
    async with console(board(tty)) as driver:
        await go(driver)
        assert "nothing came yet: Enter asks the board for its prompt" in driver.text
        await press(driver, "enter")
        assert tty.typed == b"\r"
        tty.said(b"login: ")
        await draw(driver)
        assert "login:" in driver.text
        assert "nothing came yet" not in driver.text


async def test_what_comes_is_painted_without_a_key() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        await go(driver)
        tty.said(b"\r\nsaid by itself")
        for _ in range(100):
            if "said by itself" in driver.text:
                break
            await driver.pilot.pause(0.02)
        assert "said by itself" in driver.text


async def test_arrows_follow_the_mode_the_board_asked_for() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        await go(driver)
        tty.said(b"\x1b[?1h")
        await draw(driver)
        await press(driver, "up")
        assert tty.typed == b"\x1bOA"


async def test_the_prefix_opens_a_menu_and_leads_out() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        await go(driver)
        assert "Ctrl+]" in driver.text
        await press(driver, "ctrl+right_square_bracket")
        for command in MENU:
            is_offered = command.name not in FOR_GUESTS
            assert (command.label in driver.text) is is_offered, command.name
        await press(driver, "m")
        assert not isinstance(driver.app.screen, SerialScreen)
        assert tty.typed == b""


async def test_control_characters_and_break() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        await go(driver)
        await menu(driver, "b")
        assert tty.port.breaks == 1
        assert "BREAK sent" in driver.text
        for key in ("left_square_bracket", "at", "question_mark", "c"):
            await menu(driver, "x")
            assert "next key is sent with Ctrl" in driver.text
            await press(driver, key)
        await menu(driver, "ctrl+right_square_bracket")
        assert tty.typed == b"\x1b\x00\x7f\x03\x1d"
        await menu(driver, "x")
        await press(driver, "f5")
        assert "no control character" in driver.text


async def test_line_ends() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        await go(driver)
        for _ in range(3):
            await press(driver, "enter")
            await menu(driver, "e")
        assert tty.typed == b"\r\n\r\n"
        await press(driver, "enter")
        assert tty.typed == b"\r\n\r\n\r"
        await menu(driver, "e")
        assert "Enter LF" in driver.line("ttyUSB0")


async def test_a_paste_of_many_lines_is_asked_about() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        await go(driver)
        await paste(driver, "one word")
        await sent(driver, tty, b"one word")
        await paste(driver, "two\nlines\x1b[201~\x03\n")
        assert "2 line ends?" in driver.text
        await press(driver, "x")
        assert "line ends?" not in driver.text
        await sent(driver, tty, b"one word")
        await paste(driver, "two\nlines\x1b[201~\x03\n")
        await press(driver, "enter")
        await sent(driver, tty, b"one wordtwo\rlines[201~\r")


async def test_a_board_that_asks_for_brackets_gets_them() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        await go(driver)
        tty.said(b"\x1b[?2004h")
        await draw(driver)
        await paste(driver, "a\x1b[201~b")
        await sent(driver, tty, b"\x1b[200~a[201~b\x1b[201~")


async def test_the_size_is_told_by_a_command() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        screen = await go(driver)
        await menu(driver, "r")
        columns, rows = screen.terminal.size
        command = f"stty rows {rows} cols {columns}"
        assert columns == 80
        assert command in driver.text
        await press(driver, "enter")
        await sent(driver, tty, command.encode() + b"\r")


async def test_questions_are_answered_only_where_typing_is_allowed() -> None:
    tty = Tty(scrollback=b"\x1b[6n")
    async with console(board(tty)) as driver:
        await go(driver)
        assert tty.typed == b"", "what was asked before is nobody's question now"
        tty.said(b"\x1b[5;7H\x1b[6n\x1b[c\x1b[5n" + b"\x1b[6n" * 50)
        await draw(driver)
        assert tty.typed == b"\x1b[5;7R\x1b[?6c\x1b[0n\x1b[5;7R"
        driver.board.status = replace(driver.board.status, **BUSY)
        tty.typed.clear()
        tty.said(b"\x1b[6n")
        await draw(driver)
        assert tty.typed == b""


async def test_nothing_is_typed_while_the_line_is_measured_over() -> None:
    tty = Tty()
    async with console(board(tty, **BUSY)) as driver:
        await go(driver)
        await press(driver, "x")
        assert "a run measures over this line" in driver.text
        await menu(driver, "b")
        await menu(driver, "r")
        await press(driver, "enter")
        await paste(driver, "text")
        assert tty.typed == b""
        assert tty.port.breaks == 0
        driver.board.status = replace(driver.board.status, link_detail="root@192.0.2.7")
        driver.app.screen.tick()
        await press(driver, "y")
        assert tty.typed == b"y"
        assert "a run measures" not in driver.text


async def test_scrolling_back_stays_where_it_is_until_a_key_is_typed() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        await go(driver)
        tty.said(b"".join(b"line %03d\r\n" % n for n in range(100)))
        await draw(driver)
        assert "line 099" in driver.text
        await press(driver, "shift+pageup")
        assert "lines back" in driver.line("ttyUSB0")
        seen = driver.text.splitlines()[3:20]
        tty.said(b"later\r\n" * 5)
        await draw(driver)
        assert driver.text.splitlines()[3:20] == seen
        await press(driver, "x")
        assert "later" in driver.text
        assert tty.typed == b"x"


async def test_searching_goes_from_hit_to_hit() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        screen = await go(driver)
        tty.said(b"".join(b"line %03d %s\r\n" % (n, b"Odd"[: n % 40]) for n in range(200)))
        await draw(driver)
        await menu(driver, "slash")
        await press(driver, *"oddx", "backspace", "enter")
        assert "Odd" in driver.text
        assert "line 1 of" in driver.text
        first = screen.look.at
        await press(driver, "n")
        assert "line 2 of" in driver.text
        assert first is not None
        assert screen.look.at == first - 1
        await press(driver, "N")
        assert screen.look.at == first
        await press(driver, "slash", *"nothing like it", "enter")
        assert "is not there" in driver.text
        await press(driver, "escape", "z")
        assert tty.typed == b"z"


async def test_selected_lines_are_copied() -> None:
    tty = Tty(scrollback=b"alpha\r\nbeta\r\ngamma\r\n" + b"w" * 85 + b"\r\n$ ")
    async with console(board(tty)) as driver:
        await go(driver)
        await menu(driver, "v")
        await press(driver, "home", "down", "space", "down", "down", "down", "y")
        assert driver.app.clipboard == "beta\ngamma\n" + "w" * 85 + "\n"
        assert "lines copied" in driver.text
        await press(driver, "escape")
        await menu(driver, "y")
        assert driver.app.clipboard.startswith("alpha\nbeta\n")
        assert driver.app.clipboard.endswith("$\n")
        assert tty.typed == b""


async def test_a_pause_holds_the_picture() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        await go(driver)
        await menu(driver, "p")
        assert "paused" in driver.text
        tty.said(b"while paused\r\n" * 40)
        await draw(driver)
        assert "while paused" not in driver.text
        assert "lines since" in driver.text
        await menu(driver, "p")
        assert "while paused" in driver.text
        assert "paused:" not in driver.text


async def test_clearing_keeps_the_prompt() -> None:
    tty = Tty(scrollback=b"noise\r\n" * 100 + b"# ")
    async with console(board(tty)) as driver:
        screen = await go(driver)
        await menu(driver, "k")
        assert "noise" not in driver.text
        assert len(screen.terminal.past) == 0
        assert screen.terminal.lines[0].text == "#"
        assert screen.terminal.cursor == (2, 0)


async def test_alarms_stand_where_they_happened() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        screen = await go(driver)
        tty.said(b"\r\n[  1.0] Kernel panic - not syncing: Fatal exception\r\n" + b"x\r\n" * 100)
        await draw(driver)
        assert "1 alarm" in driver.line("ttyUSB0")
        assert "panic" not in "".join(driver.text.splitlines()[4:])
        await menu(driver, "a")
        assert "linux panic" in driver.line("not syncing")
        await press(driver, "a")
        assert "no alarm before" in driver.text
        assert screen.terminal.alarms == 1


async def test_the_log_goes_further_back(tmp_path: Path) -> None:
    session = tmp_path / "s.hvs"
    session.mkdir()
    (session / "serial.log").write_bytes(b"from the log %d\r\n" * 1 % 7 + b"more\r\n" * 50)
    tty = Tty()
    async with console(board(tty, recording=session)) as driver:
        screen = await go(driver)
        await menu(driver, "l")
        for _ in range(100):
            if screen.look is not screen.live:
                break
            await driver.pilot.pause(0.02)
        await draw(driver)
        assert "what the log holds" in driver.text
        await press(driver, "home")
        assert "from the log 7" in driver.text
        await press(driver, "escape")
        assert "board login:" in driver.text
        assert tty.typed == b""


async def test_the_alternate_screen_leaves_no_trace() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        await go(driver)
        tty.said(b"\x1b[?1049h\x1b[2J\x1b[Hediting a file")
        await draw(driver)
        assert "editing a file" in driver.text
        assert "board login:" not in driver.text
        tty.said(b"\x1b[?1049l")
        await draw(driver)
        assert "editing" not in driver.text
        assert "board login:" in driver.text


async def test_help_lists_the_menu() -> None:
    async with console(board(Tty()), size=(100, 40)) as driver:
        await go(driver)
        await menu(driver, "question_mark")
        assert "Hold the line in the break state" in driver.text


async def test_the_footer_can_be_clicked() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        await go(driver)
        await driver.pilot.click("#keys", offset=(3, 0))
        await draw(driver)
        assert "BREAK" in driver.text
        at = driver.text.splitlines()[-1].index("BREAK")
        await driver.pilot.click("#keys", offset=(at, 0))
        await draw(driver)
        assert tty.port.breaks == 1


async def test_without_a_serial_line_it_says_so() -> None:
    async with console() as driver:
        await go(driver)
        assert "no serial line" in driver.text
        await press(driver, "x")
        assert "add serial =" in driver.text
        await press(driver, "escape")
        assert "add serial =" not in driver.text
        assert "measure" in driver.text.splitlines()[-1]
        await press(driver, "f8")
        assert driver.app.current_mode == "log"
        for key in ("escape", "m"):
            await go(driver)
            await press(driver, key)
            assert driver.app.current_mode == "measure", "nobody is caught there"


async def test_in_a_recording_keys_are_the_consoles() -> None:
    tty = Tty(name="serial.log", is_open=False, state="recorded", scrollback=b"as it was\r\n")
    desk = board(tty, link="replay", read_only=True, recording=None)
    desk.playback = SyntheticPlayback()
    async with console(desk) as driver:
        await go(driver)
        assert "as it was" in driver.text
        await press(driver, "space", "full_stop", "x")
        assert desk.playback.playing
        assert desk.playback.position_s > 12.3
        assert tty.typed == b""
        await press(driver, "slash", *"was", "enter")
        assert "line 1 of 1" in driver.text
        await press(driver, "escape", "escape")
        assert not isinstance(driver.app.screen, SerialScreen)


@pytest.mark.parametrize("key", ["shift+pageup", "pageup", "f1", "alt+x", "ctrl+at"])
async def test_no_key_does_what_it_does_elsewhere(key: str) -> None:
    async with console(board(Tty())) as driver:
        await go(driver)
        await press(driver, key)
        assert isinstance(driver.app.screen, SerialScreen)


async def test_only_lines_that_changed_are_painted() -> None:
    tty = Tty(scrollback=b"one\r\ntwo\r\nthree")
    async with console(board(tty)) as driver:
        screen = await go(driver)
        tty.said(b"!")
        screen.terminal.settle_all()
        assert screen.panel._paint() == [3], "the title is row 0"
        assert screen.panel._paint() == []
        tty.said(b"\r\n" * 30)
        screen.terminal.settle_all()
        before = set(map(id, screen.panel._strips))
        screen.panel._paint()
        kept = [strip for strip in screen.panel._strips if id(strip) in before]
        assert len(kept) >= 15, "blank lines that only moved are not made anew"


async def test_what_comes_meanwhile_is_taken_while_another_screen_is_looked_at() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        screen = await go(driver)
        await menu(driver, "m")
        for _ in range(4):
            tty.said(b"a line\r\n" * 5_000)
            for _ in range(300):
                if not screen.terminal.waits:
                    break
                await driver.pilot.pause(0.02)
        assert screen.terminal.skipped == 0
        assert screen.terminal.left > 19_000


async def test_the_palette_has_what_the_app_can_do() -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        await go(driver)
        await menu(driver, "colon")
        await driver.pilot.press(*"next theme")
        await driver.pilot.pause(0.3)
        before = driver.app.theme
        await driver.pilot.press("enter")
        await draw(driver)
        assert driver.app.theme != before
        assert tty.typed == b""
