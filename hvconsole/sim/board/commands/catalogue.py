"""All commands of the simulated board by name."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from hvconsole.sim.board.commands.compiler import COMPILER
from hvconsole.sim.board.commands.encoding import ENCODING
from hvconsole.sim.board.commands.files import FILES
from hvconsole.sim.board.commands.getopt import WrongOptionError
from hvconsole.sim.board.commands.grep import grep
from hvconsole.sim.board.commands.listing import LISTING
from hvconsole.sim.board.commands.modules import MODULES
from hvconsole.sim.board.commands.running import RUNNING
from hvconsole.sim.board.commands.sed import sed
from hvconsole.sim.board.commands.system import SYSTEM
from hvconsole.sim.board.commands.text import TEXT
from hvconsole.sim.board.processes import TERMINAL
from hvconsole.sim.board.shell.builtins import BUILTINS
from hvconsole.sim.board.shell.call import BoardCommand, CommandFunction, Invocation
from hvconsole.sim.hypervisor.host import Tool, ToolCall

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board

_PLAIN: Final[dict[str, CommandFunction]] = {
    **ENCODING,
    **FILES,
    **LISTING,
    **TEXT,
    "grep": grep,
    "sed": sed,
    # Those of the shell's own that are files as well, for `env printf` and the like.
    **{name: BUILTINS[name] for name in ("[", "echo", "false", "printf", "pwd", "test", "true")},
}
_OF_BOARD: Final[dict[str, BoardCommand]] = {**SYSTEM, **RUNNING, **MODULES, **COMPILER}
_FOR_ROOT: Final = frozenset(
    {*MODULES, "fw_printenv", "fw_setenv", "halt", "poweroff", "reboot", "sysctl"}
)
_PORTION: Final = 1 << 16


def commands(board: Board, tools: Mapping[str, Tool]) -> dict[str, CommandFunction]:
    """Return the commands of a board by path.

    Args:
        board: Whose they are.
        tools: What its hypervisor brings.
    """
    bound: dict[str, CommandFunction] = {
        name: functools.partial(each, board) for name, each in _OF_BOARD.items()
    }
    found = {
        f"{_folder(name)}/{name}": _checked(each) for name, each in {**_PLAIN, **bound}.items()
    }
    return found | {f"/usr/sbin/{name}": _tool(board, tool) for name, tool in tools.items()}


def _folder(name: str) -> str:
    return "/usr/sbin" if name in _FOR_ROOT else "/usr/bin"


def _checked(function: CommandFunction) -> CommandFunction:
    """Have wrong options told as getopt does."""

    async def run(call: Invocation) -> int:
        try:
            result = function(call)
            return result if isinstance(result, int) else await result
        except WrongOptionError as wrong:
            return call.fail(str(wrong))

    return run


def _tool(board: Board, tool: Tool) -> CommandFunction:
    async def run(call: Invocation) -> int:
        async def read() -> bytes:
            return await call.streams.stdin.read(_PORTION)

        return await tool(
            ToolCall(
                words=call.words,
                cwd=call.shell.cwd,
                out=call.out,
                err=call.write_error,
                read=read,
                sleep=board.timekeeper.sleep,
                on_terminal=TERMINAL.get() is not None,
            )
        )

    return run
