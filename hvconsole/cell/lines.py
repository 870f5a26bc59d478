"""Where each key and value of a TOML text stands.

`tomllib` forgets the lines. This walks a text that `tomllib` has already accepted, so it has only
to know where values begin and end, not what they are worth.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

Path = tuple[str | int, ...]
"""Keys, and positions in arrays: ``("memory", 3, "size")``."""

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""+' r"|'''.*?'''+" r'|"(?:\\.|[^"\\])*"' r"|'[^']*'", re.DOTALL
)
_SCALAR = re.compile(r"[^,\]}#\r\n]*")


def positions(text: str) -> dict[Path, int]:
    """Return the line (from 1) on which each table, key and array element begins.

    Args:
        text: Valid TOML.
    """
    return _Scanner(text).scan()


class _Scanner:
    """Reads a text from its beginning, remembering where it met what."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        base: Path = ()
        while self._skip(_SPACE) < len(self._text):
            start = self._at
            if self._take("[["):
                base = self._array_header(start)
            elif self._take("["):
                base = self._inside(self._key())
                self._mark(base, start)
                self._take("]")
            else:
                self._pair(base)
        return self._lines

    def _array_header(self, start: int) -> Path:
        path = self._inside(self._key())
        self._take("]]")
        self._mark(path, start)
        index = self._counts.get(path, 0)
        self._counts[path] = index + 1
        self._mark((*path, index), start)
        return (*path, index)

    def _inside(self, key: Path) -> Path:
        """Return a header's path; of an array of tables on the way, the last one is meant."""
        path: Path = ()
        for position, part in enumerate(key, 1):
            path = (*path, part)
            if position < len(key) and path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path

    def _pair(self, base: Path) -> None:
        start = self._at
        key = self._key()
        self._take("=")
        for length in range(1, len(key) + 1):
            self._mark(base + key[:length], start)
        self._value(base + key)

    def _value(self, path: Path) -> None:
        self._skip(_BLANK)
        self._mark(path, self._at)
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            self._table(path)
        elif string := _STRING.match(self._text, self._at):
            self._at = string.end()
        else:
            self._skip(_SCALAR)

    def _array(self, path: Path) -> None:
        index = 0
        while self._skip(_SPACE) < len(self._text) and not self._take("]"):
            self._value((*path, index))
            index += 1
            self._skip(_SPACE)
            self._take(",")

    def _table(self, path: Path) -> None:
        while self._skip(_SPACE) < len(self._text) and not self._take("}"):
            self._pair(path)
            self._skip(_SPACE)
            self._take(",")

    def _key(self) -> Path:
        """Read a dotted key."""
        parts: list[str] = []
        while True:
            self._skip(_BLANK)
            if bare := _BARE_KEY.match(self._text, self._at):
                parts.append(bare[0])
                self._at = bare.end()
            elif quoted := _STRING.match(self._text, self._at):
                parts.append(tomllib.loads(f"key = {quoted[0]}")["key"])
                self._at = quoted.end()
            self._skip(_BLANK)
            if not self._take("."):
                return tuple(parts)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._at

    def _take(self, word: str) -> bool:
        self._skip(_BLANK)
        there = self._text.startswith(word, self._at)
        self._at += len(word) if there else 0
        return there

    def _mark(self, path: Path, at: int) -> None:
        self._lines.setdefault(path, bisect_right(self._breaks, at - 1) + 1)
