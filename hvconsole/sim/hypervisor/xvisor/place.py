"""The board as Xvisor knows it: names out of its device tree, and sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Place:
    """A board under Xvisor.

    Attributes:
        model: The root node's model.
        stdio: The serial port's node.
        rtc: The clock's node.
        ram: Where memory begins, and its size.
        speeds: Xvisor's estimate for each CPU in MHz: a delay loop, and not to be believed.
    """

    model: str
    stdio: str
    rtc: str
    ram: tuple[int, int]
    speeds: tuple[str, ...]


BANANA_PI: Final = Place(
    model="LeMaker Banana Pi",
    stdio="serial@1c28000",
    rtc="rtc@1c20d00",
    ram=(0x40000000, 1 << 30),
    speeds=("911.984", "911.992"),
)
