"""The figures of each run: from the recorded frames, artefacts counted apart.

The run is the unit of everything that is compared. Several CPUs of one run share its fate, so
they are one unit: their switches stand together, and rates are per watched CPU second.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hvconsole.analysis.evidence import HeardSession, lane_context
from hvconsole.analysis.labels import F64, I64, LaneContext
from hvconsole.analysis.run_lanes import LaneSum, add_lane, quantiles
from hvconsole.model.problem import RecordProblem, UsageProblem
from hvconsole.record.manifest import Manifest
from hvconsole.record.reader import LaneData, RunData

NAN = float("nan")
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
        guest: The guest that was sampled beside the board; empty for the board itself. Artefacts
            are not told in it, but for the sampling loop's own: too little is known of its CPUs.
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
    guest: str = ""

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
    for guest in reader.guests():
        for run in guest.runs():
            yield _measured(guest, run)


def _measured(reader: HeardSession, run: RunData) -> MeasuredRun:
    total, tick_ns = LaneSum(), run.hello.clock.ns(1)
    seconds = _seconds(run)
    for cpu, lane in run.lanes.items():
        add_lane(total, run, lane, _context(reader, run, cpu, lane), seconds)
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


def _context(reader: HeardSession, run: RunData, cpu: int, lane: LaneData) -> LaneContext:
    """Return what is known of a lane; of a guest's CPUs no more than what its loop cost."""
    if reader.guest is not None:
        calibrated = next(one for one in run.hello.lanes if one.cpu == cpu)
        return LaneContext(loop_ns=run.hello.clock.ns(calibrated.p9999_ticks))
    return lane_context(
        run.hello,
        cpu,
        start=lane.start,
        length=lane.length,
        beats=reader.beats[run.run].get(cpu, []),
        notes=run.notes,
        facts=reader.manifest.facts,
    )


def _seconds(run: RunData) -> float:
    ends = [lane.beat.watched_until for lane in run.lanes.values() if lane.beat]
    return max((end - run.hello.start_tick for end in ends), default=0) / run.hello.frequency_hz


def _figures(reader: HeardSession, run: RunData, total: LaneSum) -> RunFigures:
    lengths = np.concatenate(total.lengths) if total.lengths else np.empty(0, dtype=np.int64)
    entry = next((e for e in reader.entries if e.run == run.run), None)
    beside = reader.guest_run(run.run)
    guest = reader.guest.guest if reader.guest is not None else ""
    watched, lost = total.watched_s, int(lengths.sum()) + total.dropped_ns
    # Without its manifest nobody knows whether a recording is of a machine or of a model.
    labels = reader.manifest.labels if reader.problem is None else (UNKNOWN,)
    p50, p99, p999 = quantiles(lengths, total, run.hello.clock.ns(1))
    return RunFigures(
        session=reader.path.name,
        run=run.run if beside is None else beside.beside,
        board=reader.manifest.board,
        condition=condition_name(run.condition or reader.path.stem, labels, guest),
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
        guest=guest,
    )


def condition_name(name: str, labels: Sequence[str], guest: str = "") -> str:
    """Return the name of a condition: figures of different kinds are never one condition."""
    name = f"{name} · guest {guest}" if guest else name
    return f"{name} ({', '.join(labels)})" if labels else name
