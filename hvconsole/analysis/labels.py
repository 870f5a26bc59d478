"""Switches that are not the hypervisor's: recognised by rule, flagged one by one, counted apart.

All functions are pure and work on arrays of nanoseconds since the run's start. What a rule needs
to know of the whole run stands in a `LaneContext`, so that switches can be labelled portion by
portion. A rule that cannot tell leaves a switch unlabelled: it then counts as the system's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Flags = npt.NDArray[np.uint32]

SECOND_NS = 1_000_000_000
SETTLE_NS = 10_000_000
"""For so long after a hotplug hole the kernel's bring-up of the CPU is what takes it."""
OWN_MOST_NS = 4_000_000
"""What our writer takes at a time ends within a slice of Linux's scheduler; what is longer is not
its doing alone: another guest's turn in which it happened to work."""
_WINDOW = 8
_STEP = 0.03
_PERIOD_TOLERANCE = 0.05
_MOST_PERIODS = 3


class Artefact(IntFlag):
    """Causes that lie in how a board is measured; bits of the exported column `flags`."""

    NONE = 0
    RT_THROTTLE = 1 << 8
    OWN_STREAM = 1 << 9
    CALIBRATION = 1 << 10
    FREQUENCY = 1 << 11
    THERMAL = 1 << 12
    HOTPLUG = 1 << 13


NAMES: dict[Artefact, str] = {
    Artefact.RT_THROTTLE: "RT throttle or fair server",
    Artefact.OWN_STREAM: "own stream",
    Artefact.CALIBRATION: "calibration",
    Artefact.FREQUENCY: "frequency change",
    Artefact.THERMAL: "thermal throttle",
    Artefact.HOTPLUG: "hotplug hole",
}
ANY = sum(NAMES, Artefact.NONE)


def _none() -> I64:
    return np.empty(0, dtype=np.int64)


def _no_spans() -> I64:
    return np.empty((0, 2), dtype=np.int64)


@dataclass(frozen=True)
class LaneContext:
    """What the rules know of one lane of one run; all in ns since the run's start.

    Attributes:
        loop_ns: Up to here a distance of two reads is the sampling loop's own (calibration).
        own: Shape (k,), moments at which our writer worked on this CPU.
        throttled: Shape (k,), starts of the gaps that `throttle_gaps` recognised.
        changes: Shape (k, 2), spans in which the frequency changed.
        slowed: Shape (k, 2), spans in which the CPU was kept below a frequency it was pinned to.
        holes: Shape (k, 2), spans in which the CPU was offline.
    """

    loop_ns: float = 0.0
    own: I64 = field(default_factory=_none)
    throttled: I64 = field(default_factory=_none)
    changes: I64 = field(default_factory=_no_spans)
    slowed: I64 = field(default_factory=_no_spans)
    holes: I64 = field(default_factory=_no_spans)


def label(context: LaneContext, start: I64, length: I64) -> Flags:
    """Return the artefacts of each switch.

    Args:
        context: What is known of the lane.
        start: Shape (n,), ns since the run's start.
        length: Shape (n,), ns.

    Returns:
        Shape (n,), bits of `Artefact`; several may apply.
    """
    end = start + length
    settled = context.holes + np.array([0, SETTLE_NS])
    found = (
        (Artefact.RT_THROTTLE, np.isin(start, context.throttled)),
        (Artefact.OWN_STREAM, (length <= OWN_MOST_NS) & _contains(context.own, start, end)),
        (Artefact.CALIBRATION, length <= context.loop_ns),
        (Artefact.FREQUENCY, overlaps(context.changes, start, end)),
        (Artefact.THERMAL, overlaps(context.slowed, start, end)),
        (Artefact.HOTPLUG, overlaps(settled, start, end)),
    )
    flags: Flags = np.zeros(start.size, dtype=np.uint32)
    for bit, where in found:
        flags[where] |= np.uint32(bit)
    return flags


def throttle_gaps(
    start: I64, length: I64, *, fifo: int, budget_ns: float, period_ns: float, run_ns: float
) -> I64:
    """Recognise the gaps by which the kernel keeps a real-time thread from taking a whole CPU.

    RT throttling (``sched_rt_runtime_us`` of each ``sched_rt_period_us``) and the fair server of
    later kernels both take about 50 ms of each second from a SCHED_FIFO thread. A gap is theirs
    if it has 0.6 to 1.4 times that length and another such gap lies one to three periods away
    (within 5 %); in a run too short for two of them, one is enough.

    Args:
        start: Shape (n,), ns; short gaps may be left out.
        length: Shape (n,), ns.
        fifo: SCHED_FIFO priority of the sampler; 0 has no such gaps.
        budget_ns: What is taken each period.
        period_ns: Length of the period.
        run_ns: Length of the run.

    Returns:
        Shape (k,), starts of the recognised gaps.
    """
    if fifo <= 0 or budget_ns <= 0:
        return _none()
    at = start[(length >= 0.6 * budget_ns) & (length <= 1.4 * budget_ns)]
    if at.size < 2:  # noqa: PLR2004  # a pair has a distance
        return at if run_ns < 2 * period_ns else _none()
    apart = np.abs(at[:, None] - at[None, :]) / period_ns
    periods = np.rint(apart)
    fits = (periods >= 1) & (periods <= _MOST_PERIODS)
    fits &= np.abs(apart - periods) <= _PERIOD_TOLERANCE * periods
    found: I64 = at[fits.any(axis=1)]
    return found


