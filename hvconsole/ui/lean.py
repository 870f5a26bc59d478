"""Fewer bytes to the terminal: colours are told only where they change.

Textual writes each run of text with its whole style before it and a reset after it, some 45 bytes
of colours for a few characters. Over a slow line they are most of a frame. Here the same text gets
the same colours with what differs from the run before.

The sequences are SGR (ECMA-48, 8.3.117); colours as in ISO 8613-6 and xterm's sixteen.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_SGR = re.compile(r"\x1b\[([0-9;]*)m")
# What moves the cursor paints nothing, so it needs no colour. A line feed does where it scrolls.
_PAINTS_NOTHING = re.compile(r"(?:\x1b\[[0-9;]*[A-DGHd]|\x1b\[\?[0-9;]*[hl])*\Z")
_RGB, _INDEXED = "2", "5"
_FG = frozenset(str(code) for code in (*range(30, 38), 39, *range(90, 98)))
_ATTRIBUTES = frozenset("123456789")
_MOST_STATES = 4096
_BG = frozenset(str(code) for code in (*range(40, 48), 49, *range(100, 108)))


class _Style(NamedTuple):
    """Attributes in order, and both colours; empty is the terminal's own."""

    attributes: tuple[str, ...] = ()
    fore: str = ""
    back: str = ""


class _State:
    """A style that the terminal may have, and what is known of the ways from it.

    There is one object a style, so that a frame's thousand steps look up objects and compare none.
    """

    __slots__ = ("after", "change", "style")

    def __init__(self, style: _Style | None) -> None:
        self.style = style
        self.after: dict[str, _State] = {}
        self.change: dict[_State, str] = {}


_PLAIN = _Style()
_STATES: dict[_Style | None, _State] = {}


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
    out: list[str] = [pieces[0]]
    has = wanted = _start()
    for params, text in zip(pieces[1::2], pieces[2::2], strict=True):
        wanted = wanted.after.get(params) or _step(wanted, params)
        if not text:
            continue
        if wanted is not has and not _PAINTS_NOTHING.match(text):
            out.append(has.change.get(wanted) or _turn(has, wanted))
            has = wanted
        out.append(text)
    if wanted is not has:
        out.append(_turn(has, wanted))
    return "".join(out)


def _start() -> _State:
    """Return the state of not knowing what the terminal has."""
    if len(_STATES) > _MOST_STATES:
        _STATES.clear()  # somebody goes through colours; whoever holds a state keeps its ways
    return _STATES.setdefault(None, _State(None))


def _step(state: _State, params: str) -> _State:
    """Return the state after a sequence, and remember the way."""
    style = _after(state.style, params)
    return state.after.setdefault(params, _STATES.setdefault(style, _State(style)))


def _turn(has: _State, wanted: _State) -> str:
    """Return the sequence that leads from one state to another, and remember it."""
    return has.change.setdefault(wanted, _change(has.style, wanted.style or _PLAIN))


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
