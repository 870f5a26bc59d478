"""The user's own keys: keys.toml in the config folder, an action's id and the keys that do it.

    # keys.toml
    "view.pause" = "z,f7"
    "console.quit" = "ctrl+q"

What is wrong there is told and left out; the rest counts. A console that cannot be left because
of a typing mistake would be worse than one without the user's keys.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from hvconsole.config.paths import config_dir
from hvconsole.config.toml import read_toml
from hvconsole.model.problem import Problem, UsageProblem

_FILE = "keys.toml"
_KEY = re.compile(r"(?:(?:ctrl|shift|alt|super)\+)*(?:[a-z][a-z0-9_]*|[^\s,+])", re.IGNORECASE)

# Signs by the names that a terminal library gives them.
_SIGNS = {
    "?": "question_mark", ":": "colon", "/": "slash", "+": "plus", "-": "minus", "=": "equals_sign",
    "_": "underscore", ".": "full_stop", ";": "semicolon", "[": "left_square_bracket",
    "]": "right_square_bracket", "!": "exclamation_mark", "*": "asterisk", "#": "number_sign",
    "$": "dollar_sign", "%": "percent_sign", "&": "ampersand", "'": "apostrophe",
    "(": "left_parenthesis", ")": "right_parenthesis", "<": "less_than_sign",
    ">": "greater_than_sign", "@": "at", "\\": "backslash", "^": "circumflex_accent",
    "`": "grave_accent", "{": "left_curly_bracket", "|": "vertical_line",
    "}": "right_curly_bracket", "~": "tilde", '"': "quotation_mark", " ": "space",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Keys:
    """The user's own keys.

    Attributes:
        keys: By id of an action, comma separated.
        problems: What was left out, and why.
    """

    keys: Mapping[str, str]
    problems: tuple[Problem, ...] = ()


def keys_file() -> Path:
    """Return where the user's own keys stand."""
    return config_dir() / _FILE


def load_keys(known: Collection[str], path: Path | None = None) -> Keys:
    """Read keys.toml; never raises.

    Args:
        known: Ids of the actions there are.
        path: The file; None takes the user's.
    """
    path = path or keys_file()
    if not path.exists():
        return Keys({})
    try:
        table = read_toml(path)
    except UsageProblem as problem:
        return Keys({}, (problem,))
    return checked_keys(table, known, source=str(path))


def checked_keys(table: Mapping[str, object], known: Collection[str], *, source: str) -> Keys:
    """Return what can be used of a table of keys, and what cannot.

    Args:
        table: By id of an action.
        known: Ids of the actions there are.
        source: Where the table stands, for the message.
    """
    good: dict[str, str] = {}
    problems: list[Problem] = []
    for name, value in _flat(table).items():
        try:
            good[name] = _checked(name, value, known, source)
        except UsageProblem as problem:
            problems.append(problem)
    return Keys(good, tuple(problems))


def _flat(table: Mapping[str, object], before: str = "") -> dict[str, object]:
    """Take ``view.pause = "z"`` without quotes as well: TOML reads a table in it."""
    out: dict[str, object] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            out |= _flat(value, f"{before}{name}.")
        else:
            out[f"{before}{name}"] = value
    return out


def _checked(name: str, value: object, known: Collection[str], source: str) -> str:
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise UsageProblem(
            f"{source}: no action has the id '{name}'",
            hint=f"did you mean '{near[0]}'?" if near else "docs/console.md lists them",
        )
    if not isinstance(value, str) or not value.strip():
        raise UsageProblem(
            f"{source}: the keys of '{name}' are no text",
            hint=f'write: "{name}" = "z,f7"',
        )
    keys = [_named(key.strip()) for key in value.split(",")]
    wrong = [key for key in keys if not _KEY.fullmatch(key)]
    if wrong:
        raise UsageProblem(
            f"{source}: '{wrong[0]}' is no key (for '{name}')",
            hint="such as z, Z, ?, f7, ctrl+s, shift+left, pagedown or space",
        )
    return ",".join(keys)


def _named(key: str) -> str:
    """Return a key by the name it has inside; letters keep their case, which is shift."""
    before, _, last = (key[:-1].rstrip("+"), "", "+") if key.endswith("+") else key.rpartition("+")
    modifiers = before.split("+") if before else []
    modifiers = [word.lower() for word in modifiers if word]
    if modifiers == ["shift"] and len(last) == 1 and last.isalpha():
        return last.upper()
    last = _SIGNS.get(last, last if len(last) == 1 and not modifiers else last.lower())
    return "+".join([*modifiers, last])
