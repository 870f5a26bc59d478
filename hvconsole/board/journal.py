"""The undo journal: whatever a console changes on a board is written down first, with its undo.

On exit the changes are undone, last one first. If the console dies instead, or the link does, its
journal stays; the next console that connects to the same board finds it and undoes the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hvconsole.board.journal_file import (
    Change,
    JournalFile,
    Outcome,
    abandoned_journals,
    new_journal,
)
from hvconsole.config.paths import state_dir
from hvconsole.link.protocol import Capability, Link
from hvconsole.link.words import checked_words
from hvconsole.model.problem import BoardProblem, LinkProblem, Problem


@dataclass(frozen=True, slots=True)
class NotUndone:
    """A change that still stands, and why."""

    change: Change
    reason: str

    def problem(self, where: str) -> BoardProblem:
        """Return it as a problem to show."""
        return BoardProblem(
            f"could not {self.change.text} on {where}",
            detail=self.reason,
            hint="it is tried again at the next connection; by hand on the board:\n"
            + " ".join(self.change.undo),
        )


class Journal:
    """The changes of one console to one board.

    Args:
        board: The board's name.
        boot: The board's boot id, so that changes which a reboot undoes are known to be gone.
        folder: Where journals lie; None takes the user's.
    """

    def __init__(self, board: str, *, boot: str = "", folder: Path | None = None) -> None:
        self._board = board
        self._boot = boot
        self._folder = folder or journal_folder()
        self._file: JournalFile | None = None
        self._standing: list[Change] = []
        self._last_id = 0

    @property
    def standing(self) -> tuple[Change, ...]:
        """The changes that were made and not undone, in order."""
        return tuple(self._standing)

    async def record(self, undo: Sequence[str], text: str, *, until_reboot: bool = False) -> Change:
        """Write a change down before it is made; it is on disk when this returns.

        Args:
            undo: The command that undoes it. It must be harmless if the change was never made.
            text: What undoing it is, for a person: ``remove the folder /tmp/x``.
            until_reboot: A reboot of the board undoes it, too.

        Raises:
            BoardProblem: The journal cannot be written; the change must not be made then.
        """
        change = Change(
            self._last_id + 1, text, checked_words(undo), self._boot if until_reboot else ""
        )
        await asyncio.to_thread(self._write, change)
        self._last_id = change.id
        self._standing.append(change)
        return change

    async def settle(self, change: Change) -> None:
        """Note that a change is gone: it was undone elsewhere, or not made after all."""
        self._standing.remove(change)
        await asyncio.to_thread(self._write, Outcome(change.id, gone=True))

    async def undo_all(self, link: Link) -> list[NotUndone]:
        """Undo everything, the last change first; return what could not be undone.

        What remains stays in the journal for the next console.
        """
        if self._file is None:
            return []
        failed = await _undo(link, self._file, self._standing, self._boot)
        self._standing = [each.change for each in failed]
        if not failed:
            self._file.remove()
        return failed

    def close(self) -> None:
        """Leave the journal to whoever connects next, with what still stands in it."""
        if self._file is not None:
            if not self._standing:
                self._file.remove()
            self._file.close()
            self._file = None

    def _write(self, record: Change | Outcome) -> None:
        try:
            if self._file is None:
                self._file = new_journal(self._folder, self._board)
            self._file.append(record)
        except OSError as error:
            raise BoardProblem(
                "the undo journal cannot be written, so nothing is changed on the board",
                detail=f"{error.filename or self._folder}: {error.strerror}",
                hint=f"make {self._folder} writable, with room on its disk",
            ) from error


def journal_folder() -> Path:
    """Return the user's folder of journals."""
    return state_dir() / "journal"


def pending(board: str, folder: Path | None = None) -> list[Change]:
    """Return the changes to a board that consoles which are gone left behind, in order."""
    found: list[Change] = []
    for journal in abandoned_journals(folder or journal_folder(), board):
        found += journal.content()[1]
    return found


async def undo_pending(
    link: Link, board: str, *, boot: str = "", folder: Path | None = None
) -> tuple[list[Change], list[NotUndone]]:
    """Undo what consoles that are gone left behind on a board.

    Args:
        link: The way to the board.
        board: Its name.
        boot: Its boot id.
        folder: Where journals lie; None takes the user's.

    Returns:
        The changes that are undone now, and those that still stand.
    """
    undone: list[Change] = []
    failed: list[NotUndone] = []
    for journal in abandoned_journals(folder or journal_folder(), board):
        _, changes = journal.content()
        if changes and not any(_can_be_undone_over(link, each, boot) for each in changes):
            continue  # another system's; it is undone once that one answers again
        left = await _undo(link, journal, changes, boot)
        still = [each.change for each in left]
        undone += [change for change in changes if change not in still]
        failed += left
        if not left:
            journal.remove()
    return undone, failed


async def _undo(
    link: Link, journal: JournalFile, changes: Sequence[Change], boot: str
) -> list[NotUndone]:
    failed: list[NotUndone] = []
    lost: LinkProblem | None = None
    for change in reversed(changes):
        reason = ""
        if lost is not None:
            reason = lost.title
        elif not _can_be_undone_over(link, change, boot):
            reason = "the board runs Xvisor now, which cannot do that; its Linux can"
        elif not _gone_by_reboot(change, boot):
            try:
                reason = await _undo_one(link, change)
            except LinkProblem as problem:
                lost, reason = problem, problem.title
        if reason:
            failed.append(NotUndone(change, reason))
        with contextlib.suppress(OSError):  # a full disk must not keep the board changed
            await asyncio.to_thread(
                journal.append, Outcome(change.id, gone=not reason, reason=reason)
            )
    return failed[::-1]


def _can_be_undone_over(link: Link, change: Change, boot: str) -> bool:
    """Whether a link leads to the system that a change was made on: no shell's words to Xvisor."""
    return Capability.TERMINAL not in link.capabilities or change.board_boot == boot


def _gone_by_reboot(change: Change, boot: str) -> bool:
    return bool(change.board_boot) and bool(boot) and change.board_boot != boot


async def _undo_one(link: Link, change: Change) -> str:
    """Run one undo; return why it failed, or nothing."""
    try:
        done = await link.run(change.undo)
    except LinkProblem:
        raise
    except Problem as problem:
        return problem.title
    if done.status == 0:
        return ""
    return done.error_text or f"{change.undo[0]} ended with status {done.status}"
