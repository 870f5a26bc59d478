"""What is done to a board around its runs: learning what it is, our programs onto it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from hvconsole.board.deploy import DeployedProbe, Deployment
from hvconsole.board.facts import BoardFacts, gather
from hvconsole.board.governor import set_governor
from hvconsole.board.journal import Journal, NotUndone, undo_pending
from hvconsole.board.probes import kind_of
from hvconsole.link.protocol import Capability, Link
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import Problem
from hvconsole.model.run import RunSettings
from hvconsole.model.text import plain
from hvconsole.record.capture import SessionWriter
from hvconsole.record.manifest import new_manifest
from hvconsole.session.counter import CounterDesk
from hvconsole.session.hypervisor import HypervisorDesk
from hvconsole.session.run import SAMPLER

# Of what a board says of itself, what a reader of its figures may want to know later.
_KEPT = (
    "machine",
    "kernel",
    "hostname",
    "system",
    "model",
    "compatible",
    "cpus_online",
    "cpus_allowed",
    "hypervisor",
    "control_domain",
    "cmdline",
    "clocks",
    "thermal",
    "memory_kib",
    "counter_module",
    "rt_runtime_us",
    "rt_period_us",
    "clocksource",
    "load",
)


class BoardBench:
    """The `Workbench` of a board that is reached over a link.

    Args:
        profile: The board.
        record_to: The session to record into; None records nothing.
        read_only: Load no counter module. Whoever may change the board says so.
    """

    def __init__(
        self, profile: BoardProfile, record_to: Path | None, *, read_only: bool = True
    ) -> None:
        self._profile = profile
        self._record_to = record_to
        self._read_only = read_only
        self._counter: CounterDesk | None = None
        self._writer: SessionWriter | None = None
        self._facts = BoardFacts()
        self._journal: Journal | None = None
        self._deployment: Deployment | None = None
        self._deployed: Mapping[str, DeployedProbe] = {}
        self._left: list[NotUndone] = []
        self._has_shell = True
        self._guest = ""  # that runs are made in, where the board itself runs no programs
        self._told: Mapping[str, Any] = {}

    @property
    def kind(self) -> str:
        """What the board is, in words."""
        if self._facts.model:
            return self._facts.model
        return "this machine" if self._profile.kind == "local" else self._profile.profile

    @property
    def identity(self) -> tuple[str, ...]:
        """Kernel, system and what else names the board, most important first."""
        facts = self._facts
        lines = [f"Linux {facts.kernel} {facts.machine}" if facts.kernel else "", facts.system]
        if facts.hypervisor and facts.hypervisor != "xvisor":
            lines.append(f"under {facts.hypervisor}")
        if self.counter_note:
            lines.append(f"CNTVCT: {self.counter_note}")
        return tuple(line for line in lines if line)

    @property
    def boot_id(self) -> str:
        """Which of its boots the board was prepared in; empty where that cannot be told."""
        return self._facts.boot_id

    @property
    def warning(self) -> Problem | None:
        """What an earlier console left behind on the board and could not be undone."""
        return self._left[0].problem(self._profile.name) if self._left else None

    @property
    def counter_note(self) -> str:
        """Why runs fall back on CNTVCT, in words; empty where they do not."""
        return self._counter.note if self._counter is not None else ""

    @property
    def labels(self) -> tuple[str, ...]:
        """What every result of this board must carry."""
        inside = (f"measured in guest {plain(self._guest, 32)}",) if self._guest else ()
        return (*self._profile.labels, *inside)

    @property
    def sudo(self) -> bool:
        """Whether root's commands go through sudo there."""
        return self._profile.sudo

    async def set_governor(self, link: Link, name: str) -> None:
        """Give all CPUs a governor; `restore` gives them back what they had.

        Raises:
            BoardProblem: The board does not take it.
        """
        if self._journal is None:
            raise RuntimeError("the board has not been prepared")
        await set_governor(link, self._journal, self._facts, name, sudo=self._profile.sudo)

    async def prepare(self, link: Link) -> None:
        """Learn what the board is; undo what an earlier console left behind.

        Raises:
            Problem: The board does not answer as a board.
        """
        self._facts = await gather(link)
        self._has_shell = Capability.TERMINAL not in link.capabilities
        self._guest, self._told = "", {}
        boot = self._facts.boot_id
        if self._journal is not None:  # the link was lost: what stood then is undone first
            await self._journal.undo_all(link)
            self._journal.close()
        _, self._left = await undo_pending(link, self._profile.name, boot=boot)
        self._journal = Journal(self._profile.name, boot=boot)
        self._deployment = Deployment(link, self._facts, self._journal)
        self._counter = CounterDesk(
            link, self._facts, self._journal, sudo=self._profile.sudo, read_only=self._read_only
        )

    async def programs(self, link: Link, settings: RunSettings) -> Mapping[str, str]:
        """Build and deploy what the run needs, its counter opened; return paths by name.

        Raises:
            Problem: Something cannot be had, CNTPCT among it where that was asked for by name.
        """
        del link  # deployment and counter belong to it
        if self._deployment is None or self._counter is None:
            raise RuntimeError("the board has not been prepared")
        names = [SAMPLER, *(load.name for load in settings.loads)]
        self._deployed = await self._deployment.programs(names)
        await self._counter.ready(settings, self._deployed[SAMPLER].path)
        if self._writer is not None:  # the manifest was written before an earlier run
            self._tell_counter(self._writer)
        return {name: probe.path for name, probe in self._deployed.items()}

    async def guest_sampler(self, facts: BoardFacts, there: Deployment) -> tuple[bytes, str]:
        """Make the sampler for a guest of this board, by the board's compiler or by one of here.

        Args:
            facts: What the guest is.
            there: The guest's own programs, for one of another machine than the board's.

        Raises:
            BoardProblem: It cannot be built.
        """
        if self._deployment is None:
            raise RuntimeError("the board has not been prepared")
        same = self._has_shell and kind_of(facts.machine) == kind_of(self._facts.machine)
        return await (self._deployment if same else there).static(SAMPLER)

    def measures_in(self, guest: str, told: Mapping[str, Any], sampler: DeployedProbe) -> None:
        """The runs that follow are made in a guest; the recording says so.

        Args:
            guest: Its name.
            told: What it says of itself.
            sampler: The sampler there.
        """
        self._guest, self._told = guest, told
        self._deployed = {sampler.name: sampler}

    def serve(self, desk: HypervisorDesk, link: Link) -> None:
        """Hand the board just prepared to the desk that looks after its hypervisor."""
        after = self._counter.again if self._counter is not None and self._has_shell else None
        desk.attach(link, self._facts, self._journal, sudo=self._profile.sudo, after=after)

    def recording(self, settings: RunSettings) -> SessionWriter | None:
        """Begin the recording, with what is known of the board."""
        del settings  # each run has its own in the manifest
        if self._record_to is None:
            return None
        facts = msgspec.to_builtins(self._facts)
        kept = {name: facts[name] for name in _KEPT if facts[name] not in (None, "", [])}
        if self._guest:
            kept["guest"] = {"name": self._guest, **self._told}
        module = self._counter.module_sha256 if self._counter is not None else {}
        if self._counter is not None and (told := self._counter.told()):
            kept["counter"] = told
        manifest = new_manifest(
            self._profile.name,
            kind=self.kind,
            labels=self.labels,
            facts=kept,
            probes={name: probe.sha256 for name, probe in self._deployed.items()} | module,
            made=dict(self._profile.made),
            built_by={name: probe.built_by for name, probe in self._deployed.items()},
        )
        self._writer = SessionWriter.create(self._record_to, manifest)
        self._tell_counter(self._writer)
        return self._writer

    def _tell_counter(self, writer: SessionWriter) -> None:
        """Keep with the actions how the next run's counter came to be readable, or why not."""
        if self._counter is not None and (told := self._counter.told()):
            writer.action("counter", **told)

    async def restore(self, link: Link) -> None:
        """Undo everything that was changed on the board.

        Raises:
            BoardProblem: Something could not be undone; it stays in the journal.
        """
        if self._journal is None:
            return
        left = await self._journal.undo_all(link)
        self._journal.close()
        self._journal = None
        if left:
            raise left[0].problem(link.name)
