"""``hvconsole summary``: the table of a session's runs, and plots of them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hvconsole.commands.common import add_json_argument, print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sessions and what to show of them."""
    parser.add_argument(
        "sessions", metavar="SESSION", type=Path, nargs="+", help="recorded sessions"
    )
    parser.add_argument("--plot", action="store_true", help="plot lengths and timeline as well")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print one row for each run and CPU."""
    from hvconsole.analysis.render import render_summary
    from hvconsole.analysis.summary import summary_rows
    from hvconsole.record.reader import SessionReader

    rows = summary_rows(arguments.sessions)
    for path in arguments.sessions:
        if (problem := SessionReader(path).problem) is not None:
            sys.stderr.write("\n".join(["warning: " + problem.title, *problem.lines()[1:]]) + "\n")
    if arguments.json:
        print_json({"runs": [row.as_dict() for row in rows]})
        return 0
    sys.stdout.write(render_summary(rows) + "\n")
    if arguments.plot:
        from hvconsole.analysis.plots import plot_sessions

        sys.stdout.write(plot_sessions(arguments.sessions) + "\n")
    return 0
