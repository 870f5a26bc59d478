"""Why a verdict is what it is, in sentences: what was seen, what was tested, what it can carry."""

from __future__ import annotations

import math

from hvconsole.analysis.compare import WANTED_RATIO, Comparison, Pair
from hvconsole.analysis.compare_text import delta_text, interval, p_text, ratio_text, signed
from hvconsole.analysis.conditions import FIGURES, Condition, Figure
from hvconsole.analysis.statistics import ALPHA, smallest_p
from hvconsole.model.text import plain

_NAME = 44
_PERCENT = f"{ALPHA:.0%}".replace("%", " %")


def reasons(comparison: Comparison, pair: Pair) -> list[tuple[str, str]]:
    """Return the reasons of a pair's verdict, each with a head such as ``seen``.

    Texts are safe to show.
    """
    figure = next(one for one in FIGURES if one.key == pair.figure)
    by_name = {one.name: one for one in comparison.conditions}
    one, other = by_name[pair.condition], by_name[pair.reference]
    found = [
        ("verdict", _verdict(pair, one, other)),
        ("seen", _seen(pair, one, other, figure)),
        ("runs", _effect(pair, one, other, figure)),
        ("tested", _tested(pair, comparison)),
    ]
    found += [("mind", text) for text in _caveats(comparison, figure, one, other)]
    return [(head, text) for head, text in found if text]


def _verdict(pair: Pair, one: Condition, other: Condition) -> str:
    runs = f"{len(one.runs)} and {len(other.runs)} runs"
    match pair.verdict:
        case "deterministic":
            return (
                "deterministic: in virtual time the same run gives the same figures, so the"
                " difference is exact and repetition adds nothing"
            )
        case "underpowered":
            least = smallest_p(len(one.runs), len(other.runs))
            return (
                f"underpowered: with {runs} no outcome could have decided. Even if every run of one"
                f" lay above every run of the other, p would be {p_text(least)} before it is"
                f" adjusted for the number of pairs. {pair.needed} runs of each could decide"
            )
        case "no figure":
            return "no figure: one of the conditions has no value of it, so nothing can be tested"
        case "no difference shown":
            text = "no difference shown, which is not the same as equal"
            if math.isfinite(pair.detectable):
                text += (
                    f": runs that scatter as these do show a ratio of ×{pair.detectable:.3g} four"
                    " times out of five"
                )
            if pair.runs_for_ratio:
                text += f"; ×{WANTED_RATIO:g} would need {pair.runs_for_ratio} runs of each"
            return text
    return f"{pair.verdict}: both tests stay below {_PERCENT} after the adjustment"


def _seen(pair: Pair, one: Condition, other: Condition, figure: Figure) -> str:
    parts = []
    for condition in (one, other):
        mean = condition.estimates[figure.key]
        bounds = f" ({interval(mean, figure)})" if mean.has_interval else ""
        parts.append(f"{plain(condition.name, _NAME)} {figure.show(mean.value)}{bounds}")
    return f"{figure.title}: {', '.join(parts)}; ratio {ratio_text(pair)}"


def _effect(pair: Pair, one: Condition, other: Condition, figure: Figure) -> str:
    if not math.isfinite(pair.delta):
        return ""
    above = sum(figure.of(x) > figure.of(y) for x in one.runs for y in other.runs)
    couples = len(one.runs) * len(other.runs)
    bounds = ""
    if pair.shift.has_interval:
        low, high = (signed(x, figure) for x in (pair.shift.low, pair.shift.high))
        bounds = f" ({low} to {high})"
    return (
        f"{above} of {couples} couples of a run each have {plain(one.name, _NAME)} above"
        f" (Cliff's delta {delta_text(pair.delta)}); the middle difference is"
        f" {signed(pair.shift.value, figure)}{bounds} (Hodges and Lehmann)"
    )


def _tested(pair: Pair, comparison: Comparison) -> str:
    if not math.isfinite(pair.p):
        return ""
    pairs = sum(
        one.figure == pair.figure and math.isfinite(one.adjusted) for one in comparison.pairs
    )
    return (
        f"p {p_text(pair.p)}, the larger of Welch's test on the logs and the exact rank test;"
        f" {p_text(pair.adjusted)} after Holm over {pairs} pair{'s' * (pairs != 1)}"
    )


def _caveats(comparison: Comparison, figure: Figure, one: Condition, other: Condition) -> list[str]:
    said = []
    drift = comparison.drift[figure.key]
    if drift.shown:
        said.append(
            f"{figure.title} follows the order of runs ({drift.correlation:+.2f},"
            f" p {p_text(drift.p)}): time may be the cause, not the condition"
        )
    labels = sorted({label for c in (one, other) for run in c.runs for label in run.labels})
    if labels:
        said.append(f"these figures are {', '.join(labels)}")
    kinds = {frozenset(run.labels) for c in (one, other) for run in c.runs}
    if len(kinds) > 1:
        said.append("figures of different kinds stand against each other")
    lowest = min((run.coverage for c in (one, other) for run in c.runs), default=1.0)
    if lowest < 1.0:
        said.append(f"in one run only {lowest:.1%} of the time was watched".replace("%", " %"))
    return said
