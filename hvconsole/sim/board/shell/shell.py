"""One shell on the simulated board: what it knows, and the ways in."""

from __future__ import annotations

import inspect
import posixpath
from collections.abc import Mapping
from typing import Final

from hvconsole.sim.board.shell.builtins import BUILTINS
from hvconsole.sim.board.shell.call import (
    FAILED,
    NOT_EXECUTABLE,
    NOT_FOUND,
    SIGNALLED,
    USAGE,
    CommandFunction,
    ExitShell,
    Invocation,
    LeaveFunction,
    LeaveLoop,
    ShellError,
    System,
    to_bytes,
    to_text,
)
from hvconsole.sim.board.shell.parser import parse
from hvconsole.sim.board.shell.runner import Runner
from hvconsole.sim.board.shell.streams import Buffer, Bytes, Streams
from hvconsole.sim.board.shell.syntax import (
    Command,
    IncompleteError,
    Program,
    ShellSyntaxError,
)

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BROKEN_PIPE: Final = SIGNALLED + 13
_LONGEST_COMMAND: Final = 1 << 16


class Shell:
    """One shell: its variables, functions, current folder and open descriptors.

    Args:
        system: The board.
        arguments: ``$0``, ``$1`` and so on.
        environment: Variables that it finds and hands on.
        streams: What is open; nothing to read and nobody who reads, if not given.
        cwd: Current folder; None goes home.

    Attributes:
        status: Of the last command.
        options: Letters of ``set``: e, u.
        at_exit: Commands that run at the end.
        substituted: Status of the last ``$(…)`` of the command that is being expanded.
        checked: How many conditions we are within, where a failure ends nothing.
        loops: How many loops we are within.
        depth: How deeply programs are nested.
    """

    def __init__(
        self,
        system: System,
        arguments: list[str] | None = None,
        environment: Mapping[str, str] | None = None,
        *,
        streams: Streams | None = None,
        cwd: str | None = None,
    ) -> None:
        self.system = system
        self.arguments = arguments or ["sh"]
        self.variables = dict(environment or {})
        self.exported = set(self.variables)
        self.readonly: set[str] = set()
        self.functions: dict[str, Command] = {}
        self.streams = streams or Streams(Bytes(), Buffer())
        self.cwd = self.variables.get("HOME", "/") if cwd is None else cwd
        self.status = 0
        self.options: set[str] = set()
        self.umask = 0o022
        self.at_exit = ""
        self.pid = 400
        self.last_background = 0
        self.substituted = 0
        self.checked = self.loops = self.depth = 0
        self._runner = Runner(self)

    async def execute(self, text: str) -> int:
        """Parse and run a whole script; return its status."""
        try:
            for program in parse(text.replace("\0", "")):
                await self.run_within(program)
        except ShellSyntaxError as error:
            self.say(str(error), USAGE)
        except ExitShell as leaving:
            self.status = leaving.status
        return await self._leave()

    async def read_commands(self) -> int:
        """Read commands from standard input and run each as soon as it is whole.

        Returns:
            The status of the last one.
        """
        pending = ""
        while line := await read_line(self.streams):
            pending += line.replace("\0", "")
            try:
                program = parse_whole(pending)
            except ShellSyntaxError as error:
                return self.say(str(error), USAGE)
            if program is None:
                continue
            pending = ""
            try:
                await self.run_within(program)
            except ExitShell as leaving:
                self.status = leaving.status
                return await self._leave()
        return await self.execute(pending)

    async def run_text(self, text: str) -> int:
        """Run a text as if it stood here (``eval``).

        Raises:
            ExitShell: It ends the shell.
            ShellError: It is no program.
        """
        status = 0
        try:
            for program in parse(text.replace("\0", "")):
                status = await self._runner.run(program)
        except ShellSyntaxError as error:
            raise ShellError(str(error)) from error
        return status

    async def run_to_end(self, program: Program) -> int:
        """Run a program; return its status, by whichever way it ended."""
        try:
            self.status = await self.run_within(program)
        except ExitShell as leaving:
            self.status = leaving.status
        return await self._leave()

    async def _leave(self) -> int:
        """Run what ``trap … EXIT`` left to be done; return the status."""
        text, self.at_exit = self.at_exit, ""
        status = self.status
        try:
            if text:
                await self.run_text(text)
        except ExitShell as leaving:
            return leaving.status
        except (LeaveLoop, ShellError):
            return status
        return status

    async def run_within(self, program: Program) -> int:
        """Run a program; what goes wrong within the shell itself ends it with a message.

        Raises:
            ExitShell: It asks to end the shell, or has to.
        """
        try:
            return await self.run_typed(program)
        except ShellError as error:
            raise ExitShell(self.say(str(error), USAGE)) from error

    async def run_typed(self, program: Program) -> int:
        """Run a program that somebody types.

        Raises:
            ExitShell: It asks to end the shell.
            ShellError: Something went wrong within the shell itself.
        """
        try:
            return await self._runner.run(program)
        except LeaveLoop:
            return self.status
        except RecursionError:
            raise ShellError("Maximum function recursion depth reached") from None

    def reset(self) -> None:
        """Forget how deep commands were nested: they were ended from outside."""
        self.checked = self.loops = self.depth = 0

    def say(self, text: str, status: int) -> int:
        """Write a message of the shell itself; return the status."""
        self.status = status
        try:
            self.streams.stderr.write(to_bytes(f"{self.arguments[0]}: {text}\n"))
        except OSError:
            return FAILED  # standard error is closed, and nobody can be told
        return status

    def copy(self) -> Shell:
        """Return a shell of its own with the same variables."""
        other = Shell(self.system, list(self.arguments), streams=self.streams, cwd=self.cwd)
        other.variables, other.exported = dict(self.variables), set(self.exported)
        other.readonly = set(self.readonly)
        other.functions, other.options = dict(self.functions), set(self.options)
        other.status, other.umask, other.pid = self.status, self.umask, self.pid
        other.depth, other.checked = self.depth, self.checked
        return other

    async def output_of(self, program: Program) -> str:
        """Return what a program writes, less the line ends behind it; keep its status."""
        buffer = Buffer()
        inner = self.copy()
        inner.streams = self.streams.with_(1, buffer)
        self.substituted = await inner.run_to_end(program)
        return to_text(bytes(buffer.data).replace(b"\0", b"")).rstrip("\n")

    def find(self, name: str) -> str:
        """Return where in PATH a program lies; nothing if it is not there."""
        tree = self.system.tree
        if "/" in name:
            return name if tree.exists(posixpath.join(self.cwd, name)) else ""
        for folder in self.variables.get("PATH", PATH).split(":") if name else ():
            path = posixpath.join(self.cwd, folder, name)
            if tree.exists(path) and not tree.is_folder(path):
                return path
        return ""

    async def call(self, words: list[str]) -> int:
        """Run a command by its words: a function, a command of the shell's own, or a program."""
        if words[0] in self.functions:
            return await self._call_function(words)
        return await self.call_command(words)

    async def call_command(self, words: list[str]) -> int:
        """Run a command by its words, but no function."""
        if own := BUILTINS.get(words[0]):
            status = await self._invoke(own, Invocation(self, words, self.streams))
            if status == _BROKEN_PIPE:
                raise ExitShell(status)  # the signal ends the shell itself
            await self.streams.stdout.drain()
            return status
        return await self.call_program(words)

    async def call_program(self, words: list[str]) -> int:
        """Run a program, found in PATH or named by its path."""
        path = self.find(words[0])
        if not path:
            return self.say(f"{words[0]}: not found", NOT_FOUND)
        try:
            function = self.system.program(posixpath.join(self.cwd, path))
        except OSError as error:
            return self.say(f"{words[0]}: {error.strerror}", NOT_EXECUTABLE)
        call = Invocation(self, words, self.streams)
        try:
            return await self.system.execute(lambda call: self._invoke(function, call), call)
        except OSError:
            return self.say("Cannot fork", USAGE)

    async def _invoke(self, function: CommandFunction, call: Invocation) -> int:
        try:
            result = function(call)
            return await result if inspect.isawaitable(result) else result
        except BrokenPipeError:
            return _BROKEN_PIPE
        except OSError as error:
            try:
                return call.cannot(error)
            except OSError:  # standard error is closed, and nobody can be told
                return FAILED

    async def _call_function(self, words: list[str]) -> int:
        before, self.arguments = self.arguments, [self.arguments[0], *words[1:]]
        try:
            return await self._runner.command(self.functions[words[0]])
        except LeaveFunction as leaving:
            return leaving.status
        finally:
            self.arguments = before


def parse_whole(text: str) -> Program | None:
    """Parse commands that are typed or read line by line; None if more has to follow.

    Raises:
        ShellSyntaxError: It will never be a program.
    """
    if text.endswith("\\\n") and not text.endswith("\\\\\n"):
        return None
    try:
        return Program(
            tuple(line for program in parse(text, final=False) for line in program.lines)
        )
    except IncompleteError:
        if len(text) > _LONGEST_COMMAND:
            raise
        return None


async def read_line(streams: Streams) -> str:
    """Read one line from standard input, its end included, and not a byte more."""
    line = bytearray()
    while not line.endswith(b"\n") and (byte := await streams.stdin.read(1)):
        line += byte
    return to_text(bytes(line))
