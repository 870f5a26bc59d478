"""The seek bar of a recorded session."""

from __future__ import annotations

from hvconsole.model import units
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.source import Playback
from hvconsole.ui.view.line import pad

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


def seek_bar(playback: Playback, width: int) -> Row:
    """Return the seek bar: state, position, bar, duration, speed."""
    left, right = _ends(playback)
    bar = max(width - len(left) - len(right), 0)
    done = round(_share(playback) * max(bar - 1, 0))
    row: Row = [(left, int(Role.TEXT))]
    if bar:
        row += [
            ("━" * done, int(Role.RATE)),
            ("●", int(Role.STRONG)),
            ("─" * (bar - done - 1), int(Role.AXIS)),
        ]
    return pad([*row, (right, int(Role.MUTED))], width)


def position_at(playback: Playback, x: int, width: int) -> float | None:
    """Return the moment in seconds at a cell of the seek bar, None beside the bar."""
    left, right = _ends(playback)
    bar = width - len(left) - len(right)
    if bar < 2 or not len(left) <= x < len(left) + bar:  # noqa: PLR2004  # one cell has no length
        return None
    return (x - len(left)) / (bar - 1) * playback.duration_s


def other_speed(speed: float, steps: int) -> float:
    """Return the speed some steps faster (positive) or slower."""
    nearest = min(range(len(SPEEDS)), key=lambda index: abs(SPEEDS[index] - speed))
    return SPEEDS[min(max(nearest + steps, 0), len(SPEEDS) - 1)]


def _share(playback: Playback) -> float:
    duration = playback.duration_s
    return min(max(playback.position_s / duration, 0.0), 1.0) if duration > 0 else 0.0


def _ends(playback: Playback) -> tuple[str, str]:
    symbol = "▶" if playback.playing else "❚❚"
    left = f" {symbol:<2} {units.clock(playback.position_s):>7} "
    return left, f" {units.clock(playback.duration_s):<7} ×{playback.speed:<4g} "
