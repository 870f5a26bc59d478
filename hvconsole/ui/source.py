"""What the screens need from the session: the one seam between them.

The screens pull; nothing is pushed at them. A live board, a simulated one and a replay all look
like this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from hvconsole.model.status import LinkState, RunState, Status

if TYPE_CHECKING:
    from hvconsole.stream.snapshot import Snapshot, View

__all__ = ["Console", "LinkState", "Playback", "RunState", "Status"]


class Playback(Protocol):
    """The additional powers of a recorded session."""

    @property
    def position_s(self) -> float:
        """Where it stands, seconds since its beginning."""

    @property
    def duration_s(self) -> float:
        """How long it is in seconds."""

    @property
    def speed(self) -> float:
        """How fast it plays; 1 is as it happened."""

    @property
    def playing(self) -> bool:
        """Whether it moves."""

    def seek(self, position_s: float) -> None:
        """Go to a moment; outside the session means its nearer end."""

    def set_speed(self, speed: float) -> None:
        """Play at this speed from now on."""

    def toggle(self) -> None:
        """Play, or stop playing."""


class Console(Protocol):
    """One connected board, or one recorded session, as the screens see it.

    The coroutines raise `Problem`; the screens show it and go on.
    """

    @property
    def status(self) -> Status:
        """The state of affairs. Cheap: asked for at every frame."""

    @property
    def playback(self) -> Playback | None:
        """The controls of a recorded session; None for a board."""

    def snapshot(self, view: View) -> Snapshot:
        """Return what the view shows now. Cheap: called at every frame."""

    async def open(self) -> None:
        """Connect to the board."""

    async def start_run(self) -> None:
        """Begin a measured run; returns once it runs."""

    async def stop_run(self) -> None:
        """End the measured run and keep its record; returns once it ended."""

    async def close(self) -> None:
        """End everything and leave the board as it was found. Safe to call twice."""
