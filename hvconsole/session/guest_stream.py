"""A sampler in one guest, reached through the guest's console: from the login to the last frame."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from hvconsole.link.duplex import Duplex
from hvconsole.link.process_line import ProcessLine
from hvconsole.model.guest_clock import GuestClock
from hvconsole.model.hypervisor import Guest
from hvconsole.model.problem import Problem, RecordProblem
from hvconsole.model.run import RunSettings
from hvconsole.model.text import plain
from hvconsole.record.guest import GuestWriter, file_of
from hvconsole.record.manifest import GuestEntry, Manifest
from hvconsole.session.guest_clock import GuestClockWatch, trapped_reads
from hvconsole.session.guest_place import GuestPlace, Static
from hvconsole.session.hub import Hub
from hvconsole.session.run import SAMPLER, MeasuredRun, RunEnd
from hvconsole.wire.values import Hello

# Systems whose guests read the host's CNTPCT, without an offset of their own. Xen on Arm opens it
# (CNTHCTL_EL2.EL1PCTEN) and has no way to move it; it moves CNTVCT for each domain. KVM can move it
# since Linux 6.4, where its user asks for that (KVM_ARM_SET_COUNTER_OFFSET; libvirt's QEMU does
# not): then the answers do not agree, and it is not taken for the same.
_SHARES_CNTPCT: Final = frozenset({"xen", "kvm"})


@dataclass(frozen=True, slots=True)
class HostRun:
    """The run on the board that a guest's lies beside.

    Attributes:
        run: It.
        hub: Where its values come.
        hello: Its first frame.
    """

    run: MeasuredRun
    hub: Hub
    hello: Hello


class GuestStream:
    """One guest's sampler, beside the host's.

    Args:
        guest: The guest, as surveyed.
        system: The hypervisor.
        console: The way to its console, not open.
        board: The board's name.
        read_only: Load no counter module in the guest.
        trouble: Told a problem that does not end the run.

    Attributes:
        hub: Where the guest's values come.
        place: The shell in the guest, and the sampler there.
        settings: What the guest's sampler is asked to do.
    """

    def __init__(
        self,
        guest: Guest,
        system: str,
        console: Duplex,
        board: str,
        *,
        read_only: bool,
        trouble: Callable[[Problem], None],
    ) -> None:
        self.guest = guest
        self.hub = Hub()
        self.settings = RunSettings()
        self.place = GuestPlace(guest, console, board, read_only=read_only)
        self._system, self._console, self._trouble = system, console, trouble
        self._writer: GuestWriter | None = None
        self._run: MeasuredRun | None = None
        self._watch: GuestClockWatch | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._hello: Hello | None = None
        self._heard_s = 0.0
        self.ended: RunEnd | None = None

    @property
    def name(self) -> str:
        """The guest's name, safe to show."""
        return plain(self.guest.name, 60)

    @property
    def is_ready(self) -> bool:
        """Whether a run can be begun without logging in anew."""
        return self.place.is_ready

    @property
    def clock(self) -> GuestClock:
        """How the guest's clock stands to the host's, as far as is known."""
        return self._watch.clock if self._watch is not None else GuestClock()

    @property
    def shift_s(self) -> float:
        """What its seconds lie behind its host's.

        By its clock, once that is known; until then by when its first frame was heard of, which
        is late by what the way to its console takes.
        """
        if self._hello is None:
            return 0.0
        zero = np.array([self._hello.start_tick], np.uint64)
        since_ns = self.clock.since_host_start_ns(zero)
        return self._heard_s if since_ns is None else float(since_ns[0]) / 1e9

    @property
    def is_running(self) -> bool:
        """Whether it is sampled now."""
        return self._run is not None and self.ended is None

    async def prepare(self, settings: RunSettings, static: Static) -> None:
        """Reach a shell on the guest's console, and have the sampler there.

        Args:
            settings: The host's run; what fits a guest is taken over from it.
            static: Makes the sampler.

        Raises:
            Problem: Nothing answers there, or the sampler cannot be had there.
        """
        self.settings = RunSettings(
            threshold_ns=settings.threshold_ns,
            counter="auto" if settings.counter == "cntpct" else settings.counter,
            fenced=settings.fenced,
            label=settings.label,
        )
        await self.place.prepare(self.settings, static)

    async def start(self, host: HostRun, begin: Begin) -> Hello:
        """Begin to sample.

        Args:
            host: The run that this one lies beside.
            begin: Begins the guest's stream in the recording, if there is one.

        Raises:
            Problem: The sampler does not run there.
        """
        link, probe = self.place.link, self.place.probe
        self.ended = None
        if self._writer is None:
            self._writer = begin(self._new_entry)
        if self._writer is not None:
            self._writer.begin_run(self.settings, self.settings.label)
        self.hub.sink = self._writer
        programs = {SAMPLER: probe.path}
        run = MeasuredRun(link, self.hub, programs, self.settings, self._trouble)
        try:
            hello = await run.start()
        except BaseException:
            self._end_record("failed")
            raise
        self._run, self._hello = run, hello
        self._heard_s = max((host.hub.moment_s or 0.0) - (self.hub.moment_s or 0.0), 0.0)
        if (traps := trapped_reads(self.name, host.hello, hello)) is not None:
            self._trouble(traps)
        self._watch = GuestClockWatch(
            (host.run, host.hub, host.hello),
            (run, self.hub, hello),
            shared=self._system in _SHARES_CNTPCT,
        )
        asking = asyncio.create_task(self._watch.ask(self._clock_known), name="guest clock")
        self._tasks = [asyncio.create_task(self._follow(run, asking), name=f"guest {self.name}")]
        return hello

    async def stop(self) -> RunEnd | None:
        """End its run and keep the record; return why it ended."""
        if self._run is not None and self.ended is None:
            await self._run.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        return self.ended

    async def close(self) -> Problem | None:
        """End everything, undo what was changed in the guest, and let go of its console.

        Returns:
            What could not be undone.
        """
        await self.stop()
        return await self.place.leave()

    def _new_entry(self, manifest: Manifest) -> GuestEntry:
        probe = self.place.probe
        return GuestEntry(
            guest=self.guest.name,
            key=self.guest.key,
            system=self._system,
            file=file_of(manifest),
            console=self._console.argv if isinstance(self._console, ProcessLine) else (),
            facts=self.place.told,
            probes={probe.name: probe.sha256},
            built_by={probe.name: probe.built_by},
        )

    async def _follow(self, run: MeasuredRun, asking: asyncio.Task[None]) -> None:
        self.ended = await run.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        if self._watch is not None:
            self._watch.close()
            self._clock_known(self._watch.clock)
        self._end_record(self.ended.reason)

    def _clock_known(self, clock: GuestClock) -> None:
        if self._writer is not None:
            try:
                self._writer.clock(clock)
            except RecordProblem as problem:
                self._trouble(problem)

    def _end_record(self, reason: str) -> None:
        self.hub.sink = None
        if self._writer is not None:
            try:
                self._writer.end_run(reason)
            except RecordProblem as problem:
                self._trouble(problem)


Begin = Callable[[Callable[[Manifest], GuestEntry]], GuestWriter | None]
"""Begins a guest's stream in a recording, with an entry for its manifest; None without one."""
