"""What is said of a trace of Xen's scheduler: that it runs, what comes, and what is missing."""

from __future__ import annotations

from hvconsole.model import units
from hvconsole.model.tracing import TraceState
from hvconsole.stream.snapshot import Snapshot
from hvconsole.ui.chart.cells import Role
from hvconsole.ui.chart.frame import Pieces
from hvconsole.ui.view.vcpus import comparable

_KB = 1000.0


def say_trace(state: TraceState, snapshot: Snapshot) -> Pieces:
    """Say how a trace goes: empty where there is none. What is missing stands apart."""
    if not state.wanted and not state.received:
        return ()
    pieces: list[tuple[str, int]] = []
    if state.tracing:
        pieces.append((f"Xen traced, {state.rate / _KB:.0f} kB/s", int(Role.MUTED)))
    elif state.starting:
        pieces.append(("beginning to trace Xen", int(Role.MUTED)))
    elif state.wanted:
        pieces.append(("traced once a run begins", int(Role.MUTED)))
    if state.received and not comparable(snapshot):
        pieces.append(("no lane: needs samples by CNTPCT", int(Role.WARN)))
    if missing := say_missing(state):
        pieces.append((f"▲ {missing}", int(Role.WARN)))
    return tuple(pieces)


def say_missing(state: TraceState) -> str:
    """Say what the lane lacks: ``17 records lost``; empty where it has all."""
    said = []
    if state.lost:
        said.append(f"{units.grouped(state.lost, 13)} records lost in Xen")
    if state.skipped:
        said.append(f"{units.grouped(state.skipped, 13)} bytes were no records")
    if state.unknown:
        said.append(f"unknown events: {units.grouped(state.unknown, 13)}")
    if state.not_shown:
        said.append(f"{units.grouped(state.not_shown, 13)} bytes too many to show")
    if state.forgotten:
        said.append(f"{units.grouped(state.forgotten, 13)} oldest intervals dropped")
    return ", ".join(said)


def say_toggled(state: TraceState, on: bool, cost: str) -> str:
    """Say what was just switched on, with its cost, or off."""
    if not on:
        return "Xen's scheduler is not traced any more"
    when = "is traced" if state.tracing else "is traced once a run begins"
    return f"Xen's scheduler {when}. It costs {cost}"
