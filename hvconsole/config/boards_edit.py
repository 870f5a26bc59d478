"""Changing boards.toml by program: one board at a time, everything else stays as it was typed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError

from hvconsole.config.boards import BoardEntry, check_name, load_boards
from hvconsole.config.paths import boards_file
from hvconsole.config.toml import convert, read_toml
from hvconsole.model.problem import UsageProblem

# What a form can say of a board. All else in its table is left alone.
WRITTEN = ("ssh", "identity", "proxy_jump", "serial", "profile", "sudo")

_DEFAULTS = BoardEntry()


def read_entry(name: str, path: Path | None = None) -> BoardEntry:
    """Return a board as it stands in boards.toml.

    Raises:
        UsageProblem: It does not stand there, or the file is not as it should be.
    """
    path = path or boards_file()
    table = read_toml(path).get(name) if path.exists() else None
    if not isinstance(table, dict):
        raise _missing(name, path)
    return convert(table, BoardEntry, source=path)


def change_board(
    name: str, entry: BoardEntry, *, new_name: str = "", path: Path | None = None
) -> Path:
    """Write a board's values (`WRITTEN`) into its table; comments and other keys stay.

    Args:
        name: The board.
        entry: Its values.
        new_name: What it is called from now on, where that differs.
        path: The file; None takes the user's.

    Raises:
        UsageProblem: It does not stand there, the new name cannot be used, or the file is not as
            it should be.
    """
    path = path or boards_file()
    document = _document(path)
    if name not in document:
        raise _missing(name, path)
    new_name = new_name or name
    if new_name != name:
        check_name(new_name)
        if new_name in load_boards(path):
            raise UsageProblem(f"a board is named '{new_name}' already", hint="choose another name")
    table: Any = document[name]
    for key in WRITTEN:
        value = getattr(entry, key)
        if value != getattr(_DEFAULTS, key):
            if table.get(key) != value:
                table[key] = value
        elif key in table:
            del table[key]
    if new_name != name:
        document = _renamed(document, name, new_name)
    _write(path, document)
    return path


def remove_board(name: str, path: Path | None = None) -> Path:
    """Take a board out of boards.toml.

    Raises:
        UsageProblem: It does not stand there, or the file is not as it should be.
    """
    path = path or boards_file()
    document = _document(path)
    if name not in document:
        raise _missing(name, path)
    del document[name]
    _write(path, document)
    return path


def _document(path: Path) -> tomlkit.TOMLDocument:
    load_boards(path)  # tells of what is wrong with it, line and key
    try:
        return tomlkit.parse(path.read_text()) if path.exists() else tomlkit.document()
    except (TOMLKitError, OSError) as error:
        raise UsageProblem(f"{path} cannot be read", detail=str(error)) from error


def _renamed(document: tomlkit.TOMLDocument, name: str, new_name: str) -> tomlkit.TOMLDocument:
    """Return the document with a table under another name, at its old place."""
    out = tomlkit.document()
    for key, item in document.body:
        if key is not None and key.key == name:
            out.add(new_name, item)
        elif key is None:
            out.add(item)
        else:
            out.add(key, item)
    return out


def _write(path: Path, document: tomlkit.TOMLDocument) -> None:
    """Replace the file as a whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(tomlkit.dumps(document))
        temporary.replace(path)
    except OSError as error:
        raise UsageProblem(
            f"{path} cannot be written", detail=error.strerror or str(error)
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _missing(name: str, path: Path) -> UsageProblem:
    return UsageProblem(
        f"'{name}' does not stand in {path}", hint="only boards of that file can be changed"
    )


def as_words(name: str, entry: BoardEntry) -> list[str]:
    """Return the command that adds such a board."""
    words = ["hvconsole", "boards", "add", name]
    given = msgspec.structs.asdict(entry)
    options = (("--ssh", "ssh"), ("--identity", "identity"), ("--proxy-jump", "proxy_jump"),
               ("--serial", "serial"))  # fmt: skip
    for option, key in options:
        if given[key]:
            words += [option, str(given[key])]
    if entry.profile != _DEFAULTS.profile:
        words += ["--profile", entry.profile]
    return [*words, "--sudo"] if entry.sudo else words
