"""The whole page: what was found first, then how each figure came about, then its provenance."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from hvconsole import __version__
from hvconsole.analysis.chosen import missing_in, sessions_in
from hvconsole.analysis.compare import Comparison, compare
from hvconsole.analysis.compare_text import (
    EXPLANATION,
    p_text,
)
from hvconsole.analysis.conditions import FIGURES
from hvconsole.analysis.findings import findings
from hvconsole.analysis.report import charts
from hvconsole.analysis.report.markup import bullets, figure, paragraph, section, text
from hvconsole.analysis.report.provenance import provenance, record_commands, report_command
from hvconsole.analysis.report.svg import legend
from hvconsole.analysis.report.tables import artefacts, figure_table, runs_table
from hvconsole.analysis.runs import MeasuredRun, RunFigures, figures_in_order, measured_runs
from hvconsole.analysis.statistics import Drift
from hvconsole.model.problem import RecordProblem, UsageProblem
from hvconsole.record.manifest import Manifest, RunEntry

_STYLE = Path(__file__).with_name("style.css")
_MOST_TIMELINES = 24


def write_report(
    paths: Sequence[Path],
    out: Path,
    *,
    reference: str | None = None,
    title: str = "",
    force: bool = False,
) -> list[RunFigures]:
    """Write the report of sessions and return the figures it shows.

    Args:
        paths: The sessions, and folders of campaigns.
        out: The page.
        reference: Condition that others are shown relative to (see `compare`).
        title: Of the page; by default the boards' names.
        force: Overwrite what is there.

    Raises:
        UsageProblem: The page exists, or no condition is called so.
        RecordProblem: A session cannot be read, or the page not be written.
    """
    if out.exists() and not force:
        raise UsageProblem(f"{out} exists already", hint="choose another name, or add --force")
    runs = measured_runs(sessions_in(paths))
    figures = figures_in_order(runs)
    comparison = compare(figures, reference, missing=missing_in(paths))
    page = report_page(runs, comparison, paths, out, reference=reference, title=title)
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        temporary.write_text(page, encoding="utf-8")
        temporary.replace(out)
    except OSError as error:
        raise RecordProblem(f"{out} cannot be written", detail=str(error)) from error
    finally:
        temporary.unlink(missing_ok=True)
    return figures


def report_page(
    runs: Sequence[MeasuredRun],
    comparison: Comparison,
    paths: Sequence[Path],
    out: Path,
    *,
    reference: str | None = None,
    title: str = "",
) -> str:
    """Return the page."""
    boards = ", ".join(dict.fromkeys(run.figures.board for run in runs))
    title = title or f"Switches on {boards}"
    body = [
        f"<header><h1>{text(title)}</h1>\n{_opening(runs, comparison)}</header>\n<main>\n",
        section("What the runs show", *_result(comparison), name="result"),
        section("Distributions", *_distributions(runs, comparison), name="distributions"),
        section("Order of runs", *_order(comparison), name="order"),
        section("Runs", runs_table(comparison), name="runs"),
        section("Artefacts, counted apart", *artefacts(comparison), name="artefacts"),
        section("Each run over time", *_timelines(runs, comparison), name="time"),
        section("How to read this", _method(), name="method"),
        section("Make it again", _commands(runs, paths, out, reference), name="again"),
        section("Provenance", *_provenance(runs), name="provenance"),
        "</main>\n",
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f'<meta name="generator" content="hvconsole {text(__version__)}">\n'
        f"<title>{text(title)}</title>\n<style>\n{_STYLE.read_text(encoding='utf-8')}</style>\n"
        f"</head>\n<body>\n{''.join(body)}</body>\n</html>\n"
    )


def _opening(runs: Sequence[MeasuredRun], comparison: Comparison) -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    conditions = len(comparison.conditions)
    words = (
        f"{len(runs)} run{'s' * (len(runs) != 1)}"
        f" in {conditions} condition{'s' * (conditions != 1)},"
        f" written {now} by hvconsole {__version__}."
    )
    labels = sorted({label for run in runs for label in run.figures.labels})
    banner = ""
    if labels:
        which = "These" if all(run.figures.labels for run in runs) else "Some of these"
        told = f"{which} figures are {', '.join(labels)}: do not take them for a measured board's."
        banner = paragraph(told, "banner")
    return paragraph(words, "soft") + banner


def _result(comparison: Comparison) -> list[str]:
    parts = [bullets(findings(comparison)), *(paragraph(note) for note in comparison.notes)]
    return parts + [figure_table(comparison, one) for one in FIGURES]


def _distributions(runs: Sequence[MeasuredRun], comparison: Comparison) -> list[str]:
    names = [condition.name for condition in comparison.conditions]
    drawings = (
        (
            charts.cumulative(runs, names),
            "Share of switches no longer than a length, one line a run; the scale spreads the end.",
        ),
        (
            charts.histogram(runs, names),
            "Switches a watched second by length, one line a condition, both scales logarithmic.",
        ),
    )
    drawn = "".join(
        figure(drawing, caption, _labels(comparison)) for drawing, caption in drawings if drawing
    )
    return [legend(names), f'<div class="charts">{drawn}</div>\n']


def _labels(comparison: Comparison) -> set[str]:
    return {label for one in comparison.conditions for run in one.runs for label in run.labels}


def _order(comparison: Comparison) -> list[str]:
    drawings = [(charts.run_order(comparison, one), one) for one in FIGURES]
    drawn = "".join(
        figure(
            drawing,
            f"{one.title}; {_drift_words(comparison.drift[one.key])}",
            _labels(comparison),
        )
        for drawing, one in drawings
        if drawing
    )
    names = [condition.name for condition in comparison.conditions]
    return [legend(names), f'<div class="charts">{drawn}</div>\n']


def _drift_words(drift: Drift) -> str:
    if not math.isfinite(drift.correlation):
        return "too few runs to tell a drift"
    correlation = f"{drift.correlation:+.2f}".replace("-", "−")
    told = "it drifts" if drift.shown else "no drift shown"
    return f"{told}: Spearman's correlation with the order {correlation}, p {p_text(drift.p)}"


def _timelines(runs: Sequence[MeasuredRun], comparison: Comparison) -> list[str]:
    names = [condition.name for condition in comparison.conditions]
    ordered = sorted(runs, key=lambda run: run.figures.started)
    shown = charts.shown_lengths(runs)
    drawn = "".join(
        figure(
            charts.timeline(run, names.index(run.figures.condition), shown),
            f"{place}: {run.figures.condition}, {run.figures.session}",
            run.figures.labels,
        )
        for place, run in enumerate(ordered[:_MOST_TIMELINES], 1)
    )
    parts = [legend(names), f'<div class="charts">{drawn}</div>\n']
    if len(ordered) > _MOST_TIMELINES:
        parts.append(paragraph(f"The first {_MOST_TIMELINES} of {len(ordered)} runs are drawn."))
    return parts


def _method() -> str:
    more = (
        "A switch is a moment in which the CPU was taken away: two reads of its counter that lie"
        " further apart than the threshold. Where no outcome of so few runs could have decided, the"
        " verdict is underpowered and says how many runs could. Where no switch was seen, the upper"
        " bound is 3 over the watched seconds. ≈: some switches were counted by histogram"
        " (dropped), quantiles are good to 1/32, and those switches cannot be told from artefacts."
    )
    return paragraph(EXPLANATION.replace("\n", " ")) + paragraph(more)


def _commands(
    runs: Sequence[MeasuredRun], paths: Sequence[Path], out: Path, reference: str | None
) -> str:
    lines = [line for words in _recordings(runs) for line in record_commands(*words)]
    lines.append(report_command(paths, reference, out))
    shown = "\n".join(text(line, 4000) for line in lines)
    words = (
        "Each run with what was done to the board before it, and the report from the same"
        " recordings. What was done by hand stands in the session's actions.jsonl alone."
    )
    if any("simulated" in run.figures.labels for run in runs):
        words += " The same seed gives the very same switches where the run was the board's first."
    return paragraph(words) + f"<pre>{shown}</pre>\n"


def _recordings(runs: Sequence[MeasuredRun]) -> list[tuple[Manifest, RunEntry, str]]:
    return [
        (run.manifest, entry, run.path.name)
        for run in sorted(runs, key=lambda run: run.figures.started)
        if not run.figures.guest  # it was recorded beside one of the board's
        for entry in run.manifest.runs
        if entry.run == run.figures.run
    ]


def _provenance(runs: Sequence[MeasuredRun]) -> list[str]:
    sessions = {run.path: run.manifest for run in runs}
    return [provenance(path, manifest) for path, manifest in sessions.items()]
