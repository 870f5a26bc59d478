"""A key that is held down says itself again and again; a question must not take that for an answer.

Terminals do not tell a repetition from a press. The first repetition comes 0.25 to 0.66 s after the
press, the others some 30 ms apart: so what comes within 0.7 s of the same key is not taken for one.
Pressing another key or a button of the mouse in between, or waiting that long, makes it a press
again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

HELD_S = 0.7
ANSWERS = frozenset({"enter", "space", "y"})


class HeldKeys:
    """Remembers the last key.

    Args:
        clock: Seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: tuple[str, float] | None = None

    def pressed(self, key: str) -> bool:
        """Take note of a key; tell whether it is a press, and not a repetition."""
        now, before = self._clock(), self._last
        self._last = key, now
        return before is None or before[0] != key or now - before[1] >= HELD_S

    def clicked(self) -> None:
        """Take note of a button of the mouse: who presses one holds no key down."""
        self._last = None
