"""A program on a terminal of its own, 80 by 24: run until it shows something, then told to quit."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence


def shown_until(words: Sequence[str], wanted: bytes, environment: Mapping[str, str]) -> bytes:
    """Return what a program shows until `wanted`; it ends well after that when q is pressed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    shown = b""
    until = time.monotonic() + 40
    try:
        while wanted not in shown and time.monotonic() < until:
            if select.select([ours], [], [], 1)[0]:
                shown += os.read(ours, 65536)
        assert wanted in shown
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
    return shown
