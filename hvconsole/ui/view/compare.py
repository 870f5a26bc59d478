"""Conditions side by side as the Compare screen shows them. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from hvconsole.analysis.compare_text import (
    delta_text,
    interval,
    p_text,
    ratio_interval,
    ratio_value,
    signed,
    verdict_text,
)
from hvconsole.analysis.conditions import FIGURES, Figure
from hvconsole.model import units
from hvconsole.model.text import plain, wrap
from hvconsole.ui.chart.canvas import Canvas
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.chart.frame import Pieces
from hvconsole.ui.chart.overlay import (
    Curve,
    Overlay,
    RunMarks,
    colour,
    draw_overlay,
    draw_runs,
    letter,
)
from hvconsole.ui.chart.scale import Scale, length_scale, linear_scale
from hvconsole.ui.view.line import ALWAYS, Part, middle, pad
from hvconsole.ui.view.listing import Column, listing

if TYPE_CHECKING:
    from hvconsole.analysis.compare import Comparison, Pair
    from hvconsole.analysis.conditions import Condition
    from hvconsole.analysis.overlaid import Distribution

Picture = Literal["longer than", "lengths", "runs"]
PICTURES: Final[tuple[Picture, ...]] = ("longer than", "lengths", "runs")
ABOUT: Final[dict[Picture, str]] = {
    "longer than": "switches a second longer than …",
    "lengths": "switches a second by length",
    "runs": "each run, earlier ones to the left; mean and 95 %",
}
_NAME: Final = 40
_VERDICT: Final = 60
_HEAD: Final = 70
_WIDE: Final = 110  # what has room for a verdict with its figures
_COLUMNS: Final = (
    Column(""),
    Column("condition", least=14),
    Column("runs", keep=70, right=True),
    Column("mean", right=True),
    Column("95 %", keep=30, right=True),
    Column("ratio", keep=90, right=True),
    Column("95 %", keep=80, right=True),
    Column("shift", keep=40, right=True),
    Column("delta", keep=20, right=True),
    Column("p", keep=50, right=True),
    Column("verdict", keep=95, least=12),
)
_VERDICT_ROLES: Final = {
    "higher": Role.BAD,
    "lower": Role.GOOD,
    "underpowered": Role.WARN,
    "no figure": Role.MUTED,
}


@dataclass(frozen=True, slots=True)
class Compared:
    """What is compared, worked out once a reading.

    Attributes:
        comparison: The figures.
        distributions: One a condition, in the comparison's order.
    """

    comparison: Comparison
    distributions: tuple[Distribution, ...]

    @property
    def names(self) -> list[str]:
        """The conditions' names."""
        return [one.name for one in self.comparison.conditions]


def condition_rows(
    what: Compared, figure: Figure, hidden: frozenset[str], width: int
) -> tuple[Row, list[tuple[str, Row]]]:
    """Return the head, and a row for each condition by its name."""
    conditions = what.comparison.conditions
    long = width >= _WIDE
    lines = [
        _line(what, one, place, figure, hidden, long=long) for place, one in enumerate(conditions)
    ]
    head, rows = listing(_COLUMNS, lines, width)
    return head, [(one.name, row) for one, row in zip(conditions, rows, strict=True)]


def table_text(what: Compared, figure: Figure) -> str:
    """Return the table of one figure, tab-separated, to be copied."""
    lines = ["\t".join(column.title or "mark" for column in _COLUMNS)]
    for place, one in enumerate(what.comparison.conditions):
        parts = _line(what, one, place, figure, frozenset(), long=True)
        lines.append("\t".join(part.text for part in parts))
    return "".join(f"{line}\n" for line in lines)


def sentence(text: str) -> tuple[str, str]:
    """Return a sentence as its head, up to a colon if that comes early, and the rest."""
    head, colon, rest = text.partition(": ")
    return (head, rest) if colon and len(head) <= _HEAD else ("", text)


def note_rows(what: Compared, width: int, height: int) -> list[Row]:
    """Return what a reader has to know, the most important first."""
    texts = [plain(note, 300) for note in what.comparison.notes]
    rows = [
        pad([("! " if not at else "  ", int(Role.WARN)), (piece, int(Role.MUTED))], width)
        for text in texts
        for at, piece in enumerate(wrap(text, max(width - 2, 1)))
    ]
    return rows[:height]


def labels(what: Compared) -> Pieces:
    """Return what the figures are, if not measured on a machine in its own time."""
    found = {
        label for one in what.comparison.conditions for run in one.runs for label in run.labels
    }
    return tuple((plain(label, 20), int(Role.WARN)) for label in sorted(found))


def reason_rows(found: Sequence[tuple[str, str]], width: int) -> list[Row]:
    """Return the reasons of a verdict, each under its head."""
    rows: list[Row] = []
    for head, text in found:
        if head:
            rows.append(pad([(head, int(Role.TITLE))], width))
        rows += [
            pad([("  ", int(Role.TEXT)), (piece, int(Role.TEXT))], width)
            for piece in wrap(text, max(width - 2, 1))
        ]
    return rows


