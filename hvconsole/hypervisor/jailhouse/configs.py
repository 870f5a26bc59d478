"""A configuration as Jailhouse takes it, from either form: binary as it is, TOML built here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hvconsole.cell import encode, read_toml
from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain

# Signature and revision take eight bytes in every revision; the name follows (cell-config.h).
_NAME_AT, _NAME_BYTES = 8, 32
_CELL = (b"JHCELL", b"JHCLL")
_SYSTEM = (b"JHSYST", b"JHSYS")
_MOST_BYTES = 1 << 20
_PREFIX, _SUFFIX = "/tmp/hvconsole-", ".cell"  # noqa: S108  # on the board
COPIES = f"{_PREFIX}*{_SUFFIX}"
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Config:
    """A binary configuration.

    Attributes:
        data: What Jailhouse reads.
        name: The cell's name in it; empty for a system's, whose root cell's name lies elsewhere.
        notes: What a person should know about how it was made.
    """

    data: bytes
    name: str
    notes: tuple[str, ...] = ()


def binary(data: bytes, source: str, revision: int | None, *, system: bool = False) -> Config:
    """Return a configuration in the form that Jailhouse reads.

    Args:
        data: The file's content: binary, or TOML.
        source: Its path.
        revision: The format's revision that the board wants; None where that is not known.
        system: A system configuration is wanted, not a cell's.

    Raises:
        UsageProblem: It is none, the other kind, too large, or its name cannot be handled.
        Problem: The TOML says something that cannot be.
    """
    shown = plain(source, 80)
    if len(data) > _MOST_BYTES:
        raise UsageProblem(f"{shown} is too large for a configuration")
    notes: tuple[str, ...] = ()
    if not data.startswith((*_CELL, *_SYSTEM)) and source.endswith(".toml"):
        data, built = _built(data, source, revision)
        notes = (built,)
    _refuse_other(data, shown, system=system)
    if system:
        return Config(data, "", notes)
    name = data[_NAME_AT : _NAME_AT + _NAME_BYTES].split(b"\0")[0].decode("utf-8", "replace")
    if not name or not name.isprintable():
        raise UsageProblem(f"{shown} names its cell in a way that cannot be typed")
    return Config(data, name, notes)


def copy_of(config: Config) -> str:
    """Return where a configuration is put on the board.

    The copy stays as long as the cell does: what is created later is judged beside it.
    """
    name = _UNSAFE.sub("-", config.name) or "system"
    return f"{_PREFIX}{name}{_SUFFIX}"


def _built(data: bytes, source: str, revision: int | None) -> tuple[bytes, str]:
    shown = plain(source, 80)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{shown} is no text", detail=str(error)) from error
    document = read_toml(text, source)
    wanted = revision or document.configuration.revision
    why = "as the board wants it" if revision else "the board does not say which it wants"
    said = f"built from {shown} for revision {wanted}: {why}"
    return encode(document.configuration, revision, source=source), said


def _refuse_other(data: bytes, shown: str, *, system: bool) -> None:
    """Refuse what is no configuration, or one of the other kind."""
    is_system, is_cell = data.startswith(_SYSTEM), data.startswith(_CELL)
    if len(data) < _NAME_AT + _NAME_BYTES or not (is_system or is_cell):
        what = "system" if system else "cell"
        raise UsageProblem(
            f"{shown} is no {what} configuration",
            hint="a binary one (.cell), or its TOML form with a name that ends with .toml",
        )
    if is_system and not system:
        raise UsageProblem(
            f"{shown} is a system configuration", hint="'enable' takes it; 'create' takes a cell's"
        )
    if is_cell and system:
        raise UsageProblem(
            f"{shown} is a cell's configuration", hint="'create' takes it; 'enable' a system's"
        )
