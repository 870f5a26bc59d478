"""Themes: TOML files with the colours of the console, read strictly.

A theme names colours, and roles (what a cell is: an axis, a threshold, a long switch) that wear
them. What is not given follows from the colours, so that a small file makes a whole theme.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import msgspec

from hvconsole.config.paths import config_dir
from hvconsole.config.resources import resource_dir
from hvconsole.config.toml import convert, read_toml
from hvconsole.model.problem import Problem, UsageProblem

ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse")
_ANSI = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
ANSI_COLOURS = ("ansi_default", *(f"ansi_{c}" for c in _ANSI), *(f"ansi_bright_{c}" for c in _ANSI))
_HEX = re.compile(r"#[0-9a-fA-F]{6}\Z")


class Colours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The colours of a theme: ``#rrggbb``, or ``ansi_…`` where the terminal decides."""

    foreground: str
    background: str
    surface: str
    panel: str
    primary: str
    secondary: str
    accent: str
    success: str
    warning: str
    error: str


class Roles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How cells are painted: ``[colour] [on colour] [bold] [dim] …``; empty follows the colours.

    The names are those of `hvconsole.ui.chart.cells.Role` in small letters.
    """

    text: str = ""
    muted: str = ""
    strong: str = ""
    title: str = ""
    frame: str = ""
    focus: str = ""
    label: str = ""
    axis: str = ""
    grid: str = ""
    blind: str = ""
    threshold: str = ""
    cursor: str = ""
    rate: str = ""
    area: str = ""
    mark: str = ""
    good: str = ""
    warn: str = ""
    bad: str = ""
    key: str = ""
    brand: str = ""
    chip: str = ""
    rec: str = ""
    selected: str = ""
    header: str = ""
    banner: str = ""
    alert: str = ""


class ThemeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One theme as its file has it.

    Attributes:
        title: What a person calls it.
        colors: Its colours.
        ramp: Styles for lengths, short to long; `#rrggbb` colours are blended in between.
        band: The same, quieter; empty mixes the ramp with the background.
        dark: Whether the background is dark.
        ansi: Whether it leaves the colours to the terminal; then it may name no others.
        roles: How cells are painted.
    """

    title: str
    colors: Colours
    ramp: tuple[str, ...]
    band: tuple[str, ...] = ()
    dark: bool = True
    ansi: bool = False
    roles: Roles = Roles()


class Themes(msgspec.Struct, frozen=True):
    """All themes by name, and the files that are none, with what was wrong with them."""

    files: dict[str, ThemeFile]
    broken: dict[Path, Problem]


def load_themes() -> Themes:
    """Read the themes that come with hvconsole, then the user's (who may replace them)."""
    return read_themes((resource_dir("themes"), config_dir() / "themes"))


def read_themes(folders: Iterable[Path]) -> Themes:
    """Read all ``*.toml`` of some folders; a broken file is reported and left out."""
    files: dict[str, ThemeFile] = {}
    broken: dict[Path, Problem] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.toml")):
            try:
                files[path.stem] = read_theme(path)
            except Problem as problem:
                broken[path] = problem
    return Themes(files, broken)


def read_theme(path: Path) -> ThemeFile:
    """Read one theme.

    Raises:
        UsageProblem: File, key and nearest spelling of what is wrong.
    """
    theme = convert(read_toml(path), ThemeFile, source=path)
    for key, value in msgspec.structs.asdict(theme.colors).items():
        _check_colour(path, f"colors.{key}", value, ansi=theme.ansi)
    for key, value in msgspec.structs.asdict(theme.roles).items():
        _check_style(path, f"roles.{key}", value, ansi=theme.ansi)
    if not theme.ramp:
        raise UsageProblem(f"{path}: ramp is empty", hint="give at least one colour for lengths")
    for name, styles in (("ramp", theme.ramp), ("band", theme.band)):
        for index, style in enumerate(styles):
            _check_style(path, f"{name}[{index}]", style, ansi=theme.ansi)
    return theme


def is_hex(colour: str) -> bool:
    """Tell whether a word is a colour written ``#rrggbb``."""
    return _HEX.match(colour) is not None


def _check_style(path: Path, key: str, style: str, *, ansi: bool) -> None:
    words = style.split()
    for index, word in enumerate(words):
        is_background = index > 0 and words[index - 1] == "on"
        if word in ATTRIBUTES and not is_background:
            continue
        if word == "on" and index + 1 < len(words) and not is_background:
            continue
        _check_colour(path, key, word, ansi=ansi, also=(*ATTRIBUTES, "on"))


def _check_colour(
    path: Path, key: str, word: str, *, ansi: bool, also: tuple[str, ...] = ()
) -> None:
    if word in ANSI_COLOURS if ansi else is_hex(word):
        return
    if ansi and is_hex(word):
        raise UsageProblem(
            f"{path}: {key} = '{word}' is a fixed colour in a theme with ansi = true",
            hint="such a theme leaves the colours to the terminal: " + ", ".join(ANSI_COLOURS),
        )
    if not ansi and word in ANSI_COLOURS:
        raise UsageProblem(
            f"{path}: {key} = '{word}' leaves the colour to the terminal",
            hint="write #rrggbb, or set ansi = true for the whole theme",
        )
    near = get_close_matches(word, [*(ANSI_COLOURS if ansi else ()), *also], n=1)
    form = "one of " + ", ".join(ANSI_COLOURS) if ansi else "#rrggbb, as in '#56b4e9'"
    raise UsageProblem(
        f"{path}: {key} = '{word}' is no colour",
        hint=f"did you mean '{near[0]}'?" if near else f"write it as {form}",
    )
