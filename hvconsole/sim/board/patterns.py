"""Shell patterns against texts: names of files, arms of ``case``, ends of variables."""

from __future__ import annotations

import fnmatch
import re
from typing import Final

SIGNS: Final = "*?["
_CLASSES: Final = {
    "[:space:]": " \t\n\r\f\v",
    "[:blank:]": " \t",
    "[:digit:]": "0-9",
    "[:alpha:]": "A-Za-z",
    "[:alnum:]": "A-Za-z0-9",
    "[:upper:]": "A-Z",
    "[:lower:]": "a-z",
    "[:xdigit:]": "0-9A-Fa-f",
}
_CLASS: Final = re.compile("|".join(map(re.escape, _CLASSES)))


def matches(text: str, pattern: str) -> bool:
    """Return whether the whole text fits the pattern."""
    if "[:" in pattern:
        pattern = _CLASS.sub(lambda match: _CLASSES[match[0]], pattern)
    return fnmatch.fnmatchcase(text, pattern)


def literally(text: str) -> str:
    """Return a pattern that fits this text alone."""
    return "".join(f"[{char}]" if char in SIGNS else char for char in text)
