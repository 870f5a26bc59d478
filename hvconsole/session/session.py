"""One connected board: its state, the run on it, and all tasks that keep both alive."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from hvconsole.board.boot_proof import Evidence, read_evidence
from hvconsole.board.facts import BoardFacts, gather
from hvconsole.hypervisor.xen.trace.capture import why_not
from hvconsole.link.protocol import Link
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import Problem
from hvconsole.model.run import RunSettings
from hvconsole.model.status import LinkState, Status
from hvconsole.session.alarmed import Alarmed
from hvconsole.session.boot import Boots
from hvconsole.session.console_watch import ConsoleWatch
from hvconsole.session.guests import GuestDesk
from hvconsole.session.handover import Handover
from hvconsole.session.hub import Hub
from hvconsole.session.hypervisor import HypervisorDesk
from hvconsole.session.keeper import RecordKeeper
from hvconsole.session.lifetime import Lifetime
from hvconsole.session.link_keeper import LinkKeeper
from hvconsole.session.parts import Workbench
from hvconsole.session.run import RunEnd
from hvconsole.session.run_desk import RunDesk
from hvconsole.session.run_ground import RunGround
from hvconsole.session.standing import Standing
from hvconsole.session.trace_desk import LABEL as TRACED, TraceDesk
from hvconsole.stream.beside import beside
from hvconsole.stream.snapshot import Marker, Snapshot, View

if TYPE_CHECKING:
    from hvconsole.stream.vcpu_lane import VcpuLane


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
        self._standing = Standing(
            Status(board=profile.name, labels=profile.labels, read_only=read_only)
        )
        trouble = self._standing.trouble
        self._life = Lifetime(self._begin_tasks)
        self._hub = Hub()
        self._kept = RecordKeeper(self._hub, bench.recording, trouble)
        self._alarm = Alarmed()
        self._console = (
            ConsoleWatch(profile.serial, self._kept.serial, self._alarmed, profile.profile)
            if profile.serial
            else None
        )
        self.hypervisor = HypervisorDesk(
            self.note_action, read_only=read_only, sampled=self._sampled
        )
        self._keeper = LinkKeeper(
            make_link,
            self._greet,
            self.hypervisor.detach,
            self._link_is,
            closing=self._life.closing,
        )
        self.guests = GuestDesk(
            profile.name,
            self.hypervisor,
            read_only=read_only,
            trouble=trouble,
            tell=self._standing.tell,
            mark=self.note_action,
            refuse=lambda: ground.refuse_guests(),  # noqa: PLW0108  # it is made below
        )
        self.tracing = TraceDesk(
            profile.name,
            trace_link,
            self._not_traceable,
            lambda: self._kept.place,
            trouble=trouble,
            mark=self.note_action,
            read_only=read_only,
        )
        serial = self._console.name if self._console is not None else ""
        ground = RunGround(bench, self.guests, self._keeper, serial, self._standing)
        self._runs = RunDesk(
            settings,
            keeper=self._keeper,
            bench=bench,
            hub=self._hub,
            kept=self._kept,
            guests=self.guests,
            tracing=self.tracing,
            alarm=self._alarm,
            ground=ground,
            standing=self._standing,
        )
        self._handover = Handover(
            self._console,
            self.note_action,
            keeper=self._keeper,
            bench=bench,
            runs=self._runs,
            guests=self.guests,
            hypervisor=self.hypervisor,
            standing=self._standing,
        )
        self.boots = Boots(profile, self._handover)

    @property
    def settings(self) -> RunSettings:
        """The run that `start_run` starts."""
        return self._runs.settings

    @settings.setter
    def settings(self, settings: RunSettings) -> None:
        self._runs.settings = settings

    @property
    def status(self) -> Status:
        """The state of affairs, as of now."""
        known = self._kept.known
        if self._console is not None:
            known["serial"] = self._console.state
        if self._keeper.is_alone:
            known["terminal"] = True
        if typing_to := self.hypervisor.typing_to:
            known["typing_to"] = typing_to
        status = self._standing.status
        traced = (TRACED,) if self.tracing.state.tracing else ()
        if also := (*traced, *self.guests.labels):
            known["labels"] = (*status.labels, *also)
        return replace(status, **known) if known else status  # type: ignore[arg-type]  # names are checked by replace

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
        if not self._life.has_begun and self._console is not None:
            await self._console.open()  # first: it may say why the board does not answer
        await self._life.begin()
        self._standing.set(link="connecting", link_detail="")
        try:
            await self._keeper.open()
        except Problem as problem:
            self._standing.set(link="lost", link_detail=problem.title, problem=problem)
            raise
        tasks = self._life.tasks
        if self._start_first and tasks is not None and not self._keeper.is_alone:
            self._start_first = False
            tasks.create_task(self._start_or_tell(), name="first run")

    async def start_run(self, *, record: bool = True) -> None:
        """Begin a measured run; return once the sampler has calibrated itself.

        Args:
            record: Keep it, where this session records at all; a warm-up is not kept.

        Raises:
            Problem: It cannot be begun; the state is as before.
        """
        if self._runs.is_idle and not self.boots.is_booting:
            await self._runs.start(self._handover.mode, record=record)

    async def stop_run(self) -> None:
        """End the run and keep its record; return once it ended."""
        await self._runs.stop()

    async def run_ended(self) -> RunEnd:
        """Wait until the run that was started last ended; return why."""
        return await self._runs.ended()

    async def evidence(self) -> Evidence:
        """Read back how the board was booted.

        Raises:
            Problem: It does not answer.
        """
        return await read_evidence(self._keeper.needed(), sudo=self._bench.sudo)

    async def facts(self) -> BoardFacts:
        """Learn anew what the board says of itself: its clocks and temperatures among it.

        Raises:
            Problem: It does not answer.
        """
        return await gather(self._keeper.needed())

    async def set_governor(self, name: str) -> None:
        """Give all CPUs a governor of their frequency; undone when the session ends.

        Raises:
            Problem: The board does not take it.
        """
        await self._bench.set_governor(self._keeper.needed(), name)
        self.note_action(f"governor {name}")

    async def close(self) -> None:
        """End everything and leave the board as it was found. Safe to call twice.

        Raises:
            Problem: Something stays on the board; all else has ended.
        """
        await self.boots.stop()
        with contextlib.suppress(Problem):
            await self.stop_run()
        self._life.closing.set()
        await self.tracing.close()
        left: Problem | None = None
        link = await self._handover.let_go()
        if link is not None:
            try:
                await self._bench.restore(link)
            except Problem as problem:
                left = problem
            await link.close()
        await self._life.end()
        if self._console is not None:
            await self._console.close()
        self._kept.close()
        if left is not None:
            raise left

    def note_action(self, text: str) -> None:
        """Note what was done where the samples are: on the live chart, and in the recording."""
        moment_s = self._hub.moment_s if self._standing.status.run == "running" else None
        if moment_s is not None:
            self._hub.live.mark(Marker(moment_s, text))
        self._kept.action(text, t_ns=None if moment_s is None else round(moment_s * 1e9))

    async def _start_or_tell(self) -> None:
        try:
            await self.start_run()
        except Problem as problem:
            self._standing.trouble(problem)

    def _begin_tasks(self, tasks: asyncio.TaskGroup) -> None:
        self._keeper.begin(tasks)
        self._runs.begin(tasks)
        tasks.create_task(self._kept.keep_safe(self._life.closing), name="recording")

    async def _greet(self, link: Link) -> None:
        """Learn what the board at the other end is, and work with it from now on."""
        await self._bench.prepare(link)
        gone = await self.boots.prove_again(link)
        self._bench.serve(self.hypervisor, link)
        before = self._standing.status
        # A link that came back by itself: why it went, and with it a run, is still to be read.
        stands = before.problem if before.link == "reconnecting" else None
        self._standing.set(
            link="connected",
            link_detail=link.name,
            kind=self._bench.kind,
            identity=self._bench.identity,
            labels=self._runs.labels(None),
            problem=self._bench.warning or gone or stands,
        )

    def _link_is(self, state: LinkState, detail: str) -> None:
        self._standing.set(link=state, link_detail=detail)

    async def _not_traceable(self) -> str:
        """Return why Xen's scheduler cannot be traced on the connected board, or nothing."""
        if self._keeper.is_alone:
            return (
                f"{self._standing.status.link_detail} is no Xen: boot one of the board's Xen modes"
            )
        return await why_not(self._keeper.needed())

    def _sampled(self) -> frozenset[int]:
        return self._runs.sampled()  # the runs' desk is made later than what asks here

    def _alarmed(self, problem: Problem) -> None:
        self._alarm.note(problem)
        self._standing.trouble(problem)
