"""Sets of CPUs as the tools and the kernel write and read them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_MOST: Final = 4096


def ranges(cpus: Iterable[int]) -> str:
    """Return CPU numbers as a list of ranges: ``0-1,3``."""
    parts: list[list[int]] = []
    for cpu in sorted(cpus):
        if parts and parts[-1][-1] == cpu - 1:
            parts[-1].append(cpu)
        else:
            parts.append([cpu])
    return ",".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)


def parse_ranges(text: str) -> frozenset[int] | None:
    """Return the CPUs that xl's notation names (``0-1,^1``); None for ``all``.

    Raises:
        ValueError: It is no such notation.
    """
    wanted: set[int] = set()
    for part in text.split(","):
        if part == "all":
            return None
        if part == "none":
            continue
        first, _, last = part.removeprefix("^").partition("-")
        low, high = _number(first), _number(last or first)
        if high < low:
            raise ValueError(text)
        span = range(low, high + 1)
        if part.startswith("^"):
            wanted.difference_update(span)
        else:
            wanted.update(span)
    return frozenset(wanted)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) >= _MOST:
        raise ValueError(text)
    return int(text)
