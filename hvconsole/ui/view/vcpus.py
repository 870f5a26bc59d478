"""Who had the CPUs, where the timeline stands: the rows of the lane under it, and a readout."""

from __future__ import annotations

import numpy as np

from hvconsole.stream.snapshot import Snapshot
from hvconsole.stream.vcpu_lane import Owner, VcpuLane
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.chart.vcpu_lane import CpuOwners, plot_width
from hvconsole.wire.values import Hello

MOST_ROWS = 4
_LEAST_CHART = 6
_LAST_TICK = 2**64 - 1


def rows_for(lane: VcpuLane, snapshot: Snapshot, width: int, height: int) -> list[CpuOwners]:
    """Return the lane's rows, one a physical CPU, up to the newest moment that is shown.

    There are none where the two clocks do not agree (see `comparable`), or where a timeline of
    `height` cells would become too low.
    """
    cells, edges_s = plot_width(width), snapshot.columns.edges_s
    hello = snapshot.hello
    cpus = lane.cpus[:MOST_ROWS]
    if hello is None or not comparable(snapshot) or cells < 1 or edges_s.size < 2:  # noqa: PLR2004  # one edge is no column
        return []
    if height - len(cpus) < _LEAST_CHART:
        return []
    moments = np.linspace(float(edges_s[0]), float(edges_s[-1]), cells + 1)
    ended = int(np.searchsorted(moments, snapshot.now_s, side="right"))
    ticks = [_tick(hello, moment) for moment in moments[:ended].tolist()]
    edges = np.array(ticks, np.uint64)
    if (edges[1:] == edges[:-1]).any():
        return []  # zoomed in to less than a tick a cell, or nothing that a counter can count
    return [CpuOwners(cpu, lane.columns(cpu, edges)) for cpu in cpus]


def say_owners(lane: VcpuLane, snapshot: Snapshot, moment_s: float) -> tuple[tuple[str, int], ...]:
    """Say who had each CPU at a moment: ``pCPU0 d2v0``; nothing where that is not known."""
    hello = snapshot.hello
    if hello is None or not comparable(snapshot):
        return ()
    tick = _tick(hello, moment_s)
    said: list[tuple[str, int]] = []
    for cpu in lane.cpus[:MOST_ROWS]:
        for owner, _, _ in lane.during(cpu, tick, tick + 1)[:1]:
            said.append((f"pCPU{cpu} {_name(owner)}", int(Role.LABEL)))
    return tuple(said)


def comparable(snapshot: Snapshot) -> bool:
    """Return whether samples and Xen's records are on one clock: both read CNTPCT."""
    return snapshot.hello is not None and snapshot.hello.counter == "cntpct"


def _tick(hello: Hello, moment_s: float) -> int:
    return min(max(hello.start_tick + round(moment_s * hello.frequency_hz), 0), _LAST_TICK)


def _name(owner: Owner) -> str:
    return "idle" if owner.idle else f"d{owner.domain}v{owner.unit}"
