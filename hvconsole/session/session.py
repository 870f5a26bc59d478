"""One connected board: its state, the run on it, and all tasks that keep both alive."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from hvconsole.board.boot_proof import Evidence, read_evidence
from hvconsole.board.facts import BoardFacts, gather
from hvconsole.hypervisor.xen.trace.capture import why_not
from hvconsole.link.protocol import Capability, Link
from hvconsole.link.serial_name import goes_over
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import BoardProblem, LinkProblem, Problem, UsageProblem
from hvconsole.model.run import RunSettings
from hvconsole.model.status import LinkState, RunState, Status
from hvconsole.session.alarmed import Alarmed
from hvconsole.session.boot import Boots
from hvconsole.session.console_watch import ConsoleWatch
from hvconsole.session.guest_stream import HostRun
from hvconsole.session.guests import GuestDesk
from hvconsole.session.hub import Hub
from hvconsole.session.hypervisor import HypervisorDesk
from hvconsole.session.keeper import RecordKeeper
from hvconsole.session.link_keeper import LinkKeeper
from hvconsole.session.parts import Workbench
from hvconsole.session.run import MeasuredRun, RunEnd
from hvconsole.session.trace_desk import LABEL as TRACED, TraceDesk
from hvconsole.stream.beside import beside
from hvconsole.stream.snapshot import Marker, Snapshot, View

if TYPE_CHECKING:
    from hvconsole.stream.vcpu_lane import VcpuLane
    from hvconsole.wire.values import Hello


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
        trace_link: Makes a link of its own for Xen's scheduler records; None where there can be
            none.
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
        trace_link: Callable[[], Link] | None = None,
    ) -> None:
        self._start_first = start
        self._bench = bench
        self.settings = settings
        self._status = Status(board=profile.name, labels=profile.labels, read_only=read_only)
        self._hub = Hub()
        self.hypervisor = HypervisorDesk(self._mark, read_only=read_only, sampled=self._sampled)
        self.guests = GuestDesk(
            profile.name,
            self.hypervisor,
            read_only=read_only,
            trouble=self._trouble,
            tell=lambda text: self._set_run(self._status.run, text),
            mark=self._mark,
            refuse=self._refuse_guests,
        )
        self._kept = RecordKeeper(self._hub, bench.recording, self._trouble)
        self.tracing = TraceDesk(
            profile.name,
            trace_link,
            self._not_traceable,
            lambda: self._kept.place,
            trouble=self._trouble,
            mark=self._mark,
            read_only=read_only,
        )
        self._run: MeasuredRun | None = None
        self._run_end: asyncio.Future[RunEnd] | None = None
        self._main: asyncio.Task[None] | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._mode = ""  # the boot mode that was proven in this session
        self._closing = asyncio.Event()
        self._keeper = LinkKeeper(
            make_link, self._greet, self.hypervisor.detach, self._link_is, closing=self._closing
        )
        self.boots = Boots(profile, self)
        self._alarm = Alarmed()
        self._console = (
            ConsoleWatch(profile.serial, self._kept.serial, self._alarmed, profile.profile)
            if profile.serial
            else None
        )

    @property
    def status(self) -> Status:
        """The state of affairs, as of now."""
        known = self._kept.known
        if self._console is not None:
            known["serial"] = self._console.state
        if self._alone:
            known["terminal"] = True
        if typing_to := self.hypervisor.typing_to:
            known["typing_to"] = typing_to
        labels = self._status.labels
        if self.tracing.state.tracing:
            known["labels"] = labels = (*labels, TRACED)
        if sampled := self.guests.labels:
            known["labels"] = (*labels, *sampled)
        return replace(self._status, **known) if known else self._status  # type: ignore[arg-type]  # names are checked by replace

    @property
    def serial_console(self) -> ConsoleWatch | None:
        """The board's serial console, its one owner; None where the profile names none."""
        return self._console

    @property
    def vcpus(self) -> VcpuLane | None:
        """Which vCPU had each physical CPU; None where Xen's scheduler was not traced."""
        return self.tracing.lane

    def snapshot(self, view: View) -> Snapshot:
        """Return what the view shows now."""
        return beside(self._hub.live, self.guests.beside, view)

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
            await self._keeper.open()
        except Problem as problem:
            self._set(link="lost", link_detail=problem.title, problem=problem)
            raise
        if self._start_first and self._tasks is not None and not self._alone:
            self._start_first = False
            self._tasks.create_task(self._start_or_tell(), name="first run")

    async def start_run(self, *, record: bool = True) -> None:
        """Begin a measured run; return once the sampler has calibrated itself.

        Args:
            record: Keep it, where this session records at all; a warm-up is not kept.

        Raises:
            Problem: It cannot be begun; the state is as before.
        """
        link = self._keeper.link
        if self._status.run not in {"idle", "ended"} or self.boots.is_booting:
            return
        if link is None or self._tasks is None:
            raise LinkProblem("the board is not connected", hint="wait until it is, then start")
        if self._status.read_only and self.settings.loads:
            raise BoardProblem("a load changes the board", hint="connect without --read-only")
        self._set_run("preparing", "building and deploying the sampler")
        try:
            link, programs, settings = await self._made_ready(link, self.settings)
            condition = settings.label or self._mode
            self._hub.live.call_next(condition)
            if record:
                self._kept.begin_run(settings, condition)
            if self.tracing.state.wanted:
                self._set_run("preparing", "beginning to trace Xen's scheduler")
            await self.tracing.begin_run()
            self._set_run("preparing", "calibrating")
            run = MeasuredRun(link, self._hub, programs, settings, self._trouble)
            hello = await run.start()
        except BaseException as error:
            self._kept.end_run("failed")
            await self.tracing.end_run(over=True, failed=True)
            if self._alone:
                await self.guests.close()
            self._set_run("idle", error.title if isinstance(error, Problem) else "")
            raise
        self._run, self._run_end = run, asyncio.get_running_loop().create_future()
        self._set(problem=None, labels=self._labels(hello))
        self._set_run("running", "")
        self._tasks.create_task(self._follow(run, self._run_end), name="run")
        try:
            if not self._alone:
                await self.guests.begin(HostRun(run, self._hub, hello), self._kept.guest)
        except BaseException:
            await self.stop_run()
            raise
        self._set_run(self.status.run, "")

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

    async def evidence(self) -> Evidence:
        """Read back how the board was booted.

        Raises:
            Problem: It does not answer.
        """
        return await read_evidence(self._connected(), sudo=self._bench.sudo)

    async def facts(self) -> BoardFacts:
        """Learn anew what the board says of itself: its clocks and temperatures among it.

        Raises:
            Problem: It does not answer.
        """
        return await gather(self._connected())

    async def set_governor(self, name: str) -> None:
        """Give all CPUs a governor of their frequency; undone when the session ends.

        Raises:
            Problem: The board does not take it.
        """
        await self._bench.set_governor(self._connected(), name)
        self.note_action(f"governor {name}")

    @property
    def _alone(self) -> bool:
        """Whether only guests run programs: at the link's other end is a hypervisor's terminal."""
        link = self._keeper.link
        return link is not None and Capability.TERMINAL in link.capabilities

    async def _made_ready(
        self, link: Link, settings: RunSettings
    ) -> tuple[Link, Mapping[str, str], RunSettings]:
        """Have the programs where they run; return the way there, their paths, and the run."""
        if settings.guest:
            self.guests.want((settings.guest,))
        if self._alone:
            return await self._enter_guest(settings)
        self._refuse_guests()
        programs = await self._bench.programs(link, settings)
        await self.guests.prepare(settings, self._bench.guest_sampler)
        return link, programs, settings

    async def _enter_guest(
        self, settings: RunSettings
    ) -> tuple[Link, Mapping[str, str], RunSettings]:
        """Have the sampler in the one guest that is measured; return the way, and the run there.

        Raises:
            Problem: No guest is named, or more than one; or it cannot be measured in.
        """
        if len(self.guests.wanted) != 1:
            board, some = self._status.board, " more than one" if self.guests.wanted else ""
            raise BoardProblem(
                f"nothing can be measured on {self._status.link_detail} itself",
                detail="the hypervisor's terminal runs no programs; the sampler runs in a guest"
                + (f", and not in{some}" if some else ""),
                hint=f"hvconsole record {board} --guest GUEST",
            )
        if settings.loads:
            raise BoardProblem(
                "a load cannot run beside the sampler in a guest",
                detail="both would share the guest's one console",
                hint="start another guest that is busy, and record without --load",
            )
        await self.guests.prepare(settings, self._bench.guest_sampler)
        [stream] = self.guests.streams
        self._bench.measures_in(stream.guest.name, stream.told, stream.probe)
        programs = {stream.probe.name: stream.probe.path}
        return stream.link, programs, msgspec.structs.replace(settings, guest=stream.guest.name)

    def _refuse_guests(self) -> None:
        """Refuse guests beside a run that has the board's only line.

        Raises:
            UsageProblem: There is but that line.
        """
        console, link = self._console, self._keeper.link
        over = console is not None and link is not None and goes_over(link.name, console.name)
        if self.guests.wanted and over and not self._alone:
            board = self._status.board
            raise UsageProblem(
                f"--guest needs a console beside the run, and '{board}' has one serial line",
                hint='give the board an address, ssh = "root@ADDRESS", or record without --guest',
            )

    def _connected(self) -> Link:
        link = self._keeper.link
        if link is None:
            raise LinkProblem("the board is not connected", hint="wait until it is")
        return link

    async def close(self) -> None:
        """End everything and leave the board as it was found. Safe to call twice.

        Raises:
            Problem: Something stays on the board; all else has ended.
        """
        await self.boots.stop()
        with contextlib.suppress(Problem):
            await self.stop_run()
        self._closing.set()
        await self.tracing.close()
        await self.guests.close()
        await self._leave_guest()
        self.hypervisor.detach()
        left: Problem | None = None
        link = await self._keeper.give()
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
        self._kept.close()
        if left is not None:
            raise left

    async def lend_link(self, mode: str) -> Link | None:
        """End the run, say that the board is booted into a mode, and let go of the link.

        Raises:
            BoardProblem: The session is read-only, or a run is just being begun or ended.
        """
        if self._status.read_only:
            raise BoardProblem(
                "booting into a mode changes the board", hint="connect without --read-only"
            )
        if self._status.run in {"preparing", "ending"}:
            raise BoardProblem(
                f"the run is {self._status.run}", hint="wait a moment, then boot again"
            )
        self._mark(f"boot {mode}")
        await self.stop_run()
        await self.guests.close()
        await self._leave_guest()
        self.hypervisor.detach()
        link = await self._keeper.give()
        self._mode = ""
        self._set(link="booting", link_detail=f"into {mode}", problem=None)
        return link

    async def _leave_guest(self) -> None:
        """Let go of a guest's console in order: left behind, some keep it locked."""
        with contextlib.suppress(Problem):
            await self.hypervisor.unbind()

    async def settle(self, link: Link) -> None:
        """Undo what was changed on the board.

        Raises:
            BoardProblem: Something could not be undone; it stays in the journal.
        """
        await self._bench.restore(link)

    async def connect(self) -> Link:
        """Make and open a fresh link, for a boot alone.

        Raises:
            LinkProblem: The board does not answer.
        """
        return await self._keeper.connect()

    async def take_link(self, link: Link, mode: str) -> None:
        """Go on with a board that is in a mode.

        Raises:
            Problem: It is lost again already, or cannot be worked with.
        """
        await self._keeper.take(link)
        self._mode = mode

    def go_on_without(self, problem: Problem) -> None:
        """Go on with a board that is not where it should be: try to reconnect."""
        self._keeper.look_for(problem.title)

    def note_action(self, text: str) -> None:
        """Keep what was done, on the samples' clock where there is one."""
        self._mark(text)

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
                self._keeper.begin(tasks)
                tasks.create_task(self._kept.keep_safe(self._closing), name="recording")
                ready.set()
                await self._closing.wait()

        self._main = asyncio.create_task(hold(), name="session")
        await ready.wait()

    async def _greet(self, link: Link) -> None:
        """Learn what the board at the other end is, and work with it from now on."""
        await self._bench.prepare(link)
        self._bench.serve(self.hypervisor, link)
        self._set(
            link="connected",
            link_detail=link.name,
            kind=self._bench.kind,
            identity=self._bench.identity,
            labels=self._labels(None),
            problem=self._bench.warning,
        )

    def _link_is(self, state: LinkState, detail: str) -> None:
        self._set(link=state, link_detail=detail)

    async def _follow(self, run: MeasuredRun, ended: asyncio.Future[RunEnd]) -> None:
        end = await run.wait()
        if self._alone:
            await self.guests.close()  # the terminal is needed for everything else
        else:
            await self.guests.end()
        self._kept.end_run(end.reason)
        self._set_run("ended", f"{end.reason}: {end.detail}" if end.detail else end.reason)
        if not end.clean:
            self._trouble(self._alarm.explain(end) or end.problem)
        await self.tracing.end_run(over=True)
        ended.set_result(end)

    async def _not_traceable(self) -> str:
        """Return why Xen's scheduler cannot be traced on the connected board, or nothing."""
        if self._alone:
            return f"{self._status.link_detail} is no Xen: boot one of the board's Xen modes"
        return await why_not(self._connected())

    def _mark(self, text: str) -> None:
        """Note an action where the samples are: on the live chart, and in the recording."""
        moment_s = self._hub.moment_s if self._status.run == "running" else None
        if moment_s is not None:
            self._hub.live.mark(Marker(moment_s, text))
        self._kept.action(text, t_ns=None if moment_s is None else round(moment_s * 1e9))

    def _sampled(self) -> frozenset[int]:
        """Return the CPUs that are being measured now."""
        hello = self._hub.live.hello if self._status.run == "running" else None
        return frozenset(lane.cpu for lane in hello.lanes) if hello is not None else frozenset()

    def _labels(self, hello: Hello | None) -> tuple[str, ...]:
        """Return what a reader of the figures must know."""
        labels = list(self._bench.labels)
        if hello is not None and hello.counter == "cntvct" and self.settings.counter == "auto":
            labels.append("CNTVCT fallback")
        return tuple(dict.fromkeys(labels))

    def _alarmed(self, problem: Problem) -> None:
        self._alarm.note(problem)
        self._trouble(problem)

    def _trouble(self, problem: Problem) -> None:
        self._set(problem=problem)

    def _set(self, **changed: object) -> None:
        self._status = replace(self._status, **changed)  # type: ignore[arg-type]  # field names are checked by replace

    def _set_run(self, state: RunState, detail: str) -> None:
        self._set(run=state, run_detail=detail)
