r"""What is typed at U-Boot's prompt, and what it says: pure text.

U-Boot's shell (hush) comes in two forms that differ inside single quotes: the old parser takes a
backslash there as an escape, the one of 2024.01 and later takes it as itself. Outside of quotes
both agree, so a backslash or a quote is always written there: ``it's`` becomes ``'it'\''s'``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from hvconsole.model.problem import UsageProblem

MAX_COMMAND = 500  # U-Boot's line buffer holds 512 bytes on most boards

_PLAIN_WORD = re.compile(r"[A-Za-z0-9_./:=,+@%-]+")
_QUOTED = re.compile(r"[^'\\]+|['\\]")
_COMMAND_NAME = re.compile(r"[a-z0-9_?]+")
_NAME = re.compile(r"[!-,.-<>-~][!-<>-~]*")  # no blank, no '=', no leading '-'
_COUNTDOWN = re.compile(
    rb"(?i)(?:hit any key|press \S+) to (?:stop|abort) autoboot|autoboot in \d+ second"
)


def quote(word: str) -> str:
    """Return a word as hush reads it back unchanged.

    Raises:
        UsageProblem: It holds what cannot be typed at U-Boot: anything but printable ASCII.
    """
    if not (word.isascii() and (word.isprintable() or not word)):
        raise UsageProblem(
            f"{word!r} cannot be typed at U-Boot",
            detail="its line editor acts on control characters, and its words are ASCII",
            hint="leave out line ends, control characters and letters beyond ASCII",
        )
    if _PLAIN_WORD.fullmatch(word):
        return word
    parts = [f"\\{part}" if part in "'\\" else f"'{part}'" for part in _QUOTED.findall(word)]
    return "".join(parts) or "''"


def command_line(argv: Sequence[str]) -> str:
    """Return an argument list as one line of hush.

    Raises:
        UsageProblem: The first word is no command's name, a word cannot be typed, or the line is
            longer than U-Boot's buffer.
    """
    if not argv or not _COMMAND_NAME.fullmatch(argv[0]):
        raise UsageProblem(f"{argv[0] if argv else ''!r} is no U-Boot command")
    line = " ".join([argv[0], *(quote(word) for word in argv[1:])])
    return check_length(line)


def check_length(line: str) -> str:
    """Return a line that fits U-Boot's buffer.

    Raises:
        UsageProblem: It does not; U-Boot would drop the rest with a beep for each character.
    """
    if len(line) > MAX_COMMAND:
        raise UsageProblem(
            f"a U-Boot command of {len(line)} characters is too long",
            detail=f"{line[:60]}…\nits line buffer holds {MAX_COMMAND} safely",
            hint="put parts into variables, or the whole into a script",
        )
    return line


def counts_down(text: bytes) -> bool:
    """Return whether U-Boot is about to boot by itself and can be stopped now."""
    return _COUNTDOWN.search(text) is not None


def at_prompt(text: bytes, prompt: bytes) -> bool:
    """Return whether the text ends in the prompt, at the beginning of a line."""
    return text.endswith(prompt) and text[: -len(prompt)][-1:] in {b"", b"\n", b"\r"}


def parse_variable(name: str, output: str) -> str | None:
    """Return a variable's value from what ``printenv NAME`` wrote, or None."""
    start = f"{name}="
    return output[len(start) :].removesuffix("\n") if output.startswith(start) else None


def checked_variable(name: str) -> str:
    """Return a name that a variable can have.

    Raises:
        UsageProblem: It cannot name one.
    """
    if not _NAME.fullmatch(name):
        raise UsageProblem(f"{name!r} cannot name a U-Boot variable")
    return name
