"""``hvconsole`` without words, on a real terminal and into a pipe."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

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
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        WORDS, stdin=theirs, stdout=theirs, stderr=theirs, env=places(tmp_path),
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    until = time.monotonic() + 40
    try:
        while b"this machine" not in shown and time.monotonic() < until:
            if select.select([ours], [], [], 1)[0]:
                shown += os.read(ours, 65536)
        assert b"simulated here" in shown
        assert b"no board" in shown
        os.write(ours, b"q")
        while process.poll() is None and time.monotonic() < until:
            if select.select([ours], [], [], 0.2)[0]:
                with contextlib.suppress(OSError):  # the other end is closed
                    os.read(ours, 65536)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
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
