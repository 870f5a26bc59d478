"""What the lanes of a run add up to: lengths, artefacts, and what was watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hvconsole.analysis.evidence import since_start
from hvconsole.analysis.labels import F64, I64, Flags, LaneContext, counted, label
from hvconsole.record.reader import LaneData, RunData
from hvconsole.stream.histogram import LengthHistogram

SHARES = (0.5, 0.99, 0.999)
COLUMNS = 240


@dataclass(slots=True)
class LaneSum:
    """What lanes add up to; lengths in ns unless they say otherwise.

    Attributes:
        histogram: Of all lengths but artefacts, in ticks.
        lengths: Likewise, those that came one by one.
        artefacts: For each kind found, how many switches and their sum.
        artefact_ns: Length of all artefacts; a switch with two labels counts once.
        dropped_ns, longest_dropped_ns: Of switches known by histogram only.
        watched_s, elapsed_s, blind_s: CPU seconds.
        received, dropped, lost_on_link: Switches.
        longest, labelled: Shape (`COLUMNS`,), longest of each column of time; and of artefacts.
    """

    histogram: LengthHistogram = field(default_factory=LengthHistogram)
    lengths: list[I64] = field(default_factory=list)
    artefacts: dict[str, tuple[int, int]] = field(default_factory=dict)
    artefact_ns: int = 0
    dropped_ns: float = 0.0
    longest_dropped_ns: float = 0.0
    watched_s: float = 0.0
    elapsed_s: float = 0.0
    blind_s: float = 0.0
    received: int = 0
    dropped: int = 0
    lost_on_link: int = 0
    longest: F64 = field(default_factory=lambda: np.zeros(COLUMNS))
    labelled: F64 = field(default_factory=lambda: np.zeros(COLUMNS))


def add_lane(
    total: LaneSum, run: RunData, lane: LaneData, context: LaneContext, seconds: float
) -> None:
    """Add a lane of a run that took so many seconds."""
    clock, beat = run.hello.clock, lane.beat
    start, length = since_start(clock, lane.start), clock.span_ns(lane.length)
    flags = label(context, start, length)
    own = flags == 0
    _add_lengths(total, lane, own, length)
    for name, (number, lost) in counted(flags, length).items():
        before = total.artefacts.get(name, (0, 0))
        total.artefacts[name] = (before[0] + number, before[1] + lost)
    total.artefact_ns += int(length[~own].sum())
    total.received += lane.received
    total.dropped += lane.dropped
    total.dropped_ns += clock.ns(sum(part.total for part in lane.histograms))
    longest = max((part.longest for part in lane.histograms), default=0)
    total.longest_dropped_ns = max(total.longest_dropped_ns, clock.ns(longest))
    if beat is not None:
        elapsed = (beat.watched_until - run.hello.start_tick) / run.hello.frequency_hz
        blind = beat.blind_ticks / run.hello.frequency_hz
        total.elapsed_s += elapsed
        total.blind_s += blind
        total.watched_s += max(elapsed - blind - _slowed_s(context), 0.0)
        total.lost_on_link += max(beat.recorded - lane.received, 0)
    _add_columns(total, start, length, flags, seconds)


def _add_lengths(total: LaneSum, lane: LaneData, own: Any, length: I64) -> None:
    total.lengths.append(length[own])
    total.histogram.add(lane.length[own])
    for part in lane.histograms:
        total.histogram.add_buckets(part.bucket, part.counts)


def _slowed_s(context: LaneContext) -> float:
    """Switches of a CPU slowed by heat are not counted, so neither is that time."""
    return float((context.slowed[:, 1] - context.slowed[:, 0]).sum()) / 1e9


def _add_columns(total: LaneSum, start: I64, length: I64, flags: Flags, seconds: float) -> None:
    column = np.minimum((start / max(seconds * 1e9, 1.0) * COLUMNS).astype(int), COLUMNS - 1)
    own = flags == 0
    np.maximum.at(total.longest, column[own], length[own])
    np.maximum.at(total.labelled, column[~own], length[~own])


def quantiles(lengths: I64, total: LaneSum, tick_ns: float) -> Sequence[float]:
    """Return the quantiles `SHARES` of lengths in ns; by histogram where some are known so only."""
    if total.dropped:
        return [tick * tick_ns for tick in total.histogram.quantiles(list(SHARES))]
    if not lengths.size:
        return [float("nan")] * len(SHARES)
    return [float(q) for q in np.quantile(lengths, SHARES, method="inverted_cdf")]
