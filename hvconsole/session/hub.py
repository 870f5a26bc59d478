"""Where a board's bytes arrive: onto the disk first, then as values into the live statistics."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from hvconsole.stream.live import LiveStream
from hvconsole.wire.stream import StreamDecoder
from hvconsole.wire.values import Value


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

    def __init__(
        self, sink: FrameSink | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.live = LiveStream()
        self.sink = sink
        self.received_bytes = 0
        self._listeners: list[Callable[[Sequence[Value]], None]] = []
        self._decoder = StreamDecoder()
        self._clock = clock
        self._heard: tuple[float, float] | None = None  # newest moment, and when we heard of it

    @property
    def moment_s(self) -> float | None:
        """The present on the samples' clock, seconds since the run's start; None without a run.

        The newest moment heard of, and our own clock since then: late by the link's delay.
        """
        if self._heard is None or self.live.ended:
            return None
        at_s, heard = self._heard
        return at_s + self._clock() - heard

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
                self._hear()
                for listener in tuple(self._listeners):
                    listener(values)

    def listen(self, listener: Callable[[Sequence[Value]], None]) -> Callable[[], None]:
        """Hand on values as they come, once the statistics have them; return what ends that."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    def restart(self, *, past: bool = True) -> None:
        """Begin anew, as after a jump within a recording; with `past` false, earlier runs stay."""
        self._decoder = StreamDecoder()
        self._heard = None
        self.live.reset(past=past)

    def _hear(self) -> None:
        now_s = self.live.now_s
        if self.live.hello is not None and (self._heard is None or now_s != self._heard[0]):
            self._heard = now_s, self._clock()
