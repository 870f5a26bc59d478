"""The newest switches of one lane, exactly, in constant memory."""

from __future__ import annotations

import numpy as np

from hvconsole.model.ticks import U64


class SwitchRing:
    """Keeps at least the newest `capacity` switches, contiguous and in order.

    Twice the capacity is held: when that is full the newer half moves to the front, so a switch
    is moved at most once and a look at the ring is a plain slice.
    """

    def __init__(self, capacity: int = 1 << 18) -> None:
        self._capacity = capacity
        self._start: U64 = np.empty(2 * capacity, dtype=np.uint64)
        self._length: U64 = np.empty(2 * capacity, dtype=np.uint64)
        self._used = 0
        self._forgotten = 0

    @property
    def complete(self) -> bool:
        """Whether every switch so far is still here."""
        return self._forgotten == 0

    @property
    def start(self) -> U64:
        """Shape (n,), starts in ticks, ascending. A view: copy before keeping it."""
        return self._start[: self._used]

    @property
    def length(self) -> U64:
        """Shape (n,), lengths in ticks. A view: copy before keeping it."""
        return self._length[: self._used]

    def push(self, start: U64, length: U64) -> None:
        """Add switches, each later than those before."""
        if start.size > self._capacity:
            self._forgotten += self._used + start.size - self._capacity
            self._used = 0
            start, length = start[-self._capacity :], length[-self._capacity :]
        if self._used + start.size > 2 * self._capacity:
            keep = self._capacity
            self._forgotten += self._used - keep
            self._start[:keep] = self._start[self._used - keep : self._used]
            self._length[:keep] = self._length[self._used - keep : self._used]
            self._used = keep
        end = self._used + start.size
        self._start[self._used : end] = start
        self._length[self._used : end] = length
        self._used = end
