"""Output of commands: kept to its end, to a limit, or handed on without letting errors through."""

from __future__ import annotations

from hvconsole.link.protocol import Sink

TAIL_BYTES = 64 << 10
# A command that is run to its end has its whole output in memory; no sane one writes more.
LIMIT_BYTES = 64 << 20


class Tail:
    """The last 64 KiB of a stream."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, data: bytes) -> None:
        """Append, and forget what is too old."""
        self._data += data
        if len(self._data) > 2 * TAIL_BYTES:
            del self._data[:-TAIL_BYTES]

    @property
    def data(self) -> bytes:
        """What is kept."""
        return bytes(self._data[-TAIL_BYTES:])


class OutputTooLongError(Exception):
    """A command wrote more than is kept of a command."""


class Collector:
    """A sink that keeps everything, up to a limit.

    Args:
        limit: Bytes after which `OutputTooLongError` is raised into the stream.
    """

    def __init__(self, limit: int = LIMIT_BYTES) -> None:
        self._limit = limit
        self._data = bytearray()

    def __call__(self, data: bytes) -> None:
        """Keep one more piece."""
        if len(self._data) + len(data) > self._limit:
            raise OutputTooLongError
        self._data += data

    @property
    def data(self) -> bytes:
        """All of it."""
        return bytes(self._data)


class GuardedSink:
    """Hands data to a sink until the sink fails; its error waits for whoever asks.

    An error raised inside a protocol callback would close the whole connection (asyncssh) or only
    be logged (asyncio). Here it belongs to the one process whose output it was.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.error: Exception | None = None

    def feed(self, data: bytes) -> bool:
        """Hand data on; return False once the sink has failed."""
        if self.error is None:
            try:
                self._sink(data)
            except Exception as error:  # noqa: BLE001  # raised again by wait()
                self.error = error
        return self.error is None
