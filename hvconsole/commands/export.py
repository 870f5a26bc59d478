"""``hvconsole export``: a session as Parquet, CSV or Arrow."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hvconsole.commands.common import add_json_argument, print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the session, the output and the table."""
    parser.add_argument("session", metavar="SESSION", type=Path, help="a recorded session")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        required=True,
        help="what to write; the suffix says how: .parquet, .csv, .arrow",
    )
    parser.add_argument(
        "--table",
        choices=["switches", "runs", "actions", "all"],
        default="switches",
        help="which table; all writes each of them into the folder -o (default: switches)",
    )
    parser.add_argument("--force", action="store_true", help="overwrite what is there")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Export and say what was written."""
    from hvconsole.analysis.export import export_session

    written = export_session(
        arguments.session, arguments.output, table=arguments.table, force=arguments.force
    )
    if arguments.json:
        print_json({"written": [{"file": str(w.path), "rows": w.rows} for w in written]})
        return 0
    for one in written:
        size = one.path.stat().st_size
        sys.stdout.write(f"{one.path}: {one.rows:,} rows, {size:,} bytes\n")
    return 0
