"""The counter of a session's runs: CNTPCT with the module where it is closed, or else CNTVCT."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hvconsole.board.facts import BoardFacts
from hvconsole.board.journal import Journal
from hvconsole.board.module import CounterModule
from hvconsole.board.module_build import CROSS
from hvconsole.board.module_text import FALLBACK, MODULE, ProbeReply
from hvconsole.board.module_ways import LoadedModule, find_way, load_by
from hvconsole.link.protocol import Link
from hvconsole.model.problem import BoardProblem, LinkProblem, Problem
from hvconsole.model.run import RunSettings
from hvconsole.session.jailhouse_watch import online_cpus, opened_again


class CounterDesk:
    """Makes the counter that runs ask for readable on one board, for as long as one link lasts.

    What it loads is undone by the journal: at the session's end, or by the next console.

    Args:
        link: The way to the board.
        facts: What the board is.
        journal: Where changes are written down.
        sudo: Whether commands that need root may go through ``sudo -n``.
        read_only: Load nothing.

    Attributes:
        note: Why CNTPCT is not used where it would have been the choice; empty otherwise.
    """

    def __init__(
        self, link: Link, facts: BoardFacts, journal: Journal, *, sudo: bool, read_only: bool
    ) -> None:
        self._link = link
        self._facts = facts
        self._journal = journal
        self._may_be_root = facts.uid == 0 or sudo
        self._module = CounterModule(link, journal, sudo=sudo and facts.uid != 0)
        self._read_only = read_only
        self._loaded: LoadedModule | None = None
        self._access: dict[str, dict[str, bool]] = {}
        self._state: dict[str, dict[str, Any]] = {}
        self._sampler = ""  # that was used with an open CNTPCT
        self.note = ""

    async def ready(self, settings: RunSettings, sampler: str) -> None:
        """Return once the counter can be read, or the run will fall back on CNTVCT (``auto``).

        Args:
            settings: The run that is to begin.
            sampler: Path of hvsampler on the board.

        Raises:
            BoardProblem: CNTPCT was asked for and cannot be had; with the reason and the fix.
            LinkProblem: The link was lost.
        """
        self.note = ""
        if self._facts.machine not in CROSS or settings.counter not in {"cntpct", "auto"}:
            return
        try:
            cpus = await self._cpus(settings)
            await self._open(cpus, sampler, quick=settings.counter == "auto")
            self._sampler = sampler
        except LinkProblem:
            raise
        except Problem as problem:
            if settings.counter == "cntpct":
                raise
            detail = f": {problem.detail.splitlines()[0]}" if problem.detail else ""
            self.note = f"CNTVCT is read instead of CNTPCT: {problem.title}{detail}"

    async def again(self, sampled: Collection[int]) -> str:
        """Prove the counter once more, after CPUs went and came; open it where it was closed.

        Args:
            sampled: CPUs that are being measured: left alone.

        Returns:
            What was found, in words; nothing where no run has used CNTPCT.

        Raises:
            BoardProblem: It is closed on some CPU, and cannot be opened again.
            LinkProblem: The link was lost.
        """
        if not self._sampler:
            return ""
        usable = set(await online_cpus(self._link, self._facts.cpus_online))
        cpus = sorted((usable & set(self._facts.cpus_allowed or usable)) - set(sampled))
        if not cpus:
            return ""  # all that are left are being measured, and prove it by themselves
        ours = self._loaded is not None and self._loaded.ours
        return await opened_again(self._module, cpus, self._sampler, self._reload if ours else None)

    def told(self) -> dict[str, Any]:
        """Return what a manifest should hold: which CPUs can read CNTPCT, why, by which module."""
        told: dict[str, Any] = {"cntpct": dict(self._access), "note": self.note}
        if self._loaded is not None:
            told["module"] = {
                "how": self._loaded.how,
                "sha256": self._loaded.sha256,
                "loaded_by_us": self._loaded.ours,
                "cpus": self._state,
            }
        return {name: value for name, value in told.items() if value}

    @property
    def module_sha256(self) -> dict[str, str]:
        """The loaded module's hash by name; empty without one."""
        known = self._loaded is not None and self._loaded.sha256
        return {MODULE: self._loaded.sha256} if known and self._loaded is not None else {}

    async def _cpus(self, settings: RunSettings) -> list[int]:
        """The CPUs that will read it: those sampled, and wherever the writer may run.

        Asked anew each time: a cell may have taken CPUs since the board was connected.
        """
        online = await online_cpus(self._link, self._facts.cpus_online)
        usable = set(self._facts.cpus_allowed) & set(online)
        return sorted(usable | set(settings.cpus))

    async def _open(self, cpus: list[int], sampler: str, *, quick: bool) -> None:
        before = await self._module.verify(cpus, sampler)
        self._access = {"before": _cntpct(before)}
        if all(reply.cntpct for reply in before):
            if self._loaded is None and await self._module.loaded():
                self._loaded = LoadedModule(ours=False, how="was loaded before")
        else:
            await self._load(quick=quick)
            after = await self._module.verify(cpus, sampler)
            self._access["after"] = _cntpct(after)
            await self._module.require(cpus, sampler)
        if self._loaded is not None:
            self._state = {
                f"cpu{cpu}": {"applied": state.applied, **state.found}
                for cpu, state in (await self._module.state(cpus)).items()
            }

    async def _reload(self) -> None:
        await self._module.unload()
        self._loaded = None
        await self._load(quick=False)

    async def _load(self, *, quick: bool) -> None:
        if await self._module.loaded():
            self._loaded = LoadedModule(ours=False, how="was loaded before")
            return  # what is closed nevertheless is told by the check that follows
        if self._read_only:
            raise BoardProblem(
                "CNTPCT is closed, and loading the counter module changes the board",
                hint=f"connect without --read-only;\n{FALLBACK}",
            )
        if not self._may_be_root:
            raise BoardProblem(
                "CNTPCT is closed, and loading the counter module needs root",
                detail=f"we are '{self._facts.user}' there",
                hint=f"connect as root, or set sudo = true for the board;\n{FALLBACK}",
            )
        way = await find_way(self._link, self._facts)
        if way is None:
            raise BoardProblem(
                "CNTPCT is closed, and there is no counter module for this kernel",
                detail=f"kernel {self._facts.kernel}: no headers on the board or here",
                hint="on the board (Debian): apt install linux-headers-$(uname -r) make gcc;\n"
                f"or here: a cross compiler, and the kernel's headers in /usr/src;\n{FALLBACK}",
            )
        if quick and not way.quick:
            raise BoardProblem(
                f"CNTPCT is closed, and the counter module would have to be {way.kind} first",
                detail="that takes minutes",
                hint="to have it done: --counter cntpct",
            )
        self._loaded = await load_by(way, self._module, self._link, self._facts, self._journal)


def _cntpct(replies: list[ProbeReply]) -> dict[str, bool]:
    return {f"cpu{reply.cpu}": reply.cntpct for reply in replies}
