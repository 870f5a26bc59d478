"""A console of your own, in a real terminal: keys, themes, a board that is added, the clipboard."""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from walking import LEFT, ROOT, script

PATIENCE_S = 90.0


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder with a short path: tmux's socket lies in it."""
    with tempfile.TemporaryDirectory(prefix="own-") as name:
        yield Path(name)


def test_a_console_of_ones_own(home: Path, missing: Callable[[str], None]) -> None:
    if shutil.which("tmux") is None:
        missing("tmux")
    config = home / "config"
    (config / "themes").mkdir(parents=True)
    (config / "keys.toml").write_text('"boards.copy" = "y"\n"console.quit" = "ctrl+q"\n')
    mine = (ROOT / "themes" / "light.toml").read_text().replace("#fbfaf7", "#fafbf0")
    (config / "themes" / "mine.toml").write_text(mine)
    (config / "themes" / "torn.toml").write_text("ramp = [")
    (config / "settings.toml").write_text('theme = "mine"\n')
    places = {f"HVCONSOLE_{one}_DIR": f"{home}/{one.lower()}" for one in ("STATE", "CONFIG")}
    places |= {"HVCONSOLE_SESSIONS_DIR": f"{home}/sessions", "XDG_RUNTIME_DIR": str(home),
               "COLORTERM": "truecolor"}  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as listening:
        closed = listening.getsockname()[1]  # nobody listens there once this is closed
    terminal = script().Terminal(home, (100, 30))
    terminal.begin([sys.executable, "-m", "hvconsole"], places)
    try:
        terminal("set-option", "-s", "set-clipboard", "on")

        def sees(pattern: str) -> None:
            assert terminal.wait(pattern, PATIENCE_S), f"{pattern}\n{terminal.screen()}"

        sees(r"a theme was left out(.*\n)*.*torn\.toml")
        sees(r"simulated Banana Pi(.*\n)*.*Ctrl\+Q quit")
        assert "48;2;250;251;240" in terminal.screen(colours=True), "the user's own background"
        # All at once: whatever is typed lands where it belongs.
        terminal("send-keys", "a", "b", "p", "i", "Tab", *"127.0.0.1", "Tab", *str(closed), "Tab",
                 *"rootx", "Home", "C-k", *"root")  # fmt: skip
        sees(r"name +bpi [\s\S]*user +root [\s\S]*refuses the connection")
        terminal("send-keys", "Enter")
        sees(rf"bpi +not tried +root@127\.0\.0\.1:{closed}")
        sees(r"Enter connects to bpi")
        terminal("send-keys", "y")
        sees(r"copied")
        terminal("send-keys", "C-q")
        sees(LEFT)
        assert terminal("show-buffer").strip() == "hvconsole connect bpi", "by OSC 52"
    finally:
        terminal.end()
    assert (home / "state" / "clipboard.txt").read_text().strip() == "hvconsole connect bpi"
    written = tomllib.loads((config / "boards.toml").read_text())
    assert written == {"bpi": {"ssh": f"root@127.0.0.1:{closed}"}}
