"""What is known of one lane of a running stream."""

from __future__ import annotations

from collections import deque

import numpy as np

from hvconsole.model.ticks import U64, TickClock
from hvconsole.stream.bins import I64, Binned, TimeBins, fold_single
from hvconsole.stream.histogram import LengthHistogram
from hvconsole.stream.ring import SwitchRing
from hvconsole.stream.snapshot import Totals
from hvconsole.wire.values import Heartbeat, Histogram, Switches

_FIRST_BIN_S = 1e-3
_MAX_SPANS = 100_000


class LaneState:
    """Everything live about one sampled CPU. Times in ticks.

    Attributes:
        histogram: Lengths since the start.
        unwatched: Spans (start, end) in which nobody sampled, in order.
        watched_until: Up to here the lane is known.
    """

    def __init__(self, clock: TickClock) -> None:
        self._clock = clock
        self._ring = SwitchRing()
        self._bins = TimeBins(clock.start_tick, clock.ticks(_FIRST_BIN_S * 1e9))
        self.histogram = LengthHistogram()
        self.unwatched: deque[tuple[int, int]] = deque(maxlen=_MAX_SPANS)
        self.watched_until = clock.start_tick
        self._beat: Heartbeat | None = None
        self._received = 0
        self._dropped = 0
        self._lost_on_link = 0
        self._lost_ticks = 0
        self._shortest: int | None = None
        self._longest: int | None = None

    def switches(self, batch: Switches) -> None:
        """Take switches that were recorded one by one."""
        if not batch.length.size:
            return
        start = np.maximum(batch.start, np.uint64(self._clock.start_tick))
        self._ring.push(start, batch.length)
        self._bins.push(start, batch.length)
        self.histogram.add(batch.length)
        self._received += batch.length.size
        self._extremes(int(batch.length.min()), int(batch.length.max()))
        self._lost_ticks += int(batch.length.sum())

    def dropped(self, histogram: Histogram) -> None:
        """Take switches that are known by their lengths only."""
        self.histogram.add_buckets(histogram.bucket, histogram.counts)
        self._dropped += histogram.count
        self._lost_ticks += histogram.total
        if histogram.count:
            self._extremes(histogram.shortest, histogram.longest)

    def heartbeat(self, beat: Heartbeat) -> None:
        """Take a lane's word on how far it has come."""
        self._beat = beat
        self.watched_until = max(self.watched_until, beat.watched_until)
        # Frames keep their order: what was written before this heartbeat is here, or lost.
        missing = beat.recorded - self._received + beat.dropped - self._dropped
        self._lost_on_link = max(missing, 0)

    def blind(self, start: int, end: int) -> None:
        """Take note of a span in which nobody sampled."""
        if end > start:
            self.unwatched.append((start, end))

    def columns(self, edges: U64) -> Binned:
        """Return switches by column; from single switches where they reach back far enough."""
        ring = self._ring
        if not ring.complete and (not ring.start.size or edges[0] < ring.start[0]):
            return self._bins.columns(edges)
        return fold_single(np.searchsorted(ring.start, edges), ring.length)

    def counts(self, edges: U64) -> I64:
        """Return how many switches began in each column, as `columns` counts them."""
        ring = self._ring
        if not ring.complete and (not ring.start.size or edges[0] < ring.start[0]):
            return self._bins.counts(edges)
        return np.diff(np.searchsorted(ring.start, edges))

    def singles(self, first: int, last: int) -> tuple[U64, U64] | None:
        """Return starts and lengths of the switches from tick `first` to before `last`.

        Views of the ring: copy before keeping them. None where it no longer reaches back so far.
        """
        ring = self._ring
        if not ring.complete and (not ring.start.size or first < ring.start[0]):
            return None
        low, high = np.searchsorted(ring.start, np.array([first, last], dtype=np.uint64))
        return ring.start[low:high], ring.length[low:high]

    def totals(self) -> Totals:
        """Return the lane's figures so far."""
        beat, ns = self._beat, self._clock.ns
        if beat is None:
            return Totals()
        p50, p99, p999 = (ns(1) * ticks for ticks in self.histogram.quantiles([0.5, 0.99, 0.999]))
        nan = float("nan")
        shortest = nan if self._shortest is None else ns(self._shortest)
        longest = nan if self._longest is None else ns(self._longest)
        return Totals(
            detected=beat.detected,
            received=self._received,
            dropped=self._dropped,
            lost_on_link=self._lost_on_link,
            under_way=max(beat.detected - beat.recorded - beat.dropped, 0),
            elapsed_ns=ns(self.watched_until - self._clock.start_tick),
            blind_ns=ns(beat.blind_ticks),
            lost_ns=ns(self._lost_ticks),
            min_ns=shortest,
            p50_ns=min(max(p50, shortest), longest),
            p99_ns=min(max(p99, shortest), longest),
            p999_ns=min(max(p999, shortest), longest),
            max_ns=longest,
            loops=beat.loops,
            backward=beat.backward,
        )

    def _extremes(self, shortest: int, longest: int) -> None:
        self._shortest = shortest if self._shortest is None else min(self._shortest, shortest)
        self._longest = longest if self._longest is None else max(self._longest, longest)
