"""Frequency and temperature over time, as bars: the Board screen's courses. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hvconsole.model import units
from hvconsole.model.text import clip, plain, width as wide
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.line import pad

if TYPE_CHECKING:
    from hvconsole.board.look import BoardLook

Lines = list[tuple[str, Row]]

_BARS = "▁▂▃▄▅▆▇█"
_LEAST_BARS = 8
_MOST_ROWS = 6


def vital_rows(look: BoardLook, width: int, height: int = 0) -> Lines:
    """Return each CPU's frequency and each temperature: now, course, and range.

    Args:
        look: What is known.
        width: Cells across.
        height: Rows that there are; courses share them, each has one at least.
    """
    courses = list(_courses(look))
    tail = max((wide(course.tail) for _, course in courses), default=0)
    each = min(max(height // max(len(courses), 1), 1), _MOST_ROWS)
    high = max(each - 1, 1)  # a blank row keeps courses of several rows apart
    out: Lines = []
    for key, course in courses:
        rows = [*course.rows(width, tail, high), *([pad([], width)] if each > 1 else [])]
        out += [(f"{key} {at}" if at else key, row) for at, row in enumerate(rows)]
    return out


def vital_info(look: BoardLook) -> tuple[tuple[str, int], ...]:
    """Return over which time the courses go, and what looking cost the board's shell."""
    if not look.vitals:
        return ()
    span = look.vitals[-1].at_s - look.vitals[0].at_s
    cost = look.looked_s / max(look.looks, 1)
    return (
        (f"asked {look.looks}×, {units.duration(cost * 1e9)} each", int(Role.MUTED)),
        (f"over {units.clock(span)}", int(Role.MUTED)),
    )


def vital_empty(look: BoardLook, *, asked: bool) -> str:
    """Say why no course is shown: nothing came yet, or the board has nothing to tell."""
    if look.vitals:
        return "the board shows neither frequencies nor temperatures"
    return "asking" if asked else ""


def spark(series: Sequence[tuple[float, float]], cells: int, height: int = 1) -> list[str]:
    """Return the course of a value as bars, one cell a part of the time, the newest on the right.

    The highest value of a cell counts: a short peak is not lost.

    Returns:
        `height` rows of `cells` cells, the topmost first; none where there is nothing to show.
    """
    if cells < 1 or not series:
        return []
    low, high = min(v for _, v in series), max(v for _, v in series)
    steps = height * len(_BARS)
    levels = [_level(value, low, high, steps) for value in _columns(series, cells)]
    return [
        "".join(_block(level - row * len(_BARS)) for level in levels)
        for row in reversed(range(height))
    ]


def _columns(series: Sequence[tuple[float, float]], cells: int) -> list[float | None]:
    """Return the highest value of each cell; where there was none, the one before."""
    begin, end = series[0][0], series[-1][0]
    shown: list[float | None] = [None] * cells
    for at_s, value in series:
        part = (at_s - begin) / (end - begin) if end > begin else 1.0
        cell = min(int(part * cells), cells - 1)
        before = shown[cell]
        shown[cell] = value if before is None else max(before, value)
    for at in range(1, cells):
        if shown[at] is None:
            shown[at] = shown[at - 1]
    return shown


def _level(value: float | None, low: float, high: float, steps: int) -> int:
    """Return how high a bar is, in eighths of a row; 0 where there is none."""
    if value is None:
        return 0
    if high <= low:
        return steps // 2
    return min(int((value - low) / (high - low) * steps), steps - 1) + 1


def _block(eighths: int) -> str:
    return _BARS[min(eighths, len(_BARS)) - 1] if eighths > 0 else " "


@dataclass(frozen=True, slots=True)
class _Course:
    """One value over time: (seconds, value), oldest first."""

    name: str
    form: str
    series: Sequence[tuple[float, float]]
    note: str = ""

    @property
    def tail(self) -> str:
        """Range and note."""
        values = [value for _, value in self.series]
        low, high = self.form.format(min(values)).split()[0], self.form.format(max(values))
        span = f"{low} … {high}" if low != high.split()[0] else ""
        return "  ".join(part for part in (span, self.note) if part)

    def rows(self, width: int, tail: int, height: int) -> list[Row]:
        """Return `height` rows; `tail` cells on the right are for range and note."""
        now = self.form.format(self.series[-1][1])
        head: Row = [
            (f"{clip(self.name, 12):<12}  ", int(Role.LABEL)),
            (f"{now:>9}  ", int(Role.STRONG)),
        ]
        taken = sum(wide(text) for text, _ in head)
        room = width - taken - tail - 2
        bars = spark(self.series, room, height) if room >= _LEAST_BARS else [""] * height
        out: list[Row] = []
        for at, bar in enumerate(bars):
            begin: Row = [(" " * taken, int(Role.TEXT))] if at else head
            course: Row = [(bar, int(Role.RATE)), ("  ", int(Role.TEXT))] if bar else []
            end: Row = [] if at else [(self.tail, int(Role.MUTED))]
            out.append(pad([*begin, *course, *end], width))
        return out


def _courses(look: BoardLook) -> Iterator[tuple[str, _Course]]:
    if not look.vitals:
        return
    clocks = look.facts.clocks if look.facts is not None else ()
    governors = {clock.cpu: plain(clock.governor, 12) for clock in clocks}
    newest = look.vitals[-1]
    for cpu in sorted(newest.khz):
        series = [(one.at_s, one.khz[cpu] / 1e3) for one in look.vitals if cpu in one.khz]
        yield f"cpu{cpu}", _Course(f"CPU {cpu}", "{:.0f} MHz", series, governors.get(cpu, ""))
    for zone in newest.millicelsius:
        known = [one for one in look.vitals if zone in one.millicelsius]
        series = [(one.at_s, one.millicelsius[zone] / 1e3) for one in known]
        yield f"zone {zone}", _Course(plain(zone, 12), "{:.1f} °C", series)
