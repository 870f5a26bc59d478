"""``hvconsole report``: sessions as one self-contained page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hvconsole.commands.common import add_json_argument, print_json
from hvconsole.commands.compare import add_comparison_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sessions, the page and what it is compared with."""
    parser.add_argument(
        "sessions",
        metavar="SESSION",
        type=Path,
        nargs="+",
        help="recorded sessions, or a campaign's folder",
    )
    parser.add_argument(
        "-o",
        "--out",
        "--output",
        metavar="FILE.html",
        type=Path,
        required=True,
        help="the page to write",
    )
    add_comparison_arguments(parser)
    parser.add_argument("--title", default="", metavar="TEXT", help="the page's title")
    parser.add_argument("--force", action="store_true", help="overwrite what is there")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the page and say where."""
    from hvconsole.analysis.report.page import write_report
    from hvconsole.analysis.runs_table import write_runs

    figures = write_report(
        arguments.sessions,
        arguments.out,
        reference=arguments.reference,
        title=arguments.title,
        force=arguments.force,
    )
    if arguments.runs is not None:
        write_runs(figures, arguments.runs)
    size = arguments.out.stat().st_size
    if arguments.json:
        print_json({"report": str(arguments.out), "bytes": size, "runs": len(figures)})
        return 0
    sys.stdout.write(f"{arguments.out}: {len(figures)} runs, {size:,} bytes\n")
    return 0
