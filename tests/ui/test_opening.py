"""The very first frame, on a real terminal: a name to look at before the charts are loaded."""

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

SCRIPT = """
import sys
from hvconsole.cli import main
sys.exit(main(["connect", "local", "--no-record", "--no-start"]))
"""


def test_the_board_is_named_first_and_the_charts_follow() -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    until = time.monotonic() + 40
    try:
        while b" switches " not in shown and time.monotonic() < until:
            if select.select([ours], [], [], 1)[0]:
                shown += os.read(ours, 65536)
        assert 0 < shown.find(b"opening local") < shown.find(b" switches ")
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
