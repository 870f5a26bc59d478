"""What happened while the console was open: link, run, problems, and what a person did.

Kept by the app, so that nothing is missed while another screen is looked at. What the session
recorded of control actions is in its own file (`hvconsole.session.action_log`); the Log screen
shows both.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from hvconsole.model.problem import Problem
from hvconsole.ui.source import Status

Kind = Literal["link", "run", "problem", "did", "action", "serial"]

_MOST = 2000


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened.

    Attributes:
        wall_s: When, by this machine's clock, seconds since the epoch.
        at_s: When on the samples' clock, seconds since the run's start; None outside a run.
        kind: What sort of thing.
        text: What, in words; not yet safe to show.
        board: Name of the board.
        command: What does the same on a command line; empty where nothing does.
        bad: It is something to worry about.
        run: Number of the run within the session, where that is known.
    """

    wall_s: float
    at_s: float | None
    kind: Kind
    text: str
    board: str = ""
    command: tuple[str, ...] = ()
    bad: bool = False
    run: int | None = None


class Happenings:
    """Follows the status and keeps what changed.

    Args:
        clock: This machine's clock, seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._kept: deque[Happening] = deque(maxlen=_MOST)
        self._before: Status | None = None
        self.version = 0

    def __iter__(self) -> Iterator[Happening]:
        return iter(tuple(self._kept))

    @property
    def first(self) -> int:
        """Number of the oldest one that is kept; each has its own."""
        return self.version - len(self._kept)

    def see(self, status: Status, now_s: Callable[[], float | None]) -> None:
        """Compare with what was seen before, and keep what differs.

        Args:
            status: The state of affairs.
            now_s: Asked for the samples' clock only when something differs.
        """
        before, self._before = self._before, status
        if before is status:
            return
        changes = list(_changes(before, status))
        if not changes:
            return
        at_s = now_s()
        for kind, text, bad in changes:
            self._add(Happening(self._clock(), at_s, kind, text, status.board, bad=bad))

    def did(
        self, text: str, command: Sequence[str], *, at_s: float | None, board: str = ""
    ) -> None:
        """Keep what a person did."""
        self._add(Happening(self._clock(), at_s, "did", text, board, tuple(command)))

    def told(self, problem: Problem, *, at_s: float | None, board: str = "") -> None:
        """Keep a problem that was shown."""
        text = f"{problem.title}: {problem.detail}" if problem.detail else problem.title
        self._add(Happening(self._clock(), at_s, "problem", text, board, bad=True))

    def _add(self, one: Happening) -> None:
        self._kept.append(one)
        self.version += 1


def _changes(before: Status | None, now: Status) -> Iterator[tuple[Kind, str, bool]]:
    """Say what differs between two states: kind, words, whether it is bad."""
    same_board = before is not None and before.board == now.board
    old = before if same_board else None
    if now.link != "none" and (old is None or old.link != now.link):
        detail = f": {now.link_detail}" if now.link_detail else ""
        yield "link", f"{now.link}{detail}", now.link in {"lost", "reconnecting"}
    if old is not None and old.run != now.run:
        detail = f": {now.run_detail}" if now.run_detail else ""
        yield "run", f"{now.run}{detail}", False
    if old is not None and old.serial != now.serial:
        yield "serial", now.serial or "no serial line", now.serial not in {"", "open"}
    problem = now.problem
    if problem is not None and (old is None or old.problem is not problem):
        detail = f": {problem.detail}" if problem.detail else ""
        yield "problem", f"{problem.title}{detail}", True
