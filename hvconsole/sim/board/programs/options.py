"""Options of our own programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXIT_ENDED, EXIT_FAILED, EXIT_USAGE, EXIT_PERMISSION, EXIT_ALONE, EXIT_SIGNALLED = range(6)
_LONGEST_NUMBER: Final = 12


class WrongOptionError(Exception):
    """Words that cannot be understood; `str()` says why."""


def take_apart(words: list[str], known: Mapping[str, bool]) -> list[tuple[str, str]]:
    """Take long options apart as getopt_long does.

    Args:
        words: Behind the program's name.
        known: Names, and whether each takes a value.

    Raises:
        WrongOptionError: One is unknown, lacks its value, or is no option.
    """
    found: list[tuple[str, str]] = []
    words = list(words)
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            raise WrongOptionError(f"{word}: no such word; see --help")
        name, equals, value = word[2:].partition("=")
        wants = known.get(name)
        if wants is None or (equals and not wants) or (wants and not equals and not words):
            raise WrongOptionError(f"{word}: unknown, or it lacks its value; see --help")
        found.append((name, words.pop(0) if wants and not equals else value))
    return found


def whole(name: str, text: str, low: int, high: int) -> int:
    """Parse a whole number.

    Raises:
        WrongOptionError: It is none, or out of range.
    """
    short = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER
    if short and low <= int(text) <= high:
        return int(text)
    raise WrongOptionError(f"--{name} {text}: a whole number from {low} to {high} is wanted")


def seconds(name: str, text: str) -> float:
    """Parse seconds.

    Raises:
        WrongOptionError: They are none.
    """
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if 0 <= value <= 30 * 86_400:
        return value
    raise WrongOptionError(f"--{name} {text}: seconds are wanted")
