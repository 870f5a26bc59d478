"""When the bytes of a session's ``serial.log`` came.

``serial.log`` holds the bytes as they came. ``serial.times`` says when they did: records of 16
bytes, little-endian, the console's monotonic clock in ns and how many bytes of the log there were
before. It is for finding moments again; the log is whole without it.
"""

from __future__ import annotations

import struct

TIMES = "serial.times"
RECORD = struct.Struct("<QQ")
_BETWEEN_NS = 10_000_000


class Stamps:
    """Works out which records of ``serial.times`` are due: one a portion, a hundred a second."""

    def __init__(self) -> None:
        self._written = 0
        self._last_ns = -_BETWEEN_NS

    def due(self, count: int, now_ns: int) -> bytes:
        """Take notice of bytes that are about to be appended to the log.

        Args:
            count: How many bytes.
            now_ns: The console's monotonic clock.

        Returns:
            What is to be appended to ``serial.times`` first; often nothing.
        """
        at, self._written = self._written, self._written + count
        if now_ns - self._last_ns < _BETWEEN_NS:
            return b""
        self._last_ns = now_ns
        return RECORD.pack(now_ns, at)
