"""A shell that a person types into: prompts, lines that go on, Ctrl-C."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from hvconsole.sim.board.shell.call import SIGNALLED, ExitShell, ShellError, to_bytes
from hvconsole.sim.board.shell.shell import Shell, parse_whole, read_line
from hvconsole.sim.board.shell.syntax import Program, ShellSyntaxError

_SIGINT: Final = 2
_INTERRUPTED: Final = SIGNALLED + _SIGINT


class Interactive:
    """Reads commands from a terminal until ``exit`` or the end of input.

    The terminal's line discipline (echo, editing, turning Ctrl-C into `interrupt`) is the
    caller's; this sees whole lines.

    Args:
        shell: What runs them.
        signal: Sends a signal to what was started here; returns whether somebody survives it.
        host: The board's name in the prompt.
    """

    def __init__(
        self,
        shell: Shell,
        signal: Callable[[int], bool] = lambda _number: False,
        host: str = "bananapi",
    ) -> None:
        self._shell = shell
        self._signal = signal
        self._host = host
        self._pending = ""
        self._running: asyncio.Task[int] | None = None
        self._stopped = False

    async def run(self) -> int:
        """Read and run; return the status of the last command."""
        self._prompt()
        while line := await read_line(self._shell.streams):
            self._pending += line.replace("\0", "")
            try:
                program = parse_whole(self._pending)
            except ShellSyntaxError as error:
                self._pending = ""
                self._shell.say(str(error), 2)
            else:
                if program is not None:
                    self._pending = ""
                    try:
                        await self._one(program)
                    except ExitShell as leaving:
                        return leaving.status
            self._prompt()
        return self._shell.status

    def interrupt(self, number: int = _SIGINT) -> None:
        """A key that sends a signal was typed (2: Ctrl-C): end what runs, or forget the line."""
        if self._running is not None:
            if self._signal(number):
                return
            self._stopped = True
            self._running.cancel()
            return
        self._pending = ""
        self._write("\n")
        self._prompt()

    async def _one(self, program: Program) -> None:
        """Run what was typed; an error within the shell does not end it here."""
        self._stopped = False
        self._running = asyncio.create_task(self._shell.run_typed(program))
        try:
            await self._running
        except asyncio.CancelledError:
            if not self._stopped:
                self._running.cancel()
                raise
            self._shell.reset()
            self._shell.status = _INTERRUPTED
            self._write("\n")
        except ShellError as error:
            self._shell.reset()
            self._shell.say(str(error), 2)
        finally:
            self._running = None

    def _prompt(self) -> None:
        shell = self._shell
        home = shell.variables.get("HOME", "/")
        folder = shell.cwd
        if folder == home or folder.startswith(f"{home}/"):
            folder = "~" + folder.removeprefix(home)
        self._write("> " if self._pending else f"root@{self._host}:{folder}# ")

    def _write(self, text: str) -> None:
        self._shell.streams.stderr.write(to_bytes(text))
