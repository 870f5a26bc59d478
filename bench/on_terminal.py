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
from typing import Protocol

SIZE = (48, 160)
BEGIN = b"begin\n"


class Person(Protocol):
    """Somebody who sits at the terminal."""

    def begin(self, terminal: int, program: int) -> None:
        """Begin to type: the program, whose process has this number, is ready."""

    def see(self, painted: bytes) -> None:
        """See what was painted."""


def on_terminal(
    words: Sequence[str], *settings: object, person: Person | None = None
) -> dict[str, float]:
    """Run a program on a terminal of its own; return what it measured of itself.

    Args:
        words: The program. Its first argument will be where it writes its figures to, as JSON, and
            before that `BEGIN`, if it waits for somebody to type.
        settings: The arguments after that.
        person: Who sits at the terminal; None only lets it be painted.
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
    threading.Thread(target=_look, args=(ours, person), daemon=True).start()
    try:
        with os.fdopen(tell, "rb") as answer:
            line = answer.readline()
            if line == BEGIN:
                if person is not None:
                    person.begin(ours, process.pid)
                line = answer.readline()
            figures: dict[str, float] = json.loads(line)
            return figures
    finally:
        process.kill()
        process.wait()


def _look(terminal: int, person: Person | None) -> None:
    """Read what is painted, as a terminal does."""
    try:
        while painted := os.read(terminal, 1 << 16):
            if person is not None:
                person.see(painted)
    except OSError:
        os.close(terminal)
