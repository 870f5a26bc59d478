"""A recorded session as one more source of bytes: the same frames, at any speed and moment."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path

from hvconsole.link.protocol import Sink
from hvconsole.model.problem import LinkProblem
from hvconsole.wire.frame import Frame, FrameDecoder
from hvconsole.wire.payload import PayloadError, decode_payload
from hvconsole.wire.values import Hello, Kind

SLOWEST, FASTEST = 0.1, 100.0

_PORTION = 1 << 18
_FRAME_S = 0.05


class Index:
    """Where in a file of frames which moment lies.

    Runs follow on from each other in time, as if nothing had passed between them.

    Attributes:
        time_s: Moments, ascending, seconds since the first run's start.
        offset: Bytes that lead up to each of them.
        runs: Moment and offset at which each run begins.
    """

    def __init__(self, path: Path) -> None:
        self.time_s: list[float] = [0.0]
        self.offset: list[int] = [0]
        self.runs: list[tuple[float, int]] = []
        self._hello: Hello | None = None
        self._before_s = 0.0  # what the earlier runs took
        decoder = FrameDecoder()
        previous_end = 0
        with path.open("rb") as file:
            while portion := file.read(_PORTION):
                for frame in decoder.feed(portion):
                    self._take(frame, previous_end)
                    previous_end = frame.end
        # What follows the last heartbeat (the end frame) belongs to the last moment.
        self.offset[-1] = max(path.stat().st_size, self.offset[-1])

    @property
    def duration_s(self) -> float:
        """The last moment."""
        return self.time_s[-1]

    def offset_at(self, moment_s: float) -> int:
        """Return how many bytes lead up to a moment."""
        return self.offset[max(bisect_right(self.time_s, moment_s) - 1, 0)]

    def run_at(self, moment_s: float) -> tuple[float, int]:
        """Return beginning and offset of the run that a moment lies in."""
        at = bisect_right([start for start, _ in self.runs], moment_s) - 1
        return self.runs[max(at, 0)] if self.runs else (0.0, 0)

    def _take(self, frame: Frame, begin: int) -> None:
        if frame.kind == Kind.HELLO:
            with contextlib.suppress(PayloadError):
                self._begin(decode_payload(frame), begin)
        elif frame.kind == Kind.HEARTBEAT:
            self._mark(frame.payload, frame.end)

    def _begin(self, hello: object, offset: int) -> None:
        if not isinstance(hello, Hello):
            return
        self._hello = hello
        self._before_s = self.time_s[-1]
        self.runs.append((self._before_s, offset))

    def _mark(self, payload: bytes, end: int) -> None:
        hello = self._hello
        with contextlib.suppress(struct.error):
            (tick,) = struct.unpack_from("<Q", payload)
            if hello is None or tick < hello.start_tick:
                return
            moment = self._before_s + (tick - hello.start_tick) / hello.frequency_hz
            self.time_s.append(max(moment, self.time_s[-1]))
            self.offset.append(end)


class Replay:
    """Hands out recorded bytes as time goes by.

    Args:
        frames: The recorded frames (a session's frames.bin).
        sink: Takes the bytes.
        restart: Called before bytes come that do not follow on from those before.
        now: A clock in seconds; the event loop's by default.

    Attributes:
        position_s: Where it stands.
        speed: How fast it plays; 1 is as it happened.
        playing: Whether it moves.

    Raises:
        LinkProblem: The file cannot be read, or no run is in it.
    """

    def __init__(
        self,
        frames: Path,
        sink: Sink,
        restart: Callable[[], None],
        now: Callable[[], float] | None = None,
    ) -> None:
        try:
            self.index = Index(frames)
            self._file = frames.open("rb")
        except OSError as error:
            raise LinkProblem(
                f"{frames} cannot be read", detail=error.strerror or str(error)
            ) from error
        if not self.index.runs:
            self._file.close()
            raise LinkProblem(f"no run is recorded in {frames}", hint="hvconsole summary says more")
        self._sink = sink
        self._restart = restart
        self._now = now
        self._given = self.index.runs[0][1]
        self.position_s = 0.0
        self.speed = 1.0
        self.playing = True

    @property
    def run(self) -> int:
        """Number of the run that the newest bytes belong to, from 0."""
        offsets = [offset for _, offset in self.index.runs]
        return max(bisect_right(offsets, self._given - 1) - 1, 0)

    @property
    def duration_s(self) -> float:
        """How long it is, seconds."""
        return self.index.duration_s

    def toggle(self) -> None:
        """Play, or stop playing; at the end begin again."""
        if not self.playing and self.position_s >= self.duration_s:
            self.seek(0.0)
        self.playing = not self.playing

    def set_speed(self, speed: float) -> None:
        """Play at this speed, kept between `SLOWEST` and `FASTEST`."""
        self.speed = min(max(speed, SLOWEST), FASTEST)

    def seek(self, position_s: float) -> None:
        """Go to a moment; outside the recording means its nearer end."""
        position_s = min(max(position_s, 0.0), self.duration_s)
        _, offset = self.index.run_at(position_s)
        if self.index.offset_at(position_s) < self._given or offset > self._given:
            self._restart()
            self._given = offset
        self.position_s = position_s
        self._give()

    async def play(self) -> None:
        """Move on with the clock, until cancelled."""
        now = self._now or asyncio.get_running_loop().time
        last = now()
        while True:
            await asyncio.sleep(_FRAME_S)
            passed, last = now() - last, now()
            if self.playing:
                self.advance(passed * self.speed)

    def advance(self, seconds: float) -> None:
        """Move on by a time; stop at the end."""
        self.position_s = min(self.position_s + seconds, self.duration_s)
        self._give()
        if self.position_s >= self.duration_s:
            self.playing = False

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _give(self) -> None:
        """Hand out all bytes up to the position."""
        upto = self.index.offset_at(self.position_s)
        self._file.seek(self._given)
        while self._given < upto:
            portion = self._file.read(min(upto - self._given, _PORTION))
            if not portion:
                return
            self._given += len(portion)
            self._sink(portion)
