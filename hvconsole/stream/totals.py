"""Figures of several lanes as one."""

from __future__ import annotations

import math
from dataclasses import replace

from hvconsole.stream.snapshot import Totals


def summed(lanes: list[Totals]) -> Totals:
    """Add up lanes; extremes are those of all, quantiles are left to the merged histogram."""
    shortest = [t.min_ns for t in lanes if not math.isnan(t.min_ns)]
    longest = [t.max_ns for t in lanes if not math.isnan(t.max_ns)]
    return Totals(
        detected=sum(t.detected for t in lanes),
        received=sum(t.received for t in lanes),
        dropped=sum(t.dropped for t in lanes),
        lost_on_link=sum(t.lost_on_link for t in lanes),
        under_way=sum(t.under_way for t in lanes),
        elapsed_ns=sum(t.elapsed_ns for t in lanes),
        blind_ns=sum(t.blind_ns for t in lanes),
        lost_ns=sum(t.lost_ns for t in lanes),
        min_ns=min(shortest, default=float("nan")),
        max_ns=max(longest, default=float("nan")),
        loops=sum(t.loops for t in lanes),
        backward=sum(t.backward for t in lanes),
    )


def with_quantiles(totals: Totals, quantiles: list[float]) -> Totals:
    """Return totals with the quantiles 0.5, 0.99 and 0.999 in ns, kept between the extremes."""
    p50, p99, p999 = (
        min(max(q, totals.min_ns), totals.max_ns) if not math.isnan(totals.min_ns) else q
        for q in quantiles
    )
    return replace(totals, p50_ns=p50, p99_ns=p99, p999_ns=p999)
