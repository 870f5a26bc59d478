"""A part of time in words and lines: what was picked out, its figures, its longest switches."""

from __future__ import annotations

from collections.abc import Iterator

from hvconsole.model import units
from hvconsole.stream.snapshot import Snapshot, TimePart, Totals
from hvconsole.ui.view import causes

_EXACT = 100
_FROM_BINS = (
    "Too long ago for single switches: counted from bins of time, good to one bin at",
    "both ends. Quantiles and single switches are in the recording: export it.",
)


def span_said(part: TimePart) -> str:
    """Say which part of time it is: ``2.104 s +1.3 s``, and where it is not exact."""
    width = part.end_s - part.start_s
    said = f"{units.exact_moment(part.start_s, max(width, 1e-6) * _EXACT)} +{units.span(width)}"
    return said if part.exact else f"{said}, from bins"


def lines(snapshot: Snapshot, part: TimePart) -> list[str]:
    """Return the part's figures a CPU, then its longest switches, longest first."""
    told = list(_figures(snapshot, part))
    if not part.exact:
        return [*told, "", *_FROM_BINS]
    told += ["", f"{'longest at':<16}  {'CPU':>3}  {'length':>9}  cause, where one is known"]
    for gap in part.longest:
        # A millionth of a second tells any two switches apart that the table can show.
        moment = units.moment(gap.at_s, 1e-6)
        cause = causes.of_gap(snapshot, gap)
        cpu, length = _cpu(snapshot, gap.cpu), units.duration(gap.length_ns)
        told.append(f"{moment:<16}  {cpu:>3}  {length:>9}  {cause}")
    hidden = part.totals.received - len(part.longest)
    if hidden > 0:
        told.append(f"… and {units.grouped(hidden, 13)} shorter ones")
    return [line.rstrip() for line in told]


def _figures(snapshot: Snapshot, part: TimePart) -> Iterator[str]:
    lengths = "".join(f"{name:>9}" for name in ("min", "p50", "p99", "max"))
    yield f"{'figures':<7}{'switches':>12}{'/s':>8}{'lost':>9}{lengths}"
    rows = [(snapshot.name(cpu)[:7], totals) for cpu, totals in part.lanes.items()]
    if len(rows) > 1:
        rows.append(("all", part.totals))
    for name, totals in rows:
        yield _row(name, totals)


def _row(name: str, t: Totals) -> str:
    lengths = "".join(f"{units.duration(v):>9}" for v in (t.min_ns, t.p50_ns, t.p99_ns, t.max_ns))
    number = units.grouped(t.received, 11)
    share = units.lost_share(t.lost_share)
    return f"{name:<7}{number:>12}{units.rate(t.rate):>8}{share:>9}{lengths}"


def _cpu(snapshot: Snapshot, lane: int) -> str:
    """Return a CPU's number, or whose lane it is."""
    return snapshot.names.get(lane, str(lane))
