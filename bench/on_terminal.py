"""A program on a terminal of its own, which tells what it measured of itself."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
import threading
from collections.abc import Sequence

SIZE = (48, 160)


def on_terminal(words: Sequence[str], *settings: object) -> dict[str, float]:
    """Run a program on a terminal of its own; return what it measured of itself.

    Args:
        words: The program. Its first argument will be where it writes its figures to, as JSON.
        settings: The arguments after that.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    tell, told = os.pipe()
    process = subprocess.Popen(
        [*words, str(told), *map(str, settings)],
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, pass_fds=(told,),
        env=os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
    )  # fmt: skip
    os.close(theirs)
    os.close(told)
    threading.Thread(target=_drain, args=(ours,), daemon=True).start()
    try:
        with os.fdopen(tell, "rb") as answer:
            figures: dict[str, float] = json.loads(answer.read())
            return figures
    finally:
        process.kill()
        process.wait()


def _drain(terminal: int) -> None:
    """Read what is painted, as a terminal does."""
    try:
        while os.read(terminal, 1 << 16):
            pass
    except OSError:
        os.close(terminal)
