"""The runs on a board, one after the other: begun, followed and ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.model.run import RunSettings
from hvconsole.session.alarmed import Alarmed
from hvconsole.session.guest_stream import HostRun
from hvconsole.session.guests import GuestDesk
from hvconsole.session.hub import Hub
from hvconsole.session.keeper import RecordKeeper
from hvconsole.session.link_keeper import LinkKeeper
from hvconsole.session.parts import Workbench
from hvconsole.session.run import MeasuredRun, RunEnd
from hvconsole.session.run_ground import RunGround
from hvconsole.session.standing import Standing
from hvconsole.session.trace_desk import TraceDesk

if TYPE_CHECKING:
    from hvconsole.link.protocol import Link
    from hvconsole.wire.values import Hello


class RunDesk:
    """Begins runs on a board and ends them, with all that belongs to one.

    Attributes:
        settings: The run that `start` starts.

    Args:
        settings: The same.
        keeper: The way to the board.
        bench: What is done to the board around runs.
        hub: Where the samples go.
        kept: The recording, if there is one.
        guests: The guests that are sampled as well.
        tracing: Xen's scheduler records beside the samples.
        alarm: Knows what the board's console said.
        ground: Makes ready where a run is made.
        standing: Told how the run stands.
    """

    def __init__(
        self,
        settings: RunSettings,
        *,
        keeper: LinkKeeper,
        bench: Workbench,
        hub: Hub,
        kept: RecordKeeper,
        guests: GuestDesk,
        tracing: TraceDesk,
        alarm: Alarmed,
        ground: RunGround,
        standing: Standing,
    ) -> None:
        self.settings = settings
        self._keeper, self._bench, self._hub, self._kept = keeper, bench, hub, kept
        self._guests, self._tracing, self._alarm = guests, tracing, alarm
        self._ground, self._standing = ground, standing
        self._tasks: asyncio.TaskGroup | None = None
        self._run: MeasuredRun | None = None
        self._end: asyncio.Future[RunEnd] | None = None

    def begin(self, tasks: asyncio.TaskGroup) -> None:
        """Have runs followed by tasks of a group from now on."""
        self._tasks = tasks

    @property
    def is_idle(self) -> bool:
        """Whether a run could be begun: there is none, and none is being begun or ended."""
        return self._standing.status.run in {"idle", "ended"}

    async def start(self, condition: str, *, record: bool = True) -> None:
        """Begin a run; return once the sampler has calibrated itself.

        Args:
            condition: What the run is called.
            record: Keep it, where this session records at all.

        Raises:
            Problem: It cannot be begun; the state is as before.
        """
        link, tasks = self._keeper.needed("wait until it is, then start"), self._tasks
        if tasks is None:
            raise RuntimeError("a session that is not open starts no run")
        if self._standing.status.read_only and self.settings.loads:
            raise BoardProblem("a load changes the board", hint="connect without --read-only")
        try:
            run, hello = await self._calibrated(link, condition, record=record)
        except BaseException as error:
            self._kept.end_run("failed")
            await self._tracing.end_run(over=True, failed=True)
            if self._keeper.is_alone:
                await self._guests.close()
            self._standing.set_run("idle", error.title if isinstance(error, Problem) else "")
            raise
        self._run, self._end = run, asyncio.get_running_loop().create_future()
        self._standing.set(problem=None, labels=self.labels(hello))
        self._standing.set_run("running", "")
        tasks.create_task(self._follow(run, self._end), name="run")
        try:
            if not self._keeper.is_alone:
                await self._guests.begin(HostRun(run, self._hub, hello), self._kept.guest)
        except BaseException:
            await self.stop()
            raise
        self._standing.tell("")

    async def stop(self) -> None:
        """End the run and keep its record; return once it ended."""
        if self._run is None or self._end is None or self._end.done():
            return
        self._standing.set_run("ending", "")
        await self._run.stop()
        await asyncio.shield(self._end)

    async def ended(self) -> RunEnd:
        """Wait until the run that was started last ended; return why."""
        if self._end is None:
            raise RuntimeError("no run has been started")
        return await asyncio.shield(self._end)

    def sampled(self) -> frozenset[int]:
        """Return the CPUs that are being measured now."""
        hello = self._hub.live.hello if self._standing.status.run == "running" else None
        return frozenset(lane.cpu for lane in hello.lanes) if hello is not None else frozenset()

    def labels(self, hello: Hello | None) -> tuple[str, ...]:
        """Return what a reader of the figures must know."""
        labels = list(self._bench.labels)
        if hello is not None and hello.counter == "cntvct" and self.settings.counter == "auto":
            labels.append("CNTVCT fallback")
        return tuple(dict.fromkeys(labels))

    async def _calibrated(
        self, link: Link, condition: str, *, record: bool
    ) -> tuple[MeasuredRun, Hello]:
        """Have a sampler that has said how it measures."""
        say = self._standing.set_run
        say("preparing", "building and deploying the sampler")
        ground = await self._ground.made_ready(link, self.settings)
        name = ground.settings.label or condition
        self._hub.live.call_next(name)
        if record:
            self._kept.begin_run(ground.settings, name)
        if self._tracing.state.wanted:
            say("preparing", "beginning to trace Xen's scheduler")
        await self._tracing.begin_run()
        say("preparing", "calibrating")
        run = MeasuredRun(
            ground.link, self._hub, ground.programs, ground.settings, self._standing.trouble
        )
        return run, await run.start()

    async def _follow(self, run: MeasuredRun, ended: asyncio.Future[RunEnd]) -> None:
        end = await run.wait()
        if self._keeper.is_alone:
            await self._guests.close()  # the terminal is needed for everything else
        else:
            await self._guests.end()
        self._kept.end_run(end.reason)
        told = f"{end.reason}: {end.detail}" if end.detail else end.reason
        self._standing.set_run("ended", told)
        if not end.clean:
            self._standing.trouble(self._alarm.explain(end) or end.problem)
        await self._tracing.end_run(over=True)
        ended.set_result(end)
