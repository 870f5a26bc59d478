"""Reading why a verdict is what it is."""

from __future__ import annotations

from collections.abc import Sequence

from hvconsole.ui.chart.cells import Row
from hvconsole.ui.screens.said import SaidScreen
from hvconsole.ui.view.compare import reason_rows


class ReasonsScreen(SaidScreen):
    """Shows the reasons of a verdict, wrapped; scrolled and copied as other answers are.

    Args:
        title: Which verdict.
        found: Heads and sentences, safe to show.
    """

    ends_with_newest = False
    most_width = 120  # sentences are read more easily

    def __init__(self, title: str, found: Sequence[tuple[str, str]]) -> None:
        super().__init__(
            title, [f"{head}: {text}" if head else text for head, text in found], note="why"
        )
        self._found = tuple(found)

    def rows(self, width: int) -> list[Row]:
        """Return the reasons, wrapped."""
        return reason_rows(self._found, width)
