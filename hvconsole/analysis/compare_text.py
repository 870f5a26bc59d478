"""A comparison as text and as terminal plots."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hvconsole.analysis.compare import WANTED_RATIO, Comparison, Pair
from hvconsole.analysis.conditions import FIGURES, Condition, Figure
from hvconsole.analysis.runs import RunFigures
from hvconsole.analysis.statistics import Estimate
from hvconsole.model.text import plain, width, wrap
from hvconsole.model.units import NOTHING, duration

_NAME = 44
_WIDE = 98


def render_comparison(comparison: Comparison) -> str:
    """Return the tables: one a figure, then artefacts, order and drift, and what to know."""
    from hvconsole.analysis.findings import findings  # noqa: PLC0415  # it uses these words

    said = [piece for one in findings(comparison) for piece in _hanging(one)]
    parts = ["\n".join(["what the runs show", *said])]
    parts += [_figure_table(comparison, figure) for figure in FIGURES]
    parts += [_artefact_table(comparison), _drift_line(comparison)]
    parts.append("\n".join(f"note: {note}" for note in comparison.notes))
    parts.append(EXPLANATION)
    return "\n\n".join(part for part in parts if part)


def _hanging(text: str) -> list[str]:
    first, *rest = wrap(text, _WIDE)
    return [f"- {first}", *(f"  {line}" for line in rest)]


EXPLANATION = (
    "The run is the unit. Means are geometric, intervals 95 % (Student's t on logs; ratios: Welch)."
    "\nA verdict needs both Welch's and the rank test below 5 % after Holm over all pairs of a"
    " figure.\nshift: Hodges-Lehmann; delta: Cliff's. Recognised artefacts are not in the figures."
)


def _figure_table(comparison: Comparison, figure: Figure) -> str:
    rows = [["condition", "runs", "mean", "95 %", "ratio", "95 %", "shift", "95 %", "delta", "p"]]
    rows[0].append("verdict")
    for condition in comparison.conditions:
        pair = comparison.against_reference(condition.name, figure.key)
        rows.append(_condition_row(condition, pair, figure))
    lines = aligned(rows)
    others = [
        pair
        for pair in comparison.pairs
        if pair.figure == figure.key and pair.reference != comparison.reference
    ]
    lines += [
        f"  {plain(p.condition, _NAME)} to {plain(p.reference, _NAME)}: "
        f"{ratio_text(p)}, {verdict_text(p)}"
        for p in others
    ]
    return "\n".join([f"{figure.title}, relative to {plain(comparison.reference, _NAME)}", *lines])


def _condition_row(condition: Condition, pair: Pair | None, figure: Figure) -> list[str]:
    mean = condition.estimates[figure.key]
    cells = [plain(condition.name, _NAME), str(len(condition.runs))]
    cells += [figure.show(mean.value), interval(mean, figure)]
    if pair is None:
        return [*cells, *[NOTHING] * 6, "reference"]
    return [
        *cells,
        ratio_value(pair.ratio.value),
        ratio_interval(pair.ratio),
        signed(pair.shift.value, figure),
        "to".join(f" {signed(x, figure)} " for x in (pair.shift.low, pair.shift.high)).strip()
        if pair.shift.has_interval
        else NOTHING,
        delta_text(pair.delta),
        p_text(pair.adjusted),
        verdict_text(pair),
    ]


def interval(estimate: Estimate, figure: Figure) -> str:
    """Say an interval of a figure."""
    if not estimate.has_interval:
        return NOTHING
    return f"{figure.show(estimate.low)} to {figure.show(estimate.high)}"


def signed(value: float, figure: Figure) -> str:
    """Say a difference of a figure, with its sign."""
    if not math.isfinite(value):
        return NOTHING
    return ("−" if value < 0 else "+") + figure.show(abs(value))


def ratio_value(value: float) -> str:
    """Say a ratio."""
    if not math.isfinite(value):
        return NOTHING
    return f"×{value:.4g}" if value < 1000 else f"×{value:.3e}"  # noqa: PLR2004  # width


def ratio_interval(ratio: Estimate) -> str:
    """Say the interval of a ratio."""
    if not ratio.has_interval:
        return NOTHING
    return f"{ratio_value(ratio.low)} to {ratio_value(ratio.high)}"


def ratio_text(pair: Pair) -> str:
    """Say a ratio and its interval."""
    bounds = f" ({ratio_interval(pair.ratio)})" if pair.ratio.has_interval else ""
    return ratio_value(pair.ratio.value) + bounds


def delta_text(delta: float) -> str:
    """Say Cliff's delta."""
    return f"{delta:+.2f}".replace("-", "−") if math.isfinite(delta) else NOTHING


def p_text(p: float) -> str:
    """Say a p value."""
    if not math.isfinite(p):
        return NOTHING
    return "<0.001" if p < 0.001 else f"{p:.3f}"  # noqa: PLR2004  # three places


def verdict_text(pair: Pair) -> str:
    """Say the verdict, with the number of runs that could carry another."""
    if pair.verdict == "underpowered":
        return f"underpowered: {pair.needed} runs each at least"
    if pair.verdict == "no difference shown" and math.isfinite(pair.detectable):
        text = f"no difference shown (could show {ratio_value(pair.detectable)}"
        if pair.runs_for_ratio and pair.detectable > WANTED_RATIO:
            text += f"; ×{WANTED_RATIO:g} needs {pair.runs_for_ratio} runs each"
        return text + ")"
    return pair.verdict


def _artefact_table(comparison: Comparison) -> str:
    rows = [["artefacts, counted apart", "switches", "time", "of watched"]]
    for condition in comparison.conditions:
        watched = sum(run.watched_s for run in condition.runs)
        for name, (number, lost) in artefacts_of(condition.runs).items():
            share = f"{lost / watched / 1e7:.3g} %" if watched > 0 else NOTHING
            label = f"{plain(condition.name, _NAME)}: {name}"
            rows.append([label, f"{number:,}", duration(lost), share])
    return "\n".join(aligned(rows)) if len(rows) > 1 else ""


def artefacts_of(runs: Sequence[RunFigures]) -> dict[str, tuple[int, int]]:
    """Return the artefacts of several runs together."""
    total: dict[str, tuple[int, int]] = {}
    for run in runs:
        for name, (number, lost) in run.artefacts.items():
            before = total.get(name, (0, 0))
            total[name] = (before[0] + number, before[1] + lost)
    return total


def _drift_line(comparison: Comparison) -> str:
    order = sorted((run for c in comparison.conditions for run in c.runs), key=lambda r: r.order)
    shown = " ".join(f"{run.order}:{plain(run.condition, 16)}" for run in order[:60])
    more = f" … {len(order) - 60} more" if len(order) > 60 else ""  # noqa: PLR2004  # a few lines
    drifts = ", ".join(drift_text(comparison, figure) for figure in FIGURES)
    return f"run order: {shown}{more}\ndrift over it (Spearman, p): {drifts}"


def drift_text(comparison: Comparison, figure: Figure) -> str:
    """Say how far a figure follows the order of runs."""
    drift = comparison.drift[figure.key]
    if not math.isfinite(drift.correlation):
        return f"{figure.title} {NOTHING}"
    return f"{figure.title} {drift.correlation:+.2f} ({p_text(drift.p)})"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as lines; the first and last columns to the left, others right."""
    widths = [max(width(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell + " " * (space - width(cell))
            if place in {0, len(row) - 1}
            else " " * (space - width(cell)) + cell
            for place, (cell, space) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("─" * space for space in widths))
    return lines
