"""The figures of each run: from the recorded frames, artefacts counted apart.

The run is the unit of everything that is compared. Several CPUs of one run share its fate, so
they are one unit: their switches stand together, and rates are per watched CPU second.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from hvconsole.analysis.evidence import HeardSession, lane_context, since_start
from hvconsole.analysis.labels import F64, I64, Flags, LaneContext, counted, label
from hvconsole.model.problem import RecordProblem, UsageProblem
from hvconsole.record.manifest import Manifest
from hvconsole.record.reader import LaneData, RunData
from hvconsole.stream.histogram import LengthHistogram

NAN = float("nan")
SHARES = (0.5, 0.99, 0.999)
COLUMNS = 240
VIRTUAL = "virtual time"
UNKNOWN = "of unknown origin"


@dataclass(frozen=True, slots=True)
class RunFigures:
    """One run; lengths in ns. All but the accounts are without the recognised artefacts.

    Attributes:
        session, run, board, order: Which run this is; `order` counts all runs by their start.
        condition: What it is compared as: the user's label, and what kind of figures these are.
        labels: What every reader must know (``simulated``, ``virtual time``, …).
        started: UTC, ISO 8601; empty where unknown.
        cpus: CPUs that were sampled.
        watched_s: CPU seconds watched, less those in which the CPU was slowed by heat.
        switches, dropped, lost_on_link: Received one by one; by histogram; not at all.
        rate: Switches a watched CPU second.
        lost_percent: Share of the watched time that they took.
        p50_ns, p99_ns, p999_ns, max_ns: Of their lengths.
        approximate: Quantiles are good to 1/32, since some lengths are known by histogram only.
        coverage: Share of the run in which the CPUs were watched.
        artefacts: For each kind found, how many switches and their sum in ns.
        artefact_ns: Length of all artefacts; a switch with two labels counts once.
        reason: Why the run ended.
    """

    session: str
    run: int
    board: str
    condition: str
    labels: tuple[str, ...]
    started: str
    cpus: tuple[int, ...]
    watched_s: float
    switches: int
    dropped: int
    lost_on_link: int
    rate: float
    lost_percent: float
    p50_ns: float
    p99_ns: float
    p999_ns: float
    max_ns: float
    approximate: bool
    coverage: float
    artefacts: dict[str, tuple[int, int]]
    artefact_ns: int
    reason: str
    order: int = 0

    @property
    def deterministic(self) -> bool:
        """Whether time was virtual: the same run again gives the same figures."""
        return VIRTUAL in self.labels

    def as_dict(self) -> dict[str, Any]:
        """Return the row for JSON: what is not a number is null."""
        row = asdict(self)
        row["artefacts"] = {
            name: {"switches": n, "lost_ns": lost} for name, (n, lost) in self.artefacts.items()
        }
        return {
            k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in row.items()
        }


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """A run with what is drawn of it.

    Attributes:
        figures: Its figures.
        edges_ns: Shape (k + 1,), edges of the length buckets.
        counts: Shape (k,), switches a bucket, artefacts excluded.
        seconds: Length of the run.
        longest_ns: Shape (`COLUMNS`,), longest switch of each column of time, 0 where none.
        artefact_ns: Likewise of artefacts.
        path: The session's folder.
        manifest: Its manifest.
    """

    figures: RunFigures
    edges_ns: F64
    counts: I64
    seconds: float
    longest_ns: F64
    artefact_ns: F64
    path: Path
    manifest: Manifest


@dataclass(slots=True)
class _Sum:
    """What lanes add up to."""

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


def measured_runs(paths: Iterable[Path]) -> list[MeasuredRun]:
    """Read the runs of sessions, in the order in which they were made.

    Raises:
        UsageProblem: A session is named twice: it would count as its own repetition.
        RecordProblem: A session cannot be read, or there is no run at all.
    """
    paths = list(paths)
    places = [path.resolve() for path in paths]
    for number, place in enumerate(places):
        if place in places[:number]:
            raise UsageProblem(
                f"{paths[number]} is named twice",
                detail="a recording is no repetition of itself",
                hint="name each session once",
            )
    runs = [run for path in paths for run in _session_runs(path)]
    if not runs:
        raise RecordProblem(
            "these sessions hold no run", hint="was the recording stopped before it began?"
        )
    return runs


def figures_in_order(runs: Sequence[MeasuredRun]) -> list[RunFigures]:
    """Return the figures, each with its place in the order of starts (from 1)."""
    places = sorted(range(len(runs)), key=lambda i: (runs[i].figures.started, i))
    out = [run.figures for run in runs]
    for place, i in enumerate(places, 1):
        out[i] = replace(out[i], order=place)
    return sorted(out, key=lambda figures: figures.order)


def _session_runs(path: Path) -> Iterator[MeasuredRun]:
    reader = HeardSession(path)
    for run in reader.runs():
        yield _measured(reader, run)


def _measured(reader: HeardSession, run: RunData) -> MeasuredRun:
    total, tick_ns = _Sum(), run.hello.clock.ns(1)
    seconds = _seconds(run)
    for cpu, lane in run.lanes.items():
        beats = reader.beats[run.run].get(cpu, [])
        context = lane_context(
            run.hello,
            cpu,
            start=lane.start,
            length=lane.length,
            beats=beats,
            notes=run.notes,
            facts=reader.manifest.facts,
        )
        _add_lane(total, run, lane, context, seconds)
    edges, counts = total.histogram.filled()
    return MeasuredRun(
        figures=_figures(reader, run, total),
        edges_ns=edges * tick_ns,
        counts=counts,
        seconds=seconds,
        longest_ns=total.longest,
        artefact_ns=total.labelled,
        path=reader.path,
        manifest=reader.manifest,
    )


def _seconds(run: RunData) -> float:
    ends = [lane.beat.watched_until for lane in run.lanes.values() if lane.beat]
    return max((end - run.hello.start_tick for end in ends), default=0) / run.hello.frequency_hz


def _add_lane(
    total: _Sum, run: RunData, lane: LaneData, context: LaneContext, seconds: float
) -> None:
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


def _add_lengths(total: _Sum, lane: LaneData, own: Any, length: I64) -> None:
    total.lengths.append(length[own])
    total.histogram.add(lane.length[own])
    for part in lane.histograms:
        total.histogram.add_buckets(part.bucket, part.counts)


def _slowed_s(context: LaneContext) -> float:
    """Switches of a CPU slowed by heat are not counted, so neither is that time."""
    return float((context.slowed[:, 1] - context.slowed[:, 0]).sum()) / 1e9


def _add_columns(total: _Sum, start: I64, length: I64, flags: Flags, seconds: float) -> None:
    column = np.minimum((start / max(seconds * 1e9, 1.0) * COLUMNS).astype(int), COLUMNS - 1)
    own = flags == 0
    np.maximum.at(total.longest, column[own], length[own])
    np.maximum.at(total.labelled, column[~own], length[~own])


def _figures(reader: HeardSession, run: RunData, total: _Sum) -> RunFigures:
    lengths = np.concatenate(total.lengths) if total.lengths else np.empty(0, dtype=np.int64)
    entry = next((e for e in reader.manifest.runs if e.run == run.run), None)
    watched, lost = total.watched_s, int(lengths.sum()) + total.dropped_ns
    # Without its manifest nobody knows whether a recording is of a machine or of a model.
    labels = reader.manifest.labels if reader.problem is None else (UNKNOWN,)
    p50, p99, p999 = _quantiles(lengths, total, run.hello.clock.ns(1))
    return RunFigures(
        session=reader.path.name,
        run=run.run,
        board=reader.manifest.board,
        condition=condition_name(run.condition or reader.path.stem, labels),
        labels=labels,
        started=(entry.started if entry else "") or reader.manifest.created,
        cpus=tuple(run.lanes),
        watched_s=watched,
        switches=total.received,
        dropped=total.dropped,
        lost_on_link=total.lost_on_link,
        rate=(lengths.size + total.dropped) / watched if watched > 0 else NAN,
        lost_percent=lost / watched / 1e7 if watched > 0 else NAN,
        p50_ns=p50,
        p99_ns=p99,
        p999_ns=p999,
        max_ns=max(float(lengths.max(initial=0)), total.longest_dropped_ns) or NAN,
        approximate=total.dropped > 0,
        coverage=1 - total.blind_s / total.elapsed_s if total.elapsed_s > 0 else NAN,
        artefacts=total.artefacts,
        artefact_ns=total.artefact_ns,
        reason=run.end.reason if run.end else "interrupted",
    )


def condition_name(name: str, labels: Sequence[str]) -> str:
    """Return the name of a condition: figures of different kinds are never one condition."""
    return f"{name} ({', '.join(labels)})" if labels else name


def _quantiles(lengths: I64, total: _Sum, tick_ns: float) -> Sequence[float]:
    if total.dropped:
        return [tick * tick_ns for tick in total.histogram.quantiles(list(SHARES))]
    if not lengths.size:
        return [NAN] * len(SHARES)
    return [float(q) for q in np.quantile(lengths, SHARES, method="inverted_cdf")]
