"""What the Compare screen has done in threads: reading, comparing, writing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hvconsole.config.named import is_there
from hvconsole.ui.screens.file import recordings_at
from hvconsole.ui.view import compare as view

if TYPE_CHECKING:
    from hvconsole.analysis.runs import MeasuredRun


def compared(
    runs: Sequence[MeasuredRun], reference: str | None, paths: Sequence[Path]
) -> view.Compared:
    """Return what runs of several conditions show, relative to one of them."""
    from hvconsole.analysis.chosen import missing_in  # noqa: PLC0415  # as the others
    from hvconsole.analysis.compare import compare  # noqa: PLC0415  # scipy takes its time
    from hvconsole.analysis.overlaid import distributions  # noqa: PLC0415  # likewise
    from hvconsole.analysis.runs import figures_in_order  # noqa: PLC0415  # likewise

    comparison = compare(figures_in_order(runs), reference, missing=missing_in(paths))
    names = [one.name for one in comparison.conditions]
    return view.Compared(comparison, distributions(runs, names))


def write_page(paths: Sequence[Path], out: Path, reference: str | None) -> None:
    """Write the report as a page."""
    from hvconsole.analysis.report.page import write_report  # noqa: PLC0415  # when it is wanted

    write_report(paths, out, reference=reference)


def write_table(runs: Sequence[MeasuredRun], out: Path) -> None:
    """Write a row for each run."""
    from hvconsole.analysis.runs import figures_in_order  # noqa: PLC0415  # when it is wanted
    from hvconsole.analysis.runs_table import write_runs  # noqa: PLC0415  # likewise

    write_runs(figures_in_order(runs), out)


def judge(path: Path) -> tuple[str, bool]:
    """Say what would be compared, and whether anything would."""
    found = recordings_at(path)
    if not (is_there(path) and path.is_dir()):
        return "no such folder", False
    if not found:
        return "neither a campaign (.hvc) nor a recording (.hvs), and none of them in it", False
    if len(found) == 1:
        return f"compares {found[0].name}", True
    return f"compares {len(found)} recordings", True
