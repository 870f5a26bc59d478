"""The page's tables: figures by condition, runs, artefacts."""

from __future__ import annotations

import math

from hvconsole.analysis.compare import Comparison, Pair
from hvconsole.analysis.compare_text import (
    artefacts_of,
    delta_text,
    interval,
    p_text,
    ratio_text,
    signed,
    verdict_text,
)
from hvconsole.analysis.conditions import FIGURES, Figure
from hvconsole.analysis.report.markup import paragraph, table, text
from hvconsole.analysis.runs import RunFigures
from hvconsole.model.units import NOTHING, duration

_PAIR_HEAD = ("ratio (95 %)", "shift (95 %)", "Cliff's delta", "p", "verdict")


def figure_table(comparison: Comparison, one: Figure) -> str:
    """Return what a figure was in each condition, and how the conditions compare by it."""
    rows = []
    for condition in comparison.conditions:
        mean = condition.estimates[one.key]
        pair = comparison.against_reference(condition.name, one.key)
        bounds = f" ({interval(mean, one)})" if mean.has_interval else ""
        cells = [condition.name, str(len(condition.runs)), one.show(mean.value) + bounds]
        rows.append([*cells, *_pair_cells(pair, one)])
    others = [
        [f"{pair.condition} to {pair.reference}", *_pair_cells(pair, one)]
        for pair in comparison.pairs
        if pair.figure == one.key and pair.reference != comparison.reference
    ]
    head = ("condition", "runs", "mean (95 %)", *_PAIR_HEAD)
    inside = table(head, rows, words_from=len(head) - 1, cards=True)
    shown = f"<h3>{text(one.title)}</h3>\n{inside}"
    if not others:
        return shown
    inner = table(("pair", *_PAIR_HEAD), others, words_from=len(_PAIR_HEAD), cards=True)
    return f"{shown}<details><summary>pairs without the reference</summary>\n{inner}</details>\n"


def _pair_cells(pair: Pair | None, one: Figure) -> list[str]:
    if pair is None:
        return [*[NOTHING] * 4, "reference"]
    shift = signed(pair.shift.value, one)
    if pair.shift.has_interval:
        shift += f" ({signed(pair.shift.low, one)} to {signed(pair.shift.high, one)})"
    return [
        ratio_text(pair),
        shift,
        delta_text(pair.delta),
        p_text(pair.adjusted),
        verdict_text(pair),
    ]


def runs_table(comparison: Comparison) -> str:
    """Return all runs in the order they were made, with their figures."""
    runs = sorted((r for c in comparison.conditions for r in c.runs), key=lambda r: r.order)
    head = ["condition", "order", "session", "run", "CPU", "watched", *(f.title for f in FIGURES)]
    head += ["coverage", "switches", "dropped", "artefacts", "lost on the way", "end"]
    rows = [
        [
            run.condition,
            str(run.order),
            run.session,
            str(run.run),
            ", ".join(map(str, run.cpus)),
            f"{run.watched_s:.2f} s",
            *(_about(run, one) + one.show(one.of(run)) for one in FIGURES),
            f"{100 * run.coverage:.3f} %" if math.isfinite(run.coverage) else NOTHING,
            f"{run.switches:,}",
            f"{run.dropped:,}",
            f"{sum(n for n, _ in run.artefacts.values()):,}",
            f"{run.lost_on_link:,}",
            run.reason,
        ]
        for run in runs
    ]
    return table(head, rows, numbers_from=3)


def _about(run: RunFigures, one: Figure) -> str:
    return "≈" if run.approximate and one.key in {"p50_ns", "p99_ns", "p999_ns"} else ""


def artefacts(comparison: Comparison) -> list[str]:
    """Return what was recognised by rule, by condition and cause."""
    rows = []
    for condition in comparison.conditions:
        watched = sum(run.watched_s for run in condition.runs)
        for name, (number, lost) in artefacts_of(condition.runs).items():
            share = f"{lost / watched / 1e7:.3g} %" if watched > 0 else NOTHING
            rows.append([condition.name, name, f"{number:,}", duration(lost), share])
    if not rows:
        return [paragraph("None was recognised.")]
    head = ("condition", "cause", "switches", "time", "of watched time")
    words = "Recognised by rule, flagged switch by switch in the export, and in no figure above."
    return [paragraph(words), table(head, rows, numbers_from=2, cards=True)]
