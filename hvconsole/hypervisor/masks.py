"""Lists of CPUs as hypervisors and kernels write them: ``0-1,3``."""

from __future__ import annotations

_MOST_CPUS = 4096


def parse_mask(text: str) -> frozenset[int] | None:
    """Read a list of CPUs ``0-1,3``, ``none``; None for ``all``."""
    if text == "all":
        return None
    cpus: set[int] = set()
    for part in text.split(","):
        low, _, high = part.partition("-")
        # A damaged line must not make us count to a billion.
        if low.isdecimal() and len(low) < len(str(_MOST_CPUS)) + 1:
            last = (
                int(high) if high.isdecimal() and len(high) < len(str(_MOST_CPUS)) + 1 else int(low)
            )
            cpus.update(range(int(low), min(last, _MOST_CPUS) + 1))
    return frozenset(cpus)


def write_mask(cpus: frozenset[int]) -> str:
    """Write a list of CPUs : ``0,1,3``."""
    return ",".join(map(str, sorted(cpus)))
