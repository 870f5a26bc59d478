"""What a screen gets to see of a running stream: one immutable value a frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hvconsole.wire.values import Hello, Note

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class View:
    """The part of the stream a screen wants to see.

    Attributes:
        start_s: Left edge, seconds since the run's start; None follows the newest.
        span_s: Width in seconds.
        columns: How many columns to divide the span into (a chart's dots across).
        lanes: CPU numbers; empty means all.
        apart: The columns of each lane are wanted as well.
        part_s: Both ends of a part of time whose figures are wanted, in seconds.
    """

    start_s: float | None = None
    span_s: float = 10.0
    columns: int = 200
    lanes: tuple[int, ...] = ()
    apart: bool = False
    part_s: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Switches by column of time: nothing is left out, the extremes are exact.

    Attributes:
        edges_s: Shape (n + 1,), edges of the columns, seconds since the run's start.
        count: Shape (n,), switches that began in the column.
        shortest_ns: Shape (n,), NaN where there were none.
        longest_ns: Shape (n,), NaN where there were none.
        lost_ns: Shape (n,), sum of lengths.
        watched: Shape (n,), share of the column in which somebody watched, 0 to 1.
    """

    edges_s: F64
    count: I64
    shortest_ns: F64
    longest_ns: F64
    lost_ns: F64
    watched: F64


@dataclass(frozen=True, slots=True)
class Totals:
    """Figures of a run so far, over one lane or over all.

    Attributes:
        detected: Switches the sampler saw.
        received: Switches that arrived one by one.
        dropped: Switches known by histogram only.
        lost_on_link: Recorded by the sampler but never arrived (damaged or missing frames).
        under_way: Detected, not yet written by the sampler.
        elapsed_ns: CPU time covered, from the start to the newest heartbeat (sum over lanes).
        blind_ns: Part of it in which nobody sampled.
        lost_ns: Sum of the lengths of received and dropped switches.
        min_ns, p50_ns, p99_ns, p999_ns, max_ns: Of received and dropped switches; quantiles are
            good to 1/32 (log-linear buckets). NaN while there are none.
        loops: Counter reads.
        backward: Backward steps of the counter.
    """

    detected: int = 0
    received: int = 0
    dropped: int = 0
    lost_on_link: int = 0
    under_way: int = 0
    elapsed_ns: float = 0.0
    blind_ns: float = 0.0
    lost_ns: float = 0.0
    min_ns: float = float("nan")
    p50_ns: float = float("nan")
    p99_ns: float = float("nan")
    p999_ns: float = float("nan")
    max_ns: float = float("nan")
    loops: int = 0
    backward: int = 0

    @property
    def rate(self) -> float:
        """Switches a second of watched CPU time; NaN before there is any."""
        watched = self.elapsed_ns - self.blind_ns
        return (self.received + self.dropped) / watched * 1e9 if watched > 0 else float("nan")

    @property
    def lost_share(self) -> float:
        """Share of watched CPU time lost to switches, 0 to 1; NaN before there is any."""
        watched = self.elapsed_ns - self.blind_ns
        return self.lost_ns / watched if watched > 0 else float("nan")

    @property
    def coverage(self) -> float:
        """Share of the time that was watched, 0 to 1; NaN before there is any."""
        return 1 - self.blind_ns / self.elapsed_ns if self.elapsed_ns > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class Distribution:
    """Lengths of switches by log-linear bucket.

    Attributes:
        edges_ns: Shape (k + 1,), bucket edges; non-empty range only.
        count: Shape (k,).
    """

    edges_ns: F64
    count: I64


@dataclass(frozen=True, slots=True)
class Gap:
    """One switch.

    Attributes:
        at_s: When it began, seconds since the run's start.
        length_ns: How long it was.
        cpu: Where.
    """

    at_s: float
    length_ns: float
    cpu: int


@dataclass(frozen=True, slots=True)
class TimePart:
    """Figures of a part of time: of the switches that began in it.

    Switches that the sampler's full ring left to its histogram have no time of their own: they
    are in no part, so `Totals.dropped` is 0.

    Attributes:
        start_s, end_s: The part, seconds since the run's start.
        totals: Over the lanes asked for.
        lanes: The same by CPU number.
        longest: The longest switches, longest first, at most 500.
        exact: Each switch is still known singly. Otherwise the part is counted in bins of time,
            quantiles are NaN and `longest` is empty.
        settled: Nothing more can come: all lanes are known beyond its end.
    """

    start_s: float
    end_s: float
    totals: Totals
    lanes: dict[int, Totals]
    longest: tuple[Gap, ...] = ()
    exact: bool = True
    settled: bool = False


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that was measured before the present one.

    Attributes:
        number: Counted from 1, in the order of measuring.
        condition: What it was measured under; empty where nobody said.
        cpus: CPUs that were sampled.
        length_s: How long it was.
        totals: Over all of its lanes.
        distribution: Lengths over all of its lanes.
    """

    number: int
    condition: str
    cpus: tuple[int, ...]
    length_s: float
    totals: Totals
    distribution: Distribution


@dataclass(frozen=True, slots=True)
class Marker:
    """Something that was done to the board while it was measured.

    Attributes:
        at_s: When, seconds since the run's start; as exact as our clock beside the newest tick
            heard of (some milliseconds).
        text: What, in words.
    """

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of a stream.

    Attributes:
        version: Grows with every change; an unchanged version need not be painted again.
        hello: What the run is, None before it began.
        ended: Why the run ended, empty while it runs.
        now_s: Newest tick heard of, seconds since the run's start.
        columns: The view asked for, over the lanes asked for.
        rate_edges_s, rate: Switches a second over the same view in wider bins.
        distribution: Lengths since the run's start.
        totals: Over the lanes asked for.
        lanes: Totals by CPU number.
        notes: The newest notes, oldest first, at most 100.
        markers: What was done to the board, in the part of time that is seen.
        damaged_frames, lost_frames, skipped_bytes: What the decoder had to give up.
        apart: Columns by CPU number, where they were asked for.
        part: The part of time that was asked for.
        number, condition: Of the present run, as in `PastRun`.
        past: Earlier runs, oldest first, at most 50.
        names: Of lanes that are no CPU of the board, but a guest's; safe to show.
    """

    version: int
    hello: Hello | None
    ended: str
    now_s: float
    columns: Columns
    rate_edges_s: F64
    rate: F64
    distribution: Distribution
    totals: Totals
    lanes: dict[int, Totals] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    markers: tuple[Marker, ...] = ()
    damaged_frames: int = 0
    lost_frames: int = 0
    skipped_bytes: int = 0
    apart: dict[int, Columns] = field(default_factory=dict)
    part: TimePart | None = None
    number: int = 1
    condition: str = ""
    past: tuple[PastRun, ...] = ()
    names: dict[int, str] = field(default_factory=dict)

    def name(self, lane: int) -> str:
        """Return what a lane is called."""
        return self.names.get(lane) or f"CPU {lane}"
