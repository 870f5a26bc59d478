"""``hvconsole cell``: Jailhouse's configurations, built, shown and checked."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hvconsole.commands.common import (
    add_host_key_argument,
    add_json_argument,
    print_json,
    run_async,
)
from hvconsole.commands.targets import SIM, add_sim_arguments, reach, sim_options
from hvconsole.model.problem import Problem, UsageProblem
from hvconsole.model.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hvconsole.cell import Document, Finding, RunningBoard

_MARKS = {"error": "✗ error", "warning": "! warning"}
_REVISIONS = (12, 14)
_WIDTH = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add build, show and check."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    build = _action(actions, "build", "make the binary from TOML")
    build.add_argument("file", type=Path, metavar="FILE.toml")
    build.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.cell")
    _add_revision(build)
    _add_board(build, "take the revision that this board's Jailhouse wants")
    show = _action(actions, "show", "print a configuration as TOML")
    show.add_argument("file", type=Path, metavar="FILE")
    show.add_argument("--map", action="store_true", help="its memory by address, not the TOML")
    show.add_argument("--root", type=Path, metavar="ROOT", help="with --map: the root cell's too")
    _add_others(show, "with --map: these cells' too")
    check = _action(actions, "check", "say whether a set is safe, before a board finds out")
    check.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="ROOT CELL…; either form"
    )
    check.add_argument("--root", type=Path, metavar="ROOT", help="the root cell; else among FILE")
    _add_others(check, "cells that run beside it")
    _add_board(check, "check against this running board as well")


def _action(actions: Any, name: str, text: str) -> argparse.ArgumentParser:
    one: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text)
    add_json_argument(one)
    return one


def _add_others(parser: argparse.ArgumentParser, about: str) -> None:
    parser.add_argument(
        "--with",
        dest="others",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="OTHER",
        help=about,
    )


def _add_revision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--revision",
        type=int,
        choices=_REVISIONS,
        help="12 for Jailhouse v0.12, 14 for its master since 2023; without it the file's own",
    )


def _add_board(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("--board", default="", metavar="BOARD", help=text)
    add_host_key_argument(parser)
    add_sim_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Build, show or check; 1 where a set is not safe."""
    work = {"build": _build, "show": _show, "check": _check}
    return work[arguments.action](arguments)


def _build(arguments: argparse.Namespace) -> int:
    from hvconsole.cell import check_alone, encode, open_document

    document = open_document(arguments.file)
    for finding in check_alone(document):
        title = f"{finding.place}: {_MARKS[finding.severity]}: {finding.title}"
        sys.stderr.write(f"{plain(title, _WIDTH)}\n")
    board = _running(arguments)
    revision = arguments.revision or (board.revision if board else None)
    if board is not None and revision is None:
        raise UsageProblem(
            f"which configuration revision the Jailhouse of {board.name} wants is not known",
            detail="\n".join(board.notes),
            hint="say it: --revision 12 for v0.12, --revision 14 for master since 2023",
        )
    data = encode(document.configuration, revision, source=str(arguments.file))
    _write(arguments.output, data)
    built = revision or document.configuration.revision
    if arguments.json:
        print_json({"file": str(arguments.output), "bytes": len(data), "revision": built})
    else:
        sys.stderr.write(f"{arguments.output}: {len(data)} bytes, revision {built}\n")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from hvconsole.cell import drawn, memory_map, open_document, write_toml

    document = open_document(arguments.file)
    if not arguments.map:
        if arguments.json:
            print_json(_as_json(document))
        else:
            sys.stdout.write(write_toml(document))
        return 0
    others = [open_document(path) for path in arguments.others]
    root = open_document(arguments.root) if arguments.root else None
    if root is None and document.system is not None:
        root, cells = document, others
    else:
        cells = [document, *others]
    rows = memory_map(root, cells)
    if arguments.json:
        print_json({"map": [_fields(row) for row in rows]})
    else:
        sys.stdout.write("".join(f"{line}\n" for line in drawn(rows)))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from hvconsole.cell import check, is_safe

    root, cells = _set(arguments)
    board = _running(arguments)
    findings = check(root, cells, board)
    notes = board.notes if board else ()
    if arguments.json:
        document = {"safe": is_safe(findings), "findings": [_fields(one) for one in findings]}
        print_json(document | {"notes": notes})
    else:
        _tell(findings, notes, root, cells)
    return 0 if is_safe(findings) else 1


def _set(arguments: argparse.Namespace) -> tuple[Document, list[Document]]:
    """Return the root cell and the others; without --root it is the one that is a system."""
    from hvconsole.cell import open_document

    documents = [open_document(path) for path in (*arguments.files, *arguments.others)]
    if arguments.root is not None:
        return open_document(arguments.root), documents
    root = next((one for one in documents if one.system is not None), None)
    if root is None:
        raise UsageProblem(
            "none of these is a root cell's configuration",
            detail="a cell can only be judged beside its root cell",
            hint="hvconsole cell check ROOT CELL…, or --root ROOT",
        )
    return root, [one for one in documents if one is not root]


def _running(arguments: argparse.Namespace) -> RunningBoard | None:
    """Ask the board, where one is named.

    Raises:
        UsageProblem: The simulated board's options are given without it.
    """
    words = sim_options(arguments)
    return run_async(_ask(arguments, words)) if arguments.board else None


async def _ask(arguments: argparse.Namespace, words: Any) -> RunningBoard:
    from hvconsole.board.memory_facts import memory_facts
    from hvconsole.commands.sessions import link_maker

    async with reach(arguments.board, words if arguments.board == SIM else None) as profile:
        link = link_maker(profile, accept_new_host_key=arguments.accept_new_host_key)()
        await link.open()
        try:
            return await memory_facts(link, name=arguments.board, sudo=profile.sudo)
        finally:
            await link.close()


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Problem(f"{path} cannot be written", detail=error.strerror or "") from error


def _tell(
    findings: Sequence[Finding], notes: Sequence[str], root: Document, cells: Sequence[Document]
) -> None:
    for finding in findings:
        sys.stdout.write(f"{plain(finding.place, _WIDTH)}: {_MARKS[finding.severity]}: ")
        sys.stdout.write(f"{plain(finding.title, _WIDTH)}\n")
        for line in finding.detail.splitlines():
            sys.stdout.write(f"    {plain(line, _WIDTH)}\n")
        if finding.hint:
            sys.stdout.write(f"    → {plain(finding.hint, _WIDTH)}\n")
    for note in notes:
        sys.stdout.write(f"  {plain(note, _WIDTH)}\n")
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    verdict = f"not safe: {_count(errors, 'error')}" if errors else "nothing unsafe found"
    more = f", {_count(warnings, 'warning')}" if warnings else ""
    names = ", ".join(f"'{one.title}'" for one in (root, *cells))
    sys.stdout.write(f"{names}: {verdict}{more}\n")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _fields(value: Any) -> dict[str, Any]:
    import msgspec

    return dict(msgspec.structs.asdict(value))


def _as_json(document: Document) -> dict[str, Any]:
    """Return a configuration as JSON has it: numbers as they are, flags as bits and as words."""
    import msgspec

    from hvconsole.cell.names import MEMORY_FLAGS

    data: dict[str, Any] = msgspec.to_builtins(document.configuration)
    for index, region in enumerate(data["cell"]["memory"]):
        region["name"] = document.names[index] if index < len(document.names) else ""
        region["flag_names"] = [name for name, bit in MEMORY_FLAGS.items() if region["flags"] & bit]
    return data
