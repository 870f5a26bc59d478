"""One connected board: its state, the run on it, and all tasks that keep both alive."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from hvconsole.link.protocol import Link
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import BoardProblem, LinkProblem, Problem, RecordProblem
from hvconsole.model.run import RunSettings
from hvconsole.model.status import RunState, Status
from hvconsole.session.console_watch import Backlog, ConsoleWatch
from hvconsole.session.hub import Hub
from hvconsole.session.parts import Recording, Workbench
from hvconsole.session.run import MeasuredRun, RunEnd
from hvconsole.stream.snapshot import Snapshot, View

if TYPE_CHECKING:
    from hvconsole.wire.values import Hello

_RETRY_S = (1.0, 2.0, 4.0, 8.0, 15.0)


class Session:
    """A board as the screens and the commands see it (the `Console` of `hvconsole.ui.source`).

    One task group owns all tasks; `close` ends them in order: the run, what was changed on the
    board, the link, the recording.

    Args:
        profile: The board.
        make_link: Makes a fresh link to it, for the first time and after a loss.
        bench: What is done to the board around runs.
        settings: The run that `start_run` starts.
        read_only: Refuse whatever changes the board's state.
        start: Begin a run as soon as the board is connected for the first time.
    """

    playback = None

    def __init__(
        self,
        profile: BoardProfile,
        make_link: Callable[[], Link],
        bench: Workbench,
        settings: RunSettings,
        *,
        read_only: bool = False,
        start: bool = False,
    ) -> None:
        self._start_first = start
        self._make_link = make_link
        self._bench = bench
        self.settings = settings
        self._status = Status(board=profile.name, labels=profile.labels, read_only=read_only)
        self._hub = Hub()
        self._link: Link | None = None
        self._recording: Recording | None = None
        self._run: MeasuredRun | None = None
        self._run_end: asyncio.Future[RunEnd] | None = None
        self._main: asyncio.Task[None] | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._closing = asyncio.Event()
        self._backlog = Backlog()
        self._console = (
            ConsoleWatch(profile.serial, self._console_said, self._trouble)
            if profile.serial
            else None
        )

    @property
    def status(self) -> Status:
        """The state of affairs, as of now."""
        known: dict[str, object] = {}
        if self._console is not None:
            known["serial"] = self._console.state
        if (recording := self._recording) is not None:
            known |= {"recording": recording.path, "recorded_bytes": recording.written}
        return replace(self._status, **known) if known else self._status  # type: ignore[arg-type]  # names are checked by replace

    def snapshot(self, view: View) -> Snapshot:
        """Return what the view shows now."""
        return self._hub.live.snapshot(view)

    async def open(self) -> None:
        """Connect, and learn what the board is.

        Raises:
            Problem: It cannot be reached, or not be worked with; the session can be closed then,
                or opened again.
        """
        if self._main is None and self._console is not None:
            await self._console.open()  # first: it may say why the board does not answer
        await self._start_tasks()
        self._set(link="connecting", link_detail="")
        try:
            await self._connect()
        except Problem as problem:
            self._set(link="lost", link_detail=problem.title, problem=problem)
            raise
        if self._start_first and self._tasks is not None:
            self._start_first = False
            self._tasks.create_task(self._start_or_tell(), name="first run")

    async def start_run(self) -> None:
        """Begin a measured run; return once the sampler has calibrated itself.

        Raises:
            Problem: It cannot be begun; the state is as before.
        """
        link = self._link
        if self._status.run not in {"idle", "ended"}:
            return
        if link is None or self._tasks is None:
            raise LinkProblem("the board is not connected", hint="wait until it is, then start")
        if self._status.read_only and self.settings.loads:
            raise BoardProblem("a load changes the board", hint="connect without --read-only")
        self._set_run("preparing", "building and deploying the sampler")
        try:
            programs = await self._bench.programs(link, self.settings)
            if self._recording is None:
                self._recording = self._bench.recording(self.settings)
                if self._recording is not None:
                    self._backlog.drain(self._recording.serial)
            self._begin_recording()
            self._set_run("preparing", "calibrating")
            run = MeasuredRun(link, self._hub, programs, self.settings, self._trouble)
            hello = await run.start()
        except BaseException as error:
            self._end_recording("failed")
            self._set_run("idle", error.title if isinstance(error, Problem) else "")
            raise
        self._run, self._run_end = run, asyncio.get_running_loop().create_future()
        self._set(problem=None, labels=self._labels(hello))
        self._set_run("running", "")
        self._tasks.create_task(self._follow(run, self._run_end), name="run")

    async def stop_run(self) -> None:
        """End the run and keep its record; return once it ended."""
        if self._run is None or self._run_end is None or self._run_end.done():
            return
        self._set_run("ending", "")
        await self._run.stop()
        await asyncio.shield(self._run_end)

    async def run_ended(self) -> RunEnd:
        """Wait until the run that was started last ended; return why."""
        if self._run_end is None:
            raise RuntimeError("no run has been started")
        return await asyncio.shield(self._run_end)

    async def close(self) -> None:
        """End everything and leave the board as it was found. Safe to call twice.

        Raises:
            Problem: Something stays on the board; all else has ended.
        """
        with contextlib.suppress(Problem):
            await self.stop_run()
        self._closing.set()
        left: Problem | None = None
        link, self._link = self._link, None
        if link is not None:
            try:
                await self._bench.restore(link)
            except Problem as problem:
                left = problem
            await link.close()
        if self._main is not None:
            await asyncio.gather(self._main, return_exceptions=True)
            self._main = None
        if self._console is not None:
            await self._console.close()
        if self._recording is not None:
            self._recording.close()
        if left is not None:
            raise left

    async def _start_or_tell(self) -> None:
        try:
            await self.start_run()
        except Problem as problem:
            self._trouble(problem)

    async def _start_tasks(self) -> None:
        """Enter the task group, in a task of its own that lives as long as the session."""
        if self._main is not None:
            return
        ready = asyncio.Event()

        async def hold() -> None:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self._keep_safe(), name="recording")
                ready.set()
                await self._closing.wait()

        self._main = asyncio.create_task(hold(), name="session")
        await ready.wait()

    async def _connect(self) -> None:
        link = self._make_link()
        await link.open()
        try:
            await self._bench.prepare(link)
        except BaseException:
            await link.close()
            raise
        self._link = link
        self._set(
            link="connected",
            link_detail=link.name,
            kind=self._bench.kind,
            identity=self._bench.identity,
            labels=self._labels(None),
            problem=self._bench.warning,
        )
        if self._tasks is not None:
            self._tasks.create_task(self._watch(link), name="link")

    async def _watch(self, link: Link) -> None:
        """Wait for the link's end; if it was not ours, try to get it back."""
        reason = await link.closed()
        if self._link is not link or self._closing.is_set():
            return
        self._link = None
        await link.close()
        why = reason.title if isinstance(reason, Problem) else str(reason or "closed")
        self._set(link="reconnecting", link_detail=why)
        attempt = 0
        while not self._closing.is_set():
            pause = _RETRY_S[min(attempt, len(_RETRY_S) - 1)]
            attempt += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), pause)
                return
            self._set(link="reconnecting", link_detail=f"{why} · attempt {attempt}")
            try:
                await self._connect()
            except Problem as problem:
                self._set(link="reconnecting", link_detail=f"{problem.title} · attempt {attempt}")
            else:
                return

    async def _follow(self, run: MeasuredRun, ended: asyncio.Future[RunEnd]) -> None:
        end = await run.wait()
        self._end_recording(end.reason)
        self._set_run("ended", f"{end.reason}: {end.detail}" if end.detail else end.reason)
        if not end.clean:
            self._trouble(
                BoardProblem(
                    f"the run ended: {end.reason}",
                    detail=end.detail,
                    hint="what was measured until then is kept; start another run when ready",
                )
            )
        ended.set_result(end)

    async def _keep_safe(self) -> None:
        """Make sure of the recorded bytes once a second, off the event loop."""
        while not self._closing.is_set():
            if self._recording is not None:
                try:
                    await asyncio.to_thread(self._recording.tick)
                except Problem as problem:
                    self._hub.sink = None
                    self._trouble(problem)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), 1.0)

    def _console_said(self, data: bytes) -> None:
        if self._recording is None:
            self._backlog.add(data)
            return
        with contextlib.suppress(RecordProblem):  # the frames' writer tells of a full disk
            self._recording.serial(data)

    def _begin_recording(self) -> None:
        if self._recording is not None:
            self._recording.begin_run(self.settings, self.settings.label)
        self._hub.sink = self._recording

    def _end_recording(self, reason: str) -> None:
        if self._recording is not None and self._hub.sink is not None:
            try:
                self._recording.end_run(reason)
            except Problem as problem:
                self._trouble(problem)
        self._hub.sink = None

    def _labels(self, hello: Hello | None) -> tuple[str, ...]:
        """Return what a reader of the figures must know."""
        labels = list(self._bench.labels)
        if hello is not None and hello.counter == "cntvct" and self.settings.counter == "auto":
            labels.append("CNTVCT fallback")
        return tuple(dict.fromkeys(labels))

    def _trouble(self, problem: Problem) -> None:
        self._set(problem=problem)

    def _set(self, **changed: object) -> None:
        self._status = replace(self._status, **changed)  # type: ignore[arg-type]  # field names are checked by replace

    def _set_run(self, state: RunState, detail: str) -> None:
        self._set(run=state, run_detail=detail)
