"""Which vCPU ran on which physical CPU, from tick to tick: intervals from Xen's records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hvconsole.model.ticks import U64
from hvconsole.wire.xentrace import CONTINUES, LOST, SWITCH, Records

IDLE_DOMAIN: Final = 0x7FFF
"""Xen's own domain that runs when nobody else may."""

_FIRST_ROOM = 1024
_MOST_INTERVALS = 1 << 18
_INTERVAL = np.dtype([("start", "<u8"), ("end", "<u8"), ("domain", "<u2"), ("unit", "<u2")])


@dataclass(frozen=True, slots=True, order=True)
class Owner:
    """Who had a CPU: a domain's vCPU (its scheduling unit, which is the vCPU's number)."""

    domain: int
    unit: int

    @property
    def idle(self) -> bool:
        """Whether nobody ran."""
        return self.domain == IDLE_DOMAIN


@dataclass(frozen=True, slots=True)
class OwnerColumns:
    """Who had one CPU, by column of a chart; n columns.

    Attributes:
        domain: Domain that had most of the column, int32, −1 where nothing is known.
        unit: Its vCPU, int32, −1 where nothing is known.
        share: That owner's part of the column, 0 to 1.
        known: Part of the column in which it is known who had the CPU, 0 to 1.
        owners: How many different ones had it.
    """

    domain: NDArray[np.int32]
    unit: NDArray[np.int32]
    share: NDArray[np.float64]
    known: NDArray[np.float64]
    owners: NDArray[np.int32]


class VcpuLane:
    """Intervals of every physical CPU, oldest dropped when there are too many.

    Intervals of one CPU never overlap and ascend. Where Xen lost records, or a record contradicts
    what was known, nobody is named: there is a hole, not a guess.

    Args:
        most: Intervals kept a CPU (20 bytes each).
    """

    def __init__(self, most: int = _MOST_INTERVALS) -> None:
        self._most = most
        self._lanes: dict[int, _Cpu] = {}
        self._version = 0

    @property
    def version(self) -> int:
        """Changes whenever something more is known."""
        return self._version

    @property
    def forgotten(self) -> int:
        """How many intervals were dropped because there were too many."""
        return sum(lane.forgotten for lane in self._lanes.values())

    @property
    def cpus(self) -> list[int]:
        """The physical CPUs of which something is known, ascending."""
        return sorted(self._lanes)

    def feed(self, records: Records) -> None:
        """Take the next records."""
        self._version += records.size > 0
        told = np.isin(records.event, (SWITCH, CONTINUES, LOST))
        # Most records say nothing about who runs; all of them tell how far a CPU's trace reaches.
        for cpu in np.unique(records.cpu).tolist():
            mine = records.cpu == cpu
            lane = self._lanes.setdefault(cpu, _Cpu(self._most))
            wanted = mine & told
            for tick, event, words in zip(
                records.tick[wanted].tolist(),
                records.event[wanted].tolist(),
                records.extra[wanted, :4].tolist(),
                strict=True,
            ):
                lane.record(tick, event, words)
            lane.reached(int(records.tick[mine].max()))

    def hole(self) -> None:
        """Records are missing here: who had the CPUs is not known until the next ones tell."""
        self._version += 1
        for lane in self._lanes.values():
            lane.hole()

    def intervals(self, cpu: int) -> NDArray[np.void]:
        """Return one CPU's intervals: start, end (ticks), domain, unit; the running one included.

        Fields are those of a structured array of shape (n,); an unknown CPU has none.
        """
        lane = self._lanes.get(cpu)
        return lane.intervals() if lane is not None else np.empty(0, _INTERVAL)

    def during(self, cpu: int, start: int, end: int) -> list[tuple[Owner, int, int]]:
        """Return who had a CPU within a span, in order: owner, from, to (ticks, cut to it)."""
        held = _overlapping(self.intervals(cpu), start, end)
        return [
            (Owner(int(one["domain"]), int(one["unit"])), *_cut(one, start, end)) for one in held
        ]

    def columns(self, cpu: int, edges: U64) -> OwnerColumns:
        """Return who had a CPU, by column.

        Args:
            cpu: Physical CPU.
            edges: Ticks, ascending, shape (n + 1,).
        """
        count = max(edges.size - 1, 0)
        held = self.intervals(cpu)
        if count:
            held = _overlapping(held, int(edges[0]), int(edges[-1]))
        return _by_column(held, edges, count)


