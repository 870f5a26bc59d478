"""What a reader of a comparison has to know beside its figures."""

from __future__ import annotations

import math
from itertools import pairwise

from hvconsole.analysis.conditions import FIGURES, Condition, rate_text
from hvconsole.analysis.render import no_end
from hvconsole.analysis.runs import RunFigures
from hvconsole.analysis.statistics import Drift
from hvconsole.model.text import plain


def notes_on(conditions: tuple[Condition, ...], drift: dict[str, Drift]) -> list[str]:
    """Return the notes, plain sentences.

    Args:
        conditions: All of them.
        drift: By figure.
    """
    notes = []
    labels = sorted({label for c in conditions for run in c.runs for label in run.labels})
    if labels:
        notes.append(f"some of these figures are {', '.join(labels)}: see the conditions' names")
    if any(c.deterministic for c in conditions):
        notes.append(
            "virtual time is deterministic: the same run again gives the same figures,"
            " so these have no intervals and no test"
        )
    notes += [
        f"{plain(c.name, 40)}: no switch seen; 95 % upper bound {rate_text(c.none_bound)} a second"
        for c in conditions
        if math.isfinite(c.none_bound)
    ]
    notes += _mixture_notes(conditions)
    moved = [f.title for f in FIGURES if drift[f.key].shown]
    if moved:
        notes.append(f"drift: {', '.join(moved)} follow the order of runs; look at it first")
    return notes


def _mixture_notes(conditions: tuple[Condition, ...]) -> list[str]:
    runs = [run for c in conditions for run in c.runs]
    notes = []
    for c in conditions:
        boards = sorted({run.board for run in c.runs})
        if len(boards) > 1:
            shown = ", ".join(plain(board, 20) for board in boards)
            notes.append(f"{plain(c.name, 40)} mixes boards: {shown}")
    if len({run.labels for run in runs}) > 1:
        notes.append("conditions of different kinds (measured, simulated, …) stand side by side")
    if (artefacts := sum(n for run in runs for n, _ in run.artefacts.values())) > 0:
        notes.append(f"{artefacts:,} switches were recognised as artefacts and are counted apart")
    if any(run.guest for run in runs):
        notes.append(
            "runs in guests are conditions of their own; artefacts are told in the board's only"
        )
    if any(run.approximate for run in runs):
        notes.append("quantiles of runs with dropped switches are good to 1/32")
    cut = sum(run.reason == "interrupted" for run in runs)
    if cut:
        notes.append(no_end(cut))
    if _is_ordered_by_condition(runs):
        notes.append(
            "each condition's runs stand together: drift cannot be told from the condition"
        )
    return notes


def _is_ordered_by_condition(runs: list[RunFigures]) -> bool:
    """Say whether no condition was returned to, although conditions have several runs."""
    names = [run.condition for run in sorted(runs, key=lambda run: run.order) if not run.guest]
    changes = sum(a != b for a, b in pairwise(names))
    kinds = len(set(names))
    return 1 < kinds < len(names) and changes == kinds - 1
