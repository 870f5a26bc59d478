"""What happened, as rows of cells: by this machine's clock and by the samples'. Pure."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass

from hvconsole.model.text import plain, wrap
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.line import ALWAYS, Part, pad
from hvconsole.ui.view.listing import Column, listing

_TEXT = 300
_LONGEST = 1000
_COLUMNS = (
    Column("clock", keep=60),
    Column("in the run", keep=90, right=True),
    Column("", keep=80),
    Column(""),
    Column("what happened", least=36),
)

# A sign and a word each, so that nobody has to tell them apart by colour.
_KINDS = {
    "link": ("⇄", Role.GOOD),
    "run": ("▶", Role.GOOD),
    "serial": ("⌁", Role.TEXT),
    "problem": ("✕", Role.BAD),
    "did": ("»", Role.KEY),
    "action": ("◆", Role.KEY),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log.

    Attributes:
        key: Stays the same for as long as the line is there.
        wall_s: Seconds since the epoch; 0 where that is not known.
        at_s: Seconds since the run's start; None outside a run.
        kind: What sort of thing.
        text: What, in words; not yet safe to show.
        command: What does the same.
        bad: Something to worry about.
    """

    key: str
    wall_s: float
    at_s: float | None
    kind: str
    text: str
    command: tuple[str, ...] = ()
    bad: bool = False


def matching(entries: Sequence[Entry], words: str) -> list[Entry]:
    """Return the lines in which all words occur."""
    wanted = words.casefold().split()
    return [
        entry
        for entry in entries
        if all(word in f"{entry.kind} {entry.text}".casefold() for word in wanted)
    ]


def log_rows(entries: Sequence[Entry], width: int) -> tuple[Row, list[tuple[str, Row]]]:
    """Return the head, and a row for each line, oldest first."""
    head, rows = listing(_COLUMNS, [_line(entry) for entry in entries], width)
    return head, [(entry.key, row) for entry, row in zip(entries, rows, strict=True)]


def about_rows(entry: Entry | None, key: str, width: int, height: int) -> list[Row]:
    """Return the whole text of a line, and its command."""
    if entry is None:
        return []
    said = [(plain(entry.text.replace("\n", " · "), _LONGEST), Role.TEXT)]
    if entry.command:
        said.append((f"$ {command_text(entry)}", Role.KEY))
    elif entry.kind in {"did", "action"}:
        said.append(("no command does the same", Role.MUTED))
    rows = [
        pad([(piece, int(role))], width)
        for text, role in said
        for piece in wrap(text, max(width, 1))
    ]
    if entry.command and len(rows) < height and key:
        rows.append(pad([(f"{key} copies it", int(Role.MUTED))], width))
    return rows[:height]


def command_text(entry: Entry) -> str:
    """Return the command as it is typed into a shell; control characters are made visible."""
    return plain(shlex.join(entry.command), _LONGEST)


def as_text(entries: Sequence[Entry]) -> str:
    """Return lines as tab-separated text for the clipboard."""
    lines = ["time\tin_the_run_s\tkind\ttext\tcommand"]
    for entry in entries:
        at = f"{entry.at_s:.6f}" if entry.at_s is not None else ""
        text = plain(entry.text.replace("\n", " · "), _LONGEST)
        command = command_text(entry) if entry.command else ""
        lines.append(f"{_moment(entry.wall_s)}\t{at}\t{entry.kind}\t{text}\t{command}")
    return "\n".join(lines) + "\n"


def _line(entry: Entry) -> list[Part]:
    sign, role = _KINDS.get(entry.kind, ("·", Role.TEXT))
    role = Role.BAD if entry.bad else role
    text = plain(entry.text.split("\n", 1)[0], _TEXT)
    clock = time.strftime("%H:%M:%S", time.localtime(entry.wall_s)) if entry.wall_s > 0 else "?"
    return [
        Part(clock, Role.MUTED),
        Part(f"{entry.at_s:,.3f} s" if entry.at_s is not None else "", Role.TEXT),
        Part(f"{sign} {entry.kind}", role),
        Part("$" if entry.command else " ", Role.KEY, ALWAYS),
        Part(text, Role.BAD if entry.bad else Role.TEXT, ALWAYS),
    ]


def _moment(wall_s: float) -> str:
    if wall_s <= 0:
        return "?"
    return time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(wall_s))
