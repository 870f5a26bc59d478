"""One table of a configuration's TOML, read strictly: each mistake is told with its line."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from hvconsole.cell.lines import Path
from hvconsole.cell.quantities import parse_range, parse_size
from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain

_SHOWN = 60  # terminal cells of a wrong value
_MOST_RANGES = 4096
_RANGE_BITS = 33  # a pin's number is a number of 32 bits and up to 127 more


class CellTextProblem(UsageProblem):
    """The TOML of a configuration says something that no configuration can."""


class Origin(NamedTuple):
    """Where a text came from: the name of its file, and the line of everything in it."""

    name: str
    lines: Mapping[Path, int]

    def place(self, path: Path) -> str:
        """Return file and line of a value; of what it is in, where it has no line itself."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return f"{self.name}:{self.lines[path[:length]]}"
        return self.name


class Table:
    """A table and its place. Every method raises `CellTextProblem` for a wrong value."""

    def __init__(self, data: Mapping[str, Any], path: Path, origin: Origin) -> None:
        self._data = data
        self.path = path
        self.origin = origin

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def only(self, *keys: str) -> Table:
        """Refuse every other key, and suggest the nearest of these."""
        for key in self._data:
            if key not in keys:
                near = get_close_matches(key, keys, n=1)
                known = f"known keys: {', '.join(sorted(keys))}"
                raise self.wrong(
                    key,
                    f"unknown key '{plain(key, _SHOWN)}'{self._inside()}",
                    hint=f"did you mean '{near[0]}'?" if near else known,
                )
        return self

    def need(self, key: str) -> None:
        """Refuse a table without a key."""
        if key not in self._data:
            raise self.wrong("", f"'{key}' is missing{self._inside()}")

    def text(self, key: str, default: str = "") -> str:
        """Return a text."""
        value = self._data.get(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, f"'{key}' is not a text")
        return value

    def is_text(self, key: str) -> bool:
        """Say whether a value is there and a text."""
        return isinstance(self._data.get(key), str)

    def boolean(self, key: str) -> bool | int:
        """Return true or false, or the number of eight bits that stands for it in a file."""
        value = self._data.get(key, False)
        return value if isinstance(value, bool) else self._number(key, (key,), value, 8)

    def number(self, key: str, bits: int, default: int = 0) -> int:
        """Return a number, an address or a size (``0x1c28000``, ``"64KiB"``) of so many bits."""
        return self._number(key, (key,), self._data.get(key, default), bits)

    def numbers(self, key: str, count: int, bits: int) -> tuple[int, ...]:
        """Return exactly so many numbers; all 0 where nothing is said."""
        values = self.numbers_of_any_count(key, bits)
        if key in self._data and len(values) != count:
            raise self.wrong(key, f"'{key}' has {len(values)} numbers, {count} are needed")
        return values or (0,) * count

    def numbers_of_any_count(self, key: str, bits: int) -> tuple[int, ...]:
        """Return numbers, none where nothing is said."""
        return tuple(
            self._number(key, (key, index), value, bits)
            for index, value in enumerate(self._list(key))
        )

    def one_of(self, key: str, names: Collection[str]) -> str:
        """Return one of these names."""
        value = self.text(key)
        self._named(key, (key,), value, dict.fromkeys(names, 0))
        return value

    def choice(self, key: str, names: Mapping[str, int], bits: int, default: int = 0) -> int:
        """Return the code of a name, or a code itself."""
        value = self._data.get(key, default)
        if isinstance(value, str):
            return self._named(key, (key,), value, names)
        return self._number(key, (key,), value, bits)

    def flags(self, key: str, names: Mapping[str, int], bits: int) -> int:
        """Return the bits of a list of names; bits without a name stand there as a number."""
        total = 0
        for index, value in enumerate(self._list(key)):
            # Bits that are too large for a TOML number stand there as "0x8000000000000000".
            if isinstance(value, str) and parse_size(value) is None:
                total |= self._named(key, (key, index), value, names)
            else:
                total |= self._number(key, (key, index), value, bits)
        return total

    def range_list(self, key: str, names: Mapping[str, int] | None = None) -> tuple[int, ...]:
        """Return numbers from a list of numbers, ranges (``"32-159"``) and names, ascending."""
        found: set[int] = set()
        if len(self._list(key)) > _MOST_RANGES:
            raise self.wrong(key, f"'{key}' has more than {_MOST_RANGES} entries")
        for index, value in enumerate(self._list(key)):
            between = parse_range(value) if isinstance(value, str) else None
            if between is not None and len(between) <= _MOST_RANGES:
                found.update(between)
            elif isinstance(value, str) and names is not None:
                found.add(self._named(key, (key, index), value, names))
            else:
                found.add(self._number(key, (key, index), value, _RANGE_BITS))
        return tuple(sorted(found))

    def table(self, key: str) -> Table | None:
        """Return a table in this one; None where it is not there."""
        value = self._data.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.wrong(key, f"'{key}' is not a table")
        return Table(value, (*self.path, key), self.origin)

    def tables(self, key: str) -> Iterator[Table]:
        """Yield the tables of an array."""
        for index, value in enumerate(self._list(key)):
            if not isinstance(value, dict):
                raise self.wrong((key, index), f"number {index} of '{key}' is not a table")
            yield Table(value, (*self.path, key, index), self.origin)

    def wrong(
        self, key: str | Path, title: str, *, detail: str = "", hint: str = ""
    ) -> CellTextProblem:
        """Return the problem of a key, with its file and line."""
        below: Path = (key,) if isinstance(key, str) else key
        place = self.origin.place((*self.path, *below) if key else self.path)
        return CellTextProblem(f"{place}: {title}", detail=detail, hint=hint)

    def _inside(self) -> str:
        """Say which table this is: ``in memory, number 3``."""
        words = [f"number {part}" if isinstance(part, int) else part for part in self.path]
        return f" in {', '.join(words)}" if words else ""

    def _list(self, key: str) -> list[Any]:
        value = self._data.get(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, f"'{key}' is not an array", hint=f"write {key} = [ … ]")
        return value

    def _number(self, key: str, path: Path, value: Any, bits: int) -> int:
        number = parse_size(value) if isinstance(value, str) else value
        if not isinstance(number, int) or isinstance(number, bool):
            shown = plain(str(value), _SHOWN)
            raise self.wrong(
                path,
                f"'{key}': '{shown}' is neither a number nor a size",
                hint='write it as 0x1c28000, 4096 or "64KiB"',
            )
        if not 0 <= number < 1 << bits:
            raise self.wrong(path, f"'{key}': {number:#x} does not fit {bits} bits")
        return number

    def _named(self, key: str, path: Path, value: str, names: Mapping[str, int]) -> int:
        if value in names:
            return names[value]
        near = get_close_matches(value, names, n=1)
        known = f"known: {', '.join(names)}" if names else "no names are known here"
        raise self.wrong(
            path,
            f"'{key}': there is no '{plain(value, _SHOWN)}'",
            hint=f"did you mean '{near[0]}'?" if near else known,
        )
