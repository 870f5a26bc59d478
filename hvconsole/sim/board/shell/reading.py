"""``read``: a line from standard input, cut into variables."""

from __future__ import annotations

from typing import Final

from hvconsole.sim.board.shell.call import FAILED, Invocation, to_text

_WHITE: Final = " \t\n"


async def read(call: Invocation) -> int:
    """Read a line; its last variable takes what is left of it."""
    raw = "-r" in call.words[1:]
    line, whole = await _line(call, raw=raw)
    names = [word for word in call.words[1:] if not word.startswith("-")]
    separators = call.shell.variables.get("IFS", _WHITE)
    for index, name in enumerate(names):
        value, line = _cut(line, separators, last=index == len(names) - 1)
        call.shell.variables[name] = value
    return 0 if whole else FAILED


async def _line(call: Invocation, *, raw: bool) -> tuple[str, bool]:
    """Read a line, byte by byte, so that what follows is left to others."""
    line = bytearray()
    while byte := await call.streams.stdin.read(1):
        if byte == b"\\" and not raw:
            byte = await call.streams.stdin.read(1)
            line += b"" if byte == b"\n" else byte
        elif byte == b"\n":
            return to_text(bytes(line)), True
        elif byte != b"\0":
            line += byte
    return to_text(bytes(line)), False


def _cut(line: str, separators: str, *, last: bool) -> tuple[str, str]:
    """Cut the first word off a line; the last variable takes all that is left."""
    white = "".join(char for char in separators if char in _WHITE)
    line = line.lstrip(white) if white else line
    if last:
        return (line.rstrip(white) if white else line), ""
    for at, char in enumerate(line):
        if char in separators:
            rest = line[at + 1 :]
            if char in _WHITE:
                rest = rest.lstrip(white)
                if rest[:1] and rest[0] in separators and rest[0] not in _WHITE:
                    rest = rest[1:]
            return line[:at], rest
    return line, ""
