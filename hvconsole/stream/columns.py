"""The columns of time that a view is divided into, and what they hold."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hvconsole.model.ticks import U64
from hvconsole.stream.bins import NOTHING, Binned
from hvconsole.stream.lane import LaneState
from hvconsole.stream.snapshot import F64, Columns, View
from hvconsole.wire.values import Hello

_LEAST_WATCHED = 0.05  # a sliver of a column says nothing of a rate


def edges(view: View, now_s: float, size: int) -> F64:
    """Return the edges of `size` columns of a view, shape (size + 1,), in seconds.

    Args:
        view: The part of time.
        now_s: The newest moment, for views that follow it.
        size: How many; at least one is taken.
    """
    size = max(size, 1)
    start_s = _following(now_s, view.span_s, size) if view.start_s is None else view.start_s
    return np.asarray(start_s + np.linspace(0.0, view.span_s, size + 1))


def columns_of(lanes: Sequence[LaneState], hello: Hello | None, edges_s: F64) -> Columns:
    """Return what lanes hold, by column.

    Args:
        lanes: Those that are looked at.
        hello: Says what a tick is; None before there is a run.
        edges_s: Shape (n + 1,), ascending.
    """
    merged = Binned.empty(edges_s.size - 1)
    watched = np.zeros(merged.count.size)
    tick_ns = 0.0
    if hello is not None and lanes:
        tick_ns = hello.clock.ns(1)
        ticks = _ticks(hello, edges_s)
        for lane in lanes:
            merged.add(lane.columns(ticks))
            watched += _watched(lane, ticks, hello.start_tick)
        watched /= len(lanes)
    some = merged.count > 0
    return Columns(
        edges_s=edges_s,
        count=merged.count,
        shortest_ns=np.where(some, _float(merged.shortest), np.nan) * tick_ns,
        longest_ns=np.where(some, _float(merged.longest), np.nan) * tick_ns,
        lost_ns=_float(merged.lost) * tick_ns,
        watched=watched,
    )


def rate_of(lanes: Sequence[LaneState], hello: Hello | None, edges_s: F64, now_s: float) -> F64:
    """Return switches a second and CPU by column, NaN where hardly anybody watched.

    Args:
        lanes: Those that are looked at.
        hello: Says what a tick is; None before there is a run.
        edges_s: Shape (n + 1,), ascending.
        now_s: The newest moment: what begins later is not known.
    """
    count, watched = np.zeros(edges_s.size - 1), np.zeros(edges_s.size - 1)
    if hello is not None:
        ticks = _ticks(hello, edges_s)
        for lane in lanes:
            # Switches come ahead of the heartbeat that says how far was watched: the newest bin
            # would have more of them than time.
            count += lane.counts(np.minimum(ticks, np.uint64(lane.watched_until)))
            watched += _watched(lane, ticks, hello.start_tick)
    enough = (watched > _LEAST_WATCHED * len(lanes)) & (edges_s[:-1] < now_s)
    width = np.where(enough, np.diff(edges_s) * watched, 1.0)
    return np.where(enough, count, np.nan) / width


def _ticks(hello: Hello, edges_s: F64) -> U64:
    """Return moments as ticks; what lies before the run's start is its start."""
    ticks = hello.start_tick + np.maximum(edges_s, 0.0) * hello.frequency_hz
    return ticks.astype(np.uint64)


def _following(now_s: float, span_s: float, size: int) -> float:
    """Return the left edge of a view that follows the newest, in whole columns.

    A switch stays in the same column of time while the view moves on; otherwise extremes would
    dance from column to column.
    """
    width = span_s / size
    return max((math.floor(now_s / width) + 1) * width - span_s, 0.0)


def _float(ticks: U64) -> F64:
    return np.where(ticks == NOTHING, np.nan, ticks.astype(np.float64))


def _watched(lane: LaneState, ticks: U64, start_tick: int) -> F64:
    """Return the share of each column in which the lane was sampled, 0 to 1."""
    bounds = ticks.astype(np.float64)
    width = np.maximum(np.diff(bounds), 1.0)

    def covered(start: float, end: float) -> F64:
        overlap = np.minimum(bounds[1:], end) - np.maximum(bounds[:-1], start)
        share: F64 = np.maximum(overlap, 0.0) / width
        return share

    share = covered(start_tick, lane.watched_until)
    for start, end in reversed(lane.unwatched):
        if end < bounds[0]:
            break
        if start < bounds[-1]:
            share -= covered(start, end)
    return np.clip(share, 0.0, 1.0)
