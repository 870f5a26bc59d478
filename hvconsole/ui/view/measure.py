"""What the charts of the Measure screen say in words: captions, marks, the read-out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hvconsole.model import units
from hvconsole.model.text import plain, width as cells
from hvconsole.stream.snapshot import Columns, Snapshot, Totals
from hvconsole.ui.chart.bars import at_moments
from hvconsole.ui.chart.cells import RAMP_STEPS, Role, ramp
from hvconsole.ui.chart.scale import Scale, length_scale
from hvconsole.ui.source import Status
from hvconsole.ui.view.header import board_title
from hvconsole.ui.view.window import Window

_DETAIL = 100
_MARKER = 48
_NEAR = 0.01  # share of the view: about a cell

Pieces = tuple[tuple[str, int], ...]
Colour = Callable[[float], int]


@dataclass(frozen=True, slots=True)
class Reading:
    """What lies in one column of time.

    Attributes:
        start_s, end_s: The column, seconds since the run's start.
        count: Switches that began in it.
        shortest_ns, longest_ns: NaN where there were none.
        watched: Share of it that was watched.
    """

    start_s: float
    end_s: float
    count: int
    shortest_ns: float
    longest_ns: float
    watched: float


def lengths(snapshot: Snapshot, *, log: bool) -> Scale:
    """Return the scale of lengths that all charts share.

    Logarithmic, it holds all lengths of the run, so that it changes only with a new extreme;
    linear, it holds what is in view, else one long switch would flatten everything.
    """
    totals = snapshot.totals
    limits = thresholds(snapshot, ())
    if log:
        low = min([value for value in (totals.min_ns, *limits) if value > 0], default=math.nan)
        return length_scale(low, _largest((totals.max_ns, *limits)), log=True)
    longest = snapshot.columns.longest_ns
    seen = longest[np.isfinite(longest)]
    high = float(seen.max()) if seen.size else totals.max_ns
    return length_scale(0.0, _largest((high, *limits)), log=False)


def thresholds(snapshot: Snapshot, lanes: tuple[int, ...]) -> tuple[float, ...]:
    """Return the thresholds of the lanes in view, in ns, each once."""
    hello = snapshot.hello
    if hello is None:
        return ()
    chosen = [lane for lane in hello.lanes if not lanes or lane.cpu in lanes]
    return tuple(dict.fromkeys(hello.clock.ns(lane.threshold_ticks) for lane in chosen))


def colour_of(scale: Scale) -> Colour:
    """Return what gives each length in ns its role, the same in every chart and table."""

    def role(length_ns: float) -> int:
        place = scale.place(length_ns)
        return ramp(0 if math.isnan(place) else min(int(place * RAMP_STEPS), RAMP_STEPS - 1))

    return role


def why_empty(status: Status, start_key: str) -> str:
    """Say why there is nothing to see yet, and what would change that."""
    board = board_title(status)
    detail = plain(status.run_detail if status.link == "connected" else status.link_detail, _DETAIL)
    match status.link, status.run:
        case "replay", _:
            said = "the recording has not begun"
        case "connected", ("idle" | "ended"):
            return f"{start_key} starts a run on {board}" if start_key else "no run yet"
        case "connected", "preparing":
            said = f"preparing {board}"
        case "connected", _:
            said = "waiting for the first frame"
        case "booting", _:
            return f"booting {board} {detail}"
        case "lost", _:
            said = f"{board} is out of reach"
        case _:
            said = f"connecting to {board}"
    return f"{said}: {detail}" if detail else said


def reading(columns: Columns, moment_s: float) -> Reading | None:
    """Return what lies in the column at a moment; None outside of the view."""
    index = int(np.searchsorted(columns.edges_s, moment_s, side="right")) - 1
    if not 0 <= index < columns.count.size:
        return None
    return Reading(
        start_s=float(columns.edges_s[index]),
        end_s=float(columns.edges_s[index + 1]),
        count=int(columns.count[index]),
        shortest_ns=float(columns.shortest_ns[index]),
        longest_ns=float(columns.longest_ns[index]),
        watched=float(columns.watched[index]),
    )


def say_reading(read: Reading) -> Pieces:
    """Say a reading for the lower edge of the frame."""
    width = read.end_s - read.start_s
    when = units.exact_moment(read.start_s, width * 100)
    pieces = [(f"{when} +{units.span(width)}", int(Role.STRONG))]
    if read.count == 0:
        pieces.append(("not watched" if read.watched == 0 else "no switch", int(Role.MUTED)))
    elif read.count == 1:
        pieces.append((units.duration(read.longest_ns), int(Role.STRONG)))
    else:
        both = f"{units.duration(read.shortest_ns)} … {units.duration(read.longest_ns)}"
        pieces += [(both, int(Role.STRONG)), (f"{units.count(read.count)} switches", Role.TEXT)]
    return tuple((text, int(role)) for text, role in pieces)


def say_marker(snapshot: Snapshot, cursor_s: float | None) -> Pieces:
    """Say what was done to the board: at the cursor, else last of what is in view."""
    markers = snapshot.markers
    if cursor_s is not None:
        near = (snapshot.columns.edges_s[-1] - snapshot.columns.edges_s[0]) * _NEAR
        markers = tuple(one for one in markers if abs(one.at_s - cursor_s) <= near)
    if not markers:
        return ()
    shown = plain(markers[-1].text, _MARKER)
    text = "".join(one if cells(one) == 1 else "?" for one in shown)  # a frame's cells are narrow
    return ((f"▼ {text}", int(Role.KEY)),)


def longest_moment(columns: Columns) -> float | None:
    """Return the middle of the column that holds the longest switch in view."""
    if not np.isfinite(columns.longest_ns).any():
        return None
    index = int(np.nanargmax(columns.longest_ns))
    return float(columns.edges_s[index : index + 2].mean())


def view_info(
    window: Window, scale: Scale, lanes: tuple[str, ...], limits: tuple[float, ...]
) -> Pieces:
    """Say how the timeline is seen, most important last (it stands at the edge)."""
    pieces = []
    if limits:
        said = " ".join(dict.fromkeys(units.duration(limit) for limit in limits))
        pieces.append((f"threshold {said}", int(Role.THRESHOLD)))
    pieces.append(("log" if scale.log else "linear", int(Role.MUTED)))
    if lanes:
        pieces.append((" ".join(lanes), int(Role.STRONG)))
    pieces.append((units.span(window.span_s), int(Role.TEXT)))
    if window.follows:
        pieces.append(("▸ following", int(Role.GOOD)))
    else:
        pieces.append(("❚ held", int(Role.WARN)))
    return tuple(pieces)


def rate_info(snapshot: Snapshot) -> str:
    """Say the rate over the whole run."""
    rate = snapshot.totals.rate
    return f"⌀ {units.rate(rate)} /s" if math.isfinite(rate) else ""


def marks(totals: Totals) -> tuple[tuple[str, float], ...]:
    """Return the quantiles worth pointing at."""
    return (("p50", totals.p50_ns), ("p99", totals.p99_ns), ("p99.9", totals.p999_ns))


def _largest(values: tuple[float, ...]) -> float:
    return max((value for value in values if value > 0), default=math.nan)


def say_rate(snapshot: Snapshot, moment_s: float) -> Pieces:
    """Say the rate at a moment."""
    value = float(at_moments(snapshot.rate_edges_s, snapshot.rate, np.array([moment_s]))[0])
    when = (units.exact_moment(moment_s, 10.0), int(Role.MUTED))
    if not math.isfinite(value):
        return (when, ("not watched", int(Role.MUTED)))
    return (when, (f"{units.rate(value)} /s", int(Role.STRONG)))
