"""Sizes, addresses, CPU lists and places on the PCI bus: as people write them, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable

_UNITS = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SIZE = re.compile(r"(?P<number>0[xX][0-9A-Fa-f_]{1,20}|[0-9_]{1,20})\s*(?P<unit>[KMGT]iB|B)?")
_RANGE = re.compile(r"(?P<first>[0-9]{1,10})\s*-\s*(?P<last>[0-9]{1,10})")
_BDF = re.compile(r"(?P<bus>[0-9A-Fa-f]{1,2}):(?P<device>[0-9A-Fa-f]{1,2})\.(?P<function>[0-7])")
_DEVICES = 32


def parse_size(text: str) -> int | None:
    """Return the bytes that ``64KiB``, ``0x10000`` or ``65536`` means; None where it says none."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return int(match["number"].replace("_", ""), 0) * _UNITS[match["unit"] or ""]
    except ValueError:  # "0_", "09": digits, but no number
        return None


def format_size(size: int) -> str:
    """Return a size so that `parse_size` gives it again: ``959MiB``, ``508KiB``, ``0xfc``."""
    for unit in ("GiB", "MiB", "KiB"):
        if size >= _UNITS[unit] and size % _UNITS[unit] == 0:
            return f"{size // _UNITS[unit]}{unit}"
    return f"{size:#x}"


def parse_range(text: str) -> range | None:
    """Return the numbers of ``32-159``, both ends included; None where it is no such range."""
    match = _RANGE.fullmatch(text.strip())
    if match is None or int(match["last"]) < int(match["first"]):
        return None
    return range(int(match["first"]), int(match["last"]) + 1)


def runs(numbers: Iterable[int]) -> list[range]:
    """Group numbers into runs without a gap, ascending."""
    found: list[range] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1].stop:
            found[-1] = range(found[-1].start, number + 1)
        else:
            found.append(range(number, number + 1))
    return found


def format_numbers(numbers: Iterable[int]) -> str:
    """Return numbers for a message: ``0-2, 5``."""
    return ", ".join(
        str(run.start) if len(run) == 1 else f"{run.start}-{run[-1]}" for run in runs(numbers)
    )


def parse_bdf(text: str) -> int | None:
    """Return the 16 bits of a place on the PCI bus, ``00:01.0``; None where it is none."""
    match = _BDF.fullmatch(text.strip())
    if match is None or int(match["device"], 16) >= _DEVICES:
        return None
    return int(match["bus"], 16) << 8 | int(match["device"], 16) << 3 | int(match["function"])


def format_bdf(bdf: int) -> str:
    """Return a place on the PCI bus so that `parse_bdf` gives it again."""
    return f"{bdf >> 8:02x}:{bdf >> 3 & _DEVICES - 1:02x}.{bdf & 7}"


def format_address(address: int) -> str:
    """Return an address with at least eight digits: ``0x01c28000``."""
    return f"{address:#010x}"
