"""A shell in a guest, reached through the guest's console, and the sampler there."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec

from hvconsole.board.deploy import DeployedProbe, Deployment
from hvconsole.board.facts import BoardFacts, gather
from hvconsole.board.journal import Journal, undo_pending
from hvconsole.link.duplex import Duplex
from hvconsole.link.protocol import Link
from hvconsole.link.serial_shell import SerialShellLink
from hvconsole.model.hypervisor import Guest
from hvconsole.model.problem import BoardProblem, LinkProblem, Problem
from hvconsole.model.run import RunSettings
from hvconsole.model.text import plain
from hvconsole.session.counter import CounterDesk
from hvconsole.session.run import SAMPLER

_NEEDED_KIB: Final = 2 << 10
_KEPT: Final = ("machine", "kernel", "hostname", "system", "cpus_online", "memory_kib", "cmdline")

Part = TypeVar("Part")
Static = Callable[[BoardFacts, Deployment], Awaitable[tuple[bytes, str]]]
"""Makes the sampler for a guest: its bytes, and the compiler."""


class GuestPlace:
    """Where in a guest a sampler runs.

    Args:
        guest: The guest, as surveyed.
        console: The way to its console, not open.
        board: The board's name.
        read_only: Load no counter module in the guest.
    """

    def __init__(self, guest: Guest, console: Duplex, board: str, *, read_only: bool) -> None:
        self._guest, self._console, self._board = guest, console, board
        self._read_only = read_only
        self._link: SerialShellLink | None = None
        self._journal: Journal | None = None
        self._facts = BoardFacts()
        self._probe: DeployedProbe | None = None
        self._counter: CounterDesk | None = None

    @property
    def is_ready(self) -> bool:
        """Whether a run can be begun without logging in anew."""
        return self._probe is not None and self._console.is_open

    @property
    def link(self) -> Link:
        """The way to the guest's shell.

        Raises:
            BoardProblem: It has not been prepared.
        """
        return self._there(self._link)

    @property
    def probe(self) -> DeployedProbe:
        """The sampler in the guest.

        Raises:
            BoardProblem: It has not been prepared.
        """
        return self._there(self._probe)

    @property
    def told(self) -> dict[str, Any]:
        """What a manifest keeps of the guest: what it says of itself, and of its counter."""
        facts = msgspec.to_builtins(self._facts)
        kept = {name: facts[name] for name in _KEPT if facts[name] not in (None, "", [])}
        if self._counter is not None and (told := self._counter.told()):
            kept["counter"] = told
        return kept

    async def prepare(self, settings: RunSettings, static: Static) -> None:
        """Reach a shell on the guest's console, and have the sampler there.

        Args:
            settings: The run that the sampler is for.
            static: Makes the sampler.

        Raises:
            Problem: Nothing answers there, or the sampler cannot be had there.
        """
        if not self.is_ready:
            await self.leave()
            try:
                await self._log_in(static)
            except BaseException:
                await self.leave()
                raise
        if self._counter is not None:
            await self._counter.ready(settings, self.probe.path)

    async def leave(self) -> Problem | None:
        """Undo what was changed in the guest, and let go of its console. Safe to call twice.

        Returns:
            What could not be undone.
        """
        left: Problem | None = None
        link: Link | None = self._link
        if self._journal is not None and link is not None:
            with contextlib.suppress(LinkProblem):
                not_undone = await self._journal.undo_all(link)
                left = not_undone[0].problem(link.name) if not_undone else None
            self._journal.close()
        if self._link is not None:
            await self._link.close()
        await self._console.close()
        self._link = self._journal = self._probe = self._counter = None
        return left

    def _there(self, part: Part | None) -> Part:
        if part is None:
            raise BoardProblem(f"guest {plain(self._guest.name, 60)} has not been prepared")
        return part

    async def _log_in(self, static: Static) -> None:
        self._link = link = SerialShellLink(self._console)
        await link.open()
        self._facts = await gather(link)
        board = f"{self._board} guest {self._guest.name[:20]}"
        boot = self._facts.boot_id
        await undo_pending(link, board, boot=boot)
        self._journal = journal = Journal(board, boot=boot)
        deployment = Deployment(link, self._facts, journal, needed_kib=_NEEDED_KIB)
        data, built_by = await static(self._facts, deployment)
        there = await deployment.found(SAMPLER, data, built_by)  # its maker may have put it there
        self._probe = there or await deployment.deliver(SAMPLER, data, built_by)
        self._counter = CounterDesk(
            link, self._facts, journal, sudo=False, read_only=self._read_only
        )
