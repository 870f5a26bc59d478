"""Distribution curves of the Measure screen: the present run over the earlier ones. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final, Literal

import numpy as np

from hvconsole.model import units
from hvconsole.model.text import clip, plain
from hvconsole.stream.snapshot import Distribution, Snapshot
from hvconsole.ui.chart.canvas import Canvas
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.chart.frame import Pieces
from hvconsole.ui.chart.overlay import Curve, Overlay, colour, draw_overlay, letter
from hvconsole.ui.chart.scale import Scale, length_scale

Picture = Literal["at most", "longer than"]
PICTURES: Final[tuple[Picture, ...]] = ("at most", "longer than")
TITLES: Final[dict[Picture, str]] = {
    "at most": "share at most so long (CDF)",
    "longer than": "longer than, a second",
}
MOST_PAST: Final = 5
_NAME: Final = 18
_LEAST_SHARE: Final = 1e-9


def next_picture(picture: Picture) -> Picture:
    """Return the picture that follows."""
    return PICTURES[(PICTURES.index(picture) + 1) % len(PICTURES)]


def draw(snapshot: Snapshot, picture: Picture, width: int, height: int) -> Canvas:
    """Draw the curves, `width` × `height` cells; later runs lie above earlier ones."""
    shown = [one for one in _runs(snapshot) if one[1].edges_ns.size > 1]
    if not shown:
        return Canvas(width, height)
    marks = list(_marks(snapshot))
    present = snapshot.number
    curves = []
    for number, distribution, per_s in shown:
        mark, role = next((m, r) for n, _, m, r in marks if n == number)
        x = np.maximum(distribution.edges_ns, 1e-3)
        y = _values(distribution, picture, per_s)
        name = mark if len(shown) > 1 else ""
        curves.append(Curve(name, int(Role.RATE) if number == present else role, x, y, sloped=True))
    low = min(float(curve.x[0]) for curve in curves)
    high = max(float(curve.x[-1]) for curve in curves)
    across = length_scale(low, high, log=True)
    label: Callable[[float], str] = _percent
    up = Scale(0.0, 1.0)
    if picture == "at most":
        curves = [_extended(curve, across) for curve in curves]
    else:
        seen = np.concatenate([curve.y[curve.y > _LEAST_SHARE] for curve in curves])
        top = float(seen.max()) if seen.size else 1.0
        bottom = float(seen.min()) if seen.size else 0.1
        up, label = Scale(min(bottom, top / 10) / 1.5, top * 1.2, log=True), _rate
    return draw_overlay(Overlay(curves, across, up, units.axis_length, label), width, height)


def legend(snapshot: Snapshot) -> Pieces:
    """Say which letter is which run; nothing while there is only one."""
    marks = list(_marks(snapshot))
    if len(marks) < 2:  # noqa: PLR2004  # one needs no letter
        return ()
    return tuple((f"{mark} {name}", role) for _, name, mark, role in marks)


def run_name(number: int, condition: str) -> str:
    """Return what a run is called: its condition where there is one, and its number."""
    name = clip(plain(condition, _NAME), _NAME).encode("ascii", "replace").decode()
    return f"{number} {name}" if name else f"run {number}"


def _runs(snapshot: Snapshot) -> Iterator[tuple[int, Distribution, float]]:
    """Yield number, lengths and switches a second of each run that is shown, oldest first."""
    for run in snapshot.past[-MOST_PAST:]:
        yield run.number, run.distribution, run.totals.rate
    if snapshot.hello is not None:
        yield snapshot.number, snapshot.distribution, snapshot.totals.rate


def _marks(snapshot: Snapshot) -> Iterator[tuple[int, str, str, int]]:
    """Yield number, name, letter and role of each run that is shown."""
    past = snapshot.past[-MOST_PAST:]
    several = len(past) + 1
    for place, run in enumerate(past):
        name = run_name(run.number, run.condition)
        yield run.number, name, letter(place), colour(place, several)
    name = run_name(snapshot.number, snapshot.condition)
    yield snapshot.number, name, letter(len(past)), int(Role.RATE)


def _values(distribution: Distribution, picture: Picture, per_s: float) -> np.ndarray:
    """Return the curve at each edge; NaN where a logarithm would have nothing to show."""
    below = np.concatenate([[0.0], np.cumsum(distribution.count)])
    share = below / max(float(below[-1]), 1.0)
    if picture == "at most":
        return np.asarray(np.maximum(share, _LEAST_SHARE))
    rate = per_s if math.isfinite(per_s) else 1.0
    longer = (1.0 - share) * rate
    # What is longer than the last edge is nothing: the curve falls to the floor there.
    return np.asarray(np.where(below < below[-1], longer, _LEAST_SHARE))


def _extended(curve: Curve, across: Scale) -> Curve:
    """Go on to both ends of the axis: nothing is shorter, all are at most so long."""
    x = np.concatenate([[min(across.low, curve.x[0] / 2)], curve.x, [across.high * 1.01]])
    y = np.concatenate([[_LEAST_SHARE], curve.y, [1.0]])
    return Curve(curve.mark, curve.role, x, y, sloped=True)


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"


def _rate(value: float) -> str:
    return units.axis_count(value) if value >= 1 else f"{value:.2g}"
