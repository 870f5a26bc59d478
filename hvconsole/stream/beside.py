"""The streams of guests laid beside their host's: one snapshot, on the host's time.

A guest's lanes get numbers of their own and its name; the figures over all lanes stay the host's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from hvconsole.stream.live import LiveStream
from hvconsole.stream.snapshot import Columns, Gap, Snapshot, TimePart, View

_LANES: Final = 1000
"""Where the first guest's lanes begin, the next one's twice as high: no CPU has the number."""


@dataclass(frozen=True, slots=True)
class Beside:
    """One guest's stream.

    Attributes:
        name: The guest's, safe to show.
        live: Its values.
        shift_s: What its seconds lie behind its host's.
    """

    name: str
    live: LiveStream
    shift_s: float


def beside(host: LiveStream, guests: Sequence[Beside], view: View) -> Snapshot:
    """Return what a view shows of a host and of the guests beside it.

    Args:
        host: The board's own values.
        guests: Those that are sampled, in order.
        view: Its lanes may be those of a guest, as numbered in the answer.
    """
    places = [(one, _LANES * number) for number, one in enumerate(guests, 1) if one.live.hello]
    whose = next(
        (
            (one, base)
            for one, base in places
            if any(0 <= lane - base < _LANES for lane in view.lanes)
        ),
        None,
    )
    # A guest that is looked at has no lane of the host's: all of them are asked for.
    seen = host.snapshot(view if whose is None else replace(view, lanes=()))
    if not places:
        return seen
    start_s = float(seen.columns.edges_s[0])
    out = replace(seen, version=seen.version + sum(one.live.version for one, _ in places))
    for one, base in places:
        asked = replace(
            view,
            start_s=start_s - one.shift_s,
            lanes=tuple(lane - base for lane in view.lanes) if whose == (one, base) else (),
            part_s=_moved(view.part_s, -one.shift_s),
        )
        out = _joined(out, one.live.snapshot(asked), one, base, chosen=whose == (one, base))
    return out


def _joined(host: Snapshot, guest: Snapshot, one: Beside, base: int, *, chosen: bool) -> Snapshot:
    several = len(guest.lanes) > 1
    names = {base + cpu: f"{one.name} {cpu}" if several else one.name for cpu in guest.lanes}
    part = _part(guest.part, one, base)
    joined = replace(
        host,
        lanes=host.lanes | {base + cpu: totals for cpu, totals in guest.lanes.items()},
        names=host.names | names,
        apart=host.apart
        | {base + cpu: _later(columns, one.shift_s) for cpu, columns in guest.apart.items()},
        part=_with(host.part, part),
    )
    if not chosen:
        return joined
    return replace(
        joined,
        columns=_later(guest.columns, one.shift_s),
        rate_edges_s=guest.rate_edges_s + one.shift_s,
        rate=guest.rate,
        distribution=guest.distribution,
        totals=guest.totals,
        part=part,
    )


def _later(columns: Columns, shift_s: float) -> Columns:
    return replace(columns, edges_s=columns.edges_s + shift_s)


def _moved(part_s: tuple[float, float] | None, by_s: float) -> tuple[float, float] | None:
    return None if part_s is None else (part_s[0] + by_s, part_s[1] + by_s)


def _part(part: TimePart | None, one: Beside, base: int) -> TimePart | None:
    if part is None:
        return None
    return replace(
        part,
        start_s=part.start_s + one.shift_s,
        end_s=part.end_s + one.shift_s,
        lanes={base + cpu: totals for cpu, totals in part.lanes.items()},
        longest=tuple(
            Gap(gap.at_s + one.shift_s, gap.length_ns, base + gap.cpu) for gap in part.longest
        ),
    )


def _with(host: TimePart | None, guest: TimePart | None) -> TimePart | None:
    if host is None or guest is None:
        return host
    return replace(host, lanes=host.lanes | guest.lanes)
