"""Xen's scheduler traced while a person watches: on for this run and those that follow, or off.

Records are decoded a portion at a time, with a pause after each, whatever the board sends. So what
they cost the console is bounded; what they cost the board is said when they are switched on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hvconsole.link.protocol import Link
from hvconsole.model.problem import BoardProblem, Problem, UsageProblem
from hvconsole.model.tracing import TraceState
from hvconsole.record.xentrace import next_name
from hvconsole.session.xentrace import RunTrace
from hvconsole.stream.vcpu_feed import VcpuFeed

if TYPE_CHECKING:
    from hvconsole.stream.vcpu_lane import VcpuLane

LABEL: Final = "Xen traced"
"""What stands beside figures that were measured meanwhile."""

# With portions of 8 KiB, 320 kB/s at the most: five times what RTDS was seen to send.
_PAUSE_S = 0.025
_IDLE_S = 0.1
_RATE_OVER_S = 1.0


class TraceDesk:
    """Traces runs of one session on demand.

    Args:
        board: The board's name, for the undo journal.
        make: Makes the trace's own link; None where the board has but a serial line.
        why_not: Says why the connected board cannot be traced, or nothing.
        place: The session's folder and the number of the run that is recorded; None for none.
        trouble: Told of what ends a trace but not the run.
        mark: Told what is done, for the timeline and the recording.
        read_only: Refuse: tracing changes the board.
    """

    def __init__(
        self,
        board: str,
        make: Callable[[], Link] | None,
        why_not: Callable[[], Awaitable[str]],
        place: Callable[[], tuple[Path, int] | None],
        *,
        trouble: Callable[[Problem], None],
        mark: Callable[[str], None],
        read_only: bool = False,
    ) -> None:
        self._board = board
        self._make = make
        self._why_not = why_not
        self._place = place
        self._trouble = trouble
        self._mark = mark
        self._read_only = read_only
        self._wanted = False
        self._running = False
        self._starting = False
        self._feed: VcpuFeed | None = None
        self._trace: RunTrace | None = None
        self._kept: Path | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._ending: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._rate = 0.0

    @property
    def cost(self) -> str:
        """What tracing costs, for a person who has just switched it on."""
        return RunTrace.cost

    @property
    def state(self) -> TraceState:
        """The state of affairs. Cheap: asked for at every frame."""
        state = TraceState(
            wanted=self._wanted, starting=self._starting, tracing=self._trace is not None
        )
        feed = self._feed
        if feed is None:
            return state
        return replace(
            state,
            received=feed.received,
            rate=self._rate,
            records=feed.records,
            lost=feed.losses.records,
            skipped=feed.losses.skipped_bytes,
            unknown=feed.losses.unknown,
            not_shown=feed.not_shown,
            forgotten=feed.lane.forgotten,
        )

    @property
    def lane(self) -> VcpuLane | None:
        """Who had the CPUs in the present run, or the last one; None where it was not traced."""
        return self._feed.lane if self._feed is not None else None

    async def toggle(self) -> bool:
        """Trace this run and those that follow, or no more; tell which.

        Raises:
            Problem: It cannot be traced, with the reason; all is as before.
        """
        if self._wanted:
            self._wanted = False
            await self.end_run()
            return False
        if self._read_only:
            raise BoardProblem(
                "tracing Xen's scheduler changes the board", hint="connect without --read-only"
            )
        if self._make is None:
            raise UsageProblem(
                "tracing Xen's scheduler needs a connection of its own",
                detail=f"'{self._board}' has one serial line",
                hint='give the board an address in its table: ssh = "root@ADDRESS"',
            )
        if reason := await self._why_not():
            raise BoardProblem(
                f"Xen's scheduler cannot be traced on {self._board}",
                detail=reason,
                hint="measuring goes on without it",
            )
        self._wanted = True
        try:
            await self._begin()
        except BaseException:
            self._wanted = False
            raise
        return self._wanted

    async def begin_run(self) -> None:
        """A run is about to begin: trace it, if that is wanted. What fails does not end the run."""
        await self.end_run()
        self._feed, self._rate = None, 0.0
        self._running = True
        try:
            if self._wanted:
                await self._begin()
        except Problem as problem:
            self._wanted = False
            self._trouble(problem)

    async def end_run(self, *, over: bool = False, failed: bool = False) -> None:
        """End the trace, take what is left, and leave the board as it was.

        Args:
            over: The run is over, too.
            failed: It never began: nothing of it is kept.
        """
        if over:
            self._running = False
        async with self._one_at_a_time:
            trace, self._trace = self._trace, None
            if trace is None:
                return
            end = await trace.stop()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._tasks.clear()
            if self._feed is not None:
                await self._finish(self._feed)
            self._rate = 0.0
            if self._kept is not None and (failed or end.size == 0):
                self._kept.unlink(missing_ok=True)
            if self._running:
                self._mark("xentrace off")
            if end.problem is not None:
                self._trouble(end.problem)

    async def close(self) -> None:
        """End everything. Safe to call twice."""
        self._wanted = False
        await self.end_run(over=True)
        if self._ending is not None:
            await asyncio.gather(self._ending, return_exceptions=True)

    async def _begin(self) -> None:
        async with self._one_at_a_time:
            if not self._running or self._trace is not None or self._make is None:
                return
            feed = self._feed or VcpuFeed()
            feed.lane.hole()  # traced before, but not in between
            trace = RunTrace(self._make(), self._board, see=feed.push)
            self._starting = True
            try:
                await trace.start(None)
            finally:
                self._starting = False
            if not self._still_wanted():
                await trace.stop()
                return
            self._feed = feed
            try:
                place = self._place()
                if place is None:
                    self._kept = None
                    trace.keep_nowhere()
                else:
                    name = next_name(*place)
                    self._kept = place[0] / name
                    trace.keep_in(place[0], name)
            except BaseException:
                await trace.stop()
                raise
            self._trace = trace
            self._mark("xentrace")  # figures of traced runs are not those of others
            self._tasks = [
                asyncio.create_task(self._decode(feed), name="xentrace"),
                asyncio.create_task(self._watch(trace), name="xentrace's end"),
            ]

    def _still_wanted(self) -> bool:
        """Whether the run is not over, nor the wish taken back, since a trace was begun."""
        return self._running and self._wanted

    async def _decode(self, feed: VcpuFeed) -> None:
        """Decode a portion and rest, again and again."""
        then, received = time.monotonic(), feed.received
        while True:
            more = feed.decode()
            over = time.monotonic() - then
            if over >= _RATE_OVER_S:
                self._rate = (feed.received - received) / over
                then, received = time.monotonic(), feed.received
            await asyncio.sleep(_PAUSE_S if more else _IDLE_S)

    async def _finish(self, feed: VcpuFeed) -> None:
        more = True
        while more:
            more = feed.decode()
            await asyncio.sleep(_PAUSE_S)
        feed.close()

    async def _watch(self, trace: RunTrace) -> None:
        """Notice that a trace ended by itself: it was killed, lost, or grew too large."""
        await trace.wait()
        if self._trace is trace:
            self._wanted = False
            # In a task of its own: this one is ended with the trace.
            self._ending = asyncio.create_task(self.end_run(), name="xentrace ends")
