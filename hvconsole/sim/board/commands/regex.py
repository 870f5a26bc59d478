"""POSIX regular expressions as those of Python."""

from __future__ import annotations

import re
from typing import Final

_CLASSES: Final = {
    "[:space:]": r"\s",
    "[:blank:]": r" \t",
    "[:digit:]": "0-9",
    "[:alpha:]": "A-Za-z",
    "[:alnum:]": "A-Za-z0-9",
    "[:upper:]": "A-Z",
    "[:lower:]": "a-z",
    "[:xdigit:]": "0-9A-Fa-f",
    "[:punct:]": r"!-/:-@\[-`{-~",
}
_BRACKETS: Final = re.compile(r"\[\^?\]?(?:\[:[a-z]+:\]|[^\]])*\]")
# What a backslash turns into an operator in basic expressions, and into a character in others.
_SIGNS: Final = "(){}|+?"


def compiled(text: str, *, extended: bool = False, fold: bool = False) -> re.Pattern[str]:
    """Compile a POSIX regular expression.

    Args:
        text: Basic, or extended if said so.
        extended: As ``grep -E``.
        fold: Upper and lower case are one.

    Raises:
        re.error: It is none.
    """
    pieces: list[str] = []
    at = 0
    while at < len(text):
        brackets = _BRACKETS.match(text, at) if text[at] == "[" else None
        if brackets is not None:
            pieces.append(_bracket(brackets[0]))
            at = brackets.end()
            continue
        char, following = text[at], text[at + 1 : at + 2]
        if char == "\\" and following:
            operator = following in _SIGNS and not extended
            pieces.append(following if operator else _escaped(following))
            at += 2
            continue
        if char in _SIGNS and not extended:
            pieces.append(f"\\{char}")
        elif char == "*" and (not pieces or (pieces[-1] in ("(", "^", "|") and not extended)):
            pieces.append(r"\*")
        else:
            pieces.append(char)
        at += 1
    return re.compile("".join(pieces), (re.IGNORECASE if fold else 0) | re.ASCII)


def _bracket(text: str) -> str:
    negated = text.startswith("[^")
    inner = text[2:-1] if negated else text[1:-1]
    for name, members in _CLASSES.items():
        inner = inner.replace(name, f"\0{members}\0")
    pieces = inner.split("\0")
    # Every other piece is a class; in the others a backslash and a bracket are plain.
    for index in range(0, len(pieces), 2):
        pieces[index] = re.sub(r"([\\\[\]&~|^]|-(?=-))", r"\\\1", pieces[index])
    return ("[^" if negated else "[") + "".join(pieces) + "]"


def _escaped(char: str) -> str:
    if char in "bBwWsS<>" or char.isdecimal():
        return {"<": r"\b", ">": r"\b"}.get(char, f"\\{char}")
    return {"n": "\n", "t": "\t"}.get(char, re.escape(char))
