"""What it costs to turn bytes into statistics, against numpy on arrays that are decoded already."""

from __future__ import annotations

import statistics
import struct
from collections.abc import Iterator

import numpy as np

from bench.measure import Result, cpu_seconds, interleaved, ratio
from hvconsole.model.ticks import TickClock
from hvconsole.stream.histogram import LengthHistogram
from hvconsole.stream.lane import LaneState
from hvconsole.wire.frame import encode_frame
from hvconsole.wire.payload import encode_switches
from hvconsole.wire.stream import StreamDecoder
from hvconsole.wire.values import Kind, Switches

SWITCHES = 400_000
EACH = 1000
PORTION = 1 << 16
HZ = 24_000_000


def make() -> tuple[bytes, list[Switches]]:
    """A board at full blast: 400,000 switches in frames as the sampler makes them."""
    rng = np.random.default_rng(1)
    data, batches, end = [], [], 0
    for number in range(SWITCHES // EACH):
        distance = rng.integers(20_000, 100_000, EACH)
        length = rng.integers(100, 900, EACH).astype(np.uint64)
        start = (end + np.cumsum(distance + length.astype(np.int64))).astype(np.uint64) - length
        payload = encode_switches(number * EACH, end, start, length)
        data.append(encode_frame(Kind.SWITCHES, 1, number, payload))
        batches.append(Switches(1, number * EACH, start, length))
        end = int(start[-1] + length[-1])
    return b"".join(data), batches


def run() -> Iterator[Result]:  # noqa: C901  # five small things to measure, side by side
    data, batches = make()
    edges = np.geomspace(1, 1e6, 200)
    everything = np.concatenate([batch.length for batch in batches])
    portions = [data[at : at + PORTION] for at in range(0, len(data), PORTION)]

    def decoded_and_counted() -> None:
        decoder, histogram = StreamDecoder(), LengthHistogram()
        for portion in portions:
            for value in decoder.feed(portion):
                if isinstance(value, Switches):
                    histogram.add(value.length)

    def numpy_histogram() -> None:
        for at in range(0, SWITCHES, EACH):
            np.histogram(everything[at : at + EACH], edges)

    def decoded_and_live() -> None:
        decoder, lane = StreamDecoder(), LaneState(TickClock(HZ, 0))
        for portion in portions:
            for value in decoder.feed(portion):
                if isinstance(value, Switches):
                    lane.switches(value)

    def live_only() -> None:
        lane = LaneState(TickClock(HZ, 0))
        for batch in batches:
            lane.switches(batch)

    def struct_loop() -> None:
        counts: dict[int, int] = {}
        for (length,) in struct.iter_unpack("<Q", everything[: SWITCHES // 10].tobytes()):
            bucket = length.bit_length()
            counts[bucket] = counts.get(bucket, 0) + 1

    works = [decoded_and_counted, numpy_histogram, decoded_and_live, live_only, struct_loop]
    costs = interleaved([lambda work=work: cpu_seconds(work) for work in works])
    each = [statistics.median(cost) / SWITCHES * 1e9 for cost in costs]
    yield Result(
        "decode + histogram",
        ratio(costs[0], costs[1]),
        "numpy.histogram on decoded arrays",
        2.0,
        f"{each[0]:.0f} against {each[1]:.0f} ns a switch, {len(data) / SWITCHES:.2f} bytes each",
    )
    yield Result(
        "decode + live statistics",
        ratio(costs[2], costs[3]),
        "live statistics on decoded arrays",
        2.0,
        f"{each[2]:.0f} against {each[3]:.0f} ns a switch",
    )
    yield Result(
        "decode + histogram",
        ratio(costs[0], costs[4]) / 10,
        "a Python loop over struct.iter_unpack",
        detail=f"{each[4] * 10:.0f} ns a switch in the loop",
    )
