"""What `bench.screen` measures: the Measure screen while a million switches a second come."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from textual import events

from hvconsole.stream.live import LiveStream
from hvconsole.stream.snapshot import Snapshot, View
from hvconsole.ui.app import HvconsoleApp
from hvconsole.ui.screens.measure import MeasureScreen
from hvconsole.ui.source import Status
from hvconsole.wire.stream import StreamDecoder, StreamEncoder
from hvconsole.wire.values import Heartbeat, HeartbeatFlag, Hello, Lane, Switches, Value

HZ = 24_000_000
_SCHEDSTAT = Path("/proc/thread-self/schedstat")
_STEP_S = 0.02
_BATCH = 5_000
_WARM_S = 2.0
_STATUS = Status(board="bench", link="connected", link_detail="loopback", run="running")


def hello() -> Hello:
    """Return the beginning of a run on two CPUs."""
    lanes = tuple(
        Lane(cpu=cpu, threshold_ticks=3, auto=False, floor_ticks=1, p50_ticks=1, p9999_ticks=2,
             read_ns=45.0, calibration_reads=1_000_000)
        for cpu in (0, 1)
    )  # fmt: skip
    return Hello(wire=1, sampler="bench", machine="armv7l", kernel="6.1", counter="cntpct",
                 fenced=False, frequency_hz=HZ, nominal_hz=HZ, measured_hz=HZ, start_tick=0,
                 mono_ns=0, real_ns=0, fifo=0, locked=True, ring=65_536, online_cpus=2,
                 lanes=lanes)  # fmt: skip


class Flood:
    """Bytes of so many switches a second, decoded and fed as the session does it.

    A portion is encoded once and decoded each time; its switches are moved on in time, so that
    the stream goes on for ever.
    """

    def __init__(self, live: LiveStream, rate: int) -> None:
        self._live = live
        self._rate = rate
        self._fed = 0
        self._count = {0: 0, 1: 0}
        self._lost = {0: 0, 1: 0}
        rng = np.random.default_rng(1)
        each = max(rate // 2, 1)
        spacing = HZ / each
        self._portion_s = _BATCH / each
        start = (np.arange(_BATCH) * spacing).astype(np.uint64)
        longest = max(int(spacing) - 2, 3)
        length = np.minimum(4 + rng.pareto(1.5, _BATCH) * 3, longest).astype(np.uint64)
        encoder = StreamEncoder()
        self._bytes = b"".join(encoder.encode(Switches(cpu, 0, start, length)) for cpu in (0, 1))
        self._length = int(length.sum())
        live.feed([hello()])

    @property
    def received(self) -> int:
        """How many switches were fed."""
        return sum(self._count.values())

    def is_due(self, seconds: float) -> bool:
        """Whether another portion is due at a moment."""
        return (self._fed + 1) * self._portion_s <= seconds

    def feed(self) -> None:
        """Feed a portion."""
        begin = int(self._fed * self._portion_s * HZ)
        end = int((self._fed + 1) * self._portion_s * HZ)
        for value in StreamDecoder().feed(self._bytes):
            if isinstance(value, Switches):
                cpu = value.lane
                moved = replace(value, first=self._count[cpu], start=value.start + np.uint64(begin))
                self._count[cpu] += _BATCH
                self._lost[cpu] += self._length
                self._live.feed([moved, self._heartbeat(cpu, end)])
        self._fed += 1

    def _heartbeat(self, cpu: int, tick: int) -> Value:
        count = self._count[cpu]
        ns = tick * 1_000_000_000 // HZ
        return Heartbeat(
            lane=cpu, tick=tick, mono_ns=ns, real_ns=ns, bracket_ticks=3, flags=HeartbeatFlag.NONE,
            loops=tick, detected=count, recorded=count, dropped=0, lost_ticks=self._lost[cpu],
            backward=0, blind_ticks=0, watched_until=tick,
        )  # fmt: skip


class Board:
    """A board that does nothing but send switches."""

    playback = hypervisor = boots = serial_console = vcpus = tracing = guests = None

    def __init__(self) -> None:
        self.status = _STATUS
        self.live = LiveStream()

    def snapshot(self, view: View) -> Snapshot:
        return self.live.snapshot(view)

    async def open(self) -> None:
        """Nothing is to be opened."""

    async def start_run(self) -> None:
        """It runs."""

    async def stop_run(self) -> None:
        """It goes on."""

    async def close(self) -> None:
        """Nothing is to be closed."""


async def measure(app: HvconsoleApp, rate: int, seconds: float, *, keyed: bool) -> dict[str, float]:
    """Let switches come, and press keys where wanted; return what keys and frames cost."""
    board = app.source
    assert isinstance(board, Board)
    flood = Flood(board.live, rate)
    await asyncio.sleep(0.5)
    screen = app.screen
    assert isinstance(screen, MeasureScreen)
    watch = Watch(app, screen)
    began = time.perf_counter()
    feeding = asyncio.create_task(feed(flood, began))
    await asyncio.sleep(_WARM_S)
    watch.clear()
    cpu, waited = time.process_time(), waited_s()
    typing = asyncio.create_task(press_keys(app, watch)) if keyed else None
    await asyncio.sleep(seconds)
    spent = time.process_time() - cpu
    if typing is not None:
        typing.cancel()
    feeding.cancel()
    keys, own = sorted(watch.keys_s) or [0.0], sorted(watch.own_s) or [0.0]
    return {
        "keys": len(keys),
        "key_ms": keys[len(keys) // 2] * 1e3,
        "key_p95_ms": keys[len(keys) * 95 // 100] * 1e3,
        "own_ms": own[len(own) // 2] * 1e3,
        "own_p95_ms": own[len(own) * 95 // 100] * 1e3,
        "waited_share": (waited_s() - waited) / seconds,
        "frames": watch.frames,
        # All that the process did, decoding included: what is painted cannot be told from it.
        "frame_ms": spent / max(watch.frames, 1) * 1e3,
        "bytes": watch.written,
        "largest": watch.largest,
        "cpu_share": spent / seconds,
        "received": flood.received,
    }


def waited_s() -> float:
    """Return how long this thread was ready while other programs had its CPU, in seconds.

    The second figure of schedstat (Linux, Documentation/scheduler/sched-stats.rst).
    """
    return int(_SCHEDSTAT.read_text().split()[1]) / 1e9


class Watch:
    """Times frames and keys, and counts what is written to the terminal."""

    def __init__(self, app: HvconsoleApp, screen: MeasureScreen) -> None:
        self.pressed_at = self.waited_s = 0.0
        self.acted = False
        self.clear()
        driver: Any = app._driver  # noqa: SLF001  # where bytes leave
        put, frame, scale = driver.put, screen.frame, screen.action_scale

        def counted(data: str) -> None:
            put(data)
            size = len(data.encode())
            self.written += size
            self.largest = max(self.largest, size)
            if self.acted:
                self.acted = False
                took = time.perf_counter() - self.pressed_at
                self.keys_s.append(took)
                self.own_s.append(took - (waited_s() - self.waited_s))

        def counting(status: Status) -> None:
            frame(status)
            self.frames += 1

        def noted() -> None:
            self.acted = True  # what is written from now on shows it
            scale()

        driver.put = counted
        screen.frame = counting  # type: ignore[method-assign]  # the same, with a watch beside it
        screen.action_scale = noted  # type: ignore[method-assign]  # likewise

    def clear(self) -> None:
        self.keys_s: list[float] = []
        self.own_s: list[float] = []
        self.frames = 0
        self.written = self.largest = 0


async def feed(flood: Flood, began: float) -> None:
    """Feed what is due, a portion at a time, as a socket hands its bytes on."""
    while True:
        while flood.is_due(time.perf_counter() - began):
            flood.feed()
            await asyncio.sleep(0)
        await asyncio.sleep(_STEP_S)


async def press_keys(app: HvconsoleApp, watch: Watch) -> None:
    """Press a key that changes all charts, at no particular moment of a frame."""
    while True:
        await asyncio.sleep(random.uniform(0.1, 0.25))
        watch.waited_s, watch.pressed_at = waited_s(), time.perf_counter()
        app.post_message(events.Key("y", "y"))


def main() -> None:
    told, rate, seconds, frames, keys = sys.argv[1:]
    app = HvconsoleApp(Board(), frames_per_second=int(frames))
    figures: dict[str, float] = {}

    async def go() -> None:
        figures.update(await measure(app, int(rate), float(seconds), keyed=keys == "keys"))
        app.exit()

    app.call_later(lambda: app.run_worker(go()))
    app.run()
    os.write(int(told), json.dumps(figures).encode())


if __name__ == "__main__":
    main()
