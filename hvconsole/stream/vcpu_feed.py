"""Xen's records while they come: decoded in portions, so that a live screen never waits."""

from __future__ import annotations

from collections import deque
from typing import Final

from hvconsole.stream.vcpu_lane import VcpuLane
from hvconsole.wire.xentrace import Decoder, Losses

PORTION: Final = 8 << 10
"""Bytes decoded at a time: a few milliseconds, less than a frame."""

MOST_WAITING: Final = 1 << 20
"""Bytes that may wait to be decoded."""

MOST_INTERVALS: Final = 1 << 16
"""Intervals kept a CPU: minutes of a busy board in 1.3 MB."""


class VcpuFeed:
    """Bytes of a trace that is being captured on their way into a lane.

    What comes faster than it is decoded is given up as a whole once too much waits; it is counted,
    and the lane has a hole there. Nothing raises, whatever a board sends.

    Args:
        most_waiting: Bytes that may wait.
        most_intervals: Intervals kept a CPU.

    Attributes:
        lane: Who had the CPUs, as far as it is decoded.
        received: Bytes that came.
        records: Records that were decoded.
        not_shown: Bytes that were given up.
    """

    def __init__(
        self, *, most_waiting: int = MOST_WAITING, most_intervals: int = MOST_INTERVALS
    ) -> None:
        self.lane = VcpuLane(most_intervals)
        self.received = 0
        self.records = 0
        self.not_shown = 0
        self._most_waiting = most_waiting
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._decoder = Decoder()
        self._before = Losses()

    @property
    def waiting(self) -> int:
        """Bytes that wait to be decoded."""
        return self._size

    @property
    def losses(self) -> Losses:
        """What is missing from what was decoded, as a copy."""
        now, before = self._decoder.losses, self._before
        return Losses(
            before.records + now.records,
            before.reports + now.reports,
            before.skipped_bytes + now.skipped_bytes,
            before.unknown + now.unknown,
        )

    def push(self, data: bytes) -> None:
        """Take bytes as they came; nothing is decoded yet."""
        self.received += len(data)
        if self._size + len(data) > self._most_waiting:
            self._give_up()
        if len(data) > self._most_waiting:
            self.not_shown += len(data)
        elif data:
            self._waiting.append(data)
            self._size += len(data)

    def decode(self, most: int = PORTION) -> bool:
        """Decode what came next, `most` bytes at the most; tell whether more waits."""
        piece = bytearray()
        while self._waiting and len(piece) < most:
            first, room = self._waiting.popleft(), most - len(piece)
            piece += first[:room]
            if len(first) > room:
                self._waiting.appendleft(first[room:])
        self._size -= len(piece)
        if piece:
            records = self._decoder.feed(bytes(piece))
            self.records += records.size
            self.lane.feed(records)
        return bool(self._waiting)

    def close(self) -> None:
        """Decode the rest: no more bytes come."""
        while self.decode():
            pass
        self._renew()

    def _give_up(self) -> None:
        """Drop what waits. Decoding goes on at the next window; who ran meanwhile is not known."""
        self.not_shown += self._size
        self._waiting.clear()
        self._size = 0
        self._renew()
        self.lane.hole()

    def _renew(self) -> None:
        self._decoder.close()
        self._before = self.losses
        self._decoder = Decoder()
