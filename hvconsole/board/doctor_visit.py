"""One visit of the doctor: what its checks share, and what each of them answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from hvconsole.board.facts import BoardFacts
from hvconsole.board.journal import Journal
from hvconsole.link.protocol import Capability, Link
from hvconsole.model.board import BoardProfile
from hvconsole.model.check import State
from hvconsole.model.problem import Problem

Answer = tuple[State, str, str]


class CannotCheckError(Exception):
    """A check rests on another one that failed."""


@dataclass
class Visit:
    """What the checks of one visit share.

    Attributes:
        link: The way to the board.
        profile: The board.
        journal: Where changes of this visit are written down.
        state: Folder of journals; None for the user's.
        cache: Folder of builds; None for the user's.
        known: What the board is, once it said so.
        host_key: What is wrong with its host key.
        sampler: Path of the sampler on the board, once it is there.
        opened: Whether the link was opened.
    """

    link: Link
    profile: BoardProfile
    journal: Journal
    state: Path | None = None
    cache: Path | None = None
    known: BoardFacts | None = None
    host_key: Problem | None = None
    sampler: str | None = None
    opened: bool = False

    @property
    def facts(self) -> BoardFacts:
        """What the board is; raises `CannotCheckError` where it did not say."""
        if self.known is None:
            raise CannotCheckError("the board did not say what it is")
        return self.known

    @property
    def has_no_linux(self) -> bool:
        """Whether a hypervisor's own terminal is what answers."""
        return Capability.TERMINAL in self.link.capabilities

    @property
    def is_here(self) -> bool:
        """Whether the board is this machine."""
        return Capability.SAME_MACHINE in self.link.capabilities


Look = Callable[[Visit], Awaitable[Answer]]
