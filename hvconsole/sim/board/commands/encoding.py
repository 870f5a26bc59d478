"""Commands that turn bytes into other bytes, or into a sum: base64, cksum, gzip."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from typing import Final

from hvconsole.sim.board.commands.getopt import WrongOptionError, taken
from hvconsole.sim.board.commands.text import content
from hvconsole.sim.board.shell.call import FAILED, CommandFunction, Invocation
from hvconsole.wire.shell import posix_crc

_GZIP: Final = 31
_MOST: Final = 1 << 26
_STRANGE: Final = re.compile(rb"[^A-Za-z0-9+/=]")


async def _base64(call: Invocation) -> int:
    options = taken(call, "di", "w")
    width = options.last("w", "76")
    if not width.isdecimal() or not width.isascii():
        raise WrongOptionError(f"invalid wrap size: '{width}'")
    data, status = await content(call, options.operands)
    if "d" not in options.letters:
        call.out(b"".join(_wrapped(base64.b64encode(data), int(width[:9]))))
        return status
    strange = _STRANGE if "i" in options.letters else re.compile(rb"\n")
    try:
        call.out(base64.b64decode(strange.sub(b"", data), validate=True))
    except binascii.Error:
        return call.fail("invalid input")
    return status


def _wrapped(text: bytes, width: int) -> Iterator[bytes]:
    if not width:
        yield text
        return
    for at in range(0, len(text), width):
        yield text[at : at + width] + b"\n"


async def _cksum(call: Invocation) -> int:
    names = taken(call, "").operands
    status = 0
    for name in names or ["-"]:
        data, failed = await content(call, [name])
        if failed:
            status = failed
            continue
        call.out(f"{posix_crc(data)} {len(data)}" + (f" {name}\n" if names else "\n"))
    return status


async def _gzip(call: Invocation) -> int:
    """Pack or unpack on the way through; files are not replaced."""
    options = taken(call, "cdfknq123456789")
    data, status = await content(call, options.operands)
    unpack = "d" in options.letters or call.name != "gzip"
    if status:
        return status
    if not unpack:
        call.out(zlib.compress(data, wbits=_GZIP))
        return status
    unpacker = zlib.decompressobj(_GZIP)
    try:
        plain = unpacker.decompress(data, _MOST)
    except zlib.error:
        return call.fail("stdin: not in gzip format")
    call.out(plain)
    if not unpacker.eof:
        call.fail("stdin: unexpected end of file")
        return FAILED
    return status


ENCODING: Final[dict[str, CommandFunction]] = {
    "base64": _base64,
    "cksum": _cksum,
    "gunzip": _gzip,
    "gzip": _gzip,
    "zcat": _gzip,
}
