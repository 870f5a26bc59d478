"""A recorded session as a list of sessions shows it. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".hvs"


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One recorded session, as far as a glance tells. Texts are not yet safe to show.

    Attributes:
        path: Its folder.
        board: Name of the board.
        kind: What the board is, in words.
        created: When it began, seconds since the epoch; 0 where that is not known.
        seconds: Measured time, all runs together; None where no run can be read.
        switches: Detected switches, all lanes and runs; None likewise.
        runs: How many.
        conditions: Of the runs, each once.
        size: Bytes on disk.
        flags: What a reader must know: ``simulated``, ``virtual time``, ``recording``,
            ``interrupted``, ``damaged``.
        problem: What is wrong, in a sentence; empty if nothing shows.
    """

    path: Path
    board: str = ""
    kind: str = ""
    created: float = 0.0
    seconds: float | None = None
    switches: int | None = None
    runs: int = 0
    conditions: tuple[str, ...] = ()
    size: int = 0
    flags: tuple[str, ...] = ()
    problem: str = ""

    @property
    def name(self) -> str:
        """The folder's name without its suffix."""
        return self.path.name.removesuffix(SUFFIX)
