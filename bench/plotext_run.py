"""What `bench.screen` compares with: four charts by textual-plotext. Runs without us."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time

from textual.app import App, ComposeResult
from textual.containers import Grid
from textual_plotext import PlotextPlot


class Charts(App):
    CSS = "Grid { grid-size: 2 2; }"

    def compose(self) -> ComposeResult:
        with Grid():
            for _ in range(4):
                yield PlotextPlot()


async def measure(app: Charts, points: int, seconds: float, frames: int) -> dict[str, float]:
    """Draw new points at each frame; return the CPU time of a frame, drawn and painted."""
    plots = list(app.query(PlotextPlot))
    count = 0
    shown = [[random.paretovariate(1.5) for _ in range(points)] for _ in range(8)]
    spent, end = time.process_time(), time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        for plot in plots:
            plot.plt.clear_data()
            plot.plt.plot(random.choice(shown))
            plot.refresh()
        painted = asyncio.Event()
        app.call_after_refresh(painted.set)
        await painted.wait()
        count += 1
        await asyncio.sleep(max(1 / frames - (time.perf_counter() - began), 0))
    return {"frame_ms": (time.process_time() - spent) / count * 1e3, "frames": count}


def main() -> None:
    told, points, seconds, frames = sys.argv[1:]
    app = Charts()
    figures: dict[str, float] = {}

    async def go() -> None:
        await asyncio.sleep(0.5)
        figures.update(await measure(app, int(points), float(seconds), int(frames)))
        app.exit()

    app.call_later(lambda: app.run_worker(go()))
    app.run()
    os.write(int(told), json.dumps(figures).encode())


if __name__ == "__main__":
    main()
