"""The console on a plain Linux console: no mouse, sixteen colours, the first PCs' characters."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

from hvconsole.wire.vt_screen import Screen

ROWS, COLUMNS = 25, 80
PATIENCE_S = 60.0
CONTROLS = "☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"


def in_font(char: str) -> bool:
    return char in CONTROLS or char.encode("cp437", "ignore") != b""


class Terminal:
    """A terminal of our own with the console in it."""

    def __init__(self, folder: Path) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {k: v for k, v in os.environ.items() if k not in {"COLORTERM", "NO_COLOR"}}
        places = {f"XDG_{name}_HOME": str(folder) for name in ("STATE", "DATA", "CONFIG")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hvconsole", "connect", "local"],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env=environment | places | {"TERM": "linux", "XDG_RUNTIME_DIR": str(folder)},
        )  # fmt: skip
        os.close(theirs)
        self._screen = Screen(COLUMNS, ROWS)
        self.written = b""

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self._screen.grid.lines)

    def press(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def wait(self, seen: str) -> str:
        """Show what is written until the screen matches; return the screen."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if re.search(seen, self.text):
                return self.text
            if select.select([self._ours], [], [], 0.2)[0]:
                try:
                    data = os.read(self._ours, 1 << 16)
                except OSError:  # its other end is closed
                    break
                self.written += data
                self._screen.feed(data)
        raise AssertionError(f"{seen!r} was not seen on:\n{self.text}")

    def end(self) -> int:
        """Leave as a person does."""
        self.press(b"q")
        end = time.monotonic() + PATIENCE_S
        while self.process.poll() is None and time.monotonic() < end:
            if select.select([self._ours], [], [], 0.2)[0]:
                try:
                    os.read(self._ours, 1 << 16)
                except OSError:
                    break
        status = self.process.wait(PATIENCE_S)
        os.close(self._ours)
        return status


def test_the_console_on_a_linux_console(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    try:
        first = terminal.wait(r"► following(.*\n)+.*CPU \d+ +\d")
        assert all(in_font(char) for char in first.replace("\n", ""))
        terminal.wait("[┤│][█▓▒░▄▀▌▐]{3}")  # the charts are drawn in blocks
        terminal.press(b"v")
        terminal.wait("share at most so long")
        terminal.press(b"p")
        paused = terminal.wait("VIEW PAUSED")
        assert all(in_font(char) for char in paused.replace("\n", ""))
        terminal.press(b"?")
        terminal.wait("Zoom in on time")
        terminal.press(b"\x1b")
        terminal.wait("VIEW PAUSED")
        assert b"8;2;" not in terminal.written, "no colours of its own"
        assert b"8;5;" not in terminal.written
        assert terminal.end() == 0
    finally:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()
