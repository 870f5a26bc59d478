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
    parser.add_argument(
        "--runs", metavar="FILE", type=Path, help="write one row a run to a .csv or .parquet file"
    )
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print one row for each run and CPU."""
    from hvconsole.analysis.compare_text import artefacts_of
    from hvconsole.analysis.render import render_summary
    from hvconsole.analysis.runs import figures_in_order, measured_runs
    from hvconsole.analysis.runs_table import write_runs
    from hvconsole.analysis.summary import summary_rows
    from hvconsole.model.units import duration
    from hvconsole.record.reader import SessionReader

    rows = summary_rows(arguments.sessions)
    for path in arguments.sessions:
        if (problem := SessionReader(path).problem) is not None:
            sys.stderr.write("\n".join(["warning: " + problem.title, *problem.lines()[1:]]) + "\n")
    figures = figures_in_order(measured_runs(arguments.sessions)) if rows else []
    if arguments.runs is not None:
        write_runs(figures, arguments.runs)
    if arguments.json:
        without = [figure.as_dict() for figure in figures]
        print_json({"runs": [row.as_dict() for row in rows], "without_artefacts": without})
        return 0
    sys.stdout.write(render_summary(rows) + "\n")
    for name, (number, lost) in artefacts_of(figures).items():
        sys.stdout.write(f"of these, {name}: {number:,} switches, {duration(lost)}\n")
    if arguments.plot:
        from hvconsole.analysis.plots import plot_sessions

        sys.stdout.write(plot_sessions(arguments.sessions) + "\n")
    return 0
