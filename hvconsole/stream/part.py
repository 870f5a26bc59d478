"""Figures of a part of time: exact from single switches, else counted from bins."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from hvconsole.model.ticks import U64, TickClock
from hvconsole.stream.histogram import LengthHistogram
from hvconsole.stream.snapshot import Gap, TimePart, Totals
from hvconsole.stream.totals import summed, with_quantiles

if TYPE_CHECKING:
    from hvconsole.stream.lane import LaneState

MOST_LISTED = 500
_SHARES = [0.5, 0.99, 0.999]
_NAN = float("nan")
_LAST_TICK = 2**64 - 1


def part_of(
    lanes: Mapping[int, LaneState], clock: TickClock, start_s: float, end_s: float
) -> TimePart:
    """Return the figures of the switches that began from `start_s` to before `end_s`.

    Args:
        lanes: The lanes by CPU number.
        clock: Of the run.
        start_s: One end, in seconds since the run's start.
        end_s: The other end; they may come in either order.
    """
    start_s, end_s = max(min(start_s, end_s), 0.0), max(start_s, end_s, 0.0)
    first, last = (
        min(clock.start_tick + clock.ticks(moment * 1e9), _LAST_TICK) for moment in (start_s, end_s)
    )
    totals: dict[int, Totals] = {}
    gaps: list[Gap] = []
    histogram = LengthHistogram()
    exact = True
    for cpu, lane in sorted(lanes.items()):
        singles = lane.singles(first, last)
        if singles is None:
            exact = False
            totals[cpu] = _binned(lane, clock, first, last)
            continue
        start, length = singles
        mine = LengthHistogram()
        mine.add(length)
        histogram.merge(mine)
        totals[cpu] = _single(lane, clock, (first, last), length, mine)
        gaps += _longest(clock, cpu, start, length)
    over_all = summed(list(totals.values()))
    tick_ns = clock.ns(1)
    quantiles = [q * tick_ns for q in histogram.quantiles(_SHARES)] if exact else [_NAN] * 3
    gaps.sort(key=lambda gap: -gap.length_ns)
    return TimePart(
        start_s=start_s,
        end_s=end_s,
        totals=with_quantiles(over_all, quantiles),
        lanes=totals,
        longest=tuple(gaps[:MOST_LISTED]) if exact else (),
        exact=exact,
        settled=all(lane.watched_until >= last for lane in lanes.values()),
    )


def _single(
    lane: LaneState,
    clock: TickClock,
    span: tuple[int, int],
    length: U64,
    histogram: LengthHistogram,
) -> Totals:
    ns = clock.ns(1)
    some = length.size > 0
    elapsed_ns, blind_ns = _watched(lane, clock, span)
    totals = Totals(
        detected=int(length.size),
        received=int(length.size),
        lost_ns=float(length.sum()) * ns,
        min_ns=clock.ns(int(length.min())) if some else _NAN,
        max_ns=clock.ns(int(length.max())) if some else _NAN,
        elapsed_ns=elapsed_ns,
        blind_ns=blind_ns,
    )
    return with_quantiles(totals, [q * ns for q in histogram.quantiles(_SHARES)])


def _binned(lane: LaneState, clock: TickClock, first: int, last: int) -> Totals:
    """Return what bins of time know: numbers, sums and extremes, good to one bin at both ends."""
    column = lane.columns(np.array([first, last], dtype=np.uint64))
    count, ns = int(column.count[0]), clock.ns(1)
    elapsed_ns, blind_ns = _watched(lane, clock, (first, last))
    return Totals(
        detected=count,
        received=count,
        lost_ns=float(column.lost[0]) * ns,
        min_ns=float(column.shortest[0]) * ns if count else _NAN,
        max_ns=float(column.longest[0]) * ns if count else _NAN,
        elapsed_ns=elapsed_ns,
        blind_ns=blind_ns,
    )


def _watched(lane: LaneState, clock: TickClock, span: tuple[int, int]) -> tuple[float, float]:
    """Return how much of the part is known so far, and how much of that nobody watched, in ns."""
    first, last = span[0], min(span[1], lane.watched_until)
    blind = sum(
        max(min(end, last) - max(start, first), 0)
        for start, end in lane.unwatched
        if end > first and start < last
    )
    return clock.ns(max(last - first, 0)), clock.ns(blind)


def _longest(clock: TickClock, cpu: int, start: U64, length: U64) -> list[Gap]:
    if length.size > MOST_LISTED:
        at = np.argpartition(length, length.size - MOST_LISTED)[-MOST_LISTED:]
        start, length = start[at], length[at]
    since = [clock.ns(int(tick) - clock.start_tick) / 1e9 for tick in start.tolist()]
    lengths = (clock.ns(int(ticks)) for ticks in length.tolist())
    return [Gap(at, ns, cpu) for at, ns in zip(since, lengths, strict=True) if math.isfinite(ns)]
