"""The Serial screen on a real line with a real shell at its other end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from shell_line import ShellLine, shell_line
from textual import events
from textual.pilot import Pilot

from hvconsole.link.local import LocalLink
from hvconsole.model.board import BoardProfile
from hvconsole.model.run import RunSettings
from hvconsole.session.session import Session
from hvconsole.session.workbench import BoardBench
from hvconsole.ui.app import HvconsoleApp
from hvconsole.ui.screens.serial import SerialScreen
from hvconsole.ui.view.serial_rows import PEN
from hvconsole.wire.vt_line import Line

SECONDS = 20.0


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, require: Callable[[str], str]
) -> Iterator[ShellLine]:
    require("bash")
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("HVCONSOLE_CONFIG_DIR", str(tmp_path / "config"))
    with shell_line() as line:
        yield line


class Seat:
    """Somebody at the console."""

    def __init__(self, pilot: Pilot[None], screen: SerialScreen) -> None:
        self.pilot = pilot
        self.screen = screen

    @property
    def lines(self) -> list[Line]:
        return list(self.screen.terminal.lines)

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)

    async def type(self, text: str) -> None:
        """Type a line and Enter."""
        panel = self.screen.panel
        for char in text:
            panel.post_message(events.Key(char, char))
        panel.post_message(events.Key("enter", "\r"))
        await self.pilot.pause()

    async def until(self, seen: Callable[[], bool]) -> None:
        """Wait until something is to be seen."""
        for _ in range(int(SECONDS / 0.02)):
            if seen():
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"not seen; the terminal shows:\n{self.text}")

    async def menu(self, key: str) -> None:
        await self.pilot.press("ctrl+right_square_bracket", key)
        await self.pilot.pause()


@asynccontextmanager
async def seat(shell: ShellLine) -> AsyncIterator[Seat]:
    profile = BoardProfile(name="bpi", kind="local", serial=shell.path)
    session = Session(profile, LocalLink, BoardBench(profile, None), RunSettings())
    app = HvconsoleApp(session, frames_per_second=10)
    async with app.run_test(size=(100, 30)) as pilot:
        for _ in range(500):
            if session.status.link == "connected":
                break
            await pilot.pause(0.02)
        await app.action_go("serial")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, SerialScreen)
        seated = Seat(pilot, screen)
        await seated.type("")
        await seated.until(lambda: "board:" in seated.text)
        yield seated
        await session.close()


async def test_a_command_and_its_colours(shell: ShellLine) -> None:
    async with seat(shell) as at:
        await at.type("printf '\\e[31mred\\e[0m plain\\n'")
        await at.until(lambda: any(line.text == "red plain" for line in at.lines))
        line = next(line for line in at.lines if line.text == "red plain")
        assert line.pens[0] == 2
        assert line.pens[4] == 0
        shown = at.screen.panel._rows
        assert any(text == "red" and role == PEN | 2 for row in shown for text, role in row)


async def test_control_c_ends_what_runs(shell: ShellLine) -> None:
    async with seat(shell) as at:
        await at.type("sleep 1000; echo not-this")
        await at.pilot.pause(0.3)
        await at.pilot.press("ctrl+c")
        await at.type("echo ended-$((40+2))")
        await at.until(lambda: any(line.text == "ended-42" for line in at.lines))


async def test_the_size_told_is_what_the_shell_has(shell: ShellLine) -> None:
    async with seat(shell) as at:
        assert shell.size() == (80, 24)
        await at.menu("r")
        await at.pilot.press("enter")
        await at.until(lambda: shell.size() == at.screen.terminal.size)


async def test_the_shell_asks_where_the_cursor_is(shell: ShellLine) -> None:
    async with seat(shell) as at:
        await at.type(
            "IFS=';[' read -s -d R -p $'\\e[5;9H\\e[6n' _ row column; echo at $row:$column"
        )
        await at.until(lambda: "at 5:9" in at.text)


async def test_a_pager_comes_and_goes(
    shell: ShellLine, require: Callable[[str], str], tmp_path: Path
) -> None:
    require("less")
    book = tmp_path / "book"
    book.write_text("".join(f"page {n}\n" for n in range(500)))
    async with seat(shell) as at:
        await at.menu("r")
        await at.pilot.press("enter")
        await at.until(lambda: shell.size() == at.screen.terminal.size)
        await at.type(f"less {book}")
        await at.until(lambda: at.screen.terminal.screen.on_alternate and "page 5" in at.text)
        await at.pilot.press("G")
        await at.until(lambda: "page 499" in at.text)
        await at.pilot.press("up", "up")
        await at.until(lambda: "page 499" not in at.text)
        await at.pilot.press("q")
        await at.until(lambda: not at.screen.terminal.screen.on_alternate)
        assert "page" not in "\n".join(line.text for line in at.lines if "less" not in line.text)


async def test_a_paste_of_lines_is_asked_about_and_arrives(shell: ShellLine) -> None:
    async with seat(shell) as at:
        lines = "".join(f"echo pasted-{n}-$((1+{n}))\n" for n in range(5))
        at.screen.panel.post_message(events.Paste(lines))
        await at.pilot.pause()
        await at.pilot.press("enter")
        # Where the shell takes a paste as one piece, it is executed with a key.
        await at.until(lambda: "pasted-4-" in at.text and not at.screen.sends_paste)
        await at.pilot.press("enter")
        await at.until(lambda: any(line.text == "pasted-4-5" for line in at.lines))


async def test_a_flood_can_be_stopped_by_key(shell: ShellLine) -> None:
    async with seat(shell) as at:
        await at.type("yes 'a line that goes on and on and on and on and on and on'")
        await at.until(lambda: at.screen.terminal.left > 500)
        await at.pilot.press("ctrl+c")
        await at.type("echo stopped-$((40+2))")
        await at.until(lambda: any(line.text == "stopped-42" for line in at.lines))
