"""What a comparison comes to, in sentences that somebody can act on, from its figures alone.

Two figures are told of each condition: how much of the time was lost, and the longest switch; they
are what a latency budget is made of. Nothing is called a difference that the runs cannot carry.
"""

from __future__ import annotations

import math
from typing import Final

from hvconsole.analysis.compare import Comparison, Pair
from hvconsole.analysis.compare_text import ratio_interval, ratio_value, verdict_text
from hvconsole.analysis.conditions import FIGURES, Condition, Figure
from hvconsole.model.text import plain
from hvconsole.model.units import duration

_NAME: Final = 44
_TOLD: Final = ("lost_percent", "max_ns")
_ADVICE: Final = {
    "RT throttle or fair server": (
        "Linux takes this time from real-time tasks on purpose: sched_rt_runtime_us (and the fair"
        " server's runtime, from Linux 6.12 on) say how much"
    ),
    "own stream": "the sampler's own writing: leave it a CPU of its own, or use --window-ms",
    "frequency change": "pin it: the governor performance, or minimum and maximum alike",
    "thermal throttle": "the board is too hot: cool it, or let cool_down wait before each run",
    "hotplug hole": "a CPU went offline while it was sampled: to a cell, or by hand",
    "calibration": "the sampling loop itself: leave the threshold to auto, or set it higher",
}


def findings(comparison: Comparison) -> list[str]:
    """Return sentences: each condition against the reference, then artefacts and their cure.

    Texts are safe to show.
    """
    figures = [one for one in FIGURES if one.key in _TOLD]
    reference = comparison.conditions[0]
    pairs = [pair for pair in comparison.pairs if pair.reference == reference.name]
    pairs = [pair for pair in pairs if pair.figure in _TOLD]
    undecided = bool(pairs) and all(pair.verdict == "underpowered" for pair in pairs)
    said = [_alone(reference, figures)]
    for condition in comparison.conditions[1:]:
        told = [
            _told(condition, reference, one, pair, undecided=undecided)
            for one in figures
            if (pair := comparison.against_reference(condition.name, one.key)) is not None
        ]
        said.append(f"{plain(condition.name, _NAME)}: {'; '.join(told)}.")
    if undecided:
        needed = max(pair.needed for pair in pairs)
        said.append(
            "None of these differences is a verdict: whatever so few runs show may be chance;"
            f" {needed} runs of each condition can decide, at the least."
        )
    return [*said, *_worst(comparison), *_artefacts(comparison)]


def _alone(condition: Condition, figures: list[Figure]) -> str:
    told = [f"{_title(one)} {one.show(condition.estimates[one.key].value)}" for one in figures]
    return f"{plain(condition.name, _NAME)}, the reference: {', '.join(told)}."


def _told(
    condition: Condition, reference: Condition, figure: Figure, pair: Pair, *, undecided: bool
) -> str:
    if pair.verdict == "no figure":
        return f"{_title(figure)}: nothing to compare"
    own, other = (figure.show(one.estimates[figure.key].value) for one in (condition, reference))
    seen = f"{_title(figure)} {own} against {other}{_ratio(pair)}"
    if undecided:
        return seen
    words = {
        "higher": "more",
        "lower": "less",
        "deterministic": "exactly so, in virtual time",
        "underpowered": f"too few runs to tell, {pair.needed} of each could",
    }
    return f"{seen}: {words.get(pair.verdict, verdict_text(pair))}"


def _ratio(pair: Pair) -> str:
    if not math.isfinite(pair.ratio.value):
        return ""
    bounds = f", 95 %: {ratio_interval(pair.ratio)}" if pair.ratio.has_interval else ""
    return f" ({ratio_value(pair.ratio.value)}{bounds})"


def _title(figure: Figure) -> str:
    return "longest switch" if figure.key == "max_ns" else figure.title


def _worst(comparison: Comparison) -> list[str]:
    runs = [run for one in comparison.conditions for run in one.runs if math.isfinite(run.max_ns)]
    if not runs:
        return []
    worst = max(runs, key=lambda run: run.max_ns)
    where = f"{plain(worst.condition, _NAME)}, run {worst.order}, {plain(worst.session, 60)}"
    return [f"The longest switch of all was {duration(worst.max_ns)}, seen in {where}."]


def _artefacts(comparison: Comparison) -> list[str]:
    total: dict[str, tuple[int, int]] = {}
    for run in (run for one in comparison.conditions for run in one.runs):
        for name, (number, lost) in run.artefacts.items():
            before = total.get(name, (0, 0))
            total[name] = before[0] + number, before[1] + lost
    return [
        f"Counted apart, {plain(name, 40)}: {number:,} switches, {duration(lost)} in all"
        f"{f' ({_ADVICE[name]})' if name in _ADVICE else ''}."
        for name, (number, lost) in total.items()
        if number
    ]
