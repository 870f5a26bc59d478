"""What a cell is: a character and a role. The first frame needs no more, so no numpy here."""

from __future__ import annotations

from enum import IntEnum, auto

RAMP_STEPS = 16

Run = tuple[str, int]
Row = list[Run]


class Role(IntEnum):
    """What a cell is, not which colour it has: the colour comes from the theme.

    After the last member follow `RAMP_STEPS` steps of the ramp (lengths, short to long) and
    `RAMP_STEPS` of the band (the same, quieter); `ramp` and `band` name them. All of these come
    twice, the second time for rows that are selected; `selected` names them.
    """

    TEXT = 0
    MUTED = auto()
    STRONG = auto()
    TITLE = auto()
    FRAME = auto()
    FOCUS = auto()
    LABEL = auto()
    AXIS = auto()
    GRID = auto()
    BLIND = auto()
    THRESHOLD = auto()
    CURSOR = auto()
    RATE = auto()
    AREA = auto()
    MARK = auto()
    GOOD = auto()
    WARN = auto()
    BAD = auto()
    KEY = auto()
    BRAND = auto()
    CHIP = auto()
    REC = auto()
    SELECTED = auto()
    HEADER = auto()
    BANNER = auto()
    ALERT = auto()


RAMP = len(Role)
BAND = RAMP + RAMP_STEPS
ROLES = BAND + RAMP_STEPS


def ramp(step: int) -> int:
    """Return the role of one step of the ramp, 0 (short) to `RAMP_STEPS` − 1 (long)."""
    return RAMP + step


def band(step: int) -> int:
    """Return the role of one step of the band."""
    return BAND + step


def selected(role: int) -> int:
    """Return the role of the same cell in a row that is selected."""
    return ROLES + role
