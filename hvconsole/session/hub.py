"""Where a board's bytes arrive: onto the disk first, then as values into the live statistics."""

from __future__ import annotations

from typing import Protocol

from hvconsole.stream.live import LiveStream
from hvconsole.wire.stream import StreamDecoder


class FrameSink(Protocol):
    """What keeps the raw bytes."""

    def frames(self, data: bytes) -> None:
        """Append bytes as they came."""


class Hub:
    """One stream's way from bytes to snapshots.

    Attributes:
        live: The statistics that screens look at.
        sink: Keeps the raw bytes; None records nothing.
        received_bytes: How many came.
    """

    def __init__(self, sink: FrameSink | None = None) -> None:
        self.live = LiveStream()
        self.sink = sink
        self.received_bytes = 0
        self._decoder = StreamDecoder()

    def feed(self, data: bytes) -> None:
        """Take bytes as they came.

        Raises:
            RecordProblem: They could not be written; they are in the live statistics all the same.
        """
        self.received_bytes += len(data)
        try:
            if self.sink is not None:
                self.sink.frames(data)
        finally:
            values = self._decoder.feed(data)
            if values:
                self.live.feed(values, self._decoder.damage)

    def restart(self) -> None:
        """Begin anew, as for another run or after a jump within a recording."""
        self._decoder = StreamDecoder()
        self.live.reset()
