"""``hvconsole compare``: conditions side by side, with intervals and verdicts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hvconsole.commands.common import add_json_argument, print_json

if TYPE_CHECKING:
    from hvconsole.analysis.compare import Comparison

_NAME = 44
_WIDE = 90


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sessions, the reference and what to show."""
    parser.add_argument(
        "sessions",
        metavar="SESSION",
        type=Path,
        nargs="+",
        help="recorded sessions, or a campaign's folder; runs with the same label are repetitions"
        " of one condition",
    )
    add_comparison_arguments(parser)
    parser.add_argument("--plot", action="store_true", help="plot the runs of each condition too")
    parser.add_argument(
        "--why", action="store_true", help="say for each verdict what it rests on, in sentences"
    )
    add_json_argument(parser)


def add_comparison_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what comparisons and reports share."""
    parser.add_argument(
        "--reference",
        metavar="NAME",
        help="the condition that others are shown relative to "
        "(default: the one called native, otherwise the first)",
    )
    parser.add_argument(
        "--runs", metavar="FILE", type=Path, help="write one row a run to a .csv or .parquet file"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison."""
    from hvconsole.analysis.chosen import missing_in, sessions_in
    from hvconsole.analysis.compare import compare
    from hvconsole.analysis.compare_text import render_comparison
    from hvconsole.analysis.runs import figures_in_order, measured_runs
    from hvconsole.analysis.runs_table import write_runs

    figures = figures_in_order(measured_runs(sessions_in(arguments.sessions)))
    comparison = compare(figures, arguments.reference, missing=missing_in(arguments.sessions))
    if arguments.runs is not None:
        write_runs(figures, arguments.runs)
    if arguments.json:
        print_json(comparison.as_dict())
        return 0
    sys.stdout.write(render_comparison(comparison) + "\n")
    if arguments.why:
        _tell_why(comparison)
    if arguments.plot:
        from hvconsole.analysis.compare_plots import plot_comparison

        sys.stdout.write("\n" + plot_comparison(comparison) + "\n")
    return 0


def _tell_why(comparison: Comparison) -> None:
    from hvconsole.analysis.conditions import FIGURES
    from hvconsole.analysis.reasons import reasons
    from hvconsole.model.text import plain, wrap

    titles = {figure.key: figure.title for figure in FIGURES}
    for pair in comparison.pairs:
        names = f"{plain(pair.condition, _NAME)} to {plain(pair.reference, _NAME)}"
        sys.stdout.write(f"\nwhy · {titles[pair.figure]}: {names}\n")
        for head, text in reasons(comparison, pair):
            first, *rest = wrap(text, _WIDE)
            sys.stdout.write(f"  {head:<8}{first}\n")
            sys.stdout.writelines(f"  {'':<8}{line}\n" for line in rest)
