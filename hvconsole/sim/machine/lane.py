"""One sampled CPU: puts disturbances in order and joins them into the gaps a sampler sees.

Work queues up: an interrupt that comes while another is handled waits, so lengths add and the
start stays that of the first (Lindley's recursion, here in closed form over arrays). Absences,
in which somebody else has the CPU, are different: they end when they end. An interrupt that comes
during another vCPU's turn stays pending and is handled on return, once for each line however
often it was raised; one that comes while another task of the same guest runs is handled there
and then, and adds nothing to the gap.

What is not yet decided is held back: a window is closed at the start of an absence that has no
end yet, and a gap is given out only when nothing can join it any more. So the result does not
depend on where windows are cut.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from hvconsole.model.ticks import I64
from hvconsole.sim.machine.chunk import CAUSES, Cause, Disturbances, SwitchChunk

# Two reads lie this far apart, so a shorter pause between two disturbances is not seen.
FLOOR_TICKS: Final = 2
_CAUSE_BITS: Final = 8


class Absence(NamedTuple):
    """A stretch of time in which the sampler's vCPU, or its task, did not have the CPU."""

    start: int
    end: int
    cause: Cause


class _Gap(NamedTuple):
    start: int
    end: int
    weight: int  # length of the longest part, and its cause in the low bits


class Lane:
    """The gaps of one sampled CPU.

    Args:
        cpu: CPU number within the guest.
        begin: Tick of the first read.
    """

    def __init__(self, cpu: int, begin: int) -> None:
        self.cpu = cpu
        self.done = begin
        self.blind_since: int | None = None
        self._dead = False
        self._begin = begin
        self._raw: list[Disturbances] = []
        self._aways: list[Absence] = []
        self._tasks: list[Absence] = []
        self._away_since: int | None = None
        self._open: _Gap | None = None
        self._ready: list[tuple[I64, I64, CAUSES]] = []
        self._blind: list[tuple[int, int]] = []
        self._pace: list[tuple[int, float]] = []
        self._slowdown = 1.0

    @property
    def watched(self) -> bool:
        """Somebody samples here at present."""
        return self.blind_since is None and not self._dead

    def add(self, disturbances: Disturbances) -> None:
        """Take disturbances from `done` on, in any order."""
        if disturbances.start.size:
            self._raw.append(disturbances)

    def add_aways(self, aways: list[Absence], since: int | None) -> None:
        """Take turns of other vCPUs that are over, in order, and since when one is under way."""
        self._aways += aways
        self._away_since = since

    def add_tasks(self, tasks: list[Absence]) -> None:
        """Take turns of other tasks of the same guest, in order; the last may end later."""
        self._tasks += tasks

    def end_task(self, now: int) -> None:
        """Say that the other task went away: its turn ends now."""
        self._tasks = [t._replace(end=min(t.end, now)) for t in self._tasks if t.start < now]

    def settle(self, now: int) -> None:
        """Decide what can be decided from everything before `now`."""
        if not self.watched:
            return
        limit = now if self._away_since is None else min(self._away_since, now)
        limit = min([limit, *(task.start for task in self._tasks if task.end > now)])
        aways = [away for away in self._aways if away.start < limit]
        self._aways = [away for away in self._aways if away.start >= limit]
        events = self._due(limit)
        if aways:
            events = _pending(events, aways)
        if self._tasks:
            events = _absorbed(events, self._tasks)
        jobs = _jobs(_without(aways, self._tasks), self._begun(limit))
        self._tasks = [task for task in self._tasks if task.end > limit]
        if jobs is not None:
            events = Disturbances.joined([jobs, events])
        self._join(events)
        self.done = limit
        if self._open is not None and self._open.end + FLOOR_TICKS <= limit:
            self._close()

    def blind_from(self, now: int) -> None:
        """Say that nobody samples here any more: a gap under way ends unseen."""
        if self.watched:
            self._drop(now)
            self.blind_since = self.done = now

    def end(self, now: int) -> None:
        """Say that the sampler ended."""
        if self.watched:
            self._drop(now)
            self.done = now
        self._dead = True

    def freeze(self, now: int) -> None:
        """Say that the CPU stopped for good: nobody will ever tell what follows."""
        self.settle(now)
        self._dead = True

    def seen_from(self, now: int) -> None:
        """Say that sampling goes on."""
        if self.blind_since is not None:
            self._blind.append((self.blind_since, now))
        self.blind_since = None
        self.done = self._begin = now

    def note_pace(self, tick: int, slowdown: float) -> None:
        """Keep how fast the CPU goes from a tick on, where that is another pace than before."""
        if slowdown != self._slowdown:
            self._slowdown = slowdown
            self._pace.append((tick, slowdown))

    def take(self, now: int) -> SwitchChunk:
        """Hand over what has become certain."""
        ready, self._ready = self._ready, []
        blind, self._blind = tuple(self._blind), []
        pace, self._pace = tuple(self._pace), []
        if not ready:
            ready = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8))]
        start, length, cause = (np.concatenate(c) for c in zip(*ready, strict=True))
        until = self._open.start if self._open else self.done
        return SwitchChunk(
            self.cpu,
            start.astype(np.uint64),
            length.astype(np.uint64),
            cause,
            until=until if self.blind_since is None else now,
            blind=blind,
            blind_since=self.blind_since,
            pace=pace,
        )

    def _drop(self, now: int) -> None:
        """Decide what can be decided, and forget what is under way."""
        self.settle(now)
        if self._open is not None and self.done == now:
            self._open = self._open._replace(end=min(self._open.end, now))
            self._close()
        self._open = None
        self._raw, self._aways, self._tasks, self._away_since = [], [], [], None

    def _begun(self, limit: int) -> list[Absence]:
        """Return the turns of tasks that begin in the window which `limit` closes."""
        return [task for task in self._tasks if self.done <= task.start < limit]

    def _due(self, limit: int) -> Disturbances:
        """Take what starts before `limit` out of the raw ones."""
        raw = Disturbances.joined(self._raw)
        early = raw.start < limit
        if early.all():
            self._raw = []
            return raw
        self._raw = [raw.take(~early)]
        return raw.take(early)

    def _join(self, events: Disturbances) -> None:
        if not events.start.size:
            return
        order = np.argsort(events.start, kind="stable")
        start, length = events.start[order], events.length[order]
        served = np.cumsum(length)
        # An event's work ends at the latest of: its own start, or the end of any work before it,
        # plus all work since then.
        end = np.maximum.accumulate(start - served + length)
        if self._open is not None:
            np.maximum(end, self._open.end, out=end)
        end += served
        weight = (length << _CAUSE_BITS) | events.cause[order]
        apart = np.flatnonzero(start[1:] - end[:-1] >= FLOOR_TICKS) + 1
        first = np.concatenate([[0], apart])
        last = np.concatenate([apart - 1, [start.size - 1]])
        gap_start, gap_end = start[first], end[last]
        gap_weight = np.maximum.reduceat(weight, first)
        if self._open is not None:
            if int(gap_start[0]) - self._open.end < FLOOR_TICKS:
                gap_start[0] = self._open.start
                gap_weight[0] = max(int(gap_weight[0]), self._open.weight)
            else:
                self._close()
        self._give(gap_start[:-1], gap_end[:-1], gap_weight[:-1])
        self._open = _Gap(int(gap_start[-1]), int(gap_end[-1]), int(gap_weight[-1]))

    def _close(self) -> None:
        if self._open is not None:
            start, end, weight = (np.array([value], dtype=np.int64) for value in self._open)
            self._give(start, end, weight)
        self._open = None

    def _give(self, start: I64, end: I64, weight: I64) -> None:
        seen = (start >= self._begin) & (end > start)
        if not seen.all():
            start, end, weight = start[seen], end[seen], weight[seen]
        if start.size:
            cause = (weight & ((1 << _CAUSE_BITS) - 1)).astype(np.uint8)
            self._ready.append((start, end - start, cause))


