r"""Text from boards, made safe for a terminal.

Names, kernel versions and messages come from machines that may be broken or hostile. What they
say is shown as text and as nothing else: no escape sequence may move the cursor, change the title
or write the clipboard, no character may reorder or overlay its neighbours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
ELLIPSIS = "…"

_ESCAPES = re.compile(
    r"""
      (?:\x1b\[|\x9b) [0-?]* [ -/]* [@-~]                     # CSI: colours, cursor
    | (?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]) [^\x07\x1b\x9c]* (?:\x07|\x1b\\|\x9c)  # OSC, DCS, …
    | \x1b [ -/]* [0-~]                                       # two characters: reset, charset
    """,
    re.VERBOSE,
)

# More marks on one letter than any language uses only serve to paint over other lines.
_MARKS_KEPT = 2

# Characters whose width terminals disagree on (or that are invisible but take room): one of them
# would shift everything to its right. First and last code point of each range.
_UNCERTAIN = (
    (0x115F, 0x11FF),
    (0x2630, 0x2637),
    (0x268A, 0x268F),
    (0x3164, 0x3164),
    (0x4DC0, 0x4DFF),
    (0xD7B0, 0xD7FF),
    (0xFFA0, 0xFFA0),
    (0x1D300, 0x1D37F),
    (0x1F3FB, 0x1F3FF),
)


def plain(text: str, limit: int) -> str:
    """Return `text` as one line that a terminal shows and does nothing else with.

    Escape sequences and control characters (also those that change the direction of writing) are
    removed, white space becomes a blank, characters without an agreed width become U+FFFD.

    Args:
        text: Anything, from anywhere.
        limit: The most terminal cells that the result may take; what does not fit ends in ``…``.
    """
    return clip("".join(_kept(_ESCAPES.sub("", text))).strip(), limit)


def width(text: str) -> int:
    """Return how many terminal cells a text returned by `plain` takes."""
    return len(text) if text.isascii() else sum(_cells(char) for char in text)


def clip(text: str, limit: int) -> str:
    """Cut a text returned by `plain` to at most `limit` cells, marking the cut with ``…``."""
    if limit <= 0:
        return ""
    if len(text) <= limit and text.isascii():
        return text
    used = 0
    fits = 0  # characters that leave room for the ellipsis
    for index, char in enumerate(text):
        used += _cells(char)
        if used <= limit - 1:
            fits = index + 1
        if used > limit:
            return text[:fits] + ELLIPSIS
    return text


def wrap(text: str, limit: int) -> list[str]:
    """Break a text returned by `plain` into lines of at most `limit` cells, at blanks if it can."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        if line and width(line) + 1 + width(word) <= limit:
            line += f" {word}"
            continue
        if line:
            lines.append(line)
        *full, line = chopped(word, max(limit, 2))
        lines += full
    return [*lines, line] if line else lines


def chopped(word: str, limit: int) -> list[str]:
    """Cut a word into pieces of at most `limit` cells; two are needed for a wide character."""
    if width(word) <= limit:
        return [word]
    pieces = [""]
    for char in word:
        if width(pieces[-1]) + _cells(char) > limit:
            pieces.append("")
        pieces[-1] += char
    return pieces


def _cells(char: str) -> int:
    if char.isascii():
        return 1
    if unicodedata.category(char)[0] == "M":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _kept(text: str) -> Iterator[str]:
    marks = _MARKS_KEPT  # a mark at the very beginning has nothing to sit on
    for char in text:
        shown = _shown(char)
        if not shown:
            continue
        marks = marks + 1 if unicodedata.category(shown)[0] == "M" else 0
        if marks <= _MARKS_KEPT:
            yield shown


def _shown(char: str) -> str:
    if " " <= char <= "~":
        return char
    if char.isspace():
        return " "
    category = unicodedata.category(char)
    if category in {"Cc", "Cf"} or _is_variation_selector(char):
        return ""
    if category[0] == "C" or _is_uncertain(char):
        return REPLACEMENT
    return char


def _is_variation_selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _is_uncertain(char: str) -> bool:
    point = ord(char)
    return any(first <= point <= last for first, last in _UNCERTAIN)
