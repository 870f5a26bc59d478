"""``hvconsole doctor``: is the board fit to be measured, and if not, what is to be done?"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from hvconsole.commands.common import (
    add_board_argument,
    add_host_key_argument,
    add_json_argument,
    print_json,
    run_async,
)
from hvconsole.commands.targets import (
    SimWords,
    add_over_argument,
    add_sim_arguments,
    reach,
    sim_options,
)
from hvconsole.model.text import plain

if TYPE_CHECKING:
    from hvconsole.model.check import Check

_MARKS = {"ok": "✓", "warning": "!", "failed": "✗", "skipped": "–"}
_COLOURS = {"ok": "32", "warning": "33", "failed": "31", "skipped": "2"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the board."""
    add_board_argument(parser)
    add_host_key_argument(parser)
    add_json_argument(parser)
    add_over_argument(parser)
    add_sim_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look at everything; 1 if a check failed."""
    done = run_async(_look(arguments, sim_options(arguments)))
    if arguments.json:
        print_json({"board": arguments.board, "checks": [check.as_dict() for check in done]})
    else:
        counts = {state: sum(check.state == state for check in done) for state in _MARKS}
        told = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
        sys.stdout.write(f"\n{arguments.board}: {told}\n")
    return int(any(check.state == "failed" for check in done))


async def _look(arguments: argparse.Namespace, words: SimWords) -> list[Check]:
    from hvconsole.board.doctor import checks
    from hvconsole.commands.sessions import link_maker

    async with reach(arguments.board, words, over=arguments.over) as profile:
        link = link_maker(profile, accept_new_host_key=arguments.accept_new_host_key)()
        try:
            tell = (lambda _: None) if arguments.json else _tell
            return await checks(link, profile, tell=tell)
        finally:
            await link.close()


def _tell(check: Check) -> None:
    """Print a check as soon as it is done: its state as a sign and a word, not by colour alone."""
    mark = f"{_MARKS[check.state]} {check.state:<7}"
    if sys.stdout.isatty():
        mark = f"\x1b[{_COLOURS[check.state]}m{mark}\x1b[0m"
    sys.stdout.write(f"{mark}  {check.name:<22}  {plain(check.why, 200)}\n")
    for line in check.fix.splitlines():
        sys.stdout.write(f"{'':>9}  {'':<22}  → {plain(line, 200)}\n")
    sys.stdout.flush()
