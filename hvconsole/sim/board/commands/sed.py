"""``sed``: addresses, and the commands s, p, d and q."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hvconsole.sim.board.commands.getopt import taken
from hvconsole.sim.board.commands.regex import compiled
from hvconsole.sim.board.commands.text import content
from hvconsole.sim.board.shell.call import Invocation, to_bytes, to_text

_ADDRESS: Final = re.compile(
    r"(?P<line>\d{1,9})|(?P<last>\$)|/(?P<regex>(?:\\.|[^/\\])*)/", re.DOTALL
)
_GROUP: Final = re.compile(r"\\(\d)|\\n|\\(.)|(&)", re.DOTALL)
_BLANKS: Final = re.compile(r"[\s;]*")
_FLAGS: Final = re.compile(r"[gpI]*(?P<which>[1-9]\d{0,3})?[gpI]*")


class _WrongScriptError(Exception):
    """The script is none."""


@dataclass(slots=True)
class _Address:
    line: int = 0
    last: bool = False
    regex: re.Pattern[str] | None = None

    def fits(self, number: int, line: str, *, last: bool) -> bool:
        if self.regex is not None:
            return self.regex.search(line) is not None
        return last if self.last else number == self.line


@dataclass(slots=True)
class _Command:
    name: str
    begin: _Address | None = None
    end: _Address | None = None
    negated: bool = False
    regex: re.Pattern[str] | None = None
    replacement: str = ""
    flags: str = ""
    which: int = 1
    inside: bool = field(default=False)

    def applies(self, number: int, line: str, *, last: bool) -> bool:
        """Decide by the addresses; a range is entered and left on the way."""
        fits = True
        if self.begin is not None and self.end is None:
            fits = self.begin.fits(number, line, last=last)
        elif self.begin is not None and self.end is not None:
            if not self.inside:
                fits = self.inside = self.begin.fits(number, line, last=last)
                passed = bool(self.end.line) and self.end.line <= number
                self.inside = fits and not passed
            else:
                passed = bool(self.end.line) and self.end.line <= number
                self.inside = not (passed or self.end.fits(number, line, last=last))
        return fits != self.negated


async def sed(call: Invocation) -> int:
    """Edit lines on their way from files or standard input."""
    options = taken(call, "nErs", "e")
    scripts = options.values.get("e") or options.operands[:1]
    names = options.operands if "e" in options.values else options.operands[1:]
    try:
        extended = bool(options.letters & set("Er"))
        commands = _parsed("\n".join(scripts), extended=extended)
    except (_WrongScriptError, re.error) as error:
        return call.fail(f"-e expression #1: {error}")
    data, status = await content(call, names)
    text = to_text(data)
    lines = text.removesuffix("\n").split("\n") if text else []
    quiet = "n" in options.letters
    for number, line in enumerate(lines, 1):
        last = number == len(lines)
        shown, stopped = _edited(commands, number, line, last=last, quiet=quiet)
        end = "" if last and not text.endswith("\n") else "\n"
        call.out(to_bytes("\n".join(shown) + end if shown else ""))
        if stopped:
            break
    return status


def _edited(
    commands: list[_Command], number: int, line: str, *, last: bool, quiet: bool
) -> tuple[list[str], bool]:
    """Return what is written for a line, and whether it is the last one."""
    shown: list[str] = []
    for command in commands:
        if not command.applies(number, line, last=last):
            continue
        match command.name:
            case "p":
                shown.append(line)
            case "d":
                return shown, False
            case "q":
                return (shown if quiet else [*shown, line]), True
            case "s" if command.regex is not None:
                line, changed = _substituted(command, command.regex, line)
                if changed and "p" in command.flags:
                    shown.append(line)
    return (shown if quiet else [*shown, line]), False


def _substituted(command: _Command, regex: re.Pattern[str], line: str) -> tuple[str, bool]:
    """Replace the first match or the n-th; with g all from there on."""
    replace = _replacer(command.replacement)
    seen = changed = 0

    def one(found: re.Match[str]) -> str:
        nonlocal seen, changed
        seen += 1
        meant = seen >= command.which if "g" in command.flags else seen == command.which
        changed += meant
        return replace(found) if meant else found[0]

    return regex.sub(one, line), bool(changed)


def _replacer(text: str) -> Callable[[re.Match[str]], str]:
    def replace(found: re.Match[str]) -> str:
        def piece(sign: re.Match[str]) -> str:
            if sign[3]:
                return found[0]
            if sign[1]:
                return found[int(sign[1])] or "" if int(sign[1]) <= len(found.groups()) else ""
            return sign[2] or "\n"

        return _GROUP.sub(piece, text)

    return replace


def _parsed(script: str, *, extended: bool) -> list[_Command]:
    commands: list[_Command] = []
    at = _after(_BLANKS, script, 0)
    while at < len(script):
        command = _Command("")
        command.begin, at = _address(script, at, extended=extended)
        if script[at : at + 1] == "," and command.begin is not None:
            command.end, at = _address(script, at + 1, extended=extended)
        at = _after(re.compile(r"[ \t]*"), script, at)
        if script[at : at + 1] == "!":
            command.negated = True
            at += 1
        command.name = script[at : at + 1]
        if command.name == "s":
            at = _substitution(command, script, at + 1, extended=extended)
        elif command.name in ("p", "d", "q"):
            at += 1
        else:
            raise _WrongScriptError(f"unknown command: `{command.name}'")
        commands.append(command)
        at = _after(_BLANKS, script, at)
    return commands


def _after(expression: re.Pattern[str], text: str, at: int) -> int:
    match = expression.match(text, at)
    return match.end() if match is not None else at


def _address(script: str, at: int, *, extended: bool) -> tuple[_Address | None, int]:
    match = _ADDRESS.match(script, at)
    if match is None:
        return None, at
    if match["regex"] is not None:
        regex = compiled(match["regex"].replace("\\/", "/"), extended=extended)
        return _Address(regex=regex), match.end()
    return _Address(line=int(match["line"] or 0), last=bool(match["last"])), match.end()


def _substitution(command: _Command, script: str, at: int, *, extended: bool) -> int:
    mark = script[at : at + 1]
    parts: list[str] = []
    at += 1
    for _ in range(2):
        begin = at
        while (char := script[at : at + 1]) != mark:
            if not char:
                raise _WrongScriptError("unterminated `s' command")
            at += 2 if char == "\\" else 1
        parts.append(script[begin:at].replace(f"\\{mark}", mark) if mark else "")
        at += 1
    flags = _FLAGS.match(script, at)
    end = flags.end() if flags is not None else at
    command.flags = script[at:end]
    command.which = int(flags["which"] or 1) if flags is not None else 1
    command.regex = compiled(parts[0], extended=extended, fold="I" in command.flags)
    command.replacement = parts[1]
    if script[end : end + 1] not in ("", ";", "\n", " ", "}"):
        raise _WrongScriptError("unknown option to `s'")
    return end
