"""Which part of time the screen looks at. Pure: every move returns a new window."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

DEFAULT_SPAN_S = 10.0
SHORTEST_S = 1e-4
LONGEST_S = 24 * 3600.0

# 1-2-5 below a minute; above it the steps people count time in.
_MINUTES = (60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 6 * 3600.0, LONGEST_S)
_SECONDS = tuple(m * 10.0**e for e in range(-4, 2) for m in (1.0, 2.0, 5.0) if m * 10.0**e < 60)  # noqa: PLR2004
SPANS = tuple(sorted({float(f"{s:.6g}") for s in _SECONDS} | set(_MINUTES)))


@dataclass(frozen=True, slots=True)
class Window:
    """A view on time.

    Attributes:
        span_s: How much of it is seen, one of `SPANS`.
        start_s: Its left edge, seconds since the run's start; None follows the newest.
    """

    span_s: float = DEFAULT_SPAN_S
    start_s: float | None = None

    @property
    def follows(self) -> bool:
        """Whether the right edge is the newest moment."""
        return self.start_s is None

    def left(self, now_s: float) -> float:
        """Return the left edge at a moment."""
        return max(now_s - self.span_s, 0.0) if self.start_s is None else self.start_s

    def zoom(self, steps: int, now_s: float, at_s: float | None = None) -> Window:
        """Zoom in (positive) or out (negative) and keep one moment where it is.

        Args:
            steps: How many of `SPANS` to go.
            now_s: The newest moment.
            at_s: The moment to keep; None keeps the newest if it is followed, else the middle.
        """
        nearest = min(range(len(SPANS)), key=lambda i: abs(math.log(SPANS[i] / self.span_s)))
        span = SPANS[min(max(nearest - steps, 0), len(SPANS) - 1)]
        if self.follows and at_s is None:
            return replace(self, span_s=span)
        left = self.left(now_s)
        fixed = left + self.span_s / 2 if at_s is None else at_s
        share = (fixed - left) / self.span_s
        return _at(fixed - share * span, span, now_s)

    def pan(self, spans: float, now_s: float) -> Window:
        """Move by a share of the span, to the right if positive. Following ends with it."""
        return _at(self.left(now_s) + spans * self.span_s, self.span_s, now_s)

    def held(self, now_s: float) -> Window:
        """Stop following: stay where the window is."""
        return _at(self.left(now_s), self.span_s, now_s) if self.follows else self

    def showing(self, moment_s: float, now_s: float) -> Window:
        """Return a window in which a moment is seen, in the middle if it has to move."""
        left = self.left(now_s)
        if left <= moment_s <= left + self.span_s:
            return self
        return _at(moment_s - self.span_s / 2, self.span_s, now_s)

    def fitting(self, start_s: float, end_s: float, now_s: float) -> Window:
        """Return the closest window that holds a part of time, with the part in its middle."""
        wanted = end_s - start_s
        span = next((span for span in SPANS if span >= wanted), SPANS[-1])
        return _at((start_s + end_s - span) / 2, span, now_s)

    def following(self) -> Window:
        """Follow the newest."""
        return replace(self, start_s=None)


def _at(left: float, span: float, now_s: float) -> Window:
    """Return a window that stays within what there is: from 0 to the newest."""
    return Window(span, max(min(left, now_s - span), 0.0))
