"""The lane under a timeline: which domain's vCPU had each physical CPU, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hvconsole.stream.vcpu_lane import IDLE_DOMAIN, OwnerColumns
from hvconsole.ui.chart.axes import layout
from hvconsole.ui.chart.canvas import Canvas
from hvconsole.ui.chart.cells import RAMP_STEPS, Role, band, ramp

_FULL = ord("█")
_MIXED = ord("▓")
_IDLE = ord("·")
_UNKNOWN = ord("\N{BOX DRAWINGS LIGHT DIAGONAL UPPER RIGHT TO LOWER LEFT}")
_WHOLE = 0.95
_HALF = 0.5
# Domains follow each other in steps that lie far apart on the ramp, so that neighbours differ.
_STRIDE = 5


@dataclass(frozen=True, slots=True)
class CpuOwners:
    """One row: a physical CPU, and who had it in each column of cells.

    Attributes:
        cpu: Its number.
        columns: Owners, as many columns as the lane's plot is wide.
    """

    cpu: int
    columns: OwnerColumns


def plot_width(width: int) -> int:
    """Return how many columns a lane of `width` cells has: those of the timeline above it."""
    return layout(width, 1).width


def domain_role(domain: int) -> int:
    """Return the role of a domain's cells: the control domain is quiet, guests are coloured."""
    if domain == 0:
        return band(RAMP_STEPS // 2)
    return ramp((domain * _STRIDE) % RAMP_STEPS)


def draw_vcpu_lane(rows: Sequence[CpuOwners], width: int) -> Canvas:
    """Draw one row of cells a physical CPU; `width` is that of the timeline above.

    A whole block is a CPU that one vCPU had; a shaded one was shared, coloured by who had most. A
    dot is an idle CPU, a stroke one of which nothing is known. The number of a vCPU stands where
    it begins, if there is room.
    """
    canvas = Canvas(width, len(rows))
    place = layout(width, 1)
    for y, row in enumerate(rows):
        if place.left:
            canvas.text(0, y, f"pCPU{row.cpu}"[: place.left - 1].rjust(place.left - 1), Role.LABEL)
            canvas.text(place.left - 1, y, "│", Role.AXIS)
        _cells(canvas, y, place.left, row.columns)
        _names(canvas, y, place.left, row.columns)
    return canvas


def _cells(canvas: Canvas, y: int, left: int, columns: OwnerColumns) -> None:
    count = min(columns.domain.size, canvas.width - left)
    domain, share = columns.domain[:count], columns.share[:count]
    chars = np.where(share >= _WHOLE, _FULL, _MIXED)
    chars[domain == IDLE_DOMAIN] = _IDLE
    unknown = (domain < 0) | (columns.known[:count] < _HALF)
    chars[unknown] = _UNKNOWN
    roles = np.full(count, int(Role.BLIND))
    for one in np.unique(domain[~unknown]).tolist():
        mine = (domain == one) & ~unknown
        roles[mine] = Role.MUTED if one == IDLE_DOMAIN else domain_role(one)
    canvas.chars[y, left : left + count] = chars
    canvas.roles[y, left : left + count] = roles


def _names(canvas: Canvas, y: int, left: int, columns: OwnerColumns) -> None:
    """Write ``d2v0`` into stretches of one vCPU that are long enough to hold it and show around."""
    count = min(columns.domain.size, canvas.width - left)
    if not count:
        return
    # In 64 bits: the largest domain and unit need all 32, and -1 is nobody.
    owner = columns.domain[:count].astype(np.int64) << 16 | columns.unit[:count]
    begins = np.flatnonzero(np.concatenate(([True], owner[1:] != owner[:-1])))
    for first, last in zip(begins.tolist(), [*begins[1:].tolist(), count], strict=True):
        domain, unit = int(columns.domain[first]), int(columns.unit[first])
        name = "idle" if domain == IDLE_DOMAIN else f"d{domain}v{unit}"
        if domain >= 0 and last - first >= len(name) + 2:
            canvas.text(left + first + 1, y, name, Role.STRONG)
