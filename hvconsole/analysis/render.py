"""Tables of runs as text, as wide as they need to be and no wider."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from hvconsole.analysis.summary import RunSummary
from hvconsole.model.text import plain
from hvconsole.model.units import NOTHING, duration


def _share(value: float, *, percent: bool) -> str:
    if math.isnan(value):
        return NOTHING
    return f"{value if percent else 100 * value:.3f} %"


_COLUMNS: tuple[tuple[str, Callable[[RunSummary], str]], ...] = (
    ("session", lambda r: plain(r.session, 28)),
    ("run", lambda r: str(r.run)),
    ("guest", lambda r: plain(r.guest, 20) or NOTHING),
    ("condition", lambda r: plain(r.condition, 20) or NOTHING),
    ("cpu", lambda r: str(r.cpu)),
    ("time", lambda r: f"{r.seconds:.2f} s"),
    ("switches", lambda r: f"{r.switches:,}"),
    ("per s", lambda r: NOTHING if math.isnan(r.rate) else f"{r.rate:,.1f}"),
    ("lost", lambda r: _share(r.lost_percent, percent=True)),
    ("min", lambda r: duration(r.min_ns)),
    ("p50", lambda r: _about(r) + duration(r.p50_ns)),
    ("p99", lambda r: _about(r) + duration(r.p99_ns)),
    ("p99.9", lambda r: _about(r) + duration(r.p999_ns)),
    ("max", lambda r: duration(r.max_ns)),
    ("dropped", lambda r: f"{r.dropped:,}"),
    ("coverage", lambda r: _share(r.coverage, percent=False)),
    ("end", lambda r: r.reason),
)
_LEFT = {"session", "guest", "condition", "end"}


def _about(row: RunSummary) -> str:
    return "≈" if row.approximate else ""


def render_summary(rows: Sequence[RunSummary]) -> str:
    """Return the table, and under it what a reader has to know about the figures."""
    if not rows:
        return "no runs"
    several = len({row.session for row in rows}) > 1
    guests = any(row.guest for row in rows)
    left_out = {"session": not several, "guest": not guests}
    columns = [c for c in _COLUMNS if not left_out.get(c[0], False)]
    cells = [[name for name, _ in columns]] + [[show(r) for _, show in columns] for r in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        padded = [
            cell.ljust(width) if name in _LEFT else cell.rjust(width)
            for cell, width, (name, _) in zip(row, widths, columns, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(lines + _footnotes(rows))


def _clocks(rows: Sequence[RunSummary]) -> list[str]:
    """Say how well guests' moments are known on their host's clock."""
    notes: dict[str, None] = {}
    for row in rows:
        if row.guest:
            name = plain(row.guest, 40)
            known = f"{row.clock}, ± {duration(row.clock_uncertainty_ns)}"
            if row.clock == "same counter":
                known = "the same counter, no offset"
            elif math.isnan(row.clock_uncertainty_ns):
                known = "unknown: its moments cannot be laid beside the board's"
            notes[f"clock of guest {name} against the board's: {known}"] = None
    return list(notes)


def no_end(runs: int) -> str:
    """Say that runs have no end; who reads a recording cannot tell why."""
    have = "1 run has" if runs == 1 else f"{runs} runs have"
    return f"{have} no end: recording goes on, or was cut off"


def _footnotes(rows: Sequence[RunSummary]) -> list[str]:
    notes = []
    labels = sorted({label for row in rows for label in row.labels})
    if labels:
        notes.append(f"these figures are {', '.join(labels)}")
    if any(row.approximate for row in rows):
        notes.append("≈ good to 1/32: some switches were counted by histogram (dropped)")
    lost = sum(row.lost_on_link for row in rows)
    if lost:
        notes.append(f"{lost:,} recorded switches never arrived (damaged or missing frames)")
    notes += _clocks(rows)
    cut = sum(row.reason == "interrupted" for row in rows)
    if cut:
        notes.append(no_end(cut))
    return notes
