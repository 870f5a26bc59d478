"""The table of switches with artefacts in `flags` and `cause`, streamed as the table itself is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from hvconsole.analysis.causes import Act, Noted, acts_of, causes, noted_of
from hvconsole.analysis.evidence import LONG_NS, Beats, HeardSession, lane_context
from hvconsole.analysis.labels import LaneContext, label
from hvconsole.model.ticks import U64
from hvconsole.record.reader import SessionReader
from hvconsole.record.tables import SWITCHES, switches_table
from hvconsole.wire.values import Hello, Note, Switches

Contexts = dict[tuple[int, int], LaneContext]


def labelled_switches(reader: SessionReader) -> pl.LazyFrame:
    """Return the switches of all runs (see `switches_table`): artefacts' bits, and causes by rule.

    The session is read twice: rules need to know the whole run before the first switch is labelled.
    """
    heard = HeardSession(reader.path)
    runs = _evidence(heard)
    contexts = _contexts(runs, heard)
    acts = acts_of(reader)
    noted = {number: noted_of(run.notes, run.hello.clock) for number, run in enumerate(runs)}

    def with_labels(frame: pl.DataFrame) -> pl.DataFrame:
        return _with_labels(frame, contexts, acts, noted)

    return switches_table(reader).map_batches(with_labels, schema=SWITCHES)


def lane_contexts(reader: HeardSession) -> Contexts:
    """Return what the rules know, by run and CPU, without holding the switches of a run."""
    return _contexts(_evidence(reader), reader)


def _evidence(reader: HeardSession) -> list[_Evidence]:
    runs: list[_Evidence] = []
    for value in reader.values():
        if isinstance(value, Hello):
            runs.append(_Evidence(value))
        elif not runs:
            continue
        elif isinstance(value, Note):
            runs[-1].notes.append(value)
        elif isinstance(value, Switches):
            runs[-1].add(value)
    return runs


def _contexts(runs: list[_Evidence], reader: HeardSession) -> Contexts:
    return {
        (number, lane.cpu): run.context(lane.cpu, reader.beats[number], reader.manifest.facts)
        for number, run in enumerate(runs)
        for lane in run.hello.lanes
    }


@dataclass(slots=True)
class _Evidence:
    """What is kept of one run: notes, and long switches by CPU."""

    hello: Hello
    notes: list[Note] = field(default_factory=list)
    long: dict[int, list[tuple[U64, U64]]] = field(default_factory=dict)

    def add(self, batch: Switches) -> None:
        where = np.flatnonzero(batch.length >= self.hello.clock.ticks(LONG_NS))
        if where.size:
            kept = (batch.start[where], batch.length[where])
            self.long.setdefault(batch.lane, []).append(kept)

    def context(self, cpu: int, beats: Beats, facts: dict[str, Any]) -> LaneContext:
        nothing = np.empty(0, dtype=np.uint64)
        start, length = zip((nothing, nothing), *self.long.get(cpu, []), strict=True)
        return lane_context(
            self.hello,
            cpu,
            start=np.concatenate(start),
            length=np.concatenate(length),
            beats=beats.get(cpu, []),
            notes=self.notes,
            facts=facts,
        )


def _with_labels(
    frame: pl.DataFrame,
    contexts: Contexts,
    acts: dict[int, list[Act]],
    noted: dict[int, list[Noted]],
) -> pl.DataFrame:
    start = frame["t_ns"].to_numpy()
    length = frame["gap_ns"].to_numpy()
    run, cpu = frame["run"].to_numpy(), frame["cpu"].to_numpy()
    flags = frame["flags"].to_numpy().copy()
    cause = np.zeros(flags.size, dtype=np.int64)
    words: list[str | None] = [None]
    for (number, lane), context in contexts.items():
        where = np.flatnonzero((run == number) & (cpu == lane))
        if not where.size:
            continue
        flags[where] |= label(context, start[where], length[where])
        which, said = causes(
            start[where],
            length[where],
            flags[where],
            cpu=lane,
            acts=acts.get(number, []),
            noted=noted.get(number, []),
        )
        cause[where] = np.where(which >= 0, which + len(words), 0)
        words += said
    return frame.with_columns(
        pl.Series("flags", flags, dtype=pl.UInt32),
        pl.Series(words, dtype=pl.String).gather(cause).cast(pl.Categorical).alias("cause"),
    )
