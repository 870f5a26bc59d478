"""Commands that read text and write text."""

from __future__ import annotations

import re
from typing import Final

from hvconsole.sim.board.commands.getopt import WrongOptionError, taken
from hvconsole.sim.board.shell.call import CommandFunction, Invocation, to_bytes, to_text
from hvconsole.sim.board.shell.streams import FileStream, Reading, read_all

_OCTAL: Final = re.compile(rb"\\([0-7]{1,3})|\\(.)", re.DOTALL)
_RANGE: Final = re.compile(rb"(.)-(.)", re.DOTALL)
_PORTION: Final = 1 << 16
_PAIR: Final = 2


def opened(call: Invocation, name: str) -> Reading:
    """Open a file to read from; ``-`` is standard input. Raises `OSError`."""
    return call.streams.stdin if name == "-" else FileStream(call.tree.open(call.path(name)))


async def content(call: Invocation, names: list[str]) -> tuple[bytes, int]:
    """Return the bytes of files, or of standard input where none is named; and a status."""
    pieces: list[bytes] = []
    status = 0
    for name in names or ["-"]:
        try:
            pieces.append(await read_all(opened(call, name)))
        except OSError as error:
            status = call.fail(f"{name}: {error.strerror}")
    return b"".join(pieces), status


async def _cat(call: Invocation) -> int:
    status = 0
    for name in taken(call, "u").operands or ["-"]:
        try:
            source = opened(call, name)
            data = await source.read(_PORTION)
        except OSError as error:
            status = call.fail(f"{name}: {error.strerror}")
            continue
        while data:
            call.out(data)
            await call.streams.stdout.drain()
            data = await source.read(_PORTION)
    return status


async def _tee(call: Invocation) -> int:
    options = taken(call, "ai")
    append = "a" in options.letters
    status = 0
    outputs: list[tuple[str, FileStream]] = []
    for name in options.operands:
        try:
            handle = call.tree.open(call.path(name), write=True, create=True, truncate=not append)
            outputs.append((name, FileStream(handle, append=append)))
        except OSError as error:
            status = call.fail(f"{name}: {error.strerror}")
    while data := await call.streams.stdin.read(_PORTION):
        call.out(data)
        await call.streams.stdout.drain()
        for name, output in outputs:
            try:
                output.write(data)
            except OSError as error:
                status = call.fail(f"{name}: {error.strerror}")
    return status


async def _tr(call: Invocation) -> int:
    options = taken(call, "ds")
    sets = [_members(to_bytes(word)) for word in options.operands]
    deleted = sets[0] if "d" in options.letters and len(sets) == 1 else b""
    if not deleted and (len(sets) != _PAIR or not sets[1]):
        return call.fail("missing operand")
    # The last of several meanings of one character counts, as in the real one.
    table = bytearray(range(256))
    if not deleted:
        given, wanted = sets
        for old, new in zip(given, wanted.ljust(len(given), wanted[-1:]), strict=False):
            table[old] = new
    while data := await call.streams.stdin.read(_PORTION):
        call.out(data.translate(bytes(table), deleted))
        await call.streams.stdout.drain()
    return 0


def _members(text: bytes) -> bytes:
    """Return the characters that a set of tr means."""
    named = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"\\": b"\\"}

    def plain(match: re.Match[bytes]) -> bytes:
        if match[1]:
            return bytes([int(match[1], 8) & 0xFF])
        return named.get(match[2], match[2])

    text = _OCTAL.sub(plain, text)
    return _RANGE.sub(lambda match: bytes(range(match[1][0], match[2][0] + 1)), text)


async def _head(call: Invocation) -> int:
    if (size := _size(call)) is not None:
        source = opened(call, (call.words[1:] or ["-"])[0])
        while size > 0 and (data := await source.read(min(size, _PORTION))):
            call.out(data)
            size -= len(data)
        return 0
    count = _count(call)
    if call.words[1:]:
        data, status = await content(call, call.words[1:])
        call.out(b"".join(_lines(data)[:count]))
        return status
    while count > 0 and (data := await call.streams.stdin.read(_PORTION)):
        lines = _lines(data)[:count]
        call.out(b"".join(lines))
        count -= sum(line.endswith(b"\n") for line in lines)
    return 0


