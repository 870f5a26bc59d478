"""What the tools of all hypervisors share: numbers in words, and waiting for ever."""

from __future__ import annotations

import asyncio
from typing import Final

_MOST_DIGITS: Final = 10


def identifier(word: str) -> int | None:
    """Return a word of digits as a number; None for anything else, or too many digits."""
    plain = word.isascii() and word.isdecimal() and len(word) <= _MOST_DIGITS
    return int(word) if plain else None


async def for_ever() -> None:
    """Wait until somebody ends the program: the board does not answer any more."""
    await asyncio.Event().wait()
