"""``hvconsole hv BOARD stats`` for Jailhouse: exits, by cell, CPU and cause."""

from __future__ import annotations

import argparse
import secrets
import sys
from typing import TYPE_CHECKING, Any

from hvconsole.commands.common import print_json
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.text import plain

if TYPE_CHECKING:
    from hvconsole.hypervisor.jailhouse.exits import ExitRates
    from hvconsole.link.protocol import Link
    from hvconsole.model.hypervisor import Survey

GRACE_S = 30.0  # for an answer, beside the time that was asked for


async def tell_stats(
    link: Link, survey: Survey, arguments: argparse.Namespace, root: tuple[str, ...]
) -> int:
    """Tell how often each cell's CPUs entered Jailhouse, and why.

    Raises:
        UsageProblem: A number makes no sense, or there is no such cell.
        BoardProblem: Jailhouse is not enabled, or the board does not answer.
    """
    from hvconsole.hypervisor.jailhouse.exits import FASTEST_S, SCRIPT, SLOWEST_S, parse_exits
    from hvconsole.hypervisor.jailhouse.place import there

    if not survey.active:
        raise BoardProblem("Jailhouse is not enabled", hint="enable it first")
    if not FASTEST_S <= arguments.seconds <= SLOWEST_S:
        raise UsageProblem(f"--seconds is from {FASTEST_S:g} to {SLOWEST_S:g}")
    cell = survey.guest(arguments.guest) if arguments.guest else None
    if arguments.guest and cell is None:
        there_are = ", ".join(plain(one.name, 40) for one in survey.guests)
        raise UsageProblem(
            f"there is no cell '{plain(arguments.guest, 40)}'", hint=f"there are: {there_are}"
        )
    ours = next((one.cpus for one in survey.guests if one.role == "control"), frozenset())
    reader = max(ours - set(arguments.sampled), default=None)
    marker = secrets.token_hex(8)
    words = [*root, *there(reader), "sh", "-s", marker, f"{arguments.seconds:g}"]
    timeout = arguments.seconds + GRACE_S
    done = await link.run(words, stdin=SCRIPT.encode(), timeout=timeout)
    seen = parse_exits(done.text, marker)
    key = cell.key if cell is not None else None
    if arguments.json:
        print_json({"board": arguments.board} | _document(seen, key))
    else:
        sys.stdout.write(exits_text(seen, key) + "\n")
    return 0


def exits_text(seen: ExitRates, cell: str | None = None) -> str:
    """Return rates as a table: a line for each CPU, a column for each counter that moved.

    Args:
        seen: The rates.
        cell: Only this cell's CPUs.
    """
    from hvconsole.commands.hv_text import table

    rows = [one for one in seen.cpus if cell in (None, one.cell)]
    names = sorted({name for one in rows for name in one.rates if name != "total"})
    moved = [name for name in names if any(one.rates.get(name, 0) > 0 for one in rows)]
    lines = table(
        ("cell", "CPU", "exits/s", *moved, "in all", "ours/s"),
        [
            (
                plain(one.name, 32) or one.cell,
                str(one.cpu),
                f"{one.rates.get('total', 0):,.1f}",
                *(f"{one.rates.get(name, 0):,.1f}" for name in moved),
                f"{one.counts.get('total', 0):,}",
                f"{one.own['total']:,.1f}" if one.own else "",
            )
            for one in rows
        ],
    )
    if seen.reader is None:
        cost = "read from any CPU, so our own exits are still among these"
    else:
        cost = (
            f"read from CPU {seen.reader}; a look costs it {seen.own_exits:,} hypercalls, "
            "which are taken off"
        )
    return f"{lines}\n\n· over {seen.seconds:.2f} s of the board's time; {cost}"


def _document(seen: ExitRates, cell: str | None) -> dict[str, Any]:
    return {
        "seconds": round(seen.seconds, 6),
        "reader": seen.reader,
        "own_exits": seen.own_exits,
        "cpus": [
            {
                "cell": one.cell,
                "name": one.name,
                "cpu": one.cpu,
                "counts": dict(one.counts),
                "rates": {name: round(rate, 3) for name, rate in one.rates.items()},
                "own": {name: round(rate, 3) for name, rate in one.own.items()},
            }
            for one in seen.cpus
            if cell in (None, one.cell)
        ],
    }
