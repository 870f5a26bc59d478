"""Fewer bytes to the terminal: colours are told only where they change.

Textual writes each run of text with its whole style before it and a reset after it, some 45 bytes
of colours for a few characters. Over a slow line they are most of a frame. Here the same text gets
the same colours with what differs from the run before.

The sequences are SGR (ECMA-48, 8.3.117); colours as in ISO 8613-6 and xterm's sixteen.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_SGR = re.compile(r"\x1b\[([0-9;]*)m")
# What moves the cursor paints nothing, so it needs no colour. A line feed does where it scrolls.
_PAINTS_NOTHING = re.compile(r"(?:\x1b\[[0-9;]*[A-DGHd]|\x1b\[\?[0-9;]*[hl])*\Z")
_RGB, _INDEXED = "2", "5"
_FG = frozenset(str(code) for code in (*range(30, 38), 39, *range(90, 98)))
_ATTRIBUTES = frozenset("123456789")
_BG = frozenset(str(code) for code in (*range(40, 48), 49, *range(100, 108)))


class _Style(NamedTuple):
    """Attributes in order, and both colours; empty is the terminal's own."""

    attributes: tuple[str, ...] = ()
    fore: str = ""
    back: str = ""


_PLAIN = _Style()


def lean(data: str) -> str:
    """Return what paints the same with fewer bytes.

    It begins without knowing what the terminal has, and ends with the style that the whole text
    ends with, so that it can be mixed with whatever else is written.
    """
    if data.count("\x1b[0m") < 2:  # noqa: PLR2004  # nothing to be saved
        return data
    try:
        return _lean(_SGR.split(data))
    except _Unknown:
        return data


class _Unknown(Exception):  # noqa: N818  # never leaves this file
    """A sequence that this file does not know; what holds it is written as it is."""


def _lean(pieces: list[str]) -> str:
    out: list[str] = []
    has: _Style | None = None
    wanted: _Style | None = None
    for at in range(0, len(pieces), 2):
        if at:
            wanted = _after(wanted, pieces[at - 1])
        text = pieces[at]
        if not text:
            continue
        if wanted != has and wanted is not None and not _PAINTS_NOTHING.match(text):
            out.append(_change(has, wanted))
            has = wanted
        out.append(text)
    if wanted is not None and has != wanted:
        out.append(_change(has, wanted))
    return "".join(out)


@lru_cache(maxsize=4096)
def _after(before: _Style | None, params: str) -> _Style:
    """Return the style after a sequence."""
    attributes, fore, back = before or _PLAIN
    codes = params.split(";")
    at = 0
    while at < len(codes):
        code = codes[at]
        if code in {"", "0"}:
            attributes, fore, back = _PLAIN
        elif code in {"38", "48"}:
            kind = codes[at + 1] if at + 1 < len(codes) else ""
            end = at + {_RGB: 5, _INDEXED: 3}.get(kind, len(codes) + 1)
            if end > len(codes):
                raise _Unknown
            colour = ";".join(codes[at:end])
            fore, back = (colour, back) if code == "38" else (fore, colour)
            at = end
            continue
        elif code in _FG:
            fore = "" if code == "39" else code
        elif code in _BG:
            back = "" if code == "49" else code
        elif code not in _ATTRIBUTES:
            raise _Unknown
        elif code not in attributes:
            attributes = (*attributes, code)
        at += 1
    return _Style(attributes, fore, back)


@lru_cache(maxsize=4096)
def _change(has: _Style | None, wanted: _Style) -> str:
    """Return the sequence that leads from one style to another; from None by a reset."""
    full = ";".join([*wanted.attributes, *filter(None, (wanted.fore, wanted.back))])
    if has is None or any(code not in wanted.attributes for code in has.attributes):
        return f"\x1b[0;{full}m" if full else "\x1b[0m"
    if not full:
        return "\x1b[0m"
    codes = [code for code in wanted.attributes if code not in has.attributes]
    if wanted.fore != has.fore:
        codes.append(wanted.fore or "39")
    if wanted.back != has.back:
        codes.append(wanted.back or "49")
    return f"\x1b[{';'.join(codes)}m" if codes else ""
