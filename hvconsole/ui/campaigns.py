"""Campaigns as the console's screens see them: a seam to the commands, as doors are for boards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from hvconsole.model.problem import Problem

if TYPE_CHECKING:
    from hvconsole.model.campaign import Preview

Origin = Literal["shipped", "own"]
State = Literal["running", "ending", "done", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class PlanCard:
    """A plan that can be begun.

    Attributes:
        path: Its file.
        name: What it is called.
        about: One line.
        board: The board it is for.
        origin: Whether it comes along with hvconsole.
        problem: What is wrong with it; empty if nothing is.
    """

    path: Path
    name: str
    about: str = ""
    board: str = ""
    origin: Origin = "own"
    problem: str = ""


@dataclass(frozen=True, slots=True)
class CampaignCard:
    """A campaign that was begun.

    Attributes:
        path: Its folder.
        name: The folder's name without its suffix.
        board: The board it was begun on; empty where it never was.
        runs: How many runs it has in all; 0 where its plan cannot be read.
        kept: How many were made and kept.
        given_up: How many cannot be had on its board.
        changed: When its log was last written, seconds since the epoch.
    """

    path: Path
    name: str
    board: str = ""
    runs: int = 0
    kept: int = 0
    given_up: int = 0
    changed: float = 0.0

    @property
    def left(self) -> int:
        """Runs that are still to be made."""
        return max(self.runs - self.kept - self.given_up, 0)


@dataclass(frozen=True, slots=True)
class Said:
    """A line of what a campaign does.

    Attributes:
        clock: Wall clock, seconds since the epoch.
        mark: As in `hvconsole.campaign.conduct.Mark`; ``problem`` where it ended badly.
        text: In words; names in it come from the plan and the board.
        number: Of the run; 0 for none.
    """

    clock: float
    mark: str
    text: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """The campaign that runs in this console, or ran last.

    Attributes:
        folder: Its folder.
        name: The plan's.
        board: The board.
        runs: How many in all.
        settled: How many are made, or given up.
        state: How it stands.
        current: The condition that is being measured.
        left_s: About how long it still takes; None while nothing is known yet.
        said: The newest lines.
        problem: Why it ended before its end.
    """

    folder: Path
    name: str
    board: str
    runs: int
    settled: int = 0
    state: State = "running"
    current: str = ""
    left_s: float | None = None
    said: tuple[Said, ...] = ()
    problem: Problem | None = None

    def heard(self, line: Said, **changes: object) -> Progress:
        """Return it with one more line."""
        return replace(self, said=(*self.said, line)[-_MOST_LINES:], **changes)  # type: ignore[arg-type]  # fields of this class

    @property
    def runs_now(self) -> bool:
        """Whether it has not ended yet."""
        return self.state in {"running", "ending"}


_MOST_LINES = 2000


class Campaigns(Protocol):
    """Plans and campaigns. `hvconsole.commands.campaigns` has the real one."""

    @property
    def progress(self) -> Progress | None:
        """The campaign of this console."""

    def cards(self) -> tuple[list[PlanCard], list[CampaignCard]]:
        """Return the plans, and the campaigns that were begun. Reads files: call it in a thread."""

    def text_of(self, path: Path) -> str:
        """Return a plan as it is written.

        Raises:
            UsageProblem: It cannot be read.
        """

    def check(self, text: str, path: Path) -> tuple[Preview, str]:
        """Return what a plan would be, and the board it is for.

        Raises:
            UsageProblem: Something in it makes no sense; with file and line.
        """

    def modes(self, board: str) -> tuple[str, ...]:
        """Return the boot modes of a board, as far as that is known without reaching it."""

    def save(self, text: str, path: Path) -> None:
        """Write a plan.

        Raises:
            UsageProblem: It makes no sense, or cannot be written.
        """

    def may_begin(self, path: Path, board: str) -> None:
        """Say whether a campaign on a board could begin here and now.

        Raises:
            UsageProblem: It could not, and why.
        """

    def begin(self, text: str, path: Path, board: str, folder: Path | None = None) -> None:
        """Begin a campaign, or go on with the one in `folder`; it runs in the background.

        Raises:
            UsageProblem: It cannot be begun.
        """

    async def stop(self) -> None:
        """End the campaign in order: the run under way is undone, the rest can be gone on with."""
