"""What a session works with: a recording, and a workbench for what is done around runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hvconsole.board.deploy import DeployedProbe, Deployment
from hvconsole.board.facts import BoardFacts
from hvconsole.link.protocol import Link
from hvconsole.model.problem import Problem
from hvconsole.model.run import RunSettings
from hvconsole.record.guest import GuestWriter
from hvconsole.record.manifest import GuestEntry, Manifest
from hvconsole.session.hub import FrameSink

if TYPE_CHECKING:
    from hvconsole.session.hypervisor import HypervisorDesk


class Recording(FrameSink, Protocol):
    """What a session needs of a recording; `hvconsole.record.capture` has it."""

    @property
    def path(self) -> Path:
        """The session's folder."""

    @property
    def written(self) -> int:
        """Bytes of frames so far."""

    def begin_run(self, settings: RunSettings, condition: str) -> None:
        """Note that a run begins with the next frame."""

    def end_run(self, reason: str) -> None:
        """Note that the run ended, and why."""

    def action(self, what: str, **details: Any) -> None:
        """Append a control action, with what is known of its moment (``t_ns``)."""

    @property
    def manifest(self) -> Manifest:
        """What is known so far."""

    def guest(self, entry: GuestEntry) -> GuestWriter:
        """Begin the stream of a guest."""

    def serial(self, data: bytes) -> None:
        """Append bytes of the board's console."""

    def tick(self) -> None:
        """Make sure of what was written (called about once a second, in a thread)."""

    def close(self) -> None:
        """Finish the session. Safe to call twice."""


class Workbench(Protocol):
    """What is done to the board before and after runs; `session.workbench` has the real one."""

    @property
    def kind(self) -> str:
        """What the board is, in words."""

    @property
    def identity(self) -> tuple[str, ...]:
        """What else names it, most important first."""

    @property
    def boot_id(self) -> str:
        """Which of its boots it was prepared in; empty where that cannot be told."""

    @property
    def labels(self) -> tuple[str, ...]:
        """What every result of this board must carry."""

    @property
    def warning(self) -> Problem | None:
        """What a person must be told about the board before it is used."""

    @property
    def sudo(self) -> bool:
        """Whether root's commands go through sudo there."""

    async def set_governor(self, link: Link, name: str) -> None:
        """Give all CPUs a governor, with its undo written down."""

    async def prepare(self, link: Link) -> None:
        """Learn what the board is; undo what an earlier console left behind."""

    async def programs(self, link: Link, settings: RunSettings) -> Mapping[str, str]:
        """Build and deploy what the run needs; return paths by name."""

    async def guest_sampler(self, facts: BoardFacts, there: Deployment) -> tuple[bytes, str]:
        """Make the sampler for a guest: its bytes, and the compiler."""

    def measures_in(self, guest: str, told: Mapping[str, Any], sampler: DeployedProbe) -> None:
        """The runs that follow are made in a guest, the board itself runs no programs."""

    def serve(self, desk: HypervisorDesk, link: Link) -> None:
        """Hand the board just prepared to the desk that looks after its hypervisor."""

    def recording(self, settings: RunSettings) -> Recording | None:
        """Begin the recording, with what is known of the board; None where none is wanted."""

    async def restore(self, link: Link) -> None:
        """Undo everything that was changed on the board."""
