"""``hvconsole`` without words, on a real terminal and into a pipe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from on_pty import shown_until

WORDS = [sys.executable, "-m", "hvconsole"]


def places(tmp_path: Path) -> dict[str, str]:
    environment = os.environ | {
        "TERM": "xterm-256color",
        "HVCONSOLE_CONFIG_DIR": str(tmp_path / "config"),
        "HVCONSOLE_SESSIONS_DIR": str(tmp_path / "sessions"),
        "HVCONSOLE_STATE_DIR": str(tmp_path / "state"),
    }
    environment.pop("NO_COLOR", None)
    return environment


def test_the_boards_are_shown_and_nothing_is_written(tmp_path: Path) -> None:
    shown = shown_until(WORDS, b"this machine", places(tmp_path))
    assert b"simulated here" in shown
    assert b"no board" in shown
    assert not (tmp_path / "sessions").exists()
    assert not (tmp_path / "config").exists()


def test_a_pipe_gets_the_help(tmp_path: Path) -> None:
    done = subprocess.run(
        WORDS, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        env=places(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0
    assert "usage: hvconsole" in done.stdout


def test_the_first_frame_imports_no_charts() -> None:
    code = (
        "import sys, hvconsole.commands.connect, hvconsole.commands.doors, hvconsole.ui.app, "
        "hvconsole.ui.screens.boards; "
        "print([n for n in ('numpy', 'polars', 'asyncssh', 'plotext', 'tomlkit', "
        "'hvconsole.stream', 'hvconsole.session') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
