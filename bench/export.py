"""Ten million switches to Parquet, against what one would write by hand with the csv module."""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.measure import Result
from hvconsole.analysis.export import export_session
from hvconsole.model.run import RunSettings
from hvconsole.record.capture import SessionWriter
from hvconsole.record.manifest import new_manifest
from hvconsole.wire.frame import encode_frame
from hvconsole.wire.payload import encode_switches
from hvconsole.wire.stream import StreamEncoder
from hvconsole.wire.values import Hello, Kind, Lane

SWITCHES = 10_000_000
EACH = 10_000
CSV_ROWS = 300_000


def _hello() -> Hello:
    lane = Lane(
        cpu=1, threshold_ticks=24, auto=True, floor_ticks=1, p50_ticks=2, p9999_ticks=16,
        read_ns=41.6, calibration_reads=100_000,
    )  # fmt: skip
    return Hello(
        wire=1, sampler="bench", machine="armv7l", counter="cntpct", fenced=False,
        frequency_hz=24_000_000, nominal_hz=24_000_000, measured_hz=24_000_000, start_tick=0,
        mono_ns=0, real_ns=0, fifo=0, locked=True, ring=65_536, online_cpus=2, lanes=(lane,),
    )  # fmt: skip


def run() -> Iterator[Result]:
    with tempfile.TemporaryDirectory() as folder:
        session = Path(folder, "a.hvs")
        writer = SessionWriter.create(session, new_manifest("bench"))
        writer.begin_run(RunSettings(), "bench")
        writer.frames(StreamEncoder().encode(_hello()))
        rng = np.random.default_rng(2)
        end = 0
        # One block is encoded; its frames repeat with other places in time.
        distance = rng.integers(20_000, 100_000, EACH)
        length = rng.integers(100, 900, EACH).astype(np.uint64)
        since = np.cumsum(distance + length.astype(np.int64)).astype(np.uint64) - length
        body = None
        for number in range(SWITCHES // EACH):
            start = since + np.uint64(end)
            if body is None:
                body = encode_switches(0, 0, since, length)
            payload = _moved(body, number * EACH, end)
            writer.frames(encode_frame(Kind.SWITCHES, 1, number + 1, payload))
            end = int(start[-1] + length[-1])
        writer.close()

        began = time.perf_counter()
        (written,) = export_session(session, Path(folder, "a.parquet"))
        ours = (time.perf_counter() - began) / SWITCHES
        assert written.rows == SWITCHES

        began = time.perf_counter()
        with Path(folder, "a.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            for tick, ticks in zip(
                range(CSV_ROWS), np.resize(length, CSV_ROWS).tolist(), strict=True
            ):
                rows.writerow(
                    (0, "bench", 1, tick * 1000 // 24, ticks * 1000 // 24, ticks, "", "", 0)
                )
        by_hand = (time.perf_counter() - began) / CSV_ROWS
        size = written.path.stat().st_size / SWITCHES
        yield Result(
            "export to Parquet",
            ours / by_hand,
            "the csv module, row by row",
            detail=f"{1 / ours / 1e6:.1f} M switches/s, {size:.1f} bytes each",
        )


def _moved(body: bytes, first: int, base: int) -> bytes:
    """Return the same switches as another part of the run: two numbers in front change."""
    from hvconsole.wire import varint

    _, at = varint.decode(body)
    _, at = varint.decode(body, at)
    return varint.encode_all([first, base]) + body[at:]
