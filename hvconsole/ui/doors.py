"""What the console can be opened on: boards and recorded sessions. The seam to the commands.

Screens that list boards and sessions know no links and no processes; they ask for a door to be
opened, and get a `Console`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from hvconsole.model.problem import Problem
from hvconsole.ui.source import Console

if TYPE_CHECKING:
    from hvconsole.config.boards import BoardEntry
    from hvconsole.stream.snapshot import Snapshot, View
    from hvconsole.ui.source import Status

Readiness = Literal["ready", "unknown", "missing"]
Answer = Literal["trying", "answers", "new key", "refused"]


@dataclass(frozen=True, slots=True)
class BoardCard:
    """A board as the list of boards shows it.

    Attributes:
        name: What it is called.
        way: How it is reached: ``this machine``, ``root@192.0.2.7``.
        about: What it is, in words.
        serial: Address of its serial line; empty without one.
        ready: ``ready`` can be opened now; ``missing`` has to be started or built before;
            ``unknown`` is only known once it is tried.
        hint: The command that makes a missing one ready.
        own: It stands in boards.toml and can be changed.
        labels: What its results will carry.
    """

    name: str
    way: str
    about: str = ""
    serial: str = ""
    ready: Readiness = "unknown"
    hint: str = ""
    own: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of trying to reach a board.

    Attributes:
        answer: ``new key``: it answers, with a host key that no file knows.
        text: What was seen, in a sentence; not yet safe to show.
        fingerprint: Of the new key.
        hint: What to do about it.
    """

    answer: Answer
    text: str
    fingerprint: str = ""
    hint: str = ""


class Doors(Protocol):
    """Opens consoles. `hvconsole.commands.doors` has the real one."""

    def boards(self) -> tuple[list[BoardCard], Problem | None]:
        """Return the boards there are, and what is wrong with boards.toml. Cheap: files only."""

    def board(self, name: str) -> Console:
        """Return a console on a board, not yet open.

        Raises:
            Problem: There is none of that name, or it has to be started first.
        """

    def session(self, path: Path) -> Console:
        """Return a console on a recording, not yet open.

        Raises:
            Problem: It cannot be played.
        """

    async def try_out(self, entry: BoardEntry, *, trust: str = "") -> Trial:
        """Reach for a board that is not in any file yet.

        Args:
            entry: How.
            trust: Fingerprint of a new host key that the person agreed to; it is kept then.
        """


class NoConsole:
    """Stands where no board was chosen yet (the `Console` of `hvconsole.ui.source`)."""

    playback = None
    hypervisor = None
    boots = None
    serial_console = None
    vcpus = None
    tracing = None
    guests = None

    def __init__(self, status: Status) -> None:
        self.status = status

    def snapshot(self, view: View) -> Snapshot:
        """Return an empty stream."""
        from hvconsole.stream.live import LiveStream  # noqa: PLC0415  # not for the first frame

        return LiveStream().snapshot(view)

    async def open(self) -> None:
        """Do nothing: there is nothing to open."""

    async def start_run(self) -> None:
        """Do nothing: there is nothing to measure."""

    async def stop_run(self) -> None:
        """Do nothing: nothing runs."""

    async def close(self) -> None:
        """Do nothing: nothing is open."""
