"""Sessions on disk for tests, with known contents."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from values import HZ, START, heartbeat, hello, switches

from hvconsole.model.run import RunSettings
from hvconsole.record.capture import SessionWriter
from hvconsole.record.manifest import new_manifest
from hvconsole.wire.stream import StreamEncoder
from hvconsole.wire.values import End, Value


def run_values(
    cpus: Sequence[int] = (1,), seconds: int = 5, each: int = 400, seed: int = 7
) -> list[Value]:
    """Return a run: per CPU `each` switches in batches of 50, a heartbeat each half second."""
    rng = np.random.default_rng(seed)
    values: list[Value] = [hello(*cpus)]
    per_half = each // (2 * seconds)
    counts = dict.fromkeys(cpus, 0)
    lost = dict.fromkeys(cpus, 0)
    for half in range(2 * seconds):
        begin = START + half * HZ // 2
        for cpu in cpus:
            steps = HZ // 2 // (per_half + 1)
            start = begin + np.arange(1, per_half + 1) * steps
            length = rng.integers(30, steps // 2, per_half)
            pairs = list(zip(start.tolist(), length.tolist(), strict=True))
            values.append(switches(cpu, pairs, counts[cpu]))
            counts[cpu] += per_half
            lost[cpu] += int(length.sum())
            totals = {"detected": counts[cpu], "recorded": counts[cpu], "lost_ticks": lost[cpu]}
            values.append(heartbeat(cpu, begin + HZ // 2, **totals))
    values.append(End(reason="time", end_tick=START + seconds * HZ))
    return values


def encode(values: Sequence[Value]) -> bytes:
    encoder = StreamEncoder()
    return b"".join(encoder.encode(value) for value in values)


def make_session(
    path: Path,
    runs: Sequence[Sequence[Value]] | None = None,
    conditions: Sequence[str] = (),
    board: str = "local",
    **manifest: object,
) -> Path:
    writer = SessionWriter.create(path, new_manifest(board, **manifest))
    for number, values in enumerate([run_values()] if runs is None else runs):
        condition = conditions[number] if number < len(conditions) else ""
        writer.begin_run(RunSettings(seconds=5, label=condition), condition)
        writer.frames(encode(values))
        writer.end_run("time")
    writer.close()
    return path
