"""From the machine's switches to the bytes a sampler on it would write.

A `SampledLane` leaves out what is not longer than its threshold, counts, and cuts the rest into
frames at fixed ticks; a `SampledRun` puts a hello before and an end behind. What is written here
looks like a real sampler's stream: whoever starts it must label the run as simulated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from hvconsole.model.ticks import U64
from hvconsole.sim.machine.chunk import SwitchChunk
from hvconsole.sim.machine.ticks import HZ
from hvconsole.wire.stream import StreamEncoder
from hvconsole.wire.values import (
    End,
    Heartbeat,
    HeartbeatFlag,
    Hello,
    Lane,
    Note,
    NoteCode,
    Switches,
    Value,
)

AUTO_THRESHOLD: Final = 24
_FLUSH: Final = HZ // 20
_FLUSHES_A_HEARTBEAT: Final = 2
_SWITCHES_A_FRAME: Final = 4_096
_RING: Final = 65_536
_BRACKET: Final = 3
# A read and its comparison take 45 ns on an A7, so 11 reads take 12 ticks.
_READS, _READ_TICKS = 11, 12


@dataclass(frozen=True, slots=True)
class Epoch:
    """What the board's clocks say at the run's first tick."""

    start_tick: int
    mono_ns: int
    real_ns: int

    def since(self, tick: int) -> int:
        """Return nanoseconds since the start."""
        return (tick - self.start_tick) * 1_000_000_000 // HZ


class SampledLane:
    """One sampling thread's part of the stream. Chunks in, values of the wire out.

    The values depend on the switches alone, not on how they were cut into chunks.

    Args:
        cpu: CPU number.
        epoch: When the run began.
        threshold_ticks: A switch is longer than this.
    """

    def __init__(self, cpu: int, epoch: Epoch, threshold_ticks: int = AUTO_THRESHOLD) -> None:
        self.cpu = cpu
        self.threshold_ticks = threshold_ticks
        self._epoch = epoch
        self._flushes = 0
        self._recorded = 0
        self._lost = 0
        self._start = np.empty(0, dtype=np.uint64)
        self._length = np.empty(0, dtype=np.uint64)
        self._holes: list[tuple[int, int]] = []
        self._hole_since: int | None = None
        self._told_moved = self._told_blind = 0
        self._until = epoch.start_tick
        self._pace = [(epoch.start_tick, 1.0)]
        self._beat_tick, self._beat_reading = epoch.start_tick, 0
        self._at_full_pace = 0.0

    def feed(self, chunk: SwitchChunk) -> list[Value]:
        """Take a chunk; return frames of everything up to the last full twentieth of a second."""
        long = chunk.length > np.uint64(self.threshold_ticks)
        self._start = np.concatenate([self._start, chunk.start[long]])
        self._length = np.concatenate([self._length, chunk.length[long]])
        self._holes += chunk.blind
        self._hole_since = chunk.blind_since
        self._pace += chunk.pace
        self._until = chunk.until
        values: list[Value] = []
        whole = (chunk.until - self._epoch.start_tick) // _FLUSH
        limits = [
            self._epoch.start_tick + number * _FLUSH
            for number in range(self._flushes + 1, whole + 1)
        ]
        ends = (self._start + self._length).astype(np.int64)
        reached = np.searchsorted(ends, np.array(limits, dtype=np.int64), side="right")
        taken = 0
        for limit, index in zip(limits, reached.tolist(), strict=True):
            values += self._write(self._start[taken:index], self._length[taken:index])
            taken = index
            self._flushes += 1
            if self._flushes % _FLUSHES_A_HEARTBEAT == 0:
                values += self._notes(limit)
                values.append(self._heartbeat(limit, HeartbeatFlag.NONE))
        self._start, self._length = self._start[taken:], self._length[taken:]
        return values

    def finish(self) -> list[Value]:
        """Return what is left, and the last heartbeat."""
        values = self._write(self._start, self._length)
        self._start, self._length = self._start[:0], self._length[:0]
        values += self._notes(self._until)
        values.append(self._heartbeat(self._until, HeartbeatFlag.LAST))
        return values

    def _write(self, start: U64, length: U64) -> list[Value]:
        values: list[Value] = []
        for at in range(0, start.size, _SWITCHES_A_FRAME):
            part = slice(at, at + _SWITCHES_A_FRAME)
            values.append(Switches(self.cpu, self._recorded, start[part], length[part]))
            self._recorded += int(start[part].size)
        self._lost += int(length.sum())
        return values

    def _notes(self, limit: int) -> list[Value]:
        """Tell of holes, as far as they are known at a tick: the move first, then the hole."""
        begun = [begin for begin, _ in self._holes]
        if self._hole_since is not None:
            begun.append(self._hole_since)
        moved = [begin for begin in begun if begin <= limit]
        refuge = 0 if self.cpu else 1
        over = [hole for hole in self._holes if hole[1] <= limit]
        notes: list[Value] = [
            Note(self.cpu, NoteCode.MOVED, 1, at, at, refuge, "the CPU went offline")
            for at in moved[self._told_moved :]
        ]
        notes += [
            Note(self.cpu, NoteCode.BLIND, 1, begin, end, end - begin, "the CPU was offline")
            for begin, end in over[self._told_blind :]
        ]
        self._told_moved, self._told_blind = len(moved), len(over)
        return notes

    def _blind(self, limit: int) -> int:
        holes = list(self._holes)
        if self._hole_since is not None:
            holes.append((self._hole_since, limit))
        return sum(max(min(end, limit) - begin, 0) for begin, end in holes)

    def _heartbeat(self, tick: int, flags: HeartbeatFlag) -> Heartbeat:
        passed = self._epoch.since(tick)
        blind = self._blind(tick)
        reading = max(tick - self._epoch.start_tick - blind - self._lost, 0)
        return Heartbeat(
            lane=self.cpu,
            tick=tick,
            mono_ns=self._epoch.mono_ns + passed,
            real_ns=self._epoch.real_ns + passed,
            bracket_ticks=_BRACKET,
            flags=flags,
            loops=self._reads(tick, reading),
            detected=self._recorded,
            recorded=self._recorded,
            dropped=0,
            lost_ticks=self._lost,
            backward=0,
            blind_ticks=blind,
            watched_until=tick,
        )

    def _reads(self, tick: int, reading: int) -> int:
        """Return the reads so far: a slower CPU does fewer in the same time.

        Args:
            tick: Of the heartbeat.
            reading: Ticks in which reads followed each other, since the start.
        """
        begin, passed = self._beat_tick, tick - self._beat_tick
        share = 1.0
        if passed > 0:
            edges = [(max(at, begin), slow) for at, slow in self._pace if at < tick]
            ends = [*(at for at, _ in edges[1:]), tick]
            share = sum((end - at) / slow for (at, slow), end in zip(edges, ends, strict=True))
            share /= passed
            self._pace = [(tick, edges[-1][1]), *(one for one in self._pace if one[0] >= tick)]
        self._at_full_pace += (reading - self._beat_reading) * share
        self._beat_tick, self._beat_reading = tick, reading
        return round(self._at_full_pace) * _READS // _READ_TICKS


class SampledRun:
    """The bytes of one run over some CPUs.

    Args:
        thresholds: Threshold in ticks by CPU; None for a calibrated one.
        epoch: When it began, on the board's clocks.
        sampler: Version text; say that it is simulated.
        kernel: `uname -r` of the simulated Linux.
        online_cpus: How many CPUs it has.
        fifo: SCHED_FIFO priority, 0 for none.
    """

    def __init__(
        self,
        thresholds: Mapping[int, int | None],
        epoch: Epoch,
        *,
        sampler: str = "simulated",
        kernel: str = "",
        online_cpus: int = 2,
        fifo: int = 0,
    ) -> None:
        self._encoder = StreamEncoder()
        self._lanes = {
            cpu: SampledLane(cpu, epoch, AUTO_THRESHOLD if ticks is None else ticks)
            for cpu, ticks in thresholds.items()
        }
        self.hello = Hello(
            wire=1,
            sampler=sampler,
            machine="armv7l",
            kernel=kernel,
            counter="cntpct",
            fenced=False,
            frequency_hz=HZ,
            nominal_hz=HZ,
            measured_hz=HZ,
            start_tick=epoch.start_tick,
            mono_ns=epoch.mono_ns,
            real_ns=epoch.real_ns,
            fifo=fifo,
            locked=True,
            ring=_RING,
            online_cpus=online_cpus,
            lanes=tuple(_described(lane, thresholds[cpu]) for cpu, lane in self._lanes.items()),
        )

    def begin(self) -> bytes:
        """Return the hello frame."""
        return self._encoder.encode(self.hello)

    def feed(self, chunks: Mapping[int, SwitchChunk]) -> bytes:
        """Return the frames that chunks complete; other CPUs' chunks are left alone."""
        return b"".join(
            self._bytes(lane.feed(chunks[cpu]))
            for cpu, lane in self._lanes.items()
            if cpu in chunks
        )

    def finish(self, reason: str, end_tick: int, detail: str = "") -> bytes:
        """Return the last heartbeats and the end frame."""
        rest = [self._bytes(lane.finish()) for lane in self._lanes.values()]
        end = End(reason=reason, detail=detail, end_tick=end_tick)
        return b"".join([*rest, self._encoder.encode(end)])

    def _bytes(self, values: Iterable[Value]) -> bytes:
        return b"".join(self._encoder.encode(value) for value in values)


def _described(lane: SampledLane, threshold: int | None) -> Lane:
    return Lane(
        cpu=lane.cpu,
        threshold_ticks=lane.threshold_ticks,
        auto=threshold is None,
        floor_ticks=1,
        p50_ticks=1,
        p9999_ticks=2,
        read_ns=45.0,
        calibration_reads=1_000_000,
    )
