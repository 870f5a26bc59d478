"""The process that `bench.terminal` measures: the Serial screen on a line that talks."""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from textual import events

from hvconsole.stream.live import LiveStream
from hvconsole.stream.snapshot import Snapshot, View
from hvconsole.ui.app import HvconsoleApp
from hvconsole.ui.screens.serial import SerialScreen
from hvconsole.ui.source import Status

PLAIN = b"".join(
    b"[%12.6f] usb %d-%d: new high-speed device number %d using ehci-platform, a line like any\r\n"
    % (n / 7, n % 3, n % 5, n)
    for n in range(3000)
)
COLOURS = b"".join(
    b"\x1b[%dm%06d\x1b[0m \x1b[1;32m  OK  \x1b[0m\x1b[38;5;%dmStarted\x1b[0m a service\r\n"
    % (31 + n % 7, n, 16 + n % 200)
    for n in range(3000)
)
_STEP_S = 0.01
_WARM_S = 1.5


class Line:
    """A serial line that says what it is told to."""

    name = "ttyUSB0"
    state = "open"
    is_open = True
    scrollback = b""
    port: Any = None

    def __init__(self) -> None:
        self.say: Callable[[bytes], None] = lambda _: None
        self.pressed_at = 0.0
        self.keys_s: list[float] = []

    def subscribe(self, callback: Callable[[bytes], None]) -> Callable[[], None]:
        self.say = callback
        return lambda: None

    def write(self, data: bytes) -> None:  # noqa: ARG002  # the protocol's
        self.keys_s.append(time.perf_counter() - self.pressed_at)


class Board:
    """A board that does nothing but talk on its serial line."""

    playback = hypervisor = boots = vcpus = tracing = guests = None

    def __init__(self) -> None:
        self.status = Status(board="bench", link="connected", link_detail="loopback")
        self.serial_console = Line()
        self._live = LiveStream()

    def snapshot(self, view: View) -> Snapshot:
        return self._live.snapshot(view)

    async def open(self) -> None:
        """Nothing is to be opened."""

    async def start_run(self) -> None:
        """Nothing is measured."""

    async def stop_run(self) -> None:
        """Nothing is measured."""

    async def close(self) -> None:
        """Nothing is to be closed."""


async def measure(app: HvconsoleApp, rate: int, data: bytes, seconds: float) -> dict[str, float]:
    """Let the line talk; return what painting cost."""
    await asyncio.sleep(0.5)
    await app.action_go("serial")
    screen = app.screen
    assert isinstance(screen, SerialScreen)
    line = app.source.serial_console
    assert isinstance(line, Line)
    costs: list[float] = []
    paint = screen.paint

    def timed() -> None:
        began = time.perf_counter()
        paint()
        costs.append(time.perf_counter() - began)

    screen.paint = timed  # type: ignore[method-assign]  # the same, with a watch beside it
    await talk(line, rate, data, _WARM_S)
    costs.clear()
    skipped, began = screen.terminal.skipped, time.process_time()
    line.keys_s.clear()
    typing = asyncio.create_task(press_keys(screen, line))
    said = await talk(line, rate, data, seconds)
    typing.cancel()
    return {
        "key_ms": statistics.median(line.keys_s) * 1e3,
        "key_p95_ms": sorted(line.keys_s)[len(line.keys_s) * 95 // 100] * 1e3,
        "cpu_s": time.process_time() - began,
        "frames": len(costs),
        "p95_ms": sorted(costs)[len(costs) * 95 // 100] * 1e3,
        "slowest_ms": max(costs) * 1e3,
        "skipped": screen.terminal.skipped - skipped,
        "said": said,
    }


async def press_keys(screen: SerialScreen, line: Line) -> None:
    """Press a key now and then, at no particular moment of a frame."""
    while True:
        await asyncio.sleep(random.uniform(0.03, 0.09))
        line.pressed_at = time.perf_counter()
        screen.panel.post_message(events.Key("x", "x"))


async def talk(line: Line, rate: int, data: bytes, seconds: float) -> int:
    """Say so many bytes a second for a while; return how many it were."""
    said, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        due = int(rate * passed) - said
        at = said % len(data)
        if due > 0:
            portion = (data[at:] + data)[:due]
            line.say(portion)
            said += len(portion)
        await asyncio.sleep(_STEP_S)
    return said


def main() -> None:
    told, rate, what, seconds = sys.argv[1:]
    app = HvconsoleApp(Board())
    figures: dict[str, float] = {}

    async def go() -> None:
        data = PLAIN if what == "plain" else COLOURS
        figures.update(await measure(app, int(rate), data, float(seconds)))
        app.exit()

    app.call_later(lambda: app.run_worker(go()))
    app.run()
    os.write(int(told), json.dumps(figures).encode())


if __name__ == "__main__":
    main()