class _Cpu:
    """One physical CPU."""

    def __init__(self, most: int) -> None:
        self._most = max(most, 2)
        self._room = np.empty(min(_FIRST_ROOM, self._most), _INTERVAL)
        self._size = 0
        self._open: tuple[int, Owner] | None = None
        self._seen = 0
        self.forgotten = 0

    def record(self, tick: int, event: int, words: list[int]) -> None:
        if tick < self._seen:
            self._open = None  # time does not run backwards: what is open cannot be trusted
            return
        if event == LOST:
            # Xen tells when it began to lose records; up to then the owner stood.
            began = words[2] | words[3] << 32
            self._close(min(max(began, self._seen), tick))
        elif event == SWITCH:
            if self._open is not None and self._open[1] == _owner(words[0], words[1]):
                self._close(tick)
            self._open = (tick, _owner(words[2], words[3]))
        elif self._open is None or self._open[1] != _owner(words[0], words[1]):
            self._open = (tick, _owner(words[0], words[1]))
        self._seen = tick

    def reached(self, tick: int) -> None:
        self._seen = max(self._seen, tick)

    def hole(self) -> None:
        self._close(self._seen)  # up to the last record the owner stood

    def intervals(self) -> NDArray[np.void]:
        held = self._room[: self._size]
        if self._open is None or self._seen <= self._open[0]:
            return held.copy()
        since, owner = self._open
        last = np.array([(since, self._seen, owner.domain, owner.unit)], _INTERVAL)
        return np.concatenate([held, last])

    def _close(self, tick: int) -> None:
        if self._open is not None and tick > self._open[0]:
            since, owner = self._open
            self._make_room()
            self._room[self._size] = (since, tick, owner.domain, owner.unit)
            self._size += 1
        self._open = None

    def _make_room(self) -> None:
        if self._size < self._room.size:
            return
        kept = self._room
        if self._size >= self._most:
            kept = self._room[self._size // 2 :].copy()
            self.forgotten += self._size - kept.size
        else:
            self._room = np.empty(min(2 * self._size, self._most), _INTERVAL)
        self._room[: kept.size] = kept
        self._size = kept.size


def _owner(domain: int, unit: int) -> Owner:
    # Both are 16 bits wide in Xen; what a board says beyond is cut, never an overflow.
    return Owner(domain & 0xFFFF, unit & 0xFFFF)


def _overlapping(held: NDArray[np.void], start: int, end: int) -> NDArray[np.void]:
    first = int(np.searchsorted(held["end"], np.uint64(start), side="right"))
    last = int(np.searchsorted(held["start"], np.uint64(end), side="left"))
    return held[first : max(first, last)]


def _cut(one: np.void, start: int, end: int) -> tuple[int, int]:
    return max(int(one["start"]), start), min(int(one["end"]), end)


def _by_column(held: NDArray[np.void], edges: U64, count: int) -> OwnerColumns:
    """Cut intervals at the edges, and add up by column and owner."""
    nobody = np.full(count, -1, np.int32)
    out = OwnerColumns(
        nobody, nobody.copy(), np.zeros(count), np.zeros(count), np.zeros(count, np.int32)
    )
    if not held.size or not count:
        return out
    first = np.searchsorted(edges, held["start"], side="right").astype(np.int64) - 1
    last = np.searchsorted(edges, held["end"], side="left").astype(np.int64) - 1
    first, last = np.clip(first, 0, count - 1), np.clip(last, 0, count - 1)
    # Intervals do not overlap, so there are at most as many pieces as intervals and columns.
    pieces = last - first + 1
    whose = np.repeat(np.arange(held.size), pieces)
    column = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces) + first[whose]
    begin = np.maximum(held["start"][whose], edges[column])
    end = np.minimum(held["end"][whose], edges[column + 1])
    ticks = (np.maximum(end, begin) - begin).astype(np.float64)
    owner = held["domain"][whose].astype(np.int64) << 16 | held["unit"][whose]
    groups, group = np.unique(column << 32 | owner, return_inverse=True)
    each = np.bincount(group, weights=ticks)
    groups, each = groups[each > 0], each[each > 0]
    order = np.lexsort((-each, groups >> 32))
    where = groups[order] >> 32
    columns, most, owners = np.unique(where, return_index=True, return_counts=True)
    width = (edges[1:] - edges[:-1]).astype(np.float64)
    winner = groups[order][most] & 0xFFFFFFFF
    out.domain[columns] = winner >> 16
    out.unit[columns] = winner & 0xFFFF
    out.share[columns] = each[order][most] / width[columns]
    out.known[columns] = np.bincount(where, each[order], count)[columns] / width[columns]
    out.owners[columns] = owners
    return out
