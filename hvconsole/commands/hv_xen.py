"""What ``hvconsole hv`` can ask of Xen alone, and the load, which others have too."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hvconsole.commands.common import print_json
from hvconsole.model import units
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.text import plain

if TYPE_CHECKING:
    from hvconsole.hypervisor.xen.top import Load, TopRow
    from hvconsole.link.protocol import Link

_MOST_S = 86_400.0
_LOG_LINES = 40

Add = Callable[[Any, str, str], argparse.ArgumentParser]


def add_xen(actions: Any, add: Add) -> None:
    """Add the words for Xen.

    Args:
        actions: Where subcommands go.
        add: Adds one with the options that all have.
    """
    top = add(actions, "top", "the load of each domain, as it changes (Xen)")
    top.add_argument("--seconds", type=float, default=10.0, metavar="S", help="how long")
    top.add_argument("--every", type=int, default=1, metavar="S", help="between two looks")
    info = add(actions, "info", "what this hypervisor is (Xen)")
    info.add_argument("key", nargs="?", default="", metavar="KEY", help="this value alone")
    log = add(actions, "dmesg", "what the hypervisor said (Xen)")
    log.add_argument("--lines", type=int, default=0, metavar="N", help="the newest N alone")
    keys = add(actions, "debug-keys", "ask Xen to report, and show what it said")
    keys.add_argument(
        "keys", metavar="KEYS", help="a timers, h help, q domains, r queues, t clocks"
    )


async def look(link: Link, arguments: argparse.Namespace, *, sudo: bool) -> int:
    """Ask Xen for what the words say; nothing is changed.

    Raises:
        UsageProblem: A number makes no sense, or a debug key is not allowed.
        BoardProblem: Xen's tools do not answer.
    """
    root = ("sudo", "-n") if sudo else ()
    match arguments.action:
        case "top":
            return await _top(link, arguments, root)
        case "info":
            return await _info(link, arguments, root)
        case "dmesg":
            return await _dmesg(link, arguments, root)
        case _:
            return await _debug_keys(link, arguments, root)


async def _top(link: Link, arguments: argparse.Namespace, root: Sequence[str]) -> int:
    from hvconsole.hypervisor.xen.top import LEAST_S, MOST_S, LoadStream, calmer

    if not LEAST_S <= arguments.every <= MOST_S:
        raise UsageProblem(f"--every is from {LEAST_S} to {MOST_S} seconds")
    if not 0 < arguments.seconds <= _MOST_S:
        raise UsageProblem(f"--seconds is up to {_MOST_S:g}")
    pages: list[Load] = []
    begun = time.monotonic()
    painter = _Painter()

    def take(load: Load) -> None:
        pages.append(load)
        if not arguments.json:
            painter.paint(top_lines(load, time.monotonic() - begun))

    stream = LoadStream(link, root=root)
    every = arguments.every
    try:
        while (left := arguments.seconds - (time.monotonic() - begun)) > 0:
            most = int(left / every) + 3
            await stream.start(every, most, take)
            every = await _until_dear(stream, every, left, calmer)
            stream.stop()
    finally:
        stream.stop()
    if not pages:
        raise BoardProblem(
            "xentop said nothing",
            detail=plain(stream.said, 300),
            hint=f"a look takes {every} s, and the first one has no shares: --seconds {3 * every}",
        )
    if arguments.json:
        print_json({"board": arguments.board, "pages": [_document(load) for load in pages]})
    return 0


async def _until_dear(
    stream: Any, every: int, left_s: float, calmer: Callable[[int, float, float], int]
) -> int:
    """Wait until the time is over, xentop ended, or looking proved too dear; return the pause."""
    begun = time.monotonic()
    before = stream.load.own_s or 0.0
    while (over := time.monotonic() - begun) < left_s:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(every * 4.0, max(left_s - over, 0.01))):
                status = await stream.wait()
                if status != 0:
                    raise BoardProblem("xentop failed", detail=plain(stream.said, 300))
                return every
        own = (stream.load.own_s or 0.0) - before
        slower = calmer(every, own, time.monotonic() - begun)
        if slower != every:
            return slower
    return every


class _Painter:
    """Paints blocks of lines over each other on a terminal; below each other elsewhere."""

    def __init__(self) -> None:
        self._high = 0
        self._over = sys.stdout.isatty()

    def paint(self, lines: Sequence[str]) -> None:
        """Paint one block."""
        if self._over and self._high:
            sys.stdout.write(f"\x1b[{self._high}F\x1b[J")
        elif self._high:
            sys.stdout.write("\n")
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        self._high = len(lines)


def top_lines(load: Load, after_s: float) -> list[str]:
    """Return a page as a table, the busiest domain first, and what it cost to know.

    Args:
        load: The page.
        after_s: When, since the beginning.
    """
    from hvconsole.commands.hv_text import table

    rows = sorted(load.rows, key=lambda row: (-row.percent, row.name))
    lines = table(
        ("guest", "does", "CPU", "CPU time", "memory", "vCPUs"),
        [
            (
                plain(row.name, 40),
                _state(row),
                f"{row.percent:.1f} %",
                f"{row.seconds:,} s",
                units.size(row.memory_kib * 1024),
                str(row.vcpus),
            )
            for row in rows
        ],
    )
    return [*lines.splitlines(), f"· after {after_s:.0f} s; {cost_text(load, after_s)}"]


def cost_text(load: Load, over_s: float) -> str:
    """Say what knowing the load cost the board.

    Args:
        load: The newest page.
        over_s: Since when.
    """
    own = (
        "the board does not tell what xentop took"
        if load.own_s is None
        else f"xentop took {load.own_s:.2f} s of dom0's CPU ({_share(load.own_s, over_s):.1f} %)"
    )
    return f"every {load.every_s} s, {units.size(load.size)} in all; {own}"


def _share(part: float, whole: float) -> float:
    return 100.0 * part / whole if whole > 0 else 0.0


def _state(row: TopRow) -> str:
    words = {
        "d": "dying",
        "s": "shut down",
        "b": "waits",
        "c": "crashed",
        "p": "paused",
        "r": "runs",
    }
    return ", ".join(words[letter] for letter in row.state if letter in words) or "ready"


def _document(load: Load) -> dict[str, Any]:
    return {
        "every_s": load.every_s,
        "bytes": load.size,
        "own_cpu_s": load.own_s,
        "guests": [
            {
                "name": row.name,
                "state": row.state,
                "cpu_percent": row.percent,
                "cpu_s": row.seconds,
                "memory_kib": row.memory_kib,
                "vcpus": row.vcpus,
            }
            for row in load.rows
        ],
    }


async def _info(link: Link, arguments: argparse.Namespace, root: Sequence[str]) -> int:
    from hvconsole.hypervisor.xen.text import parse_info

    found = parse_info("\n".join(await _ask(link, root, "info")))
    if arguments.key and arguments.key not in found:
        raise UsageProblem(
            f"Xen tells no '{plain(arguments.key, 40)}'", hint=f"it tells: {', '.join(found)}"
        )
    chosen = {arguments.key: found[arguments.key]} if arguments.key else found
    if arguments.json:
        print_json({"board": arguments.board, "info": chosen})
        return 0
    wide = max(map(len, chosen), default=0)
    for name, value in chosen.items():
        text = plain(value, 400)
        sys.stdout.write(f"{text}\n" if arguments.key else f"{name:<{wide}}  {text}\n")
    return 0


async def _dmesg(link: Link, arguments: argparse.Namespace, root: Sequence[str]) -> int:
    if arguments.lines < 0:
        raise UsageProblem("--lines is a number of lines")
    lines = await _ask(link, root, "dmesg")
    return _tell_lines(lines[-arguments.lines :] if arguments.lines else lines, arguments)


async def _debug_keys(link: Link, arguments: argparse.Namespace, root: Sequence[str]) -> int:
    from hvconsole.hypervisor.inquiry import Inquiry, ask
    from hvconsole.hypervisor.xen.asking import debug_keys, log

    keys = Inquiry(f"debug-keys {arguments.keys}", "", debug_keys(arguments.keys), log())
    if arguments.dry_run:
        for argv in (keys.argv, keys.log):
            sys.stdout.write(shlex.join((*root, *argv)) + "\n")
        return 0
    return _tell_lines(await ask(link, keys, root=root), arguments)


async def _ask(link: Link, root: Sequence[str], name: str) -> list[str]:
    from hvconsole.hypervisor.inquiry import ask, inquiries

    inquiry = next(one for one in inquiries("xen") if one.name == name)
    return await ask(link, inquiry, root=root)


def _tell_lines(lines: Sequence[str], arguments: argparse.Namespace) -> int:
    if arguments.json:
        print_json({"board": arguments.board, "lines": list(lines)})
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0
