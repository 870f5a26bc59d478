"""From the start of Python to the first painted frame: the console and a minimal Textual app."""

from __future__ import annotations

import os
import pty
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from bench.measure import Result, interleaved, ratio

MINIMAL = """
from textual.app import App
from textual.widgets import Static
class Minimal(App):
    def compose(self):
        yield Static("READY-TO-SEE")
Minimal().run()
"""
CONSOLE = """
import sys
from hvconsole.cli import main
sys.exit(main(["connect", "local", "--no-record", "--no-start"]))
"""
SIZE = (48, 160)


def run() -> Iterator[Result]:
    costs = interleaved(
        [
            lambda: first_paint(CONSOLE, b"opening local"),
            lambda: first_paint(MINIMAL, b"READY-TO-SEE"),
        ],
        7,
    )
    yield Result(
        "first paint of the console",
        ratio(costs[0], costs[1]),
        "a minimal Textual app's",
        1.3,
        f"{statistics.median(costs[0]) * 1e3:.0f} against "
        f"{statistics.median(costs[1]) * 1e3:.0f} ms",
    )


def first_paint(code: str, sign: bytes) -> float:
    """Start a program on a terminal of its own; return seconds until it shows the sign."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    try:
        while sign not in seen:
            if not select.select([ours], [], [], 20)[0]:
                raise TimeoutError(f"no first paint; the terminal shows {seen[-500:]!r}")
            seen += os.read(ours, 65536)
        return time.perf_counter() - began
    finally:
        process.kill()
        process.wait()
        os.close(ours)
