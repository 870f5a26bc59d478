"""A shell behind a pty, reached over another one as a board's shell is over a serial line."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import threading
import tty
from collections.abc import Iterator, Sequence

_PROMPT = r"PS1='\[\e[1;32m\]board\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]# '"


class ShellLine:
    """A shell with a terminal of its own, and the path of the line that leads to it.

    Attributes:
        path: What a console opens.
    """

    def __init__(self, command: Sequence[str] = ("bash", "--norc", "--noprofile", "-i")) -> None:
        self._line, self._line_end = pty.openpty()
        tty.setraw(self._line_end)
        self.path = os.ttyname(self._line_end)
        self._shell, shell_end = pty.openpty()
        fcntl.ioctl(shell_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = {
            "PATH": os.environ["PATH"], "HOME": "/", "TERM": "xterm-256color", "LANG": "C.UTF-8",
            "PS1": "# ",
        }  # fmt: skip
        self._process = subprocess.Popen(
            command,
            stdin=shell_end,
            stdout=shell_end,
            stderr=shell_end,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  # no threads yet
        )
        os.close(shell_end)
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._bridge, daemon=True)
        self._thread.start()
        os.write(self._shell, f" {_PROMPT}; clear\r".encode())

    def size(self) -> tuple[int, int]:
        """Return columns and rows that the shell believes in."""
        packed = fcntl.ioctl(self._shell, termios.TIOCGWINSZ, bytes(8))
        rows, columns, _, _ = struct.unpack("HHHH", packed)
        return columns, rows

    def close(self) -> None:
        """End the shell and the line."""
        os.close(self._stopped)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._thread.join()
        for file in (self._stop, self._line, self._line_end, self._shell):
            os.close(file)

    def _bridge(self) -> None:
        """Carry bytes both ways until told to stop."""
        other = {self._line: self._shell, self._shell: self._line}
        while True:
            ready, _, _ = select.select([*other, self._stop], [], [])
            if self._stop in ready:
                return
            for file in ready:
                try:
                    os.write(other[file], os.read(file, 4096))
                except OSError:
                    return


@contextlib.contextmanager
def shell_line() -> Iterator[ShellLine]:
    """Give a line with a shell behind it."""
    line = ShellLine()
    try:
        yield line
    finally:
        line.close()
