"""Keys by the names that people read on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_NAMES = {
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "underscore": "_",
    "comma": ",",
    "full_stop": ".",
    "colon": ":",
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "slash": "/",
    "backslash": "\\",
    "semicolon": ";",
    "delete": "Del",
    "space": "Space",
    "enter": "Enter",
    "escape": "Esc",
    "tab": "Tab",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """A key and what it does now.

    Attributes:
        key: Textual's name of the key.
        id: The action's id.
        label: One or two words.
        tooltip: One sentence.
        group: Head under which help lists it.
        footer: Importance in the footer, 0 keeps it out.
    """

    key: str
    id: str
    label: str
    tooltip: str
    group: str
    footer: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of help: all keys that do one thing."""

    keys: tuple[str, ...]
    tooltip: str


def key_name(key: str) -> str:
    """Return what is printed on a key: ``Ctrl+S``, ``←``, ``?``."""
    *modifiers, last = key.split("+")
    name = _NAMES.get(last, last.upper() if len(last) > 1 or modifiers else last)
    if modifiers and len(name) == 1:
        name = name.upper()
    return "+".join([*(modifier.capitalize() for modifier in modifiers), name])


def help_entries(bound: Iterable[Bound]) -> dict[str, list[Entry]]:
    """Return what help lists: by group, one entry for each thing to do, with all its keys."""
    groups: dict[str, dict[str, list[str]]] = {}
    for one in bound:
        groups.setdefault(one.group, {}).setdefault(one.tooltip, []).append(key_name(one.key))
    return {
        group: [Entry(tuple(keys), tooltip) for tooltip, keys in entries.items()]
        for group, entries in groups.items()
    }


def hints(bound: Sequence[Bound]) -> list[tuple[str, str, str, int]]:
    """Return the footer's hints: id to call, keys, label, importance.

    Actions that differ only in direction (zoom in and out) share one hint.
    """
    first: dict[str, Bound] = {}
    for one in bound:
        if one.footer:
            first.setdefault(one.id, one)
    merged: dict[tuple[str, int], list[Bound]] = {}
    for one in first.values():
        merged.setdefault((one.label, one.footer), []).append(one)
    return [
        (ones[0].id, "/".join(key_name(one.key) for one in ones), label, footer)
        for (label, footer), ones in merged.items()
    ]