def read_rates(tick: I64, loops: I64, away: I64) -> F64:
    """Return how many reads a tick of unbroken sampling the lane did between its heartbeats.

    The loop is a fixed number of instructions, so this follows the CPU's frequency while the
    counter keeps its own.

    Args:
        tick: Shape (n,), moment of each heartbeat.
        loops: Shape (n,), reads so far.
        away: Shape (n,), ticks lost or blind so far.

    Returns:
        Shape (n − 1,); NaN where nothing was sampled.
    """
    sampled = np.diff(tick) - np.diff(away)
    rates = np.diff(loops) / np.maximum(sampled, 1)
    return np.where(sampled > 0, rates, np.nan)


def frequency_steps(rates: F64) -> list[tuple[int, float]]:
    """Find lasting steps in the read rate.

    A step is a place where every one of eight heartbeats before it was slower than every one of
    the eight after it, or faster, and their medians differ by more than 3 % (two operating points
    lie further apart). On a busy machine, whose rates scatter, that sees less rather than more.

    Returns:
        Index of the first interval with the new rate, and the new rate over the old one.
    """
    steps: list[tuple[int, float]] = []
    at = _WINDOW
    while at + _WINDOW <= rates.size:
        if _is_step(rates, at):
            near = range(at, min(at + _WINDOW, rates.size - _WINDOW + 1))
            best = max(
                (i for i in near if _is_step(rates, i)),
                key=lambda i: abs(np.log(_step(rates, i))) + abs(np.log(rates[i] / rates[i - 1])),
            )
            steps.append((best, _step(rates, best)))
            at = best + _WINDOW // 2
        else:
            at += 1
    return steps


def slowed_spans(at: I64, rates: F64, steps: list[tuple[int, float]]) -> I64:
    """Return the spans in which the lane read more than 3 % slower than at its fastest.

    Args:
        at: Shape (n + 1,), ns, the heartbeats' moments.
        rates: Shape (n,), see `read_rates`.
        steps: See `frequency_steps`; without any there are no spans.
    """
    if not steps:
        return _no_spans()
    cuts = [0, *(i for i, _ in steps), rates.size]
    levels = [_median(rates[a:b]) for a, b in pairwise(cuts)]
    spans = [
        (at[a], at[b])
        for level, a, b in zip(levels, cuts[:-1], cuts[1:], strict=True)
        if level < (1 - _STEP) * np.nanmax(levels)
    ]
    return np.array(spans, dtype=np.int64).reshape(-1, 2)


def overlaps(spans: I64, start: I64, end: I64) -> npt.NDArray[np.bool_]:
    """Return which intervals touch any of the spans, shape (n,); spans in order, shape (k, 2)."""
    if not len(spans):
        return np.zeros(start.size, dtype=np.bool_)
    # The last span that begins before the interval's end decides: spans do not overlap.
    last = np.searchsorted(spans[:, 0], end, side="left") - 1
    touched: npt.NDArray[np.bool_] = (last >= 0) & (spans[np.maximum(last, 0), 1] > start)
    return touched


def counted(flags: Flags, length: I64) -> dict[str, tuple[int, int]]:
    """Return how many switches each artefact has, and their length in ns, by name."""
    return {name: (n, lost) for name, n, lost in _counts(flags, length) if n}


def _counts(flags: Flags, length: I64) -> Iterator[tuple[str, int, int]]:
    for bit, name in NAMES.items():
        where = (flags & np.uint32(bit)) != 0
        yield name, int(where.sum()), int(length[where].sum())


def _contains(moments: I64, start: I64, end: I64) -> npt.NDArray[np.bool_]:
    before = np.searchsorted(moments, start, side="left")
    until = np.searchsorted(moments, end, side="right")
    return until > before


def _is_step(rates: F64, at: int) -> bool:
    before, after = rates[at - _WINDOW : at], rates[at : at + _WINDOW]
    if not (np.isfinite(before).all() and np.isfinite(after).all() and before.min() > 0):
        return False
    is_apart = before.max() < after.min() or after.max() < before.min()
    return bool(is_apart and after.min() > 0 and abs(_step(rates, at) - 1) > _STEP)


def _step(rates: F64, at: int) -> float:
    return float(np.median(rates[at : at + _WINDOW]) / np.median(rates[at - _WINDOW : at]))


def _median(rates: F64) -> float:
    known = rates[np.isfinite(rates)]
    return float(np.median(known)) if known.size else float("nan")
