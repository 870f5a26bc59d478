"""Files of this machine that a person names: in an argument, or letter by letter in a form."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain

_SHOWN = 80


def named(path: str) -> Path:
    """Return the path that a person names, ``~`` and ``~user`` expanded.

    One of a user that there is not stays as it is written, as in a shell: `Path.expanduser` raises
    there, and a person who types ``~/out`` comes by ``~o`` when a letter is taken back.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111  # for the reason above


def is_there(path: Path) -> bool:
    """Return whether there is something at a path; what may not be looked at is not."""
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, in a closed folder, with a NUL
        return False


def content_of(path: Path, *, most_bytes: int, hint: str = "") -> bytes:
    """Read a whole file.

    Args:
        path: The file.
        most_bytes: How large it may be.
        hint: What to do where it cannot be read.

    Raises:
        UsageProblem: There is no such file, it is none (a folder, a pipe, a device: some of them
            never end), it cannot be read or is too large.
    """
    shown = plain(str(path), _SHOWN)
    try:
        seen = path.stat()
        if not stat.S_ISREG(seen.st_mode):
            raise UsageProblem(f"{shown} is no file", hint=hint)
        if seen.st_size > most_bytes:
            raise UsageProblem(
                f"{shown} is too large: {seen.st_size} bytes of at most {most_bytes}", hint=hint
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", "") or str(error)
        raise UsageProblem(f"{shown} cannot be read here: {why}", hint=hint) from error
