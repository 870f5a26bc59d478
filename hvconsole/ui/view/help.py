"""The help screen: what the keys do, in one or two columns."""

from __future__ import annotations

from hvconsole.model.text import plain, width as cells, wrap
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.keys import Entry
from hvconsole.ui.view.line import pad

_KEYS = 16
_TWO_COLUMNS = 116
_MANY_KEYS = 5
_BETWEEN = 2
_MOUSE = [
    Entry(("wheel",), "Zoom about the moment under the pointer"),
    Entry(("drag",), "Pan the timeline"),
    Entry(("Ctrl+drag",), "Pick out a range of time; so does the right button"),
    Entry(("click",), "Set the cursor; pick a row, key or moment"),
    Entry(("double click",), "Do what Enter does with the row"),
    Entry(("Shift+drag",), "Select text, in most terminals"),
]


def matching(groups: dict[str, list[Entry]], words: str) -> dict[str, list[Entry]]:
    """Return the entries, the mouse's among them, in which each of some words stands.

    A word may stand in the sentence or in the group's name, or be the name of a key: ``n`` and
    ``N`` are two. A letter alone is a key, or begins a word: in some word it stands nearly always.
    """
    asked = words.split()
    found = {
        name: [one for one in entries if all(_holds(one, name, word) for word in asked)]
        for name, entries in {**groups, "Mouse": _MOUSE}.items()
    }
    return {name: entries for name, entries in found.items() if entries}


def _holds(entry: Entry, group: str, word: str) -> bool:
    text, small = f" {entry.tooltip} {group}".casefold(), word.casefold()
    return word in entry.keys or (f" {small}" if len(word) == 1 else small) in text


def help_rows(groups: dict[str, list[Entry]], width: int, words: str = "") -> list[Row]:
    """Return help as rows exactly `width` cells wide.

    Args:
        groups: The entries to show, see `matching`.
        width: In cells.
        words: What was looked for, to say so where nothing was found.
    """
    if not groups:
        return [pad([(f"no key or gesture does “{plain(words, 40)}”", int(Role.MUTED))], width)]
    two = width >= _TWO_COLUMNS
    half = width // 2
    blocks = [
        _block(name, entries, half - _BETWEEN if two else width) for name, entries in groups.items()
    ]
    if not two:
        return [pad(row, width) for block in blocks for row in block]
    left, right = _halves(blocks)
    rows = []
    for index in range(max(len(left), len(right))):
        west = left[index] if index < len(left) else []
        east = right[index] if index < len(right) else []
        rows.append(pad([*pad(west, half), *east], width))
    return rows


def keys_text(keys: tuple[str, ...]) -> str:
    """Say several keys; a long series by its ends, as in ``1 … 9``."""
    if len(keys) >= _MANY_KEYS:
        return f"{keys[0]} … {keys[-1]}"
    return " ".join(keys)


def _block(name: str, entries: list[Entry], width: int) -> list[Row]:
    rows: list[Row] = [[(name, int(Role.TITLE))]]
    for entry in entries:
        keys = keys_text(entry.keys)
        blank = " " * max(_KEYS - cells(keys), 1)
        said = wrap(entry.tooltip, max(width - 2 - max(cells(keys) + 1, _KEYS), 1)) or [""]
        rows.append([("  ", 0), (keys, int(Role.KEY)), (blank, 0), (said[0], 0)])
        rows += [[(" " * (2 + cells(keys) + len(blank)), 0), (more, 0)] for more in said[1:]]
    return [*rows, []]


def _halves(blocks: list[list[Row]]) -> tuple[list[Row], list[Row]]:
    """Split blocks so that both columns are about equally long, keeping their order."""
    total = sum(len(block) for block in blocks)
    left: list[Row] = []
    right: list[Row] = []
    for block in blocks:
        fits = not right and len(left) + len(block) / 2 <= total / 2
        (left if fits else right).extend(block)
    return left, right
