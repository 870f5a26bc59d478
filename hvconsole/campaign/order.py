"""In which order runs are made: blocks of all conditions, each block shuffled.

A board drifts: it warms up, its caches and its disk fill. If all runs of a condition stood
together, the drift would look like the condition. So each block has each condition once, in an
order that the plan's seed decides (randomised complete blocks; Hoefler and Belli, SC'15, rule 9).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slot:
    """One run that is to be made.

    Attributes:
        number: From 1, in the order of the campaign.
        block: From 1; as many as there are repetitions.
        condition: Its name.
    """

    number: int
    block: int
    condition: str


def slots_of(conditions: Sequence[str], repetitions: int, seed: int) -> tuple[Slot, ...]:
    """Return all runs of a campaign, in order; the same arguments give the same order."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    slots: list[Slot] = []
    for block in range(1, repetitions + 1):
        order = list(conditions)
        chance.shuffle(order)
        slots += [Slot(len(slots) + at, block, name) for at, name in enumerate(order, 1)]
    return tuple(slots)
