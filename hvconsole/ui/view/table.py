"""The table of figures: one row a CPU, and one over all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hvconsole.model import units
from hvconsole.stream.snapshot import Snapshot, Totals
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.line import pad

Colour = Callable[[float], int]

_COPIED = (
    *("lane", "switches", "rate_per_s", "lost_share", "min_ns", "p50_ns"),
    *("p99_ns", "p999_ns", "max_ns", "dropped", "coverage"),
)
_GAP = 3
_LITTLE_WATCHED = 0.99
_LANE = 9
_USUAL = 4


@dataclass(frozen=True, slots=True)
class Figure:
    """One column.

    Attributes:
        title: Its head.
        width: Cells it takes.
        say: Turns a row's totals into text.
        tight: Cells it takes where room is scarce.
        short: Its head there, where that is another.
        length: Gets the length to colour the cell by, where it shows one.
        alarm: Says whether the figure is something to worry about.
        spare: Where room is scarce, what has the highest figure goes first; 0 never does.
    """

    title: str
    width: int
    say: Callable[[Totals, int], str]
    tight: int = 6
    short: str = ""
    length: Callable[[Totals], float] | None = None
    alarm: Callable[[Totals], bool] | None = None
    spare: int = 0


def _length(title: str, get: Callable[[Totals], float], spare: int = 0) -> Figure:
    return Figure(title, 7, lambda t, _: units.duration(get(t)), length=get, spare=spare)


def _loss(
    title: str, width: int, get: Callable[[Totals], int], *, spare: int, short: str = ""
) -> Figure:
    """Return a column of what should be nothing."""
    return Figure(
        title,
        width,
        lambda t, _: units.count(get(t)),
        tight=5,
        short=short,
        alarm=lambda t: get(t) > 0,
        spare=spare,
    )


FIGURES = (
    Figure(
        "switches",
        11,
        lambda t, cells: units.grouped(t.received + t.dropped, cells),
        tight=7,
        short="count",
    ),
    Figure("/s", 5, lambda t, _: units.rate(t.rate), tight=5, spare=1),
    Figure("lost", 7, lambda t, _: units.lost_share(t.lost_share), spare=1),
    _length("min", lambda t: t.min_ns, spare=4),
    _length("p50", lambda t: t.p50_ns),
    _length("p99", lambda t: t.p99_ns),
    _length("p99.9", lambda t: t.p999_ns, spare=3),
    _length("max", lambda t: t.max_ns),
    _loss("dropped", 7, lambda t: t.dropped, spare=2, short="drops"),
    Figure(
        "watched",
        7,
        lambda t, _: units.coverage(t.coverage),
        short="seen",
        spare=1,
        alarm=lambda t: t.coverage < _LITTLE_WATCHED,
    ),
    _loss("lost on link", 12, lambda t: t.lost_on_link, spare=7),
    _loss("backward", 8, lambda t: t.backward, spare=8),
    Figure("under way", 9, lambda t, _: units.count(t.under_way), spare=9),
)


@dataclass(frozen=True, slots=True)
class Table:
    """What the table shows.

    Attributes:
        head: The row of titles.
        body: One row a lane, in order of CPU, then the one over all where there are several.
        lanes: CPU number of each row of the body; None for the row over all.
        selected: Index of the selected row, −1 where there is nothing to select.
    """

    head: Row
    body: list[Row]
    lanes: tuple[int | None, ...]
    selected: int


def table(
    snapshot: Snapshot, all_lanes: Totals, lane: int | None, width: int, colour: Colour
) -> Table:
    """Lay the figures out, `width` cells wide.

    Args:
        snapshot: Where the lanes' figures come from.
        all_lanes: Figures over all lanes.
        lane: The selected CPU, None for all.
        width: Cells across.
        colour: Gives the role for a length in ns.
    """
    form = _form(width)
    cpus = sorted(snapshot.lanes)
    several = len(cpus) > 1
    rows = [
        _row(
            _lane_name(index, snapshot.name(cpu), several=several),
            snapshot.lanes[cpu],
            form,
            colour,
        )
        for index, cpu in enumerate(cpus, 1)
    ]
    lanes: tuple[int | None, ...] = tuple(cpus)
    if several:
        whole = "board" if snapshot.names else "all"
        rows.append(_row([("0 ", Role.KEY), (whole, Role.TEXT)], all_lanes, form, colour))
        lanes = (*lanes, None)
    selected = lanes.index(lane) if several and lane in lanes else -1
    return Table(
        head=pad(_head(form), width),
        body=[pad(row, width) for row in rows],
        lanes=lanes,
        selected=selected,
    )


def as_text(snapshot: Snapshot, all_lanes: Totals) -> str:
    """Return the figures as tab-separated text for the clipboard, lengths in ns."""
    lines = ["\t".join(_COPIED)]
    rows = [
        (snapshot.names.get(cpu, f"cpu{cpu}"), totals)
        for cpu, totals in sorted(snapshot.lanes.items())
    ]
    if len(rows) != 1:
        rows.append(("board" if snapshot.names else "all", all_lanes))
    for name, t in rows:
        lengths = "\t".join(f"{v:.0f}" for v in (t.min_ns, t.p50_ns, t.p99_ns, t.p999_ns, t.max_ns))
        lines.append(
            f"{name}\t{t.received + t.dropped}\t{t.rate:.6g}\t{t.lost_share:.6g}\t{lengths}"
            f"\t{t.dropped}\t{t.coverage:.6g}"
        )
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class _Form:
    """Which columns there is room for, and how far apart; `tight` leaves blanks in figures out."""

    figures: tuple[Figure, ...]
    gap: int
    tight: bool

    def cells(self, figure: Figure) -> int:
        return figure.tight if self.tight else figure.width

    def title(self, figure: Figure) -> str:
        return (figure.short or figure.title) if self.tight else figure.title


def _form(width: int) -> _Form:
    """Find room: first leave out what is rarely wanted, then blanks, then more columns."""
    usual = tuple(figure for figure in FIGURES if figure.spare <= _USUAL)
    for figures in (FIGURES, usual):
        taken = _LANE + sum(figure.width for figure in figures)
        if (gap := (width - taken) // len(figures)) >= 1:
            return _Form(figures, min(gap, _GAP), tight=False)
    for most in range(_USUAL, 0, -1):
        figures = tuple(figure for figure in FIGURES if figure.spare <= most)
        if _LANE + sum(figure.tight + 1 for figure in figures) <= width:
            return _Form(figures, 1, tight=True)
    return _Form(tuple(figure for figure in FIGURES if not figure.spare), 1, tight=True)


def _lane_name(index: int, lane: str, *, several: bool) -> Row:
    key = f"{index} " if index <= 9 else "  "  # noqa: PLR2004  # as many as there are digit keys
    name = (lane, int(Role.TEXT))
    return [(key, int(Role.KEY)), name] if several else [name]


def _head(form: _Form) -> Row:
    text = " " * _LANE
    for figure in form.figures:
        text += " " * form.gap + form.title(figure).rjust(form.cells(figure))
    return [(text, int(Role.LABEL))]


def _row(name: Row, totals: Totals, form: _Form, colour: Colour) -> Row:
    row = pad(name, _LANE)
    for figure in form.figures:
        text = figure.say(totals, form.cells(figure))
        if form.tight:
            text = text.replace(" ", "")
        shown = " " * form.gap + text.rjust(form.cells(figure))
        row.append((shown, _role(figure, totals, colour)))
    return row


def _role(figure: Figure, totals: Totals, colour: Colour) -> int:
    if figure.alarm is not None and figure.alarm(totals):
        return Role.WARN
    if figure.length is not None and figure.length(totals) > 0:
        return colour(figure.length(totals))
    return Role.TEXT
