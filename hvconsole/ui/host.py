"""What screens and widgets may ask of the app they run in, without importing it."""

from __future__ import annotations

from typing import Protocol, cast

from textual.dom import DOMNode

from hvconsole.model.problem import Problem
from hvconsole.ui.source import Console
from hvconsole.ui.theme import Palette


class Host(Protocol):
    """The app as its screens see it.

    Attributes:
        source: The board or the recording.
        palette: The colours of the current theme.
        read_only: Say that nothing is changed on the board.
        frames_per_second: How often screens pull.
    """

    source: Console
    palette: Palette
    read_only: bool
    frames_per_second: int

    def tell(self, problem: Problem) -> None:
        """Show a problem."""


def host_of(node: DOMNode) -> Host:
    """Return the app a screen or widget runs in."""
    return cast("Host", node.app)
