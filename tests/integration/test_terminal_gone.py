"""The terminal under the console goes away: the console ends by itself and tidies up."""

from __future__ import annotations

import os
import pty
import signal
import struct
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

import pytest

_PATIENCE_S = 60.0


class OnTerminal:
    """``hvconsole connect local`` on a terminal of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.environ |= {
                "TERM": "xterm-256color",
                "HVCONSOLE_STATE_DIR": str(folder),
                "HVCONSOLE_SESSIONS_DIR": str(folder / "sessions"),
            }
            signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as below nohup, or in some terminals
            os.execv(sys.executable, [sys.executable, "-m", "hvconsole", "connect", "local"])  # noqa: S606  # no shell is wanted
        ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        os.set_blocking(self.master, False)

    def until_measuring(self) -> None:
        """Read what is painted until frames are recorded."""
        end = time.monotonic() + _PATIENCE_S
        while not any(one.stat().st_size > 4000 for one in self._folder.rglob("frames.bin")):
            assert time.monotonic() < end
            try:
                os.read(self.master, 1 << 16)
            except BlockingIOError:
                time.sleep(0.02)

    def until_written(self, wanted: bytes) -> None:
        """Read what is written to the terminal until these bytes are among it."""
        end, seen = time.monotonic() + _PATIENCE_S, b""
        while wanted not in seen:
            assert time.monotonic() < end
            try:
                seen = seen[-16:] + os.read(self.master, 1 << 16)
            except BlockingIOError:
                time.sleep(0.02)

    def ended(self) -> int:
        """Wait until the process has ended; return its wait status."""
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                return status
            time.sleep(0.05)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        pytest.fail("the console outlived its terminal")


def test_a_terminal_that_goes_away(tmp_path: Path) -> None:
    console = OnTerminal(tmp_path)
    console.until_measuring()
    os.close(console.master)
    status = console.ended()
    assert os.WIFEXITED(status), "it was left, not killed"
    _nothing_left(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end(tmp_path: Path, number: signal.Signals) -> None:
    console = OnTerminal(tmp_path)
    try:
        console.until_measuring()
        os.kill(console.pid, number)
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            done, status = os.waitpid(console.pid, os.WNOHANG)
            if done:
                break
            try:
                os.read(console.master, 1 << 16)
            except (BlockingIOError, OSError):
                time.sleep(0.02)
        else:
            console.ended()
        assert os.WIFEXITED(status)
    finally:
        os.close(console.master)
    _nothing_left(tmp_path)


def _nothing_left(folder: Path) -> None:
    manifest = next(folder.rglob("manifest.toml")).read_text()
    assert 'state = "complete"' in manifest
    assert "hvsampler" in manifest
    journals = [one for one in (folder / "journal").glob("*") if one.stat().st_size]
    assert not journals, "what was changed has been undone"


def test_the_mouse_is_let_go_and_taken_back(tmp_path: Path) -> None:
    console = OnTerminal(tmp_path)
    try:
        console.until_measuring()
        for wanted in (b"\x1b[?1000l", b"\x1b[?1000h"):
            os.write(console.master, b"M")
            console.until_written(wanted)
    finally:
        os.close(console.master)
    assert os.WIFEXITED(console.ended())
