"""A child process on a terminal of its own, for programs that insist on one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import signal
import tty
from collections.abc import Sequence

from hvconsole.link.output import GuardedSink
from hvconsole.link.protocol import Sink

_PORTION = 1 << 16
_MOST_WAITING = 1 << 18


class LocalTerminal:
    """A `Process` on a pty: raw, its errors among its output. Make one with `start`.

    Args:
        sink: Takes its output.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = GuardedSink(sink)
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self._waiting = bytearray()
        self._open = True
        self._process: asyncio.subprocess.Process | None = None

    @classmethod
    async def start(cls, words: Sequence[str], sink: Sink) -> LocalTerminal:
        """Start a program. Raises `OSError` where it cannot be."""
        made = cls(sink)
        try:
            made._process = await asyncio.create_subprocess_exec(
                *words,
                stdin=made._theirs,
                stdout=made._theirs,
                stderr=made._theirs,
                start_new_session=True,
            )
        except BaseException:
            os.close(made._ours)
            raise
        finally:
            os.close(made._theirs)
        asyncio.get_running_loop().add_reader(made._ours, made._readable)
        return made

    @property
    def stderr(self) -> bytes:
        """Nothing: errors are among the output."""
        return b""

    def write(self, data: bytes) -> None:
        """Type something; what the program does not take is forgotten beyond 256 KiB."""
        if self._open and len(self._waiting) + len(data) <= _MOST_WAITING:
            self._waiting += data
            self._flush()

    def close_stdin(self) -> None:
        """Hang up."""
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGHUP)

    async def wait(self) -> int:
        """Wait until it ended; return its status."""
        if self._process is None:
            raise RuntimeError("it has not been started")
        status = await self._process.wait()
        if self._open:
            self._readable()  # its last words
            self._close()
        if self._sink.error is not None:
            raise self._sink.error
        return status

    def _readable(self) -> None:
        try:
            while data := os.read(self._ours, _PORTION):
                self._sink.feed(data)
        except BlockingIOError:
            return
        except OSError:  # nobody has the other end open any more
            pass
        asyncio.get_running_loop().remove_reader(self._ours)

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                del self._waiting[: os.write(self._ours, self._waiting)]
        except BlockingIOError:
            loop.add_writer(self._ours, self._flush)
            return
        except OSError:
            self._waiting.clear()
        loop.remove_writer(self._ours)

    def _close(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._ours)
        loop.remove_writer(self._ours)
        os.close(self._ours)
        self._open = False
