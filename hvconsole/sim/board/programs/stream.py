"""The sampler's stream: the machine's switches on their way to a reader that may be slow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from hvconsole.sim.board.programs.pressure import Pressure
from hvconsole.sim.board.programs.windows import Windows
from hvconsole.sim.machine import SwitchChunk
from hvconsole.sim.machine.sampled import Epoch, SampledLane
from hvconsole.wire.frame import encode_frame
from hvconsole.wire.payload import encode_value
from hvconsole.wire.text import encode_lines
from hvconsole.wire.values import STREAM_LANE, End, Hello, Lane, Note, NoteCode, Value

_SHARED: Final = "the writer shares a sampled CPU: its own work shows as switches"


class SampleStream:
    """Encodes one run, frame by frame or as lines of text.

    Args:
        hello: The run's first frame; it says which lanes there are, and the ring's size.
        write: Takes bytes; may raise `OSError` where nobody reads any more.
        clogged: Whether the reader takes nothing at present.
        text: Lines for a serial console in place of binary frames.

    Attributes:
        broken: Nobody reads any more.
    """

    def __init__(
        self,
        hello: Hello,
        write: Callable[[bytes], None],
        *,
        clogged: Callable[[], bool],
        text: bool = False,
    ) -> None:
        self._hello = hello
        self._out = write
        self._clogged = clogged
        self._encode = encode_lines if text else encode_frame
        self._sequence = 0
        self._taken = time.monotonic()
        self.broken = False
        epoch = Epoch(hello.start_tick, hello.mono_ns, hello.real_ns)
        self._lanes = {lane.cpu: _Lane(hello, lane, epoch) for lane in hello.lanes}

    @property
    def stalled_s(self) -> float:
        """For how many real seconds the reader has taken nothing."""
        return time.monotonic() - self._taken if self._clogged() else 0.0

    def begin(self) -> None:
        """Write the hello."""
        hello = self._hello
        values: list[Value] = [hello]
        if hello.writer_cpu < 0 and not hello.window_ms:
            at = hello.start_tick
            values.append(Note(STREAM_LANE, NoteCode.MESSAGE, 1, at, at, 0, _SHARED))
        self._write(values)

    def feed(self, chunks: Mapping[int, SwitchChunk]) -> None:
        """Write what chunks complete; other CPUs' chunks are left alone."""
        clogged = self._clogged()
        if not clogged:
            self._taken = time.monotonic()
        for cpu, lane in self._lanes.items():
            if cpu in chunks:
                self._write(lane.feed(chunks[cpu], clogged=clogged))

    def answer(self, count: int, tick: int) -> None:
        """Write what the counter says, for whoever has asked so often."""
        self._write([Note(STREAM_LANE, NoteCode.ANSWER, 0, tick, tick, count, "")])

    def finish(self, reason: str, end_tick: int) -> None:
        """Write what is left, the last heartbeats and the end."""
        for lane in self._lanes.values():
            self._write(lane.finish())
        self._write([End(reason=reason, end_tick=end_tick)])

    def _write(self, values: Iterable[Value]) -> None:
        data = bytearray()
        for value in values:
            kind, lane, payload = encode_value(value)
            data += self._encode(kind, lane, self._sequence, payload)
            self._sequence += 1
        if not data or self.broken:
            return
        try:
            self._out(bytes(data))
        except OSError:
            self.broken = True


class _Lane:
    """One lane's way: cut into windows, turned into values, held back under pressure."""

    def __init__(self, hello: Hello, lane: Lane, epoch: Epoch) -> None:
        self._windows = Windows(hello.start_tick, hello.window_ms) if hello.window_ms else None
        self._lane = SampledLane(lane.cpu, epoch, lane.threshold_ticks)
        self._pressure = Pressure(lane.cpu, hello.ring)

    def feed(self, chunk: SwitchChunk, *, clogged: bool) -> list[Value]:
        """Take a chunk; return what can be written."""
        if self._windows is None:
            return self._pressure.pass_on(self._lane.feed(chunk), clogged=clogged)
        values = self._windows.told(self._lane.feed(self._windows.cut(chunk)))
        return self._pressure.pass_on(values, clogged=clogged)

    def finish(self) -> list[Value]:
        """Return what is left, and the last heartbeat."""
        values = self._lane.finish()
        if self._windows is not None:
            values = self._windows.told(values)
        return self._pressure.pass_on(values, clogged=False)
