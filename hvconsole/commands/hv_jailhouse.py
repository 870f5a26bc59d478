"""What ``hvconsole hv`` can do with Jailhouse alone: preflight, stats, console, Linux in a cell."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hvconsole.commands.common import cpu_list, print_json
from hvconsole.commands.hv_exits import GRACE_S, tell_stats
from hvconsole.hypervisor import actions as do
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.text import plain

if TYPE_CHECKING:
    from hvconsole.link.protocol import Link
    from hvconsole.model.hypervisor import Survey
    from hvconsole.model.inspection import Inspection

_MARKS = {"ok": "✓", "warning": "!", "failed": "✗", "skipped": "·"}
_SECONDS = 1.0
_MOST_S = 3600.0

Add = Callable[[Any, str, str], argparse.ArgumentParser]


def add_jailhouse(actions: Any, add: Add) -> None:
    """Add the words for Jailhouse.

    Args:
        actions: Where subcommands go.
        add: Adds one with the options that all have.
    """
    add(actions, "preflight", "has the board what Jailhouse needs?")
    stats = add(actions, "stats", "exits and why (Jailhouse, KVM); times and interrupts (Xvisor)")
    stats.add_argument("guest", nargs="?", default="", metavar="GUEST", help="this one only")
    stats.add_argument("--perf", action="store_true", help="how long, by perf kvm stat (KVM)")
    stats.add_argument(
        "--seconds", type=float, default=_SECONDS, metavar="S", help="over how long (default 1)"
    )
    stats.add_argument(
        "--sampled", type=cpu_list, default=(), metavar="N[,N…]", help="CPUs not to look from"
    )
    console = add(
        actions, "console", "a guest's console here; without a guest, what Jailhouse said"
    )
    console.add_argument("guest", nargs="?", default="", metavar="GUEST")
    console.add_argument(
        "--follow",
        type=float,
        default=0.0,
        metavar="S",
        help="what was said, and is said for so many seconds (Jailhouse, Xvisor)",
    )
    linux = add(actions, "linux", "boot Linux in a new cell (Jailhouse)")
    linux.add_argument("config", type=Path, metavar="CELLCONFIG", help="all files: on the board")
    linux.add_argument("kernel", metavar="KERNEL")
    linux.add_argument("--dtb", default="", metavar="FILE", help="its device tree")
    linux.add_argument("--initrd", default="", metavar="FILE", help="its first file system")
    linux.add_argument("--cmdline", default="", metavar="WORDS", help="its command line")


def add_life(create: argparse.ArgumentParser) -> None:
    """Add what becomes of a new cell at once."""
    create.add_argument(
        "--load",
        action="append",
        default=[],
        metavar="FILE[@ADDRESS]",
        help="load this image into the new cell; repeatable (Jailhouse)",
    )
    create.add_argument("--start", action="store_true", help="let it run at once (Jailhouse)")


def cells_only(wanted: do.Action, survey: Survey) -> None:
    """Refuse to load and start what another system makes running.

    Raises:
        UsageProblem: That is asked for.
    """
    if isinstance(wanted, do.Create) and (wanted.images or wanted.start):
        if survey.system == "jailhouse":
            return
        raise UsageProblem(
            "--load and --start are for Jailhouse's cells", hint=f"{survey.system} runs there"
        )


def add_unchecked(parser: argparse.ArgumentParser) -> None:
    """Add what lets a configuration be used that would be refused."""
    parser.add_argument(
        "--unchecked", action="store_true", help="use a Jailhouse configuration despite its errors"
    )


def linux_action(arguments: argparse.Namespace) -> do.Create:
    """Return the action that boots Linux in a cell."""
    linux = do.LinuxCell(
        kernel=arguments.kernel,
        dtb=arguments.dtb,
        initrd=arguments.initrd,
        cmdline=arguments.cmdline,
    )
    return do.Create(config=b"", source=str(arguments.config), on_board=True, linux=linux)


async def look(link: Link, survey: Survey, arguments: argparse.Namespace, *, sudo: bool) -> int:
    """Ask for what the words say; nothing is changed.

    Raises:
        UsageProblem: A number makes no sense.
        BoardProblem: Jailhouse is not enabled, or the board does not answer.
    """
    root = ("sudo", "-n") if sudo else ()
    if arguments.action == "preflight":
        return await _preflight(link, survey, arguments, root)
    if arguments.action == "console":
        return await _console(link, arguments, root)
    return await tell_stats(link, survey, arguments, root)


async def ahead(
    link: Link, wanted: do.Action, survey: Survey, arguments: argparse.Namespace, *, sudo: bool
) -> Inspection | None:
    """Judge the configuration that an action would use; None where there is none to judge.

    Raises:
        Problem: It cannot be read, or is none.
    """
    from hvconsole.session.cells_ahead import inspect

    if survey.system != "jailhouse" or not isinstance(wanted, do.Enable | do.Create):
        return None
    return await inspect(link, wanted, survey, name=arguments.board, sudo=sudo)


def judge(seen: Inspection, arguments: argparse.Namespace) -> None:
    """Refuse a configuration that would park the board; tell what else is to be known of it.

    Raises:
        BoardProblem: It would go wrong, and Jailhouse itself would not say so.
    """
    for text in _doubts(seen):
        sys.stderr.write(f"  ! {plain(text, 300)}\n")
    if seen.errors and not arguments.unchecked:
        raise BoardProblem(
            "this configuration would go wrong on this board; Jailhouse itself would not say so",
            detail="\n".join(plain(text, 400) for text in seen.errors),
            hint="correct it (hvconsole cell check); or, knowing better: --unchecked",
        )
    for text in seen.errors:
        sys.stderr.write(f"  ✗ {plain(text, 300)}\n")


def tell_ahead(seen: Inspection) -> None:
    """Tell, before anything is done, what a configuration would do, as comments."""
    lines = [f"✗ {text}" for text in seen.errors] + [f"! {text}" for text in _doubts(seen)]
    lines = [plain(line, 400) for line in lines]
    for line in (*lines, *seen.rows):  # the drawing is safe, and lives by its blanks
        sys.stderr.write(f"# {line}".rstrip() + "\n")


def _doubts(seen: Inspection) -> list[str]:
    return [*seen.warnings, *([f"not judged: {seen.unknown}"] if seen.unknown else [])]


async def _preflight(
    link: Link, survey: Survey, arguments: argparse.Namespace, root: tuple[str, ...]
) -> int:
    from hvconsole.hypervisor.jailhouse.preflight import SCRIPT, checks
    from hvconsole.hypervisor.jailhouse.survey import split

    marker = secrets.token_hex(8)
    done = await link.run([*root, "sh", "-s", marker], stdin=SCRIPT.encode())
    found = checks(split(done.text, marker), survey)
    if arguments.json:
        print_json({"board": arguments.board, "checks": [check.as_dict() for check in found]})
    else:
        for check in found:
            mark = f"{_MARKS[check.state]} {check.state:<7}"
            sys.stdout.write(f"{mark}  {check.name:<20}  {plain(check.why, 200)}\n")
            if check.fix:
                sys.stdout.write(f"{'':>9}  {'':<20}  → {plain(check.fix, 200)}\n")
    return int(any(check.state == "failed" for check in found))


async def _console(link: Link, arguments: argparse.Namespace, root: tuple[str, ...]) -> int:
    from hvconsole.hypervisor.jailhouse.explain import reason
    from hvconsole.wire.console import LineSplitter, shown

    if not 0 <= arguments.follow <= _MOST_S:
        raise UsageProblem(f"--follow is up to {_MOST_S:g} seconds")
    lines = LineSplitter()
    said: list[str] = []

    def take(data: bytes) -> None:
        for line in lines.feed(data):
            _tell_line(shown(line), said, arguments)

    words = [*root, "jailhouse", "console", *(["-f"] if arguments.follow else [])]
    process = await link.stream(words, take)
    try:
        async with asyncio.timeout(arguments.follow or GRACE_S):
            status = await process.wait()
    except TimeoutError:
        status = 0 if arguments.follow else 1
        process.close_stdin()
    take(b"\n" if lines.partial else b"")
    if status != 0:
        error = process.stderr.decode("utf-8", "backslashreplace").strip()
        why = reason(error)
        raise BoardProblem(
            f"there is nothing of the hypervisor's console: {why.cause if why else 'no reason'}",
            detail=plain(error, 300),
            hint=why.fix if why else "",
        )
    if arguments.json:
        print_json({"board": arguments.board, "lines": said})
    return 0


def _tell_line(line: str, said: list[str], arguments: argparse.Namespace) -> None:
    said.append(line)
    if not arguments.json:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
