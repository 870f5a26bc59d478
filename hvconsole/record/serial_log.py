"""Reading back what a board's console wrote, and when."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hvconsole.model.learned import learned
from hvconsole.model.problem import RecordProblem
from hvconsole.record.capture import ACTIONS, SERIAL
from hvconsole.record.serial_times import RECORD, TIMES

_MOST_TIMES = 64 << 20


@dataclass(frozen=True, slots=True)
class Times:
    """When the bytes of a log came.

    Attributes:
        host_ns: The console's monotonic clock, ascending.
        offset: How many bytes there were before each of these moments.
    """

    host_ns: tuple[int, ...]
    offset: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RunSpan:
    """When a run was measured, on the console's monotonic clock; None where that is not known."""

    begin_ns: int | None
    end_ns: int | None
    exact: tuple[int, int] | None = None
    """A moment on the console's clock and, in ns since the run's start, on the samples'."""


def tail(path: Path, most: int, end: int | None = None) -> bytes:
    """Return the newest bytes of a session's log, from the beginning of a line if there are more.

    Args:
        path: The session's folder.
        most: How many bytes at most.
        end: The offset up to which the log is read; None for all of it.

    Raises:
        RecordProblem: There is a log but it cannot be read.
    """
    upto = log_size(path) if end is None else end
    begin = max(upto - most, 0)
    data = between(path, begin, upto)
    return data[data.find(b"\n") + 1 :] if begin > 0 else data


def between(path: Path, begin: int, end: int) -> bytes:
    """Return bytes of a session's log from one offset up to another; nothing where there is none.

    Raises:
        RecordProblem: There is a log but it cannot be read.
    """
    file = path / SERIAL
    try:
        with file.open("rb") as opened:
            opened.seek(begin)
            return opened.read(max(end - begin, 0))
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise RecordProblem(f"{file} cannot be read", detail=error.strerror or "") from error


def log_size(path: Path) -> int:
    """Return how many bytes a session's log has; 0 where there is none."""
    try:
        return (path / SERIAL).stat().st_size
    except OSError:
        return 0


def read_times(path: Path) -> Times:
    """Return when the bytes of a session's log came; nothing where that was not kept.

    A torn last record is left out, and so is what does not ascend.
    """
    try:
        with (path / TIMES).open("rb") as file:
            data = file.read(_MOST_TIMES)
    except OSError:
        return Times((), ())
    host: list[int] = []
    offsets: list[int] = []
    for moment, offset in RECORD.iter_unpack(data[: len(data) // RECORD.size * RECORD.size]):
        if not host or (moment >= host[-1] and offset >= offsets[-1]):
            host.append(moment)
            offsets.append(offset)
    return Times(tuple(host), tuple(offsets))


def read_spans(path: Path) -> list[RunSpan]:
    """Return when a session's runs were measured, as its actions tell; bad lines are left out."""
    spans: dict[int, RunSpan] = {}
    current = -1
    try:
        lines = (path / ACTIONS).read_bytes().splitlines()
    except OSError:
        return []
    for line in lines:
        try:
            entry = msgspec.json.decode(line, type=learned(_Entry))
        except msgspec.MsgspecError:
            continue
        if entry.action == "run start":
            current = len(spans)
            spans[current] = RunSpan(entry.host_ns, None)
        elif current in spans:
            span = spans[current]
            if entry.action == "run end":
                spans[current] = RunSpan(span.begin_ns, entry.host_ns, span.exact)
            elif entry.t_ns is not None and span.exact is None:
                exact = (entry.host_ns, entry.t_ns)
                spans[current] = RunSpan(span.begin_ns, span.end_ns, exact)
    return list(spans.values())


class _Entry(msgspec.Struct):
    action: str
    host_ns: int = 0
    t_ns: int | None = None


class Moments:
    """Which part of a log had been written at which moment of a replay.

    In a replay runs follow on from each other as if nothing had passed between them; what the
    board wrote between two runs is there when the later one begins.

    Args:
        times: When the bytes came.
        spans: When the runs were measured.
        begins_s: Where each run begins in the replay, seconds.
        duration_s: How long the replay is.
    """

    def __init__(
        self, times: Times, spans: list[RunSpan], begins_s: list[float], duration_s: float
    ) -> None:
        self._position_s: list[float] = []
        self._offset: list[int] = []
        ends_s = [*begins_s[1:], duration_s]
        runs = [
            (_origin_ns(span, end - begin), begin, end)
            for span, begin, end in zip(spans, begins_s, ends_s, strict=False)
        ]
        for host_ns, offset in zip(times.host_ns, times.offset, strict=True):
            position = 0.0
            for origin, begin, end in runs:
                if host_ns >= origin:
                    position = min(begin + (host_ns - origin) / 1e9, end)
            self._position_s.append(max(position, *self._position_s[-1:], 0.0))
            self._offset.append(offset)

    @property
    def known(self) -> bool:
        """Whether moments are known at all."""
        return bool(self._offset)

    def offset_at(self, position_s: float) -> int | None:
        """Return how many bytes there were at a moment; None: all of them."""
        at = bisect_right(self._position_s, position_s)
        # A record names the bytes before it: those of the last one passed end at the next.
        return self._offset[at] if at < len(self._offset) else None


def _origin_ns(span: RunSpan, duration_s: float) -> int:
    """Return when a run's clock was zero, from what is known best."""
    if span.exact is not None:
        return span.exact[0] - span.exact[1]
    if span.end_ns is not None:
        return span.end_ns - round(duration_s * 1e9)
    return span.begin_ns or 0
