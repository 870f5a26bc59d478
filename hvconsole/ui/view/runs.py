"""The table of runs of this console, or of this recording, up to now. Pure."""

from __future__ import annotations

from hvconsole.model import units
from hvconsole.model.text import clip, plain
from hvconsole.stream.snapshot import PastRun, Snapshot, Totals
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.line import ALWAYS, Part
from hvconsole.ui.view.listing import Column, listing
from hvconsole.ui.view.measure import Colour

_NAME = 40
_COLUMNS = (
    Column("run", right=True),
    Column("condition", keep=ALWAYS, least=6),
    Column("CPUs", keep=20),
    Column("length", keep=60, right=True),
    Column("switches", keep=50, right=True),
    Column("/s", right=True),
    Column("lost", keep=80, right=True),
    Column("p50", keep=40, right=True),
    Column("p99", keep=70, right=True),
    Column("p99.9", keep=30, right=True),
    Column("max", right=True),
    Column("dropped", keep=10, right=True),
)


def run_rows(
    snapshot: Snapshot, all_lanes: Totals, colour: Colour, width: int
) -> tuple[Row, list[tuple[str, Row]]]:
    """Return the head, and a row a run with its number as key, the present one last."""
    numbers, lines = [], []
    for run in _runs(snapshot, all_lanes):
        numbers.append(str(run.number))
        lines.append(_line(run, colour))
    head, rows = listing(_COLUMNS, lines, width)
    return head, list(zip(numbers, rows, strict=True))


def as_text(snapshot: Snapshot, all_lanes: Totals) -> str:
    """Return the runs as tab-separated text for the clipboard, lengths in ns."""
    names = ("run", "condition", "seconds", "switches", "rate_per_s", "lost_share", "p50_ns",
             "p99_ns", "p999_ns", "max_ns", "dropped")  # fmt: skip
    out = ["\t".join(names)]
    for run in _runs(snapshot, all_lanes):
        t = run.totals
        lengths = "\t".join(f"{v:.0f}" for v in (t.p50_ns, t.p99_ns, t.p999_ns, t.max_ns))
        out.append(
            f"{run.number}\t{plain(run.condition, _NAME)}\t{run.length_s:.3f}"
            f"\t{t.received + t.dropped}"
            f"\t{t.rate:.6g}\t{t.lost_share:.6g}\t{lengths}\t{t.dropped}"
        )
    return "\n".join(out) + "\n"


def _runs(snapshot: Snapshot, all_lanes: Totals) -> list[PastRun]:
    """Return all runs, the present one last and as it stands."""
    if snapshot.hello is None:
        return list(snapshot.past)
    present = PastRun(
        snapshot.number,
        snapshot.condition,
        tuple(snapshot.lanes),
        snapshot.now_s,
        all_lanes,
        snapshot.distribution,
    )
    return [*snapshot.past, present]


def _line(run: PastRun, colour: Colour) -> list[Part]:
    t = run.totals

    def length(value: float) -> Part:
        return Part(units.duration(value), colour(value) if value > 0 else int(Role.TEXT))

    return [
        Part(str(run.number), Role.STRONG),
        Part(clip(plain(run.condition, _NAME), _NAME) or "–"),
        Part(_cpus(run.cpus), Role.MUTED),
        Part(units.span(run.length_s) if run.length_s > 0 else "–"),
        Part(units.grouped(t.received + t.dropped, 13)),
        Part(units.rate(t.rate)),
        Part(units.lost_share(t.lost_share)),
        length(t.p50_ns),
        length(t.p99_ns),
        length(t.p999_ns),
        length(t.max_ns),
        Part(units.count(t.dropped) if t.dropped else "", Role.WARN),
    ]


def _cpus(cpus: tuple[int, ...]) -> str:
    return ",".join(str(cpu) for cpu in sorted(cpus)) if len(cpus) <= 4 else f"{len(cpus)} CPUs"  # noqa: PLR2004  # more are only counted
