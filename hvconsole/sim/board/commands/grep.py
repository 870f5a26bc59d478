"""``grep``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hvconsole.sim.board.commands.getopt import Options, WrongOptionError, taken
from hvconsole.sim.board.commands.regex import compiled
from hvconsole.sim.board.commands.text import content
from hvconsole.sim.board.shell.call import USAGE, Invocation, to_text


async def grep(call: Invocation) -> int:
    """Show the lines that fit: 0 if there are any, 1 if not, 2 if something failed."""
    options = taken(call, "EFGHhinoqsvwxcl", "me")
    patterns = options.values.get("e") or options.operands[:1]
    if not patterns:
        return call.fail("usage: grep [OPTION]... PATTERNS [FILE]...", USAGE)
    names = options.operands if "e" in options.values else options.operands[1:]
    try:
        expressions = [_expression(each, options.letters) for each in patterns]
    except re.error:
        return call.fail("Invalid regular expression", USAGE)
    found = failed = False
    for name in names or ["-"]:
        if name != "-" and call.tree.is_folder(call.path(name)):
            call.fail(f"{name}: Is a directory")
            continue
        try:
            text, status = await content(call, [name])
        except OSError as error:
            status, text = call.cannot(error, USAGE), b""
        failed |= bool(status)
        lines = [
            (number, line)
            for number, line in enumerate(_lines(to_text(text)), 1)
            if any(each.search(line) for each in expressions) != ("v" in options.letters)
        ]
        lines = lines[: _most(options)]
        found |= bool(lines)
        _show(call, lines, name, options, expressions, many=len(names) > 1)
    return USAGE if failed and not ("q" in options.letters and found) else int(not found)


def _most(options: Options) -> int | None:
    text = options.last("m")
    if text and not (text.isdecimal() and text.isascii()):
        raise WrongOptionError("invalid max count")
    return int(text[:9]) if text else None


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def _expression(pattern: str, letters: set[str]) -> re.Pattern[str]:
    source = re.escape(pattern) if "F" in letters else pattern
    fold = "i" in letters
    if "F" in letters:
        expression = re.compile(source, re.IGNORECASE if fold else 0)
    else:
        expression = compiled(source, extended="E" in letters, fold=fold)
    if letters & set("wx"):
        ends = (r"(?<!\w)(?:", r")(?!\w)") if "w" in letters else (r"\A(?:", r")\Z")
        expression = re.compile(expression.pattern.join(ends), expression.flags)
    return expression


def _show(
    call: Invocation,
    lines: Iterable[tuple[int, str]],
    name: str,
    options: Options,
    expressions: list[re.Pattern[str]],
    *,
    many: bool,
) -> None:
    letters = options.letters
    lines = list(lines)
    shown = "(standard input)" if name == "-" else name
    head = f"{shown}:" if "H" in letters or (many and "h" not in letters) else ""
    if "q" in letters:
        return
    if "l" in letters:
        call.out(f"{shown}\n" if lines else "")
        return
    if "c" in letters:
        call.out(f"{head}{len(lines)}\n")
        return
    for number, line in lines:
        texts = [line]
        if "o" in letters:
            texts = [match[0] for each in expressions for match in each.finditer(line) if match[0]]
        for text in texts:
            call.out(f"{head}{f'{number}:' if 'n' in letters else ''}{text}\n")
