"""Commands that run other commands, or deal with those that run."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final

from hvconsole.sim.board.commands.getopt import WrongOptionError, taken
from hvconsole.sim.board.processes import SIGNALS, SIGTERM, Process
from hvconsole.sim.board.shell.call import (
    FAILED,
    NOT_FOUND,
    USAGE,
    BoardCommand,
    Invocation,
    to_text,
)
from hvconsole.sim.board.shell.shell import Shell
from hvconsole.sim.board.shell.streams import read_all

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board

_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})([smhd]?)", re.ASCII)
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_TIMED_OUT: Final = 124


def shell_for(call: Invocation, more: dict[str, str] | None = None) -> Shell:
    """Return what runs a command on behalf of another one."""
    environment = {**call.environment, **(more or {})}
    outer = call.shell
    shell = Shell(outer.system, [call.name], environment, streams=call.streams, cwd=outer.cwd)
    shell.umask = outer.umask
    shell.pid = call.process.pid if call.process is not None else outer.pid
    return shell


async def _sh(_board: Board, call: Invocation) -> int:
    options = taken(call, "eusx", "c", ordered=True)
    shell = shell_for(call)
    shell.options = options.letters & set("eu")
    words = options.operands
    if "c" in options.values:
        shell.arguments = words or ["sh"]
        return await shell.execute(options.last("c"))
    if "s" in options.letters or not words:
        shell.arguments = ["sh", *words]
        return await shell.read_commands()
    shell.arguments = words
    try:
        text = to_text(call.tree.read(call.path(words[0])))
    except OSError as error:
        return call.fail(f"0: cannot open {words[0]}: {error.strerror}", USAGE)
    return await shell.execute(text)


async def _env(_board: Board, call: Invocation) -> int:
    words = call.words[1:]
    more: dict[str, str] = {}
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        more[name] = value
    if words:
        return await shell_for(call, more).call_program(words)
    listed = {**call.environment, **more}
    call.out("".join(f"{name}={value}\n" for name, value in listed.items()))
    return 0


async def _sudo(_board: Board, call: Invocation) -> int:
    words = [*call.words[1:]]
    while words and words[0] in ("-n", "-E", "-H", "--"):
        words.pop(0)
    if words[:1] == ["-u"]:
        words = words[2:]
    if not words or words[0].startswith("-"):
        return call.fail("usage: sudo [-n] COMMAND", FAILED)
    return await shell_for(call).call_program(words)


async def _busybox(_board: Board, call: Invocation) -> int:
    words = call.words[1:]
    if not words:
        call.out("BusyBox (simulated): the board's own commands by another name\n")
        return 0
    return await shell_for(call).call_program(words)


def _passing(flags: str, valued: str, *, operands: int = 0) -> BoardCommand:
    """Make a command that runs another one and changes nothing about it here."""

    async def run(_board: Board, call: Invocation) -> int:
        words = taken(call, flags, valued, ordered=True).operands[operands:]
        return await shell_for(call).call_program(words) if words else 0

    return run


async def _timeout(board: Board, call: Invocation) -> int:
    words = taken(call, "v", "sk", ordered=True).operands
    if len(words) < 2:  # noqa: PLR2004  # a time and a command
        return call.fail("missing operand", 125)
    limit = _duration(words[0]) / board.speed
    try:
        async with asyncio.timeout(limit or None):
            return await shell_for(call).call_program(words[1:])
    except TimeoutError:
        return _TIMED_OUT


async def _sleep(board: Board, call: Invocation) -> int:
    if not call.words[1:]:
        return call.fail("missing operand")
    await board.timekeeper.sleep(sum(_duration(word) for word in call.words[1:]))
    return 0


def _duration(word: str) -> float:
    match = _DURATION.fullmatch(word)
    if match is None:
        raise WrongOptionError(f"invalid time interval '{word}'")
    return float(match[1]) * _UNITS[match[2]]


def _kill(board: Board, call: Invocation) -> int:
    words = call.words[1:]
    number = SIGTERM
    if words[:1] == ["-s"]:
        words = [f"-{word}" for word in words[1:2]] + words[2:]
    if words and words[0].startswith("-"):
        number = _signal(words.pop(0)[1:])
    if not words:
        return call.fail("usage: kill [-s SIGNAL | -SIGNAL] PID...", USAGE)
    status = 0
    for word in words:
        process = board.processes.running.get(int(word)) if _is_number(word) else None
        if process is None:
            status = call.fail(f"({word}) - No such process")
        elif number:
            process.kill(number)
    return status


def _signal(text: str) -> int:
    name = text.upper().removeprefix("SIG")
    if name in SIGNALS:
        return SIGNALS[name]
    if not _is_number(text):
        raise WrongOptionError(f"{text}: invalid signal specification")
    return int(text)


def _is_number(word: str) -> bool:
    return word.isdecimal() and word.isascii() and len(word) < 10  # noqa: PLR2004  # a process


def _pkill(board: Board, call: Invocation) -> int:
    found, number = _named(board, call)
    for process in found:
        process.kill(number)
    return int(not found)


def _pgrep(board: Board, call: Invocation) -> int:
    found, _ = _named(board, call)
    call.out("".join(f"{process.pid}\n" for process in found))
    return int(not found)


def _named(board: Board, call: Invocation) -> tuple[list[Process], int]:
    number, names = SIGTERM, []
    for word in call.words[1:]:
        if word in ("-x", "-f"):
            continue
        if word.startswith("-"):
            number = _signal(word[1:])
        else:
            names.append(word)
    running = board.processes.running.values()
    return [
        each
        for each in running
        if each is not call.process and any(name in each.words[0] for name in names)
    ], number


def _ps(board: Board, call: Invocation) -> int:
    call.out("  PID TTY          TIME CMD\n")
    for process in board.processes.running.values():
        name = process.words[0].rpartition("/")[2]
        call.out(f"{process.pid:>5} ?        00:00:00 {name}\n")
    return 0


async def _xargs(_board: Board, call: Invocation) -> int:
    options = taken(call, "r0", "n", ordered=True)
    data = await read_all(call.streams.stdin)
    pieces = data.split(b"\0") if "0" in options.letters else data.split()
    words = [to_text(piece) for piece in pieces if piece]
    command = options.operands or ["echo"]
    if not words and "r" in options.letters:
        return 0
    count = int(options.last("n")) if _is_number(options.last("n")) else 0
    count = count or max(len(words), 1)
    status = 0
    for at in range(0, max(len(words), 1), count):
        failed = await shell_for(call).call_program([*command, *words[at : at + count]])
        status = (NOT_FOUND if failed == NOT_FOUND else 123) if failed else status
    return status


RUNNING: Final[dict[str, BoardCommand]] = {
    "busybox": _busybox,
    "chrt": _passing("mfrobpv", "", operands=1),
    "env": _env,
    "kill": _kill,
    "nice": _passing("", "n"),
    "nohup": _passing("", ""),
    "pgrep": _pgrep,
    "pkill": _pkill,
    "ps": _ps,
    "setsid": _passing("cfw", ""),
    "sh": _sh,
    "sleep": _sleep,
    "sudo": _sudo,
    "taskset": _passing("c", "", operands=1),
    "timeout": _timeout,
    "xargs": _xargs,
}
