"""A running stream: values in, snapshots out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from hvconsole.stream.columns import columns_of, edges, rate_of
from hvconsole.stream.histogram import LengthHistogram
from hvconsole.stream.lane import LaneState
from hvconsole.stream.part import part_of
from hvconsole.stream.snapshot import (
    Columns,
    Distribution,
    Marker,
    PastRun,
    Snapshot,
    TimePart,
    View,
)
from hvconsole.stream.totals import summed, with_quantiles
from hvconsole.wire.frame import Damage
from hvconsole.wire.values import (
    End,
    Heartbeat,
    Hello,
    Histogram,
    Note,
    NoteCode,
    Switches,
    Value,
)

_NOTES = 100
_MARKERS = 1000
_RATE_BINS = 40
_PAST_RUNS = 50
_NS = 1e9


class LiveStream:
    """Takes the values of one run after the other; a hello begins the next.

    Does no I/O and reads no clock: the newest heartbeat says what time it is.
    """

    def __init__(self) -> None:
        self._version = 0
        self._damage = Damage()
        self._cached: tuple[View, Snapshot] | None = None
        self._past: deque[PastRun] = deque(maxlen=_PAST_RUNS)
        self._number = 0
        self._conditions: list[str] = []
        self._hello: Hello | None = None
        self._begin(None)

    @property
    def hello(self) -> Hello | None:
        """What the run is; None before it began."""
        return self._hello

    @property
    def version(self) -> int:
        """Grows with every change."""
        return self._version

    @property
    def ended(self) -> str:
        """Why the run ended; empty while it runs."""
        return self._ended

    def feed(self, values: Iterable[Value], damage: Damage | None = None) -> None:
        """Take values in the order they came; `damage` is the decoder's own, for display."""
        if damage is not None:
            self._damage = damage
        for value in values:
            self._take(value)
        self._version += 1

    @property
    def now_s(self) -> float:
        """The newest moment heard of, seconds since the run's start."""
        hello = self._hello
        if hello is None or not self._lanes:
            return 0.0
        newest = max(lane.watched_until for lane in self._lanes.values())
        return hello.clock.ns(newest - hello.start_tick) / _NS

    def mark(self, marker: Marker) -> None:
        """Note that something was done to the board."""
        self._markers.append(marker)
        self._version += 1

    def reset(self, *, past: bool = True) -> None:
        """Forget everything, as before the first hello; with `past` false, keep earlier runs."""
        if past:
            self._hello = None  # so that it is not kept, either
            self._past.clear()
            self._number = 0
        self._begin(None)
        self._version += 1

    def call_next(self, condition: str) -> None:
        """Say what the next run is measured under."""
        self._conditions[self._number :] = [condition]

    def call_runs(self, conditions: Iterable[str]) -> None:
        """Say what all runs are measured under, in their order."""
        self._conditions = list(conditions)

    def snapshot(self, view: View) -> Snapshot:
        """Return the stream as it is now, seen through `view`. Cheap while nothing changed."""
        cached = self._cached
        if cached is not None and cached[0] == view and cached[1].version == self._version:
            return cached[1]
        snapshot = self._snapshot(view)
        self._cached = view, snapshot
        return snapshot

    def _begin(self, hello: Hello | None) -> None:
        self._file_away()
        self._hello = hello
        self._number += hello is not None
        self._ended = ""
        self._notes: deque[Note] = deque(maxlen=_NOTES)
        self._markers: deque[Marker] = deque(maxlen=_MARKERS)
        self._lanes: dict[int, LaneState] = {}
        if hello is not None:
            self._lanes = {lane.cpu: LaneState(hello.clock) for lane in hello.lanes}

    @property
    def _condition(self) -> str:
        """What the present run is measured under."""
        at = self._number - 1
        return self._conditions[at] if 0 <= at < len(self._conditions) else ""

    def _file_away(self) -> None:
        """Keep the figures of the run that was."""
        if self._hello is None or self.now_s <= 0:
            return
        lanes = list(self._lanes.values())
        distribution, quantiles = self._distribution(lanes)
        totals = with_quantiles(summed([lane.totals() for lane in lanes]), quantiles)
        cpus = tuple(sorted(self._lanes))
        self._past.append(
            PastRun(self._number, self._condition, cpus, self.now_s, totals, distribution)
        )

    def _take(self, value: Value) -> None:
        match value:
            case Hello():
                self._begin(value)
                return
            case End():
                self._ended = value.reason or "unknown"
                return
            case Note(code=NoteCode.ANSWER):
                return  # for whoever asked; nothing that happened to the board
            case Note():
                self._notes.append(value)
        lane = self._lanes.get(value.lane)
        if lane is None:
            return  # a lane that the hello did not announce, or a frame before any hello
        match value:
            case Switches():
                lane.switches(value)
            case Histogram():
                lane.dropped(value)
            case Heartbeat():
                lane.heartbeat(value)
            case Note() if value.code == NoteCode.BLIND:
                lane.blind(value.start, value.end)

    def _snapshot(self, view: View) -> Snapshot:
        chosen = [lane for cpu, lane in self._lanes.items() if not view.lanes or cpu in view.lanes]
        lanes = {cpu: lane.totals() for cpu, lane in self._lanes.items()}
        now_s = self.now_s
        hello = self._hello
        columns = columns_of(chosen, hello, edges(view, now_s, view.columns))
        rate_edges_s = edges(view, now_s, min(_RATE_BINS, view.columns))
        distribution, quantiles = self._distribution(chosen)
        totals = summed([t for cpu, t in lanes.items() if not view.lanes or cpu in view.lanes])
        return Snapshot(
            version=self._version,
            hello=hello,
            ended=self._ended,
            now_s=now_s,
            columns=columns,
            rate_edges_s=rate_edges_s,
            rate=rate_of(chosen, hello, rate_edges_s, now_s),
            distribution=distribution,
            totals=with_quantiles(totals, quantiles),
            lanes=lanes,
            notes=tuple(self._notes),
            markers=_seen(self._markers, columns),
            damaged_frames=self._damage.damaged_frames,
            lost_frames=self._damage.lost_frames,
            skipped_bytes=self._damage.skipped_bytes,
            apart=self._apart(now_s, view),
            part=self._part(view),
            number=max(self._number, 1),
            condition=self._condition,
            past=tuple(self._past),
        )

    def _apart(self, now_s: float, view: View) -> dict[int, Columns]:
        if not view.apart:
            return {}
        return {
            cpu: columns_of([lane], self._hello, edges(view, now_s, view.columns))
            for cpu, lane in sorted(self._lanes.items())
        }

    def _part(self, view: View) -> TimePart | None:
        hello = self._hello
        if view.part_s is None or hello is None:
            return None
        lanes = {
            cpu: lane for cpu, lane in self._lanes.items() if not view.lanes or cpu in view.lanes
        }
        return part_of(lanes, hello.clock, *view.part_s)

    def _distribution(self, chosen: list[LaneState]) -> tuple[Distribution, list[float]]:
        merged = LengthHistogram()
        for lane in chosen:
            merged.merge(lane.histogram)
        edges, counts = merged.filled()
        tick_ns = self._hello.clock.ns(1) if self._hello is not None else float("nan")
        quantiles = [q * tick_ns for q in merged.quantiles([0.5, 0.99, 0.999])]
        return Distribution(edges * tick_ns, counts), quantiles


def _seen(markers: Iterable[Marker], columns: Columns) -> tuple[Marker, ...]:
    first, last = columns.edges_s[0], columns.edges_s[-1]
    return tuple(marker for marker in markers if first <= marker.at_s <= last)
