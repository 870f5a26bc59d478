"""The files behind the undo journal: one for each console and board, locked while it lives.

Each line is one JSON object: first the owner, then changes as they are about to be made, and what
became of them. A line that a crash cut short is the change that was not made.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hvconsole.model.learned import learned


class Owner(msgspec.Struct, frozen=True, tag="owner", tag_field="is"):
    """The console that a journal belongs to.

    A process number is used again sooner or later; with its start time (in clock ticks since
    boot) and the boot it is one process only.
    """

    board: str
    pid: int
    started: int
    boot: str

    @classmethod
    def of_this_process(cls, board: str) -> Owner:
        """Return ourselves."""
        return cls(board, os.getpid(), start_time(os.getpid()) or 0, boot_id())

    @property
    def lives(self) -> bool:
        """Whether that very process still runs on this machine."""
        return self.boot == boot_id() and start_time(self.pid) == self.started


class Change(msgspec.Struct, frozen=True, tag="change", tag_field="is"):
    """A change of a board, written before it is made.

    Attributes:
        id: Number of the change within its journal.
        text: What undoing it is, for a person: ``remove the folder /tmp/hvconsole.a1b2``.
        undo: The command that undoes it, harmless where the change was never made.
        board_boot: The board's boot id, for a change that a reboot undoes by itself; else empty.
    """

    id: int
    text: str
    undo: tuple[str, ...]
    board_boot: str = ""


class Outcome(msgspec.Struct, frozen=True, tag="outcome", tag_field="is"):
    """What became of a change: it is gone, or why undoing it failed."""

    id: int
    gone: bool
    reason: str = ""


_decoder: msgspec.json.Decoder[Owner | Change | Outcome] = msgspec.json.Decoder(
    learned(Owner | Change | Outcome)
)


class JournalFile:
    """One journal, open and locked: nobody else undoes what stands in it.

    Args:
        path: The file, made if it is missing.

    Raises:
        BlockingIOError: Another console holds it.
        OSError: It cannot be opened or made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._handle = os.open(path, flags, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            os.close(self._handle)
            raise

    def append(self, record: Owner | Change | Outcome) -> None:
        """Write one line and wait until it is on disk."""
        line = b"\n" + msgspec.json.encode(record) + b"\n"  # whatever was cut short ends here
        if os.write(self._handle, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        os.fsync(self._handle)

    def content(self) -> tuple[Owner | None, list[Change]]:
        """Return the owner and the changes that still stand, in the order they were made."""
        return parse_journal(os.pread(self._handle, os.fstat(self._handle).st_size, 0))

    def remove(self) -> None:
        """Delete the file: nothing stands any more."""
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Give up the lock. Safe to call twice."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


def parse_journal(data: bytes) -> tuple[Owner | None, list[Change]]:
    """Parse a journal; lines that make no sense (the last one of a crash) are left out."""
    owner: Owner | None = None
    standing: dict[int, Change] = {}
    for line in data.split(b"\n"):
        try:
            record = _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if isinstance(record, Owner):
            owner = record
        elif isinstance(record, Change):
            standing[record.id] = record
        elif record.gone:
            standing.pop(record.id, None)
    return owner, list(standing.values())


def new_journal(folder: Path, board: str) -> JournalFile:
    """Make the journal of this console for a board.

    Raises:
        OSError: It cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"{_file_name(board)}.{os.getpid()}.{secrets.token_hex(4)}.jsonl"
    # Nobody may find it before it is locked and says whose it is.
    journal = JournalFile(folder / f".{name}")
    journal.append(Owner.of_this_process(board))
    journal.path = journal.path.rename(folder / name)
    _sync_folder(folder)
    return journal


def abandoned_journals(folder: Path, board: str) -> Iterator[JournalFile]:
    """Yield the journals of consoles that are gone, each locked while it is looked at.

    Raises:
        OSError: One cannot be opened.
    """
    for path in sorted(folder.glob(f"{_file_name(board)}.*.jsonl")):
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            journal = JournalFile(path)
            try:
                owner, _ = journal.content()
                if owner is None or (owner.board == board and not owner.lives):
                    yield journal
            finally:
                journal.close()


def start_time(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; None if there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[19])


def boot_id() -> str:
    """Return what tells this boot of this machine from all others; empty if nothing does."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _file_name(board: str) -> str:
    """Return the board's name as a part of a file's name, with nothing that a pattern reads."""
    return "".join(
        char if char.isascii() and char.isalnum() else f"_{ord(char):x}_" for char in board
    )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
