"""``hvconsole boot``: boot a board into a mode and prove it; without a mode, list them."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from hvconsole.commands.common import (
    add_board_argument,
    add_host_key_argument,
    add_json_argument,
    positive_seconds,
    print_json,
    run_async,
)
from hvconsole.commands.targets import reach
from hvconsole.model.board import BoardProfile
from hvconsole.model.boot import BootEvent, BootProgress
from hvconsole.model.problem import LinkProblem
from hvconsole.model.text import plain

if TYPE_CHECKING:
    from hvconsole.board.boot_proof import Evidence
    from hvconsole.session.session import Session

_MARKS = {"begun": "▸", "done": "✓", "note": "!", "ask": "→", "failed": "✗"}
_DIM, _BOLD, _NORMAL = "\x1b[2m", "\x1b[1m", "\x1b[0m"
_LINE = 160


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the board, the mode, and how it is gone about."""
    add_board_argument(parser)
    parser.add_argument(
        "into",
        metavar="MODE",
        nargs="?",
        help="one of the board's modes (native, xen-rtds, …); without: list them, and say which "
        "one the board is in",
    )
    parser.add_argument(
        "--timeout",
        type=positive_seconds,
        metavar="S",
        help="longest time from the restart to the proof (by default the mode's own)",
    )
    parser.add_argument(
        "--no-verify",
        action="store_true",
        help="be content when the board answers again; read no proof back",
    )
    add_host_key_argument(parser)
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Boot, or list; progress and the live serial log go to stderr."""
    document = run_async(_boot(arguments) if arguments.into else _list(arguments))
    if arguments.json:
        print_json(document)
    elif arguments.into:
        _print_booted(document)
    else:
        _print_modes(document)
    return 0


async def _boot(arguments: argparse.Namespace) -> dict[str, Any]:
    from hvconsole.commands.sessions import live_session
    from hvconsole.model.run import RunSettings

    async with reach(arguments.board) as profile:
        session = live_session(
            profile,
            RunSettings(),
            record_to=None,
            accept_new_host_key=arguments.accept_new_host_key,
        )
        try:
            await _open(session, profile, arguments.into)
            progress = await session.boots.boot(
                arguments.into,
                verify=not arguments.no_verify,
                timeout_s=arguments.timeout,
                tell=_tell,
                tell_line=_tell_line,
            )
        finally:
            await session.close()
    return {"board": profile.name} | _document(progress)


async def _open(session: Session, profile: BoardProfile, mode: str) -> None:
    """Connect; a board whose Linux does not answer may still be reached over its console."""
    from hvconsole.board.boot_report import check_mode
    from hvconsole.link.protocol import HostKeyProblem

    # Wrong words are told before the board is looked for.
    check_mode(profile, mode, has_console=profile.serial is not None)
    try:
        await session.open()
    except HostKeyProblem:
        raise
    except LinkProblem as problem:
        console = session.serial_console
        if console is None or not console.is_open:
            raise
        _say("!", f"{problem.title}: going on over the serial console alone")


def _document(progress: BootProgress) -> dict[str, Any]:
    return {
        "mode": progress.mode,
        "outcome": progress.outcome,
        "seconds": round(progress.seconds, 1),
        "evidence": dict(progress.evidence),
        "steps": [
            {"step": str(e.step), "mark": e.mark, "text": e.text, "at_s": round(e.at_s, 2)}
            for e in progress.events
        ],
    }


def _tell(event: BootEvent) -> None:
    _say(_MARKS[event.mark], event.text, event.at_s, bold=event.mark in {"ask", "failed"})


def _tell_line(line: str) -> None:
    """Show a line of the console, apart from our own."""
    if line.strip():
        dim, normal = (_DIM, _NORMAL) if sys.stderr.isatty() else ("", "")
        sys.stderr.write(f"{dim}          │ {plain(line, _LINE)}{normal}\n")
        sys.stderr.flush()


def _say(mark: str, text: str, at_s: float | None = None, *, bold: bool = False) -> None:
    when = f"{at_s:6.1f} s" if at_s is not None else " " * 8
    strong, normal = (_BOLD, _NORMAL) if bold and sys.stderr.isatty() else ("", "")
    sys.stderr.write(f"{when}  {strong}{mark} {text}{normal}\n")
    sys.stderr.flush()


def _print_booted(document: dict[str, Any]) -> None:
    known = ", ".join(
        f"{name} {value}" for name, value in document["evidence"].items() if name != "command line"
    )
    sys.stdout.write(
        f"{document['board']} is in mode {document['mode']}, {document['outcome']}"
        f"{f' ({known})' if known else ''}, after {document['seconds']:g} s\n"
    )
    if command_line := document["evidence"].get("command line"):
        sys.stdout.write(f"command line: {command_line}\n")


async def _list(arguments: argparse.Namespace) -> dict[str, Any]:
    from hvconsole.board.boot_proof import modes_fitting, proof_words

    async with reach(arguments.board) as profile:
        evidence, why = await _evidence(profile, accept=arguments.accept_new_host_key)
    fitting = modes_fitting(profile.modes, evidence) if evidence is not None else []
    return {
        "board": profile.name,
        "modes": [
            {
                "name": name,
                "about": mode.about,
                "by": _way(bool(mode.uboot), bool(mode.linux)),
                "proof": list(proof_words(mode.proof)),
                "now": name in fitting,
            }
            for name, mode in profile.modes.items()
        ],
        "now": fitting,
        "evidence": dict(evidence.as_pairs()) if evidence is not None else {},
        "unknown": why,
    }


async def _evidence(profile: BoardProfile, *, accept: bool) -> tuple[Evidence | None, str]:
    """Ask the board how it was booted; or return why that is not known."""
    from hvconsole.board.boot_proof import read_evidence
    from hvconsole.commands.sessions import link_maker
    from hvconsole.link.protocol import HostKeyProblem

    link = link_maker(profile, accept_new_host_key=accept)()
    try:
        await link.open()
        return await read_evidence(link, sudo=profile.sudo), ""
    except HostKeyProblem:
        raise
    except LinkProblem as problem:
        return None, problem.title
    finally:
        await link.close()


def _way(uboot: bool, linux: bool) -> str:
    ways = [name for name, used in (("Linux", linux), ("U-Boot", uboot)) if used]
    return " and ".join(ways) or "restart"


def _print_modes(document: dict[str, Any]) -> None:
    modes = document["modes"]
    if not modes:
        sys.stdout.write(
            f"no boot modes are known of {document['board']}; docs/boot-modes.md says how to "
            "describe them\n"
        )
    width = max((len(mode["name"]) for mode in modes), default=0)
    for mode in modes:
        mark = "▸" if mode["now"] else " "
        about = plain(mode["about"], 80) or ", ".join(mode["proof"])
        sys.stdout.write(f"{mark} {mode['name']:<{width}}  {about}  (by {mode['by']})\n")
    sys.stdout.write(_now(document) + "\n")


def _now(document: dict[str, Any]) -> str:
    if document["unknown"]:
        return f"\nwhich one it is in is not known: {document['unknown']}"
    known = ", ".join(f"{name} {value}" for name, value in document["evidence"].items())
    return f"\nnow: {' or '.join(document['now']) or 'none of them'} ({known})"
