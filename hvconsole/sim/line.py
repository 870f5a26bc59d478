"""The board's serial line: a real pty, whose other end a person or the console opens."""

from __future__ import annotations

import asyncio
import os
import pty
import time
import tty
from collections.abc import Callable

_PORTION = 1 << 12
# What nobody reads is kept only so far: a line that nobody listens to is no memory.
_MOST_KEPT = 1 << 16
_CLOGGED = 1 << 13
_PATIENCE_S = 1.0


class PtyLine:
    """The board's end of the line.

    Attributes:
        path: The device that the other end opens.
        take: Is handed what arrives from there.
    """

    def __init__(self) -> None:
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.path = os.ttyname(self._theirs)
        self.take: Callable[[bytes], None] = lambda _data: None
        self._waiting = bytearray()
        self._writing = False
        self._taken = time.monotonic()

    def open(self) -> None:
        """Begin to listen, on the running event loop."""
        asyncio.get_running_loop().add_reader(self._ours, self._readable)

    def close(self) -> None:
        """Take the line away."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._ours)
        loop.remove_writer(self._ours)
        os.close(self._ours)
        os.close(self._theirs)

    @property
    def clogged(self) -> bool:
        """Whether who reads does not keep up; where nobody reads, nobody is waited for."""
        if len(self._waiting) < _CLOGGED:
            return False
        return time.monotonic() - self._taken < _PATIENCE_S

    def write(self, text: str | bytes) -> None:
        """Send; the oldest is forgotten where nobody reads."""
        self._waiting += text.encode("utf-8", "replace") if isinstance(text, str) else text
        del self._waiting[:-_MOST_KEPT]
        self._flush()

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                del self._waiting[: os.write(self._ours, self._waiting[:_PORTION])]
                self._taken = time.monotonic()
        except BlockingIOError:
            pass
        if bool(self._waiting) is not self._writing:
            self._writing = bool(self._waiting)
            if self._writing:
                loop.add_writer(self._ours, self._flush)
            else:
                loop.remove_writer(self._ours)

    def _readable(self) -> None:
        try:
            data = os.read(self._ours, _PORTION)
        except (BlockingIOError, OSError):
            return
        self.take(data)
