"""Terminal plots of a comparison: every run of every condition, drawn by plotext."""

from __future__ import annotations

import math
import shutil
import sys
from typing import Any

from hvconsole.analysis.compare import Comparison
from hvconsole.analysis.conditions import FIGURES, Condition, Figure
from hvconsole.model.text import plain

_HEIGHT = 14
_MOST_COLUMNS = 140
_PLOTTED = ("rate", "lost_percent", "p999_ns")


def plot_comparison(comparison: Comparison) -> str:
    """Return one plot a figure: each condition's runs in their order.

    Colour is left out unless standard output is a terminal.
    """
    parts = [_plot(comparison, figure) for figure in FIGURES if figure.key in _PLOTTED]
    return "\n".join(part for part in parts if part)


def _plot(comparison: Comparison, figure: Figure) -> str:
    import plotext  # noqa: PLC0415  # drawing is optional, and plotext takes its time to load

    canvas: Any = plotext.figure
    canvas.clear()
    canvas.title(f"{figure.title}: each run, earlier ones to the left")
    canvas.plot_size(min(shutil.get_terminal_size((100, 24)).columns, _MOST_COLUMNS), _HEIGHT)
    seen: list[float] = []
    for place, condition in enumerate(comparison.conditions):
        points = [
            (_across(place, i, condition), figure.of(r)) for i, r in enumerate(condition.runs)
        ]
        drawn = [(x, math.log10(y)) for x, y in points if math.isfinite(y) and y > 0]
        if drawn:
            x, y = ([point[axis] for point in drawn] for axis in (0, 1))
            canvas.draw(canvas.signal(x, y))
            seen += y
    if not seen:
        return ""
    names = [plain(condition.name, 24) for condition in comparison.conditions]
    canvas.ruler("x").ticks(list(range(len(names))), names)
    ticks = [min(seen) + (max(seen) - min(seen)) * i / 4 for i in range(5)]
    ticks = ticks if max(seen) > min(seen) else ticks[:1]
    canvas.ruler("y").ticks(ticks, [figure.show(10**tick) for tick in ticks])
    text = str(canvas.build())
    return text if sys.stdout.isatty() else str(plotext.uncolorize(text))


def _across(place: int, number: int, condition: Condition) -> float:
    """Spread a condition's runs around its place, so that the order shows."""
    return place + 0.5 * ((number + 0.5) / len(condition.runs) - 0.5)
