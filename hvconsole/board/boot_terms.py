"""What a boot is given, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hvconsole.board.boot_answer import Connect
from hvconsole.board.boot_ear import Console
from hvconsole.board.boot_proof import Evidence
from hvconsole.board.boot_restart import Patience
from hvconsole.link.protocol import Link
from hvconsole.model.boot import BootEvent

Tell = Callable[[BootEvent], None]


@dataclass(frozen=True, slots=True)
class BootPatience:
    """How long a boot waits for what may not come, in seconds.

    Attributes:
        restart: For the effect of asking for a restart.
        person: For a person to press reset.
        silence: For a console to say that something was started, before going on without.
        panic: For a board that stopped to restart by itself.
        settle: For what comes up after the SSH server.
        again: Between two tries to connect.
    """

    restart: Patience = field(default_factory=Patience)
    person: float = 300.0
    silence: float = 90.0
    panic: float = 20.0
    settle: float = 30.0
    again: float = 0.5


@dataclass(frozen=True, slots=True)
class Booted:
    """A board that is in its mode.

    Attributes:
        mode: The mode's name.
        link: Open; the caller's to close.
        evidence: What was read back; None where nobody wanted it.
        proven: The evidence is what the mode's proof asks for, and that asks for something.
        seconds: From the restart to the proof.
    """

    mode: str
    link: Link
    evidence: Evidence | None
    proven: bool
    seconds: float


@dataclass(slots=True)
class Ways:
    """The ways to the board: the link that stands, how to get another, its open console."""

    link: Link | None
    connect: Connect
    console: Console | None
