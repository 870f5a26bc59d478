"""``test`` and ``[``."""

from __future__ import annotations

import operator
import re
import stat
from collections.abc import Callable
from typing import Final

from hvconsole.sim.board.nodes import File, Live, Symlink
from hvconsole.sim.board.shell.call import USAGE, Invocation, ShellError

_COMPARISONS: Final[dict[str, Callable[[int, int], bool]]] = {
    "-eq": operator.eq,
    "-ne": operator.ne,
    "-lt": operator.lt,
    "-le": operator.le,
    "-gt": operator.gt,
    "-ge": operator.ge,
}
_TEXTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_KINDS: Final = {
    "-f": stat.S_ISREG,
    "-d": stat.S_ISDIR,
    "-c": stat.S_ISCHR,
    "-b": stat.S_ISBLK,
    "-p": stat.S_ISFIFO,
    "-S": stat.S_ISSOCK,
}
_FILE_SIGNS: Final = frozenset({*_KINDS, "-e", "-r", "-w", "-x", "-s", "-L", "-h"})
_UNARY: Final = frozenset({*_FILE_SIGNS, "-n", "-z", "-t"})
_LONGEST_NUMBER: Final = 18


def condition(call: Invocation) -> int:
    """Evaluate a condition: 0 if it holds, 1 if not, 2 if it is none."""
    words = call.words[1:]
    if call.name == "[":
        if not words or words[-1] != "]":
            return call.shell.say("[: missing ]", USAGE)
        words = words[:-1]
    try:
        return int(not _holds(call, words))
    except ShellError as error:
        return call.shell.say(f"{call.name}: {error}", USAGE)


def _holds(call: Invocation, words: list[str]) -> bool:  # noqa: C901, PLR0911  # one arm a form
    """Decide by the number of words, as POSIX has it; longer ones are cut at -o and -a."""
    match words:
        case []:
            return False
        case [text]:
            return bool(text)
        case ["!", text]:
            return not text
        case [sign, text] if sign in _UNARY:
            return _unary(call, sign, text)
        case [left, sign, right] if sign in _TEXTS or sign in _COMPARISONS:
            return _binary(left, sign, right)
        case [left, "-a", right]:
            return bool(left) and bool(right)
        case [left, "-o", right]:
            return bool(left) or bool(right)
        case ["!", *rest] if len(rest) <= 3:  # noqa: PLR2004  # as POSIX counts
            return not _holds(call, rest)
        case ["(", *rest, ")"]:
            return _holds(call, rest)
    for sign in ("-o", "-a"):
        if sign in words[1:-1]:
            at = words.index(sign, 1)
            before, behind = _holds(call, words[:at]), _holds(call, words[at + 1 :])
            return before or behind if sign == "-o" else before and behind
    if words[0] == "!":
        return not _holds(call, words[1:])
    raise ShellError(f"{words[1]}: unexpected operator")


def _unary(call: Invocation, sign: str, text: str) -> bool:
    if sign == "-n":
        return bool(text)
    if sign == "-z":
        return not text
    return sign in _FILE_SIGNS and _file_is(call, sign, text)


def _binary(left: str, sign: str, right: str) -> bool:
    if sign in _TEXTS:
        return _TEXTS[sign](left, right)
    return _COMPARISONS[sign](_number(left), _number(right))


def _number(text: str) -> int:
    stripped = text.strip()
    if not re.fullmatch(r"[-+]?\d+", stripped, re.ASCII) or len(stripped) > _LONGEST_NUMBER:
        raise ShellError(f"Illegal number: {text}")
    return int(stripped)


def _file_is(call: Invocation, sign: str, name: str) -> bool:
    links = sign in ("-L", "-h")
    try:
        node = call.tree.find(call.path(name), follow=not links)
        known = call.tree.stat(call.path(name), follow=not links)
    except OSError:
        return False
    if links:
        return isinstance(node, Symlink)
    live = isinstance(node, Live)
    answers = {
        "-e": True,
        "-x": stat.S_ISDIR(known.mode) or bool(known.mode & 0o111),
        "-s": not isinstance(node, File) or known.size > 0,
        "-w": not isinstance(node, Live) or node.write is not None,
        "-r": not live or bool(known.mode & 0o444),
    }
    return answers[sign] if sign in answers else _KINDS[sign](known.mode)
