"""Reading TOML strictly: every mistake is told with its file, line, key and nearest spelling."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hvconsole.model.learned import learned
from hvconsole.model.problem import UsageProblem

T = TypeVar("T")

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`")
_PLACE = re.compile(r" - at `(?:key in )?\$(?P<path>.*)`$")


def read_toml(path: Path, *, problem: type[UsageProblem] = UsageProblem) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        UsageProblem: It cannot be read or is no TOML; the line is named.
    """
    return parse_toml(read_text(path, problem=problem), path, problem=problem)


def read_text(path: Path, *, problem: type[UsageProblem] = UsageProblem) -> str:
    """Read a file as text.

    Raises:
        UsageProblem: It cannot be read, or is no UTF-8.
    """
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise problem(f"{path} is not UTF-8 text", detail=str(error)) from error
    except OSError as error:
        raise problem(f"{path} cannot be read", detail=error.strerror or str(error)) from error


def parse_toml(
    text: str, path: Path, *, problem: type[UsageProblem] = UsageProblem
) -> dict[str, Any]:
    """Understand TOML.

    Raises:
        UsageProblem: It is none; file and line are named.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise problem(
            f"{path} is not valid TOML",
            detail=str(error),
            hint="correct that line, then look with: hvconsole config validate",
        ) from error


def convert(
    data: Any,
    kind: type[T],
    *,
    source: Path,
    names: frozenset[str] = frozenset(),
    text: str | None = None,
) -> T:
    """Check data against a msgspec type.

    Args:
        data: What `read_toml` gave, or a part of it.
        kind: The type to check against; unknown keys are refused where it forbids them.
        source: The file, for the message.
        names: Further spellings that are right at some place, to suggest from.
        text: What the file holds, to find lines in; None reads it.

    Raises:
        UsageProblem: A key is unknown or a value is of the wrong type; file, line, key and the
            nearest right spelling are named.
    """
    try:
        return msgspec.convert(data, learned(kind))
    except msgspec.ValidationError as error:
        raise _explain(error, kind, _Source(source, text), names) from error


@dataclass(frozen=True, slots=True)
class _Source:
    path: Path
    text: str | None

    def where(self, key: str) -> str:
        """Return file and line of a key; the file alone where it is not found."""
        pattern = re.compile(rf"^\s*(\[.*\b)?[\"']?{re.escape(key)}[\"']?\s*(=|\.|\]|$)")
        try:
            text = self.path.read_text(errors="replace") if self.text is None else self.text
        except OSError:
            return str(self.path)
        for number, line in enumerate(text.splitlines(), 1):
            if key and pattern.match(line):
                return f"{self.path}:{number}"
        return str(self.path)


def _explain(
    error: msgspec.ValidationError, kind: Any, source: _Source, names: frozenset[str]
) -> UsageProblem:
    text = str(error)
    place = _PLACE.search(text)
    path = place["path"].lstrip(".") if place else ""
    what = _PLACE.sub("", text)
    unknown = _UNKNOWN.search(text)
    if unknown is None:
        key = path.rpartition(".")[2] or path
        return UsageProblem(
            f"{source.where(key)}: {path or 'the file'} is not what it should be",
            detail=_plain(what),
            hint="hvconsole config validate checks all files",
        )
    key = unknown["key"]
    known = _field_names(kind) | names
    near = get_close_matches(key, known, n=1)
    inside = f" in [{path}]" if path else ""
    return UsageProblem(
        f"{source.where(key)}: unknown key '{key}'{inside}",
        hint=f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(sorted(known))}",
    )


_WORDS = {
    "`str`": "text",
    "`int`": "a whole number",
    "`float`": "a number",
    "`bool`": "true or false",
    "`array`": "an array",
    "`object`": "a table",
    "`null`": "nothing",
}


def _plain(message: str) -> str:
    """Say msgspec's types in TOML's words."""
    for python, toml in _WORDS.items():
        message = message.replace(python, toml)
    return message


def _field_names(kind: Any) -> set[str]:
    """Return all field names that occur anywhere in a type."""
    names: set[str] = set()
    waiting, seen = [msgspec.inspect.type_info(kind)], set[type]()
    while waiting:
        info = waiting.pop()
        if isinstance(info, msgspec.inspect.StructType) and info.cls not in seen:
            seen.add(info.cls)
            names |= {field.encode_name for field in info.fields}
            waiting += [field.type for field in info.fields]
        elif isinstance(info, msgspec.inspect.UnionType):
            waiting += info.types
        elif isinstance(info, msgspec.inspect.DictType):
            waiting.append(info.value_type)
        elif isinstance(info, msgspec.inspect.CollectionType):
            waiting.append(info.item_type)
    return names
