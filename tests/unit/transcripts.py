"""Transcripts of real boards: each command with what it wrote and how it ended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"
_ENTRY = re.compile(
    r"### \$ (?P<command>.*?)\n--- stdout\n(?P<out>.*?)--- stderr\n(?P<err>.*?)"
    r"--- exit (?P<status>\d+)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One command of a transcript."""

    command: str
    stdout: str
    stderr: str
    status: int


def read(name: str) -> list[Entry]:
    """Return a transcript's entries: ``xen/xen-credit``."""
    text = (DATA / f"{name}.txt").read_text()
    return [
        Entry(one["command"], one["out"], one["err"], int(one["status"]))
        for one in _ENTRY.finditer(text)
    ]


def answer(name: str, command: str) -> Entry:
    """Return the first entry of a command in a transcript."""
    return next(entry for entry in read(name) if entry.command == command)
