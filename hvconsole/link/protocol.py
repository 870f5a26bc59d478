"""The seam between hvconsole and a board: what every link can do.

A link runs commands, streams their output as bytes, and puts files. It knows nothing of what the
bytes mean. Commands are argument lists; a link that has to go through a shell quotes them itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Flag, auto
from typing import Protocol, runtime_checkable

from hvconsole.model.problem import LinkProblem


class HostKeyProblem(LinkProblem):
    """The board's host key is unknown, has changed or is revoked."""


class Capability(Flag):
    """What a link offers beyond being open."""

    NONE = 0
    RUN = auto()
    STREAM = auto()
    PUT = auto()
    # Files of this machine are files of the board: nothing has to be copied.
    SAME_MACHINE = auto()
    # No shell is at the other end but a hypervisor's own terminal: what is run are its commands.
    TERMINAL = auto()


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that ended: its status (negative for a signal) and what it wrote."""

    argv: tuple[str, ...]
    status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Standard output as text; bytes that are not UTF-8 are shown escaped."""
        return self.stdout.decode("utf-8", "backslashreplace")

    @property
    def error_text(self) -> str:
        """Standard error as text, stripped."""
        return self.stderr.decode("utf-8", "backslashreplace").strip()


class Process(Protocol):
    """A command that runs and whose output arrives at the sink given to `Link.stream`."""

    def write(self, data: bytes) -> None:
        """Send bytes to its standard input. Never blocks; ignored once it ended."""

    def close_stdin(self) -> None:
        """End its standard input. Our own programs end themselves then."""

    async def wait(self) -> int:
        """Wait until it ended and all of its output was delivered; return its status."""

    @property
    def stderr(self) -> bytes:
        """The last 64 KiB of what it wrote to standard error."""


Sink = Callable[[bytes], None]


@runtime_checkable
class Terminals(Protocol):
    """A link that can give a command a terminal of its own, for those that insist on one."""

    async def terminal(self, argv: Sequence[str], sink: Sink) -> Process:
        """Start a command on a terminal: raw, without echo, its errors among its output.

        `Process.close_stdin` hangs the terminal up.
        """


def no_terminal(program: str, where: str) -> LinkProblem:
    """Return the problem of a command that insists on a terminal, over a link that gives none."""
    return LinkProblem(
        f"{program} needs a terminal of its own, and {where} gives none",
        hint="connect to the board over SSH",
    )


class Link(Protocol):
    """A way to a board.

    Every method raises `LinkProblem` when the way is lost; `closed` is resolved then as well.
    """

    @property
    def name(self) -> str:
        """What a person calls the other end: ``root@192.0.2.7`` or ``this machine``."""

    @property
    def capabilities(self) -> Capability:
        """What this link can do."""

    async def open(self) -> None:
        """Connect. Raises `LinkProblem` with the reason and the fix."""

    async def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 30.0
    ) -> Completed:
        """Run a command to its end. A status other than 0 is not an error here."""

    async def stream(self, argv: Sequence[str], sink: Sink) -> Process:
        """Start a command; hand its standard output to `sink` as it arrives."""

    async def put(self, data: bytes, path: str, *, mode: int = 0o644) -> None:
        """Write a file on the board: whole or not at all."""

    async def closed(self) -> Exception | None:
        """Wait until the link is closed; return why, or None if we closed it."""

    async def close(self) -> None:
        """Close the link and end what runs over it. Safe to call twice."""
