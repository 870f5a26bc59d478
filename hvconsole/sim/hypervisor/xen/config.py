"""xl's configuration language, as far as domains and pools use it: numbers, texts, lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

Value = str | list[str]
Config = dict[str, Value]

_SPACE: Final = re.compile(r"(?:[ \t\r]|#[^\n]*|\\\n)*")
_BLANK: Final = re.compile(r"(?:\s|#[^\n]*|;)*")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER: Final = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|\d+)")
_TEXT: Final = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'")
_KINDS: Final = ((_TEXT, "STRING"), (_NAME, "IDENT"), (_NUMBER, "NUMBER"))


@dataclass
class ConfigError(Exception):
    """Text that is no configuration.

    Attributes:
        line: Counted from 1.
        near: What stands there.
        found: Which token that is.
        wanted: What the grammar allows there.
    """

    line: int
    near: str
    found: str
    wanted: str

    def said(self, source: str) -> str:
        """Return xl's words for it."""
        return (
            f"{source}:{self.line}: config parsing error near `{self.near}': "
            f"syntax error, unexpected {self.found}, expecting {self.wanted}"
        )


def parse(text: str, first_line: int = 1) -> Config:
    """Read a configuration.

    Raises:
        ConfigError: It is none.
    """
    reader = _Reader(text, first_line)
    config: Config = {}
    while reader.skip(_BLANK):
        name = reader.take(_NAME, "end of file or IDENT")
        reader.sign("=")
        config[name] = reader.value()
        reader.end_of_setting()
    return config


def text_of(config: Config, name: str, default: str = "") -> str:
    """Return one setting as text; a list is none."""
    value = config.get(name, default)
    return value if isinstance(value, str) else default


def number_of(config: Config, name: str, default: int) -> int:
    """Return one setting as a number; what is none counts as not set."""
    text = text_of(config, name)
    try:
        return int(text, 0)
    except ValueError:
        return default


class _Reader:
    def __init__(self, text: str, first_line: int) -> None:
        self._text, self._at, self._line = text, 0, first_line

    def skip(self, what: re.Pattern[str]) -> bool:
        """Pass over blanks; say whether anything is left."""
        match = what.match(self._text, self._at)
        if match is not None:
            self._line += match[0].count("\n")
            self._at = match.end()
        return self._at < len(self._text)

    def take(self, what: re.Pattern[str], wanted: str) -> str:
        self.skip(_SPACE)
        match = what.match(self._text, self._at)
        if match is None:
            raise self._error(wanted)
        self._at = match.end()
        return match[0]

    def sign(self, wanted: str) -> None:
        self.skip(_SPACE)
        if not self._text.startswith(wanted, self._at):
            raise self._error(f"'{wanted}'")
        self._at += len(wanted)

    def value(self) -> Value:
        self.skip(_SPACE)
        if not self._text.startswith("[", self._at):
            return self._atom("STRING or NUMBER or '['")
        self._at += 1
        values: list[str] = []
        while self.skip(_BLANK) and not self._text.startswith("]", self._at):
            values.append(self._atom("STRING or NUMBER"))
            self.skip(_BLANK)
            if self._text.startswith(",", self._at):
                self._at += 1
            elif not self._text.startswith("]", self._at):
                raise self._error("',' or ']'")
        self.sign("]")
        return values

    def end_of_setting(self) -> None:
        self.skip(_SPACE)
        if self._at < len(self._text) and self._text[self._at] not in "\n;":
            raise self._error("NEWLINE or ';'")

    def _atom(self, wanted: str) -> str:
        match = _TEXT.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
            raw = match[1] if match[1] is not None else match[2]
            return re.sub(r"\\(.)", r"\1", raw)
        return self.take(_NUMBER, wanted)

    def _error(self, wanted: str) -> ConfigError:
        if self._at >= len(self._text):
            return ConfigError(self._line, "", "end of file", wanted)
        if self._text[self._at] == "\n":
            return ConfigError(self._line, "", "NEWLINE", wanted)
        for pattern, kind in _KINDS:
            match = pattern.match(self._text, self._at)
            if match is not None:
                return ConfigError(self._line, match[0], kind, wanted)
        return ConfigError(self._line, self._text[self._at], "LEXERR", wanted)
