"""Looking at a Jailhouse configuration before it is used: what lies where, and what would go wrong.

Jailhouse accepts configurations that park the board. So before one is enabled or a cell created,
it is judged beside the root cell, the cells that run, and the board as it is. Nothing is changed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

from hvconsole.board.memory_facts import memory_facts
from hvconsole.cell import (
    Document,
    Finding,
    MapRow,
    check,
    drawn,
    from_bytes,
    memory_map,
    read_toml,
)
from hvconsole.cell.picture import cpu_lines, picture
from hvconsole.hypervisor import actions as do
from hvconsole.link.protocol import Link
from hvconsole.model.hypervisor import Survey
from hvconsole.model.inspection import CellFile, Inspection, Kind
from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.model.text import plain

MOST_FILES = 32
_MOST_BYTES = 64 << 10
# The copies of what we used ourselves come first: they are what runs.
_FOLDERS = (
    "/tmp",  # noqa: S108  # on the board
    "/etc/jailhouse",
    "/usr/local/share/jailhouse",
    "/usr/share/jailhouse",
    "/root",
)
_LIST = (
    'for d in "$@"; do for f in "$d"/*.cell; do [ -f "$f" ] && '
    """printf '%s %s\\n' "$(head -c 5 "$f")" "$f"; done; done; true"""
)
# The first five characters, before and since the revision that names the architecture after them.
_KINDS: Mapping[str, Kind] = {"JHSYS": "system", "JHCEL": "cell", "JHCLL": "cell"}


async def cell_files(link: Link) -> list[CellFile]:
    """Return the configurations on a board, where they are usually kept."""
    done = await link.run(["sh", "-c", _LIST, "sh", *_FOLDERS])
    found = []
    for line in done.stdout.decode("utf-8", "surrogateescape").splitlines():
        signature, _, path = line.partition(" ")
        if (kind := _KINDS.get(signature)) is not None and path:
            found.append(CellFile(path, kind))
    return found[:MOST_FILES]


async def inspect(
    link: Link, action: do.Enable | do.Create, survey: Survey, *, name: str, sudo: bool = False
) -> Inspection:
    """Judge the configuration of an action that has not been done yet.

    Args:
        link: The way to the board.
        action: What is meant to be done.
        survey: What runs now.
        name: The board's name, for messages.
        sudo: Root's commands go through sudo.

    Raises:
        Problem: The configuration cannot be read, or is none.
    """
    document = await _document(link, action)
    others = await _others(link)
    root = document if document.system is not None else _root(others, survey)
    if root is None:
        return Inspection(
            unknown="the running system configuration is not among the board's files, "
            "so overlaps with it cannot be seen",
            rows=_drawing(memory_map(None, [document]), document, survey),
        )
    cells = [] if root is document else [*_running(others, survey), document]
    board = await memory_facts(link, name=name, sudo=sudo)
    findings = check(root, cells, board)
    if root is not document:
        known = set(check(root, [], board))  # told when Jailhouse was enabled
        findings = tuple(one for one in findings if one.severity == "error" or one not in known)
    return Inspection(
        errors=_told(findings, "error"),
        warnings=_told(findings, "warning"),
        rows=_drawing(memory_map(root, cells, board), document, survey),
    )


def _drawing(rows: Sequence[MapRow], document: Document, survey: Survey) -> tuple[str, ...]:
    """Return who gets which CPU, the memory as a drawing, and what the new cell has of it."""
    name = document.title
    shown = {plain(one.name, 40): one for one in survey.guests} if survey.active else {}
    root = next((title for title, one in shown.items() if one.role == "control"), "")
    now = {title: one.cpus for title, one in shown.items()}
    cpus = cpu_lines(now, {name: document.cell.cpus})
    own = [row for row in rows if row.owner == name or row.clash]
    listed = ["", f"what {name} has", *drawn(own)] if own else []
    return (*cpus, "", *picture(rows, name if document.system else root), *listed)


async def _document(link: Link, action: do.Enable | do.Create) -> Document:
    if isinstance(action, do.Enable):
        data = action.content or await _read(link, action.config)
        return _opened(data, action.config)
    data = await _read(link, action.source) if action.on_board else action.config
    return _opened(data, action.source)


def _opened(data: bytes, name: str) -> Document:
    """Open either form; a readable one names its lines and devices in what is found."""
    if name.endswith(".toml"):
        return read_toml(data.decode("utf-8", "replace"), name)
    return from_bytes(data, name)


async def _read(link: Link, path: str) -> bytes:
    done = await link.run(["sh", "-c", 'head -c "$1" <"$2"', "sh", str(_MOST_BYTES), path])
    if done.status != 0:
        raise BoardProblem(
            f"{plain(path, 100)} cannot be read on the board", detail=done.error_text
        )
    return done.stdout


async def _others(link: Link) -> list[Document]:
    documents = []
    for file in await cell_files(link):
        with contextlib.suppress(Problem):  # a damaged one that nobody asked for
            documents.append(from_bytes(await _read(link, file.path), file.path))
    return documents


def _root(documents: Sequence[Document], survey: Survey) -> Document | None:
    """Return the running system's configuration: the one whose root cell has its name."""
    name = next((one.name for one in survey.guests if one.role == "control"), None)
    systems = [one for one in documents if one.system is not None]
    return next((one for one in systems if one.configuration.cell.name == name), None)


def _running(documents: Sequence[Document], survey: Survey) -> list[Document]:
    names = {one.name for one in survey.guests if one.role != "control"}
    return [one for one in documents if one.system is None and one.configuration.cell.name in names]


def _told(findings: Sequence[Finding], severity: str) -> tuple[str, ...]:
    return tuple(
        _sentences(
            f"{one.place}: {one.title}", *one.detail.splitlines(), one.hint and f"→ {one.hint}"
        )
        for one in findings
        if one.severity == severity
    )


def _sentences(*parts: str) -> str:
    """Return parts as one paragraph: sentences, and at the end what may be a line of TOML."""
    said = [part for part in parts if part]
    ended = [part if part[-1] in ".!?" else f"{part}." for part in said[:-1]] + said[-1:]
    # The first begins with a file's name.
    return " ".join([*ended[:1], *(part[0].upper() + part[1:] for part in ended[1:])])
