"""What the Board screen asks of a connected board: the seam to the session.

Asking for the state says that somebody watches; only then is the board looked at, for looking
costs it CPU time that a measurement sees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from hvconsole.ui.source import Console

if TYPE_CHECKING:
    from hvconsole.board.look import BoardLook


class BoardSide(Protocol):
    """A connected board. `hvconsole.session.board_desk` has the real one.

    The coroutines raise `Problem`; the screen shows it and goes on.
    """

    @property
    def state(self) -> BoardLook:
        """The state of affairs. Asking says that somebody watches."""

    async def look(self) -> None:
        """Ask the board again what it is."""

    async def doctor(self) -> None:
        """Check the board as before a measurement."""

    async def load_module(self) -> None:
        """Load the counter module; it is unloaded again at the end."""

    async def unload_module(self) -> None:
        """Unload the counter module that was loaded from here."""


def board_side(console: Console) -> BoardSide | None:
    """Return the board behind a console; None for a recording, and where none is connected."""
    side: BoardSide | None = getattr(console, "board_side", None)
    return side
