"""What screens and widgets may ask of the app they run in, without importing it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from textual.dom import DOMNode

from hvconsole.model.problem import Problem
from hvconsole.ui.campaigns import Campaigns
from hvconsole.ui.doors import Doors
from hvconsole.ui.happenings import Happenings
from hvconsole.ui.source import Console
from hvconsole.ui.theme import Palette


class Host(Protocol):
    """The app as its screens see it.

    Attributes:
        source: The board or the recording.
        palette: The colours of the current theme.
        read_only: Say that nothing is changed on the board.
        frames_per_second: How often screens pull.
        doors: What else the console can be opened on; None where that is not known.
        happenings: What happened so far.
        recorded: Folder of the recording that is played; None for a board.
        campaigns: Plans and campaigns; None where none can be run.
        compared: Recordings and campaigns that the Compare screen shows.
    """

    source: Console
    palette: Palette
    read_only: bool
    frames_per_second: int
    doors: Doors | None
    happenings: Happenings
    recorded: Path | None
    compared: tuple[Path, ...]
    campaigns: Campaigns | None

    def tell(self, problem: Problem) -> None:
        """Show a problem."""

    def noted(self, problem: Problem) -> None:
        """Keep a problem that is shown, for the log."""

    def copy(self, text: str, what: str) -> None:
        """Put a text on the clipboard and into a file, and say so."""

    def did(self, what: str, command: Sequence[str] = ()) -> None:
        """Note what a person did, with the command that does the same."""

    async def action_go(self, mode: str) -> None:
        """Show another screen."""

    async def take(self, console: Console, *, recorded: Path | None = None) -> None:
        """Leave the present console in order and show another one.

        Raises:
            Problem: The board that is left could not be tidied up; the other one is shown.
        """


def host_of(node: DOMNode) -> Host:
    """Return the app a screen or widget runs in."""
    return cast("Host", node.app)
