"""The lane under the timeline, as text."""

from __future__ import annotations

import numpy as np

from hvconsole.stream.vcpu_lane import IDLE_DOMAIN, VcpuLane
from hvconsole.ui.chart.axes import layout
from hvconsole.ui.chart.canvas import Canvas
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.chart.vcpu_lane import CpuOwners, domain_role, draw_vcpu_lane, plot_width
from hvconsole.wire.xentrace import SWITCH, Records

EDGES = np.linspace(0, 320, 33).astype(np.uint64)


def switches(*rows: tuple[int, tuple[int, int, int, int]]) -> Records:
    extra = np.zeros((len(rows), 7), np.uint32)
    for at, (_, words) in enumerate(rows):
        extra[at, :4] = words
    return Records(
        np.array([tick for tick, _ in rows], np.uint64),
        np.zeros(len(rows), np.int32),
        np.full(len(rows), SWITCH, np.uint32),
        extra,
    )


def drawn(width: int = 40) -> Canvas:
    lane = VcpuLane()
    idle = IDLE_DOMAIN
    lane.feed(
        switches(
            (40, (idle, 0, 0, 1)),
            (125, (0, 1, 2, 0)),
            (240, (2, 0, idle, 0)),
            (320, (idle, 0, 0, 0)),
        )
    )
    return draw_vcpu_lane([CpuOwners(0, lane.columns(0, EDGES))], width)


def text(canvas: Canvas) -> list[str]:
    return ["".join(run for run, _ in row) for row in canvas.rows()]


def test_each_stretch_shows_who_had_the_cpu() -> None:
    assert plot_width(40) == 32
    unknown = 4 * "\N{BOX DRAWINGS LIGHT DIAGONAL UPPER RIGHT TO LOWER LEFT}"
    assert text(drawn()) == [f"  pCPU0│{unknown}█d0v1███▓█d2v0██████·idle···"]


def test_domains_differ_in_role_and_dom0_is_quiet() -> None:
    left = layout(40, 1).left
    roles = drawn().roles[0, left:].tolist()
    assert roles[0] == Role.BLIND
    assert roles[4] == domain_role(0)
    assert roles[13] == domain_role(2)
    assert roles[31] == Role.MUTED
    assert domain_role(1) != domain_role(2) != domain_role(0)


def test_no_room_is_no_error() -> None:
    for width in range(12):
        assert len(text(drawn(width))) == 1
    assert text(draw_vcpu_lane([], 40)) == []
