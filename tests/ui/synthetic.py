"""A board made of numbers: a seeded generator of wire values, fed to the real live stream.

The same seed gives the same run, so pictures of it can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import values as made
from values import HZ

from hvconsole.model.problem import Problem
from hvconsole.stream.live import LiveStream
from hvconsole.stream.snapshot import Snapshot, View
from hvconsole.ui.source import Status
from hvconsole.wire.values import (
    Heartbeat,
    Hello,
    Note,
    NoteCode,
    Switches,
    Value,
)

START = 1_000_000_000
STEP_S = 0.1
THRESHOLD_TICKS = 36
BLIND_S = (6.1, 6.9)

BOARD = Status(
    board="bpi",
    kind="Banana Pi M1",
    identity=("Linux 6.1.55-sunxi armv7l", "Jailhouse 0.12", "2 CPUs"),
    link="connected",
    link_detail="root@192.0.2.7",
    labels=("SIMULATED",),
    recording=Path("sessions/bpi-cyclic.hvs"),
    recorded_bytes=1_234_567,
    run="running",
)


def hello(cpus: tuple[int, ...]) -> Hello:
    figures = {"floor_ticks": 3, "p50_ticks": 4, "p9999_ticks": 9, "read_ns": 42.0}
    return made.hello(
        *(made.lane(cpu, threshold_ticks=THRESHOLD_TICKS, **figures) for cpu in cpus),
        start=START,
        sampler="gapsampler 0.1.0",
        kernel="6.1.55-sunxi",
        counter="cntvct",
        mono_ns=0,
        real_ns=0,
        writer_cpu=-1,
        online_cpus=max(cpus) + 1,
    )


def values(seconds: float, cpus: tuple[int, ...], seed: int = 7) -> Iterator[list[Value]]:
    """Yield a run by tenths of a second: a 250 Hz tick, a scheduler now and then, rare spikes."""
    rng = np.random.default_rng(seed)
    yield [hello(cpus)]
    lanes = {cpu: _Lane(cpu) for cpu in cpus}
    for step in range(round(seconds / STEP_S)):
        batch: list[Value] = []
        for lane in lanes.values():
            batch += lane.step(rng, step)
        yield batch


@dataclass
class _Lane:
    cpu: int
    count: int = 0
    lost: int = 0
    blind: int = 0

    def step(self, rng: np.random.Generator, step: int) -> list[Value]:
        begin_s, end_s = step * STEP_S, (step + 1) * STEP_S
        load = min(self.cpu, 11)
        start = np.arange(begin_s, end_s, 0.004) + 0.0001 * load
        extra = np.sort(rng.uniform(begin_s, end_s - 0.005, rng.poisson(3 + 4 * load)))
        length_ns = np.concatenate(
            [
                rng.gamma(6.0, 550.0, start.size) + 1500,
                rng.lognormal(10.2 + 0.4 * load, 0.55, extra.size),
            ]
        )
        start = np.concatenate([start, extra])
        if step % 23 == 17 + load:
            start = np.append(start, begin_s + 0.05)
            length_ns = np.append(length_ns, rng.uniform(0.8e6, 3.1e6))
        order = np.argsort(start, kind="stable")
        start, length_ns = start[order], length_ns[order]
        ticks = START + np.rint(start * HZ).astype(np.uint64)
        length = np.rint(length_ns * HZ / 1e9).astype(np.uint64)
        seen = (start < BLIND_S[0]) | (start > BLIND_S[1])
        ticks, length = ticks[seen], length[seen]
        out: list[Value] = []
        if ticks.size:
            out.append(Switches(self.cpu, self.count, ticks, length))
        self.count += int(ticks.size)
        self.lost += int(length.sum())
        if begin_s <= BLIND_S[1] < end_s:
            self.blind = round((BLIND_S[1] - BLIND_S[0]) * HZ)
            out += self._blind_notes()
        out.append(self._heartbeat(end_s))
        return out

    def _blind_notes(self) -> list[Value]:
        first, last = (START + round(s * HZ) for s in BLIND_S)
        stalled = Note(self.cpu, NoteCode.STALLED, 1, first, last, 812_000_000, "pipe full")
        return [Note(self.cpu, NoteCode.BLIND, 0, first, last, last - first, ""), stalled]

    def _heartbeat(self, at_s: float) -> Heartbeat:
        tick = START + round(at_s * HZ)
        return made.heartbeat(
            self.cpu,
            tick,
            mono_ns=round(at_s * 1e9),
            real_ns=round(at_s * 1e9),
            loops=round(at_s * HZ / 4),
            detected=self.count,
            recorded=self.count,
            lost_ticks=self.lost,
            blind_ticks=self.blind,
        )


@dataclass
class SyntheticConsole:
    """A console whose board is the generator; time passes when `advance` is called."""

    status: Status = BOARD
    cpus: tuple[int, ...] = (0, 1)
    playback: object | None = None
    hypervisor: object | None = None
    serial_console: object | None = None
    boots: object | None = None
    vcpus: object | None = None
    tracing: object | None = None
    guests: object | None = None
    calls: list[str] = field(default_factory=list)
    problems: dict[str, Problem] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stream = LiveStream()
        self._values = values(3600.0, self.cpus)

    def advance(self, seconds: float) -> SyntheticConsole:
        for _ in range(round(seconds / STEP_S) + (self.stream.hello is None)):
            self.stream.feed(next(self._values))
        return self

    def snapshot(self, view: View) -> Snapshot:
        return self.stream.snapshot(view)

    async def open(self) -> None:
        self._called("open")

    async def start_run(self) -> None:
        self._called("start_run")
        self.status = replace(self.status, run="running")

    async def stop_run(self) -> None:
        self._called("stop_run")
        self.status = replace(self.status, run="ended")

    async def close(self) -> None:
        self._called("close")

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.problems:
            raise self.problems[name]


@dataclass
class SyntheticPlayback:
    """Controls of a recording that only remember what they were told."""

    position_s: float = 12.3
    duration_s: float = 60.0
    speed: float = 1.0
    playing: bool = False

    def seek(self, position_s: float) -> None:
        self.position_s = min(max(position_s, 0.0), self.duration_s)

    def set_speed(self, speed: float) -> None:
        self.speed = speed

    def toggle(self) -> None:
        self.playing = not self.playing