def _lines(data: bytes) -> list[bytes]:
    """Return lines with their ends; only a line feed ends one."""
    *whole, rest = data.split(b"\n")
    return [line + b"\n" for line in whole] + ([rest] if rest else [])


async def _tail(call: Invocation) -> int:
    count = _count(call)
    data, status = await content(call, call.words[1:])
    call.out(b"".join(_lines(data)[-count:] if count else []))
    return status


def _size(call: Invocation) -> int | None:
    """Take ``-c 10`` out of the words; None if it is not there."""
    words = call.words
    if words[1:2] != ["-c"] or not words[2:] or not words[2].isdecimal():
        return None
    call.words = [words[0], *words[3:]]
    return int(words[2][:9])


def _count(call: Invocation) -> int:
    """Take the number of lines out of the words; ``-n 3``, ``-n3`` or ``-3``."""
    if call.words[1:] and (match := re.fullmatch(r"-(\d{1,9})", call.words[1])):
        call.words[1:] = ["-n", match[1], *call.words[2:]]
    options = taken(call, "q", "n")
    call.words[1:] = options.operands
    text = options.last("n", "10").lstrip("+")
    if not text.isdecimal() or not text.isascii():
        raise WrongOptionError(f"invalid number of lines: '{text}'")
    return int(text[:9])


async def _wc(call: Invocation) -> int:
    options = taken(call, "lwc")
    data, status = await content(call, options.operands)
    figures = {"l": data.count(b"\n"), "w": len(data.split()), "c": len(data)}
    wanted = [figures[each] for each in "lwc" if each in options.letters or not options.letters]
    text = str(wanted[0]) if len(wanted) == 1 else "".join(f"{value:>8}" for value in wanted)
    call.out(" ".join([text, *options.operands[:1]]) + "\n")
    return status


async def _sort(call: Invocation) -> int:
    options = taken(call, "nru", "k")
    data, status = await content(call, options.operands)
    lines = data.split(b"\n")[:-1] if data.endswith(b"\n") else data.split(b"\n")
    if "n" in options.letters:
        lines.sort(key=lambda line: (_leading_number(line), line))
    else:
        lines.sort()
    if "u" in options.letters:
        lines = list(dict.fromkeys(lines))
    if "r" in options.letters:
        lines.reverse()
    call.out(b"".join(line + b"\n" for line in lines if data))
    return status


def _leading_number(line: bytes) -> float:
    match = re.match(rb"\s*(-?\d{1,18}(?:\.\d{1,18})?)", line)
    return float(match[1]) if match is not None else 0.0


async def _cut(call: Invocation) -> int:
    options = taken(call, "s", "dfc")
    mark = options.last("d", "\t")
    field = options.last("f") or options.last("c")
    match = re.fullmatch(r"(\d{1,4})(-(\d{1,4})?)?", field)
    if match is None or len(mark) != 1 or match[1] == "0":
        return call.fail("invalid field value")
    first = int(match[1])
    last = int(match[3]) if match[3] else None if match[2] else first
    data, status = await content(call, options.operands)
    for line in to_text(data).splitlines():
        if options.last("c"):
            call.out(line[first - 1 : last] + "\n")
        elif mark in line:
            call.out(mark.join(line.split(mark)[first - 1 : last]) + "\n")
        elif "s" not in options.letters:
            call.out(line + "\n")
    return status


def _seq(call: Invocation) -> int:
    try:
        numbers = [int(word[:9]) for word in call.words[1:]]
    except ValueError:
        return call.fail(f"invalid floating point argument: '{call.words[1]}'")
    if not numbers or len(numbers) > _PAIR + 1:
        return call.fail("missing operand")
    first, step, last = {
        1: [1, 1, *numbers],
        2: [numbers[0], 1, numbers[-1]],
        3: numbers,
    }[len(numbers)]
    if not step or abs((last - first) // step) > _PORTION:
        return call.fail("too many numbers")
    call.out("".join(f"{each}\n" for each in range(first, last + (1 if step > 0 else -1), step)))
    return 0


TEXT: Final[dict[str, CommandFunction]] = {
    "cat": _cat,
    "cut": _cut,
    "head": _head,
    "seq": _seq,
    "sort": _sort,
    "tail": _tail,
    "tee": _tee,
    "tr": _tr,
    "wc": _wc,
}
