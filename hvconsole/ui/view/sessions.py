"""The list of recorded sessions as rows of cells. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from hvconsole.model import units
from hvconsole.model.recorded import SessionInfo
from hvconsole.model.text import plain, wrap
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.line import ALWAYS, Part, pad
from hvconsole.ui.view.listing import Column, listing

_NAME = 44
_BOARD = 20
_CONDITIONS = 30
_LONGEST = 400
_COLUMNS = (
    Column(""),
    Column("recording", least=24),
    Column("board", keep=60),
    Column("recorded", keep=75),
    Column("length", keep=85, right=True),
    Column("switches", keep=80, right=True),
    Column("runs", keep=30, right=True),
    Column("size", keep=40, right=True),
    Column("flags", keep=90),
    Column("conditions", keep=20),
)
_BAD = {"damaged", "interrupted"}

ORDERS: dict[str, Callable[[SessionInfo], Any]] = {
    "newest first": lambda info: -info.created,
    "by name": lambda info: info.name,
    "longest first": lambda info: -(info.seconds or 0.0),
    "largest first": lambda info: -info.size,
}


def matching(infos: Sequence[SessionInfo], words: str) -> list[SessionInfo]:
    """Return the sessions in which all words occur: in name, board, flags, conditions or date."""
    wanted = words.casefold().split()
    return [info for info in infos if all(word in _searched(info) for word in wanted)]


def session_rows(
    infos: Sequence[SessionInfo], width: int, marked: Collection[str] = ()
) -> tuple[Row, list[tuple[str, Row]]]:
    """Return the head, and a row for each session by its path; the marked ones with a mark."""
    lines = [_line(info, marked=str(info.path) in marked) for info in infos]
    head, rows = listing(_COLUMNS, lines, width)
    return head, [(str(info.path), row) for info, row in zip(infos, rows, strict=True)]


def about_rows(info: SessionInfo | None, width: int, height: int) -> list[Row]:
    """Return what there is to say about the selected session."""
    if info is None:
        return []
    lines = [(str(info.path), Role.MUTED)]
    if info.problem:
        lines.insert(0, (f"! {info.problem}", Role.WARN))
    if "simulated" in info.flags:
        lines.append(("Its figures come from a model, not from a machine.", Role.WARN))
    if info.conditions:
        lines.append((f"conditions: {', '.join(info.conditions)}", Role.TEXT))
    rows = [
        pad([(piece, int(role))], width)
        for text, role in lines
        for piece in wrap(plain(text, _LONGEST), max(width, 1))
    ]
    return rows[:height]


def what_goes(info: SessionInfo) -> list[tuple[str, Role]]:
    """Return what is lost when a session is deleted."""
    length = units.clock(info.seconds) if info.seconds is not None else "unknown length"
    count = units.count(info.switches) if info.switches is not None else "unknown number of"
    return [
        (str(info.path), Role.STRONG),
        (
            f"{date(info.created)} · {length} · {count} switches · {units.size(info.size)}",
            Role.TEXT,
        ),
        ("It is deleted from the disk and cannot be had back.", Role.WARN),
    ]


def date(wall_s: float) -> str:
    """Return a moment by this machine's clock."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(wall_s)) if wall_s > 0 else "?"


def _line(info: SessionInfo, *, marked: bool) -> list[Part]:
    bad = bool(_BAD & set(info.flags))
    chip = Role.WARN if bad or "simulated" in info.flags else Role.MUTED
    flags = " ".join(plain(flag, _BOARD).replace(" ", "-") for flag in info.flags)
    return [
        Part("✓" if marked else "", Role.KEY, ALWAYS),
        Part(plain(info.name, _NAME), Role.STRONG, ALWAYS),
        Part(plain(info.board, _BOARD)),
        Part(date(info.created), Role.MUTED),
        Part("?" if info.seconds is None else units.clock(info.seconds)),
        Part("?" if info.switches is None else units.count(info.switches)),
        Part(str(info.runs)),
        Part(units.size(info.size), Role.MUTED),
        Part(("! " if bad else "") + flags, chip),
        Part(plain(", ".join(info.conditions), _CONDITIONS), Role.MUTED),
    ]


def _searched(info: SessionInfo) -> str:
    words = (info.name, info.board, info.kind, date(info.created), *info.flags, *info.conditions)
    return " ".join(words).casefold()
