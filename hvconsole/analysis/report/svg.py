"""Axes and marks as inline SVG. Colours come from the page's style, by class, for both themes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hvconsole.analysis.report.markup import text

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 78, 26, 10, 42
COLOURS = 8
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 4", "1 4", "14 3 3 3")


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of a chart.

    Attributes:
        low, high: What the ends stand for, after `of`.
        of: From a value to a place on the scale.
        ticks: Values that get a line and a label.
        show: Labels.
        title: What it shows.
    """

    low: float
    high: float
    of: Callable[[float], float]
    ticks: tuple[float, ...]
    show: Callable[[float], str]
    title: str

    def share(self, value: float) -> float:
        """Return how far along the axis a value lies, 0 to 1."""
        return min(max((self.of(value) - self.low) / (self.high - self.low or 1.0), 0.0), 1.0)


def log_axis(
    values: Iterable[float], show: Callable[[float], str], title: str, *, whole: bool = True
) -> Axis:
    """Return a logarithmic axis around positive values; `whole` begins and ends at decades."""
    logs = [math.log10(v) for v in values if v > 0 and math.isfinite(v)] or [0.0]
    low, high = min(logs), max(logs)
    if whole or high - low > 1.5:  # noqa: PLR2004  # decades label themselves from here on
        low, high = math.floor(low), math.ceil(high + 1e-9)
        ticks = [10.0**power for power in range(low, high + 1)]
    else:
        margin = max((high - low) * 0.15, 0.01)
        low, high = low - margin, high + margin
        ticks = [10 ** (low + (high - low) * (i + 0.5) / 5) for i in range(5)]
    return Axis(
        low, max(high, low + 1e-3), lambda v: math.log10(max(v, 1e-300)), tuple(ticks), show, title
    )


def linear_axis(low: float, high: float, show: Callable[[float], str], title: str) -> Axis:
    """Return a linear axis with round ticks."""
    step = _round_step((high - low) / 6)
    first = math.ceil(low / step - 1e-9)
    count = int((high - first * step) / step + 1e-9)
    ticks = tuple((first + i) * step for i in range(count + 1))
    return Axis(low, max(high, low + 1e-9), float, ticks, show, title)


def nines_axis(title: str, most: int) -> Axis:
    """Return an axis of shares that spreads the end: 0, 90 %, 99 %, 99.9 % at equal distances."""

    def place(share: float) -> float:
        return -math.log10(max(1 - share, 10.0 ** -(most + 0.3)))

    ticks = (0.5, *(1 - 10.0**-n for n in range(1, most + 1)))
    return Axis(0.0, most + 0.3, place, ticks, lambda v: f"{100 * v:.10g} %", title)


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(max(rough, 1e-12)))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)