def _pending(events: Disturbances, aways: list[Absence]) -> Disturbances:
    """Move what came during another vCPU's turn to its end, each line once."""
    begins = np.array([away.start for away in aways])
    ends = np.array([away.end for away in aways])
    turn = np.searchsorted(begins, events.start, side="right") - 1
    inside = (turn >= 0) & (events.start < ends[turn])
    if not inside.any():
        return events
    late = events.take(inside)
    late = Disturbances(ends[turn[inside]], late.length, late.cause, late.line)
    lines = 1 << 16
    raised = late.start * lines + (late.line.astype(np.int64) & (lines - 1))
    # What has no line (-1) is distinct from itself: its order of arrival tells it apart.
    _, first = np.unique(raised, return_index=True)
    keep = np.zeros(raised.size, dtype=np.bool_)
    keep[first] = True
    keep |= late.line < 0
    return Disturbances.joined([events.take(~inside), late.take(keep)])


def _absorbed(events: Disturbances, tasks: list[Absence]) -> Disturbances:
    """Drop what came while another task of the guest ran."""
    begins = np.array([task.start for task in tasks])
    ends = np.array([task.end for task in tasks])
    turn = np.searchsorted(begins, events.start, side="right") - 1
    return events.take((turn < 0) | (events.start >= ends[turn]))


def _without(aways: list[Absence], tasks: list[Absence]) -> list[Absence]:
    """Cut the tasks' turns out of the other vCPUs' turns: time is lost once only."""
    for task in tasks:
        parts: list[Absence] = []
        for away in aways:
            if away.end <= task.start or away.start >= task.end:
                parts.append(away)
                continue
            if away.start < task.start:
                parts.append(away._replace(end=task.start))
            if away.end > task.end:
                parts.append(away._replace(start=task.end))
        aways = parts
    return aways


def _jobs(aways: list[Absence], tasks: list[Absence]) -> Disturbances | None:
    both = [absence for absence in (*aways, *tasks) if absence.end > absence.start]
    if not both:
        return None
    start, end, cause = (np.array(column) for column in zip(*both, strict=True))
    return Disturbances.of(start, end - start, cause.astype(np.uint8), -1)
