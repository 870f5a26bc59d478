"""Terminal plots of recorded sessions, drawn by plotext: for reports and pipes, never live."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from hvconsole.model.text import plain
from hvconsole.model.units import duration
from hvconsole.record.reader import RunData, SessionReader
from hvconsole.stream.histogram import LengthHistogram

_HEIGHT = 16
_MOST_COLUMNS = 160
_DECADES = range(13)


def plot_sessions(paths: Iterable[Path]) -> str:
    """Return two plots for each session: when switches came, and how long they were.

    Colour is left out unless standard output is a terminal.
    """
    parts = []
    for path in paths:
        runs = [run for run in SessionReader(path).runs() if any(_lengths(run))]
        if runs:
            parts += [_timeline(path, runs), _histogram(path, runs)]
        else:
            parts.append(f"{path}: no switches to plot")
    return "\n".join(parts)


def _timeline(path: Path, runs: list[RunData]) -> str:
    """Plot the longest switch of each column of time, so that none is decimated away."""
    figure = _figure(f"{plain(path.name, 40)}: longest switch over time")
    columns = _width() - 12
    highest = 0.0
    for run in runs:
        start = np.concatenate([lane.start for lane in run.lanes.values()])
        length = np.concatenate([lane.length for lane in run.lanes.values()])
        if not start.size:
            continue
        seconds = run.hello.clock.since_start_ns(start) / 1e9
        ns = run.hello.clock.span_ns(length)
        bins = np.minimum((seconds / max(seconds.max(), 1e-9) * columns).astype(int), columns - 1)
        longest = np.zeros(columns)
        np.maximum.at(longest, bins, ns)
        used = np.flatnonzero(longest)
        at = (used + 0.5) / columns * seconds.max()
        figure.draw(figure.signal(at.tolist(), np.log10(longest[used]).tolist()).label(_name(run)))
        highest = max(highest, float(longest.max()))
    figure.label("seconds since the run's start", "x")
    _log_ticks(figure, "y", highest)
    return _built(figure)


def _histogram(path: Path, runs: list[RunData]) -> str:
    figure = _figure(f"{plain(path.name, 40)}: switches by length")
    highest, most = 0.0, 1.0
    for run in runs:
        merged = LengthHistogram()
        for lane in run.lanes.values():
            merged.add(lane.length)
            for part in lane.histograms:
                merged.add_buckets(part.bucket, part.counts)
        edges, counts = merged.filled()
        used = counts > 0
        if not used.any():
            continue
        ns = (edges[:-1] + edges[1:])[used] / 2 * run.hello.clock.ns(1)
        x, y = np.log10(np.maximum(ns, 1)), np.log10(counts[used])
        figure.draw(figure.signal(x.tolist(), y.tolist()).label(_name(run)))
        highest, most = max(highest, float(ns.max())), max(most, float(counts.max()))
    figure.label("switches", "y")
    _log_ticks(figure, "x", highest)
    powers = [p for p in range(12) if 10**p <= most * 10]
    figure.ruler("y").ticks(powers, [f"{10**p:,}" for p in powers])
    return _built(figure)


def _figure(title: str) -> Any:
    import plotext  # noqa: PLC0415  # drawing is optional, and plotext takes its time to load

    figure = plotext.figure
    figure.clear()
    figure.title(title)
    figure.plot_size(_width(), _HEIGHT)
    return figure


def _width() -> int:
    return min(shutil.get_terminal_size((100, 24)).columns, _MOST_COLUMNS)


def _log_ticks(figure: Any, axis: str, highest_ns: float) -> None:
    powers = [p for p in _DECADES if 10**p <= highest_ns * 10]
    figure.ruler(axis).ticks(powers, [duration(float(10**p)) for p in powers])


def _name(run: RunData) -> str:
    return plain(run.condition, 20) or f"run {run.run}"


def _lengths(run: RunData) -> list[int]:
    return [lane.received + lane.dropped for lane in run.lanes.values()]


def _built(figure: Any) -> str:
    import plotext  # noqa: PLC0415  # see above

    text = str(figure.build())
    return text if sys.stdout.isatty() else str(plotext.uncolorize(text))