class Chart:
    """A chart under construction.

    Args:
        x: Horizontal axis.
        y: Vertical axis.
        title: What a reader who cannot see it is told.
        height: In the drawing's units; the width is `WIDTH`.
    """

    def __init__(self, x: Axis, y: Axis, title: str, height: int = HEIGHT) -> None:
        self._x, self._y, self._title, self._height = x, y, title, height
        self._marks: list[str] = []

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point is drawn."""
        across = LEFT + self._x.share(x) * (WIDTH - LEFT - RIGHT)
        return across, self._height - BOTTOM - self._y.share(y) * (self._height - TOP - BOTTOM)

    def line(
        self, points: Sequence[tuple[float, float]], colour: int, *, thin: bool = False
    ) -> None:
        """Draw a line through points."""
        if not points:
            return
        path = " ".join("{:.1f},{:.1f}".format(*self.at(x, y)) for x, y in points)
        dash = _DASHES[colour % COLOURS]
        extra = f' stroke-dasharray="{dash}"' if dash else ""
        weight = "thin" if thin else "line"
        self._marks.append(f'<polyline class="{weight} {_class(colour)}" points="{path}"{extra}/>')

    def bar(self, x: float, y: float, colour: int) -> None:
        """Draw a thin bar from the bottom up to a value."""
        across, top = self.at(x, y)
        bottom = self._height - BOTTOM
        path = f"M{across:.1f} {bottom}V{min(top, bottom - 1):.1f}"
        self._marks.append(f'<path class="bar {_class(colour)}" d="{path}"/>')

    def point(self, x: float, y: float, colour: int, told: str) -> None:
        """Draw a run's mark: its shape belongs to the colour, for paper and for every eye."""
        across, down = self.at(x, y)
        title = f"<title>{text(told)}</title>"
        shape = _shape(colour, across, down)
        self._marks.append(f'<path class="dot {_class(colour)}" d="{shape}">{title}</path>')

    def cross(self, x: float, y: float, told: str) -> None:
        """Draw the mark of an artefact."""
        across, down = self.at(x, y)
        self._marks.append(
            f'<path class="artefact" d="M{across - 3:.1f} {down - 3:.1f}l6 6m0 -6l-6 6">'
            f"<title>{text(told)}</title></path>"
        )

    def done(self) -> str:
        """Return the drawing."""
        box = f"0 0 {WIDTH} {self._height}"
        return (
            f'<svg viewBox="{box}" role="img" aria-label="{text(self._title)}">'
            f"{self._grid()}{''.join(self._marks)}</svg>"
        )

    def _grid(self) -> str:
        bottom, parts = self._height - BOTTOM, []
        for value in _sparse(self._x.ticks, 9):
            across = self.at(value, 0)[0]
            parts.append(f'<path class="grid" d="M{across:.1f} {TOP}V{bottom}"/>')
            label = text(self._x.show(value))
            parts.append(f'<text x="{across:.1f}" y="{bottom + 15}" class="mid">{label}</text>')
        for value in _sparse(self._y.ticks, 9):
            down = bottom - self._y.share(value) * (bottom - TOP)
            parts.append(f'<path class="grid" d="M{LEFT} {down:.1f}H{WIDTH - RIGHT}"/>')
            label = text(self._y.show(value))
            parts.append(f'<text x="{LEFT - 5}" y="{down + 4:.1f}" class="end">{label}</text>')
        parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{WIDTH - RIGHT}"/>')
        middle = (LEFT + WIDTH - RIGHT) / 2
        title = text(self._x.title)
        parts.append(f'<text x="{middle}" y="{self._height - 8}" class="mid title">{title}</text>')
        return "".join(parts)


def legend(names: Sequence[str]) -> str:
    """Return what each colour, dash and mark stands for."""
    items = []
    for colour, name in enumerate(names):
        dash = _DASHES[colour % COLOURS]
        extra = f' stroke-dasharray="{dash}"' if dash else ""
        items.append(
            f'<li><svg viewBox="0 0 36 12" class="key" aria-hidden="true">'
            f'<path class="line {_class(colour)}" d="M0 6H36"{extra}/>'
            f'<path class="dot {_class(colour)}" d="{_shape(colour, 18, 6)}"/></svg>'
            f"{text(name)}</li>"
        )
    return f'<ul class="legend">{"".join(items)}</ul>\n'


def _class(colour: int) -> str:
    return f"c{colour % COLOURS}"


def _shape(colour: int, x: float, y: float) -> str:
    at = f"M{x:.1f} {y:.1f}"
    shapes = (
        "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
        "m-3.5 -3.5h7v7h-7z",
        "m0 -5l4.5 8h-9z",
        "m0 -5l4.5 5l-4.5 5l-4.5 -5z",
        "m0 5l4.5 -8h-9z",
        "m-5 -1.5h3.5v-3.5h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5z",
        "m-5 -2h10v4h-10z",
        "m-2 -5h4v10h-4z",
    )
    return at + shapes[colour % COLOURS]


def _sparse(ticks: Sequence[float], most: int) -> Sequence[float]:
    return ticks[:: max(1, math.ceil(len(ticks) / most))]
