"""``hvconsole lab measure``: fixed measurements in virtual time, recorded and shown."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hvconsole.commands.common import print_json
from hvconsole.lab.measure.conditions import CONDITIONS, EVERY, conditions_named
from hvconsole.model.problem import UsageProblem
from hvconsole.model.units import duration

if TYPE_CHECKING:
    from hvconsole.analysis.summary import RunSummary

_BAR = 40
_EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True, slots=True)
class _Row:
    """One condition, as the table has it."""

    name: str
    busy: bool
    sha256: str
    figures: RunSummary

    @property
    def lost_share(self) -> str:
        """Of the time that was watched."""
        return f"{self.figures.lost_percent:.3f} %"

    @property
    def mean_ns(self) -> float:
        return self.figures.lost_ns / max(self.figures.switches, 1)


_COLUMNS: tuple[tuple[str, Callable[[_Row], str]], ...] = (
    ("condition", lambda row: row.name),
    ("time", lambda row: f"{row.figures.seconds:.0f} s"),
    ("switches", lambda row: f"{row.figures.switches:,}"),
    ("lost", lambda row: duration(row.figures.lost_ns)),
    ("share", lambda row: row.lost_share),
    ("mean", lambda row: duration(row.mean_ns)),
    ("p99", lambda row: duration(row.figures.p99_ns)),
    ("worst", lambda row: duration(row.figures.max_ns)),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to measure and how to show it."""
    parser.add_argument(
        "condition",
        nargs="*",
        default=[],
        metavar="NAME",
        help=f"what to measure: {', '.join(EVERY)}",
    )
    parser.add_argument("--all", action="store_true", help="all of these")
    parser.add_argument(
        "--repeat", type=int, default=1, metavar="N", help="measure each N times; all must be equal"
    )
    parser.add_argument(
        "--out", type=Path, metavar="SESSION", help="folder to write (default: lab-DATE-TIME.hvs)"
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")


def run(arguments: argparse.Namespace, progress: Callable[[], Any]) -> int:
    """Measure, record, and show the figures.

    Args:
        arguments: What was typed.
        progress: Makes what shows the steps: a context that gives a function.
    """
    if arguments.all == bool(arguments.condition):
        raise UsageProblem(
            "lab measure needs either names or --all", hint=f"choose from: {', '.join(EVERY)}"
        )
    if not 1 <= arguments.repeat <= 100:  # noqa: PLR2004  # it is said in the message
        raise UsageProblem(f"--repeat {arguments.repeat}: give 1 to 100")
    wanted = conditions_named(list(CONDITIONS) if arguments.all else arguments.condition)
    out = arguments.out or Path(f"lab-{datetime.now():%Y%m%d-%H%M%S}.hvs")  # noqa: DTZ005  # the user's own clock names the folder
    if out.exists():
        raise UsageProblem(f"{out} exists already", hint="choose another name with --out")
    from hvconsole.analysis.summary import summary_rows
    from hvconsole.lab.measure.session import measure_all

    with progress() as tell:
        measured = measure_all(wanted, out, tell, repeat=arguments.repeat)
    rows = [
        _Row(one.condition.name, one.condition.busy, one.sha256, figures)
        for one, figures in zip(measured, summary_rows([out]), strict=True)
    ]
    _show(rows, out, arguments)
    return 0


def _show(rows: Sequence[_Row], out: Path, arguments: argparse.Namespace) -> None:
    if arguments.json:
        runs = [row.figures.as_dict() | {"busy": row.busy, "frames": row.sha256} for row in rows]
        print_json({"session": str(out), "repeated": arguments.repeat, "runs": runs})
    elif arguments.markdown:
        sys.stdout.write(_markdown(rows) + "\n")
    else:
        parts = [_table(rows), *_plots(rows), "virtual time: instructions x 2 ns, no caches"]
        sys.stdout.write("\n".join(parts) + f"\nrecorded in {out}\n")


def _cells(rows: Sequence[_Row]) -> list[list[str]]:
    return [[name for name, _ in _COLUMNS], *([show(r) for _, show in _COLUMNS] for r in rows)]


def _table(rows: Sequence[_Row]) -> str:
    cells = _cells(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in cells
    ]
    return "\n".join([lines[0], "  ".join("─" * width for width in widths), *lines[1:]])


def _markdown(rows: Sequence[_Row]) -> str:
    head, *lines = _cells(rows)
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *lines))


def _plots(rows: Sequence[_Row]) -> list[str]:
    """Plot what each condition costs alone, and the longest wait that a busy guest brings."""
    alone = [(row.name, float(row.figures.lost_ns)) for row in rows if not row.busy]
    busy = [(row.name, row.figures.max_ns) for row in rows if row.busy]
    plots = []
    if alone:
        plots.append("\ntime lost in a second, Linux alone\n" + _bars(alone))
    if busy:
        plots.append("\nlongest switch, a busy guest on the same CPU\n" + _bars(busy))
    return plots


def _bars(values: Sequence[tuple[str, float]]) -> str:
    most = max(1.0, *(value for _, value in values))
    width = max(len(name) for name, _ in values)
    lines = []
    for name, value in values:
        whole, part = divmod(round(value / most * _BAR * 8), 8)
        bar = "█" * whole + _EIGHTHS[part].strip()
        lines.append(f"{name:<{width}}  {bar} {duration(value)}")
    return "\n".join(lines) + "\n"
