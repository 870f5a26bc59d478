"""Words of a command on their way to a board: checked, and quoted where a shell will read them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from hvconsole.model.problem import UsageProblem

_LONGEST_SHOWN = 60


def checked_words(argv: Sequence[str]) -> tuple[str, ...]:
    """Return the words of a command if they can be passed on exactly as they are.

    Control characters are refused even where quoting would carry them: a newline in a name is
    never meant, and not every login shell reads it the same way. Scripts go through standard input.

    Raises:
        UsageProblem: There is no word, the first is no program, or one holds what cannot pass.
    """
    words = tuple(argv)
    if not words or not words[0] or words[0].startswith("-"):
        raise UsageProblem(
            f"{shown(words[0]) if words else 'nothing'} is no program",
            hint="a command begins with the name of a program",
        )
    for word in words:
        _check(word, "a word of a command")
    return words


def checked_path(path: str) -> str:
    """Return a path of a file on a board if it is absolute and can be passed on as it is.

    Raises:
        UsageProblem: It is relative, names a folder, or holds what cannot pass.
    """
    _check(path, "a path")
    if not path.startswith("/") or path.endswith("/"):
        raise UsageProblem(
            f"{shown(path)} is no absolute path of a file", hint="begin it with '/' and a folder"
        )
    return path


def command_line(argv: Sequence[str]) -> str:
    """Return the command as one line for a POSIX shell, every word quoted as needed.

    Raises:
        UsageProblem: As `checked_words`.
    """
    return shlex.join(checked_words(argv))


def shown(text: str) -> str:
    """Return a name as it can stand in a message: quoted, escaped and not too long."""
    quoted = ascii(text)
    return quoted if len(quoted) <= _LONGEST_SHOWN else quoted[: _LONGEST_SHOWN - 2] + "…'"


def _check(word: str, what: str) -> None:
    if any(char < " " or char == "\x7f" for char in word):
        raise UsageProblem(
            f"{shown(word)} holds a control character",
            detail=f"{what} must be printable text: no newline, no NUL, no escape",
            hint="rename what it names",
        )
    try:
        word.encode()
    except UnicodeEncodeError as error:
        raise UsageProblem(
            f"{shown(word)} is not valid text",
            detail=f"{what} must be encodable as UTF-8",
            hint="rename what it names",
        ) from error
