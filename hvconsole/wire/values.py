"""What the frames of a stream mean, as values.

Field names and units are those of docs/wire-format.md. Arrays of switches are numpy arrays of
``uint64`` ticks; everything else is a frozen record of plain numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hvconsole.model.ticks import U64, TickClock

STREAM_LANE = 0xFFFF


class Kind(IntEnum):
    """Kinds of frames."""

    HELLO = 1
    SWITCHES = 2
    HISTOGRAM = 3
    HEARTBEAT = 4
    NOTE = 5
    END = 6


class HeartbeatFlag(IntFlag):
    """State of a lane as its heartbeat tells it."""

    NONE = 0
    RING_FULL = 1
    PAUSED = 2
    LAST = 4
    AWAY = 8


class NoteCode(IntEnum):
    """What a note is about."""

    BLIND = 1
    RING_FULL = 2
    RING_FREE = 3
    BACKWARD = 4
    MOVED = 5
    STALLED = 6
    MESSAGE = 7
    ANSWER = 8


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """One sampled CPU and what its calibration found (ticks unless the name says otherwise)."""

    cpu: int
    threshold_ticks: int
    auto: bool
    floor_ticks: int
    p50_ticks: int
    p9999_ticks: int
    read_ns: float
    calibration_reads: int
    backward: int = 0


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """The first frame of a run: what is read, where, and how it was calibrated."""

    wire: int
    sampler: str
    machine: str
    kernel: str = ""
    counter: Literal["cntpct", "cntvct", "tsc"]
    fenced: bool
    frequency_hz: int
    nominal_hz: int
    measured_hz: int
    start_tick: int
    mono_ns: int
    real_ns: int
    fifo: int
    locked: bool
    writer_cpu: int = -1
    window_ms: int = 0
    pause_ms: int = 0
    ring: int
    online_cpus: int
    lanes: tuple[Lane, ...]

    @property
    def clock(self) -> TickClock:
        """The clock that turns this run's ticks into time."""
        return TickClock(self.frequency_hz, self.start_tick)


@dataclass(frozen=True, slots=True)
class Switches:
    """Switches of one lane, in order of time.

    Attributes:
        lane: CPU number.
        first: Index of the first among all recorded switches of the lane.
        start: Shape (n,), tick of the last read before the switch.
        length: Shape (n,), ticks to the next read.
    """

    lane: int
    first: int
    start: U64
    length: U64


@dataclass(frozen=True, slots=True)
class Histogram:
    """Switches whose lengths are known by bucket only (they found the ring full).

    Attributes:
        lane: CPU number.
        start: Tick at which the first began.
        end: Tick at which the last ended.
        count: How many.
        total: Sum of their lengths, ticks.
        shortest: Ticks.
        longest: Ticks.
        bucket: Shape (k,), bucket indices, ascending.
        counts: Shape (k,), switches a bucket.
    """

    lane: int
    start: int
    end: int
    count: int
    total: int
    shortest: int
    longest: int
    bucket: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How far a lane has come; see docs/wire-format.md for each field."""

    lane: int
    tick: int
    mono_ns: int
    real_ns: int
    bracket_ticks: int
    flags: HeartbeatFlag
    loops: int
    detected: int
    recorded: int
    dropped: int
    lost_ticks: int
    backward: int
    blind_ticks: int
    watched_until: int


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened to a lane between two ticks. Unknown codes stay numbers."""

    lane: int
    code: NoteCode | int
    severity: int
    start: int
    end: int
    value: int
    text: str


class End(msgspec.Struct, frozen=True, kw_only=True):
    """The last frame of a run and why it is the last."""

    reason: str
    detail: str = ""
    end_tick: int = 0


Value = Hello | Switches | Histogram | Heartbeat | Note | End
