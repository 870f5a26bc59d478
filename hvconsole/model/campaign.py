"""A campaign ahead, as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preview:
    """What going through a plan would be.

    Attributes:
        blocks: The conditions of each block, in the order in which they are measured.
        conditions: Each condition's name, and how it is prepared and measured, in words.
        runs: How many runs in all.
        seconds: About how long they take, without the boots between them.
    """

    blocks: tuple[tuple[str, ...], ...]
    conditions: tuple[tuple[str, str], ...]
    runs: int
    seconds: float
