"""A recorded console on the Serial screen, at the replay's moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from serial_logs import S, recorded, write_log

from hvconsole.session.replay import ReplaySession
from hvconsole.ui.app import HvconsoleApp
from hvconsole.ui.screens.serial import SerialScreen


async def test_the_screen_follows_the_replay(tmp_path: Path) -> None:
    session = recorded(tmp_path / "a.hvs")
    said = [
        (101 * S, b"\x1b[32mbefore\x1b[0m\r\n"),
        (103 * S, b"at one second\r\n"),
        (106 * S, b"Kernel panic - not syncing: at four\r\n"),
    ]
    write_log(session, said)
    replay = ReplaySession(session)
    replay.playback.toggle()  # it stands still until told otherwise
    app = HvconsoleApp(replay, frames_per_second=20)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await app.action_go("serial")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, SerialScreen)

        def text() -> str:
            return "\n".join(line.text for line in screen.terminal.lines)

        async def until(seen: Callable[[], bool]) -> None:
            for _ in range(300):
                if seen():
                    return
                await pilot.pause(0.02)
            raise AssertionError(text())

        await until(lambda: "before" in text())
        assert "at one second" not in text()
        await pilot.press("full_stop")  # a second on
        await until(lambda: "at one second" in text())
        assert screen.terminal.alarms == 0
        for _ in range(3):
            await pilot.press("full_stop")
        await until(lambda: screen.terminal.alarms == 1)
        await pilot.press("comma", "comma")
        await until(lambda: "at four" not in text())
        assert "at one second" in text()
        assert screen.terminal.alarms == 0
        assert screen.terminal.lines[0].pens[0] == 3
        await pilot.press("x", "enter")
        assert "nothing can be typed" not in text()
        await pilot.press("escape")
        await pilot.press("escape")
        await until(lambda: not isinstance(app.screen, SerialScreen))
    await replay.close()
