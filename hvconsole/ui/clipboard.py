"""The file that what was copied is kept in, for terminals that do not take OSC 52."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from hvconsole.config.paths import state_dir

# Many terminals drop a longer OSC 52 without a word.
MOST_BY_TERMINAL = 70_000

_FILE = "clipboard.txt"


def keep_copy(text: str) -> Path | None:
    """Write what was copied to a file of the user alone; None where that fails."""
    path = state_dir() / _FILE
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        return path
    return None


def copied(what: str, path: Path | None, *, by_terminal: bool) -> str:
    """Say what was copied, and where it is."""
    if by_terminal:
        return f"{what} copied" + (f"; also in {path}" if path is not None else "")
    return f"{what} is in {path}" if path is not None else f"{what} is too long to be copied"
