"""The figures of each run and CPU, exact: from the recorded frames, not from a live display."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hvconsole.model.guest_clock import GuestClock
from hvconsole.record.reader import LaneData, RunData, SessionReader
from hvconsole.stream.histogram import LengthHistogram

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run on one CPU. Times in ns unless the name says otherwise.

    Attributes:
        session: Name of the session's folder.
        run, condition, cpu: Which run this is.
        counter, frequency_hz, threshold_ticks: How it was measured.
        seconds: Time between the run's zero and the last tick heard of.
        switches: Recorded one by one and received: rows of the exported table.
        detected, recorded, dropped: The sampler's own accounts.
        lost_on_link: Recorded, but never received.
        rate: Switches (dropped ones too) a second of watched time.
        lost_ns: Sum of `gap_ns` over the exported rows, exactly.
        dropped_ns: Lengths of the dropped switches, known in sum.
        lost_percent: Share of watched time that switches took, dropped ones included.
        min_ns, p50_ns, p99_ns, p999_ns, max_ns: Of lengths; exact, or good to 1/32 if
            `approximate`.
        approximate: Some switches are known by histogram only.
        coverage: Share of the time in which the CPU was watched.
        backward: Backward steps of the counter.
        reason: Why the run ended; ``interrupted`` if its end was never recorded.
        labels: What every reader must know (``simulated``, …).
        guest: The guest that was sampled; empty for the board itself.
        clock: How the guest's clock stands to its host's (`hvconsole.model.guest_clock`).
        clock_uncertainty_ns: How well that is known, either way; NaN where it is not.
    """

    session: str
    run: int
    condition: str
    cpu: int
    counter: str
    frequency_hz: int
    threshold_ticks: int
    seconds: float
    switches: int
    detected: int
    recorded: int
    dropped: int
    lost_on_link: int
    rate: float
    lost_ns: int
    dropped_ns: float
    lost_percent: float
    min_ns: float
    p50_ns: float
    p99_ns: float
    p999_ns: float
    max_ns: float
    approximate: bool
    coverage: float
    backward: int
    reason: str
    labels: tuple[str, ...]
    guest: str = ""
    clock: str = ""
    clock_uncertainty_ns: float = NAN

    def as_dict(self) -> dict[str, Any]:
        """Return the row for JSON: what is not a number is null."""
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in asdict(self).items()
        }


def summarise(reader: SessionReader) -> list[RunSummary]:
    """Return one row for each run and CPU of a session, in order; those of guests at the end."""
    rows = [
        _lane_summary(reader, run, cpu, lane)
        for run in reader.runs()
        for cpu, lane in run.lanes.items()
    ]
    for guest in reader.guests():
        rows += _guest_rows(guest)
    return rows


def _guest_rows(reader: SessionReader) -> list[RunSummary]:
    rows = []
    for run in reader.runs():
        entry = reader.guest_run(run.run)
        clock = entry.clock if entry is not None else GuestClock()
        around = clock.uncertainty_ns
        for cpu, lane in run.lanes.items():
            row = _lane_summary(reader, run, cpu, lane)
            rows.append(
                replace(
                    row,
                    run=entry.beside if entry is not None else row.run,
                    guest=reader.guest.guest if reader.guest is not None else "",
                    clock=clock.relation,
                    clock_uncertainty_ns=NAN if around is None else around,
                )
            )
    return rows


def summary_rows(paths: Iterable[Path]) -> list[RunSummary]:
    """Return the rows of several sessions.

    Raises:
        RecordProblem: One of them cannot be read.
    """
    return [row for path in paths for row in summarise(SessionReader(path))]


def _lane_summary(reader: SessionReader, run: RunData, cpu: int, lane: LaneData) -> RunSummary:
    hello, beat, clock = run.hello, lane.beat, run.hello.clock
    length = lane.length
    gap_ns = clock.span_ns(length)
    dropped_ns = clock.ns(sum(part.total for part in lane.histograms))
    elapsed = (beat.watched_until - hello.start_tick) if beat else 0
    watched_s = (elapsed - beat.blind_ticks) / hello.frequency_hz if beat else 0.0
    lost_ns = int(gap_ns.sum())
    quantiles = _quantiles(lane, gap_ns, clock.ns(1))
    recorded = beat.recorded if beat else lane.received
    return RunSummary(
        session=reader.path.name,
        run=run.run,
        condition=run.condition,
        cpu=cpu,
        counter=hello.counter,
        frequency_hz=hello.frequency_hz,
        threshold_ticks=next(x.threshold_ticks for x in hello.lanes if x.cpu == cpu),
        seconds=elapsed / hello.frequency_hz,
        switches=lane.received,
        detected=beat.detected if beat else lane.received + lane.dropped,
        recorded=recorded,
        dropped=beat.dropped if beat else lane.dropped,
        lost_on_link=max(recorded - lane.received, 0),
        rate=(lane.received + lane.dropped) / watched_s if watched_s > 0 else NAN,
        lost_ns=lost_ns,
        dropped_ns=dropped_ns,
        lost_percent=(lost_ns + dropped_ns) / watched_s / 1e7 if watched_s > 0 else NAN,
        min_ns=quantiles[0],
        p50_ns=quantiles[1],
        p99_ns=quantiles[2],
        p999_ns=quantiles[3],
        max_ns=quantiles[4],
        approximate=bool(lane.histograms),
        coverage=1 - beat.blind_ticks / elapsed if beat and elapsed > 0 else NAN,
        backward=beat.backward if beat else 0,
        reason=run.end.reason if run.end else "interrupted",
        labels=reader.manifest.labels,
    )


def _quantiles(lane: LaneData, gap_ns: Any, tick_ns: float) -> Sequence[float]:
    """Return min, p50, p99, p99.9 and max of lengths, ns."""
    shares = [0.5, 0.99, 0.999]
    if not lane.histograms:
        if not gap_ns.size:
            return [NAN] * 5
        inner = np.quantile(gap_ns, shares, method="inverted_cdf")
        return [float(gap_ns.min()), *map(float, inner), float(gap_ns.max())]
    merged = LengthHistogram()
    merged.add(lane.length)
    for part in lane.histograms:
        merged.add_buckets(part.bucket, part.counts)
    shortest = [part.shortest * tick_ns for part in lane.histograms]
    longest = [part.longest * tick_ns for part in lane.histograms]
    if gap_ns.size:
        shortest.append(float(gap_ns.min()))
        longest.append(float(gap_ns.max()))
    return [min(shortest), *(q * tick_ns for q in merged.quantiles(shares)), max(longest)]