def picture(
    what: Compared,
    figure: Figure,
    kind: Picture,
    hidden: frozenset[str],
    size: tuple[int, int],
    *,
    log: bool,
) -> list[Row]:
    """Draw conditions over each other.

    Args:
        what: What is compared.
        figure: Which figure; only ``runs`` shows it.
        kind: Of picture.
        hidden: Conditions that are left out.
        size: Cells across and down.
        log: Whether the axis upwards is logarithmic.
    """
    if kind == "runs":
        canvas = _runs(what, figure, hidden, size, log=log)
    else:
        canvas = _curves(what, kind, hidden, size, log=log)
    return canvas.rows() if canvas is not None else middle("nothing to draw", *size)


def _line(
    what: Compared,
    one: Condition,
    place: int,
    figure: Figure,
    hidden: frozenset[str],
    *,
    long: bool,
) -> list[Part]:
    pair = what.comparison.against_reference(one.name, figure.key)
    mean = one.estimates[figure.key]
    shown = one.name not in hidden
    mark = Part(
        letter(place) if shown else "·", _role(what, place) if shown else Role.MUTED, ALWAYS
    )
    name = Part(plain(one.name, _NAME), Role.STRONG if shown else Role.MUTED, ALWAYS)
    parts = [mark, name, Part(str(len(one.runs)), Role.MUTED), Part(figure.show(mean.value))]
    parts.append(Part(interval(mean, figure), Role.MUTED))
    if pair is None:
        return [*parts, *[Part("", Role.MUTED)] * 5, Part("reference", Role.MUTED)]
    return [
        *parts,
        Part(ratio_value(pair.ratio.value), Role.STRONG),
        Part(ratio_interval(pair.ratio), Role.MUTED),
        Part(signed(pair.shift.value, figure)),
        Part(delta_text(pair.delta), Role.MUTED),
        Part(p_text(pair.adjusted)),
        Part(plain(verdict_text(pair) if long else pair.verdict, _VERDICT), _verdict_role(pair)),
    ]


def _verdict_role(pair: Pair) -> Role:
    return _VERDICT_ROLES.get(pair.verdict, Role.TEXT)


def _role(what: Compared, place: int) -> int:
    return colour(place, len(what.comparison.conditions))


def _curves(
    what: Compared, kind: Picture, hidden: frozenset[str], size: tuple[int, int], *, log: bool
) -> Canvas | None:
    chosen = [
        (place, one)
        for place, one in enumerate(what.distributions)
        if one.edges_ns.size and one.condition not in hidden
    ]
    if not chosen:
        return None
    rates = [
        one.longer[:-1] if kind == "longer than" else one.rate[one.rate > 0] for _, one in chosen
    ]
    low, high = min(float(r.min()) for r in rates), max(float(r.max()) for r in rates)
    up = Scale(low / 1.5, max(high * 1.2, low * 10), log=True) if log else linear_scale(high)
    floor = up.low if log else 0.0
    curves = []
    for place, one in chosen:
        if kind == "longer than":
            x, y = np.append(one.edges_ns[:-1], one.longest_ns), np.append(one.longer[:-1], floor)
            x = np.maximum.accumulate(x)
        else:
            x, y = one.edges_ns, np.append(np.where(one.rate > 0, one.rate, floor), floor)
        curves.append(Curve(letter(place), _role(what, place), x, y))
    across = _across([one for _, one in chosen])
    return draw_overlay(
        Overlay(curves, across, up, units.axis_length, _rate_label), size[0], size[1]
    )


def _across(shown: Sequence[Distribution]) -> Scale:
    low = min(float(one.edges_ns[0]) for one in shown)
    high = max(max(float(one.edges_ns[-1]), one.longest_ns) for one in shown)
    return length_scale(low, high, log=True)


def _runs(
    what: Compared, figure: Figure, hidden: frozenset[str], size: tuple[int, int], *, log: bool
) -> Canvas | None:
    groups = []
    for place, one in enumerate(what.comparison.conditions):
        if one.name in hidden:
            continue
        mean = one.estimates[figure.key]
        values = np.array([figure.of(run) for run in one.runs], dtype=np.float64)
        groups.append(
            RunMarks(letter(place), _role(what, place), values, mean.value, (mean.low, mean.high))
        )
    seen = [v for g in groups for v in (*g.values.tolist(), *g.interval) if math.isfinite(v)]
    above = [value for value in seen if value > 0]
    if not seen:
        return None
    log = log and len(above) == len(seen)
    high = max(seen)
    up = _room(min(above), high) if log else linear_scale(max(high, 1e-9))
    label: Callable[[float], str] = units.axis_length if figure.key.endswith("_ns") else _rate_label
    return draw_runs(groups, up, label, size[0], size[1])


def _room(low: float, high: float) -> Scale:
    """Return a logarithmic axis with a little room at both ends, and never too narrow to read."""
    centre, half = math.sqrt(low * high), max(math.sqrt(high / low), 1.02) * 1.02
    return Scale(centre / half, centre * half, log=True)


def _rate_label(value: float) -> str:
    return units.axis_count(value) if value >= 1 else f"{value:.2g}"


def figure_at(steps: int, figure: Figure) -> Figure:
    """Return the figure some steps on, round and round."""
    return FIGURES[(FIGURES.index(figure) + steps) % len(FIGURES)]
