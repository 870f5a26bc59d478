"""Commands that belong to the shell itself."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import Final

from hvconsole.sim.board.processes import SIGNALS, this_process
from hvconsole.sim.board.shell.call import (
    FAILED,
    NOT_FOUND,
    USAGE,
    CommandFunction,
    ExitShell,
    Invocation,
    LeaveFunction,
    LeaveLoop,
    ShellError,
    to_text,
)
from hvconsole.sim.board.shell.condition import condition
from hvconsole.sim.board.shell.printing import echo, printf
from hvconsole.sim.board.shell.reading import read
from hvconsole.sim.board.shell.words import NAME

_LIMITS: Final = {"-l": "unlimited", "-r": "99", "-n": "1024", "-c": "0", "-s": "8192"}


def _cd(call: Invocation) -> int:
    physical = "-P" in call.words[1:]
    names = [word for word in call.words[1:] if word not in ("-P", "-L", "--")]
    shell = call.shell
    target = names[0] if names else shell.variables.get("HOME", "/")
    if target == "-":
        target = shell.variables.get("OLDPWD", shell.cwd)
        call.out(f"{target}\n")
    path = posixpath.normpath(call.path(target)) if target else ""
    if not call.tree.is_folder(path):
        return shell.say(f"cd: can't cd to {target}", USAGE)
    shell.variables["OLDPWD"] = shell.cwd
    shell.cwd = call.tree.real(path) if physical else path
    shell.variables["PWD"] = shell.cwd
    return 0


def _pwd(call: Invocation) -> int:
    cwd = call.shell.cwd
    call.out((call.tree.real(cwd) if "-P" in call.words else cwd) + "\n")
    return 0


def _assigned(call: Invocation) -> list[str]:
    """Set what is given as ``name=value``; return the names."""
    names: list[str] = []
    for word in call.words[1:]:
        if word.startswith("-"):
            continue
        name, sign, value = word.partition("=")
        if NAME.fullmatch(name) is None:
            raise ShellError(f"{call.name}: {name}: bad variable name")
        if name in call.shell.readonly and sign:
            raise ShellError(f"{name}: is read only")
        if sign:
            call.shell.variables[name] = value
        names.append(name)
    return names


def _export(call: Invocation) -> int:
    call.shell.exported.update(_assigned(call))
    return 0


def _readonly(call: Invocation) -> int:
    call.shell.readonly.update(_assigned(call))
    return 0


def _local(call: Invocation) -> int:
    _assigned(call)
    return 0


def _unset(call: Invocation) -> int:
    for name in call.words[1:]:
        if name in call.shell.readonly:
            raise ShellError(f"unset: {name}: is read only")
        call.shell.variables.pop(name, None)
        if "-f" in call.words:
            call.shell.functions.pop(name, None)
    return 0


def _shift(call: Invocation) -> int:
    count = _number(call.words[1]) if call.words[1:] else 1
    if count > len(call.shell.arguments) - 1:
        raise ShellError("shift: can't shift that many")
    del call.shell.arguments[1 : 1 + count]
    return 0


def _set(call: Invocation) -> int:
    shell, words = call.shell, call.words[1:]
    if not words:
        call.out("".join(f"{name}={value}\n" for name, value in sorted(shell.variables.items())))
    while words:
        word = words.pop(0)
        if word == "--" or word[:1] not in ("-", "+"):
            shell.arguments[1:] = words if word == "--" else [word, *words]
            break
        if word.startswith("-"):
            shell.options |= set(word[1:]) & set("eu")
        else:
            shell.options -= set(word[1:])
    return 0


def _number(word: str) -> int:
    if word.isdecimal() and word.isascii() and len(word) < 10:  # noqa: PLR2004  # fits any use
        return int(word)
    raise ShellError(f"Illegal number: {word}")


def _status(call: Invocation) -> int:
    return _number(call.words[1]) & 0xFF if call.words[1:] else call.shell.status


def _exit(call: Invocation) -> int:
    raise ExitShell(_status(call))


def _return(call: Invocation) -> int:
    raise LeaveFunction(_status(call))


def _leave_loop(*, again: bool) -> Callable[[Invocation], int]:
    def leave(call: Invocation) -> int:
        levels = _number(call.words[1]) if call.words[1:] else 1
        if call.shell.loops:
            raise LeaveLoop(levels, again=again)
        return 0

    return leave


async def _eval(call: Invocation) -> int:
    return await call.shell.run_text(" ".join(call.words[1:]))


async def _source(call: Invocation) -> int:
    if not call.words[1:]:
        raise ShellError(".: filename argument required")
    try:
        text = to_text(call.tree.read(call.path(call.words[1])))
    except OSError as error:
        raise ShellError(f".: cannot open {call.words[1]}: {error.strerror}") from error
    return await call.shell.run_text(text)


async def _exec(call: Invocation) -> int:
    if not call.words[1:]:
        return 0  # only its redirections count, and they stay
    raise ExitShell(await call.shell.call_program(call.words[1:]))


async def _command(call: Invocation) -> int:
    words = [word for word in call.words[1:] if word != "--"]
    if words[:1] == ["-p"]:
        words.pop(0)
    if words[:1] not in (["-v"], ["-V"]):
        return await call.shell.call_command(words) if words else 0
    status = 0
    for name in words[1:]:
        where = name if name in BUILTINS or name in call.shell.functions else call.shell.find(name)
        if where:
            call.out(f"{where}\n")
        else:
            status = NOT_FOUND
    return status


def _type(call: Invocation) -> int:
    status = 0
    for name in call.words[1:]:
        if name in call.shell.functions:
            call.out(f"{name} is a shell function\n")
        elif name in BUILTINS:
            call.out(f"{name} is a shell builtin\n")
        elif where := call.shell.find(name):
            call.out(f"{name} is {where}\n")
        else:
            call.out(f"{name}: not found\n")
            status = NOT_FOUND
    return status


def _trap(call: Invocation) -> int:
    """Keep what is to be done at the exit, and which signals end this shell no more.

    What is to be done on a signal is not done: in all that is run here it is nothing.
    """
    words = call.words[1:]
    if len(words) <= 1:
        return 0
    if {"EXIT", "0"} & set(words[1:]):
        call.shell.at_exit = "" if words[0] == "-" else words[0]
    process = this_process()
    if process is not None:
        named = {SIGNALS[name] for name in words[1:] if name in SIGNALS}
        process.trapped = process.trapped - named if words[0] == "-" else process.trapped | named
    return 0


def _ulimit(call: Invocation) -> int:
    option = call.words[1] if call.words[1:] else "-f"
    call.out(_LIMITS.get(option, "unlimited") + "\n")
    return 0


def _umask(call: Invocation) -> int:
    if not call.words[1:]:
        call.out(f"{call.shell.umask:04o}\n")
        return 0
    try:
        call.shell.umask = int(call.words[1], 8) & 0o777
    except ValueError:
        return call.fail(f"Illegal number: {call.words[1]}", USAGE)
    return 0


async def _wait(call: Invocation) -> int:
    system = call.shell.system
    if not call.words[1:]:
        return await system.finished(None)
    status = 0
    for word in call.words[1:]:
        status = await system.finished(_number(word))
    return status


BUILTINS: Final[dict[str, CommandFunction]] = {
    ".": _source,
    ":": lambda _call: 0,
    "[": condition,
    "break": _leave_loop(again=False),
    "cd": _cd,
    "command": _command,
    "continue": _leave_loop(again=True),
    "echo": echo,
    "eval": _eval,
    "exec": _exec,
    "exit": _exit,
    "export": _export,
    "false": lambda _call: FAILED,
    "local": _local,
    "printf": printf,
    "pwd": _pwd,
    "read": read,
    "readonly": _readonly,
    "return": _return,
    "set": _set,
    "shift": _shift,
    "test": condition,
    "trap": _trap,
    "true": lambda _call: 0,
    "type": _type,
    "ulimit": _ulimit,
    "umask": _umask,
    "unset": _unset,
    "wait": _wait,
}
