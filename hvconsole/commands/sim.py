"""``hvconsole sim``: keep a simulated board running, so that several commands find the same one."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from hvconsole.commands.common import add_json_argument, print_json
from hvconsole.commands.targets import SIM, add_sim_arguments, sim_options, words_as_options
from hvconsole.model.problem import UsageProblem

_HOURS = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add start, stop and status."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    start = actions.add_parser("start", help="keep one running in the background")
    add_sim_arguments(start)
    start.add_argument(
        "--hours", type=float, default=_HOURS, metavar="H", help=f"end after (default {_HOURS:g})"
    )
    status = actions.add_parser("status", help="is one kept, and how is it reached")
    stop = actions.add_parser("stop", help="end it")
    for one in (start, status, stop):
        add_json_argument(one)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked for."""
    from hvconsole.sim import keep

    if arguments.action == "stop":
        ran = keep.stop()
        return _tell(arguments, {"stopped": ran}, "stopped" if ran else "no board was kept")
    if arguments.action == "start":
        if not 0 < arguments.hours <= keep.MOST_HOURS:
            raise UsageProblem(f"a board is kept for up to {keep.MOST_HOURS:g} hours")
        arguments.board = SIM
        keep.keep(words_as_options(sim_options(arguments)), arguments.hours)
    known = keep.kept()
    if known is None:
        return _tell(arguments, {"kept": False}, "no board is kept; start one: hvconsole sim start")
    document = {"kept": True, "port": known.port, "serial": known.serial, "pid": known.pid}
    text = (
        f"a simulated board runs: SSH on loopback, port {known.port}; serial {known.serial}\n"
        "next: hvconsole connect sim, hvconsole hv sim list, hvconsole boot sim xen-rtds"
    )
    return _tell(arguments, document, text)


def _tell(arguments: argparse.Namespace, document: dict[str, Any], text: str) -> int:
    if arguments.json:
        print_json(document)
    else:
        sys.stdout.write(text + "\n")
    return 0
