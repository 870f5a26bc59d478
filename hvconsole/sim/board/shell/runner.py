"""Runs each kind of command within a shell."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hvconsole.sim.board.patterns import matches
from hvconsole.sim.board.shell.call import (
    USAGE,
    ExitShell,
    LeaveLoop,
    ShellError,
)
from hvconsole.sim.board.shell.expand import Expander
from hvconsole.sim.board.shell.redirect import CannotRedirectError, redirected
from hvconsole.sim.board.shell.streams import Bytes, Pipe
from hvconsole.sim.board.shell.syntax import (
    AndOr,
    Block,
    Case,
    Command,
    For,
    Function,
    If,
    Pipeline,
    Program,
    Simple,
    While,
)

if TYPE_CHECKING:
    from hvconsole.sim.board.shell.shell import Shell

_DEEPEST = 80


class Runner:
    """Runs programs within a shell, which they change.

    Everything here raises `ExitShell` where a command ends the shell, `LeaveLoop` where one leaves
    a loop, and `ShellError` where a word cannot be expanded.
    """

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def run(self, program: Program) -> int:
        """Run a program; return its status."""
        shell = self._shell
        if shell.depth >= _DEEPEST:
            raise ShellError("Maximum function recursion depth reached")
        shell.depth += 1
        try:
            for line in program.lines:
                if line.background:
                    self._start(line)
                else:
                    await self._and_or(line)
        finally:
            shell.depth -= 1
        return shell.status if program.lines else 0

    async def command(self, command: Command) -> int:
        """Run one command; return its status."""
        shell = self._shell
        if isinstance(command, Function):
            shell.functions[command.name] = command.body
            return 0
        if isinstance(command, Simple):
            return await self._simple(command)
        if not command.redirections:
            return await self._compound(command)
        before = shell.streams
        try:
            shell.streams = await redirected(shell, command.redirections)
            return await self._compound(command)
        except CannotRedirectError as error:
            return shell.say(str(error), USAGE)
        finally:
            shell.streams = before

    def _start(self, line: AndOr) -> None:
        """Start something in the background."""
        inner = self._shell.copy()
        inner.streams = inner.streams.with_(0, Bytes())
        program = Program((AndOr(line.parts),))
        name = self._shell.arguments[0]
        try:
            pid = self._shell.system.spawn([name], lambda: inner.run_to_end(program))
        except OSError as error:
            raise ShellError("Cannot fork") from error
        self._shell.last_background = pid
        self._shell.status = 0

    async def _and_or(self, line: AndOr) -> None:
        shell = self._shell
        last = len(line.parts) - 1
        for index, (operator, pipeline) in enumerate(line.parts):
            if (operator == "&&" and shell.status) or (operator == "||" and not shell.status):
                continue
            checked = index < last or pipeline.negated
            shell.checked += checked
            try:
                shell.status = await self._pipeline(pipeline)
            finally:
                shell.checked -= checked
            if shell.status and "e" in shell.options and not checked and not shell.checked:
                raise ExitShell(shell.status)

    async def _pipeline(self, pipeline: Pipeline) -> int:
        if len(pipeline.commands) == 1:
            status = await self.command(pipeline.commands[0])
        else:
            status = await self._joined(pipeline.commands)
        return int(not status) if pipeline.negated else status

    async def _joined(self, commands: tuple[Command, ...]) -> int:
        """Run commands side by side, each one's output the next one's input."""
        pipes: list[Pipe | None] = [None, *(Pipe() for _ in commands[1:]), None]
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(self._between(pipes[index], command, pipes[index + 1]))
                for index, command in enumerate(commands)
            ]
        return running[-1].result()

    async def _between(self, source: Pipe | None, command: Command, target: Pipe | None) -> int:
        """Run a command in a shell of its own between two pipes, and close them behind it."""
        inner = self._shell.copy()
        try:
            if source is not None:
                inner.streams = inner.streams.with_(0, source)
            if target is not None:
                inner.streams = inner.streams.with_(1, target)
            return await inner.run_to_end(_program(command))
        finally:
            if source is not None:
                source.abandon()
            if target is not None:
                target.end()

    async def _simple(self, command: Simple) -> int:
        shell = self._shell
        shell.substituted = 0
        words = await Expander(shell).words(command.words)
        before = shell.streams
        try:
            shell.streams = await redirected(shell, command.redirections)
        except CannotRedirectError as error:
            return shell.say(str(error), USAGE)
        try:
            if not words:
                await self._assign(command)
                return shell.substituted
            return await self._call(command, words)
        finally:
            if words != ["exec"]:
                shell.streams = before

    async def _call(self, command: Simple, words: list[str]) -> int:
        """Run a command; what is assigned before it holds for it alone."""
        shell = self._shell
        if not command.assignments:
            return await shell.call(words)
        variables, exported = dict(shell.variables), set(shell.exported)
        await self._assign(command)
        names = {name for name, _ in command.assignments}
        shell.exported |= names
        try:
            return await shell.call(words)
        finally:
            for name in names:
                shell.variables.pop(name, None)
                if name in variables:
                    shell.variables[name] = variables[name]
            shell.exported -= names - exported

    async def _assign(self, command: Simple) -> None:
        for name, word in command.assignments:
            if name in self._shell.readonly:
                raise ShellError(f"{name}: is read only")
            self._shell.variables[name] = await Expander(self._shell).text(word)

    async def _compound(self, command: Block | For | While | If | Case) -> int:
        match command:
            case Block(body=body, own=True):
                return await self._shell.copy().run_to_end(body)
            case Block(body=body):
                return await self.run(body)
            case For():
                return await self._for(command)
            case While():
                return await self._while(command)
            case Case():
                return await self._case(command)
            case If():
                return await self._if(command)

    async def _for(self, command: For) -> int:
        values = self._shell.arguments[1:]
        if command.words is not None:
            values = await Expander(self._shell).words(command.words)
        status = 0
        for value in values:
            self._shell.variables[command.name] = value
            status, left = await self._turn(command.body)
            if left:
                break
        return status

    async def _while(self, command: While) -> int:
        status = 0
        while (await self._holds(command.condition)) != command.until:
            status, left = await self._turn(command.body)
            if left:
                break
        return status

    async def _turn(self, body: Program) -> tuple[int, bool]:
        """Run a loop's body once; return its status and whether the loop is left."""
        await asyncio.sleep(0)  # a loop without end must not stop everything else
        self._shell.loops += 1
        try:
            return await self.run(body), False
        except LeaveLoop as leaving:
            if leaving.levels > 1 and self._shell.loops > 1:
                raise LeaveLoop(leaving.levels - 1, again=leaving.again) from None
            return 0, not leaving.again
        finally:
            self._shell.loops -= 1

    async def _holds(self, condition: Program) -> bool:
        self._shell.checked += 1
        try:
            return await self.run(condition) == 0
        finally:
            self._shell.checked -= 1

    async def _if(self, command: If) -> int:
        for condition, body in command.branches:
            if await self._holds(condition):
                return await self.run(body)
        return await self.run(command.otherwise) if command.otherwise is not None else 0

    async def _case(self, command: Case) -> int:
        expander = Expander(self._shell)
        text = await expander.text(command.word)
        for patterns, body in command.arms:
            for pattern in patterns:
                if matches(text, await expander.pattern(pattern)):
                    return await self.run(body)
        return 0


def _program(command: Command) -> Program:
    return Program((AndOr((("", Pipeline((command,))),)),))
