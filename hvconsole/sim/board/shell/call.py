"""A command as its program sees it, and what the shell needs of the board."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from hvconsole.sim.board.shell.streams import Streams
from hvconsole.sim.board.tree import Tree

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board
    from hvconsole.sim.board.processes import Process
    from hvconsole.sim.board.shell.shell import Shell

FAILED, USAGE, NOT_EXECUTABLE, NOT_FOUND = 1, 2, 126, 127
SIGNALLED: Final = 128


@dataclass(slots=True)
class Invocation:
    """One call of a command.

    Attributes:
        shell: Which shell called it; its own commands change it, programs leave it alone.
        words: Its name and arguments.
        streams: What is open.
        process: The process that runs it; None for the shell's own commands.
    """

    shell: Shell
    words: list[str]
    streams: Streams
    process: Process | None = None

    @property
    def name(self) -> str:
        """What the command calls itself in messages."""
        return posixpath.basename(self.words[0])

    @property
    def tree(self) -> Tree:
        """The board's files."""
        return self.shell.system.tree

    @property
    def environment(self) -> dict[str, str]:
        """The variables that programs inherit."""
        variables = self.shell.variables
        return {name: variables[name] for name in self.shell.exported if name in variables}

    def path(self, name: str) -> str:
        """Return a name as an absolute path; an empty one stays empty and is found nowhere."""
        return posixpath.join(self.shell.cwd, name) if name else ""

    def out(self, text: str | bytes) -> None:
        """Write to standard output."""
        if self.process is None or not self.process.killed:
            self.streams.stdout.write(text if isinstance(text, bytes) else to_bytes(text))

    def write_error(self, text: str) -> None:
        """Write to standard error."""
        if self.process is None or not self.process.killed:
            self.streams.stderr.write(to_bytes(text))

    def err(self, text: str) -> None:
        """Write a line to standard error."""
        self.write_error(f"{text}\n")

    def fail(self, text: str, status: int = FAILED) -> int:
        """Say what is wrong, headed by the command's name; return the status."""
        self.err(f"{self.name}: {text}")
        return status

    def cannot(self, error: OSError, status: int = FAILED) -> int:
        """Say an error of the kernel; return the status."""
        what = error.filename or "write error"
        return self.fail(f"{what}: {error.strerror}", status)


CommandFunction = Callable[[Invocation], Awaitable[int] | int]
BoardCommand = Callable[["Board", Invocation], Awaitable[int] | int]


class System(Protocol):
    """What the shell needs of the board."""

    tree: Tree

    def program(self, path: str) -> CommandFunction:
        """Return what an executable file does.

        Raises:
            OSError: There is no such file, or it may not or cannot be executed.
        """

    async def execute(self, function: CommandFunction, call: Invocation) -> int:
        """Run a program as a process of its own; return its status."""

    def spawn(self, words: list[str], work: Callable[[], Awaitable[int]]) -> int:
        """Run something in the background; return its process number."""

    async def finished(self, pid: int | None) -> int:
        """Wait for a process in the background, or for all; return its status."""


class ExitShell(Exception):  # noqa: N818  # not an error: how `exit` leaves the interpreter
    """The shell ends."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class LeaveFunction(ExitShell):
    """A function returns."""


class LeaveLoop(Exception):  # noqa: N818  # likewise, for break and continue
    """Loops end, or the outermost of them goes on.

    Attributes:
        levels: How many loops.
        again: The outermost goes on.
    """

    def __init__(self, levels: int, *, again: bool) -> None:
        super().__init__(levels)
        self.levels = levels
        self.again = again


class ShellError(Exception):
    """An error that ends a shell which is not interactive: in an expansion, say."""


def to_bytes(text: str) -> bytes:
    """Return a text of the board as bytes; those that are not UTF-8 become what they were."""
    return text.encode("utf-8", "surrogateescape")


def to_text(data: bytes) -> str:
    """Return bytes of the board as text, to be turned back by `to_bytes`."""
    return data.decode("utf-8", "surrogateescape")
