"""Recorded sessions in a folder: what each is, from a glance at its ends.

A glance reads the manifest and, for each run, the beginning and the end of its frames: a recording
of an hour costs as much as one of a second. What lies between is not looked at, so damage in the
middle shows only once a session is played or exported. Nothing here raises for a damaged session:
it is listed, with what is wrong.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from hvconsole.model.problem import RecordProblem
from hvconsole.model.recorded import SUFFIX, SessionInfo
from hvconsole.record.capture import FRAMES
from hvconsole.record.manifest import FILE, Manifest
from hvconsole.record.reader import SessionReader
from hvconsole.wire.stream import StreamDecoder
from hvconsole.wire.values import End, Heartbeat, Hello, Value

_HEAD = 1 << 14
_TAIL = 1 << 17  # heartbeats come a few times a second; a second of frames is smaller than this
_MOST_RUNS = 1000


class SessionShelf:
    """The sessions of some folders; a glance is kept until a session changes.

    Args:
        folders: Where sessions lie.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)
        self._known: dict[Path, tuple[object, SessionInfo]] = {}

    def sessions(self) -> list[SessionInfo]:
        """Return all sessions, the newest first. Reads files: call it in a thread."""
        known: dict[Path, tuple[object, SessionInfo]] = {}
        for path in found_sessions(self._folders):
            stamp = _stamp(path)
            before = self._known.get(path)
            fresh = before is None or before[0] != stamp
            known[path] = (stamp, glance(path)) if fresh or before is None else before
        self._known = known
        infos = [info for _, info in known.values()]
        return sorted(infos, key=lambda info: (-info.created, info.name))


def found_sessions(folders: Iterable[Path]) -> list[Path]:
    """Return the folders that are sessions by their name; unreadable folders count as empty."""
    out: dict[Path, None] = {}
    for folder in folders:
        with contextlib.suppress(OSError):
            for path in sorted(folder.iterdir()):
                if path.name.endswith(SUFFIX) and path.is_dir():
                    out[path] = None
    return list(out)


def glance(path: Path) -> SessionInfo:
    """Return what a look at a session's ends tells; never raises for a damaged one."""
    size = _size(path)
    try:
        reader = SessionReader(path)
        flags, problem = _flags(reader)
        seconds, switches, runs = _measured(path / FRAMES, reader.manifest)
    except (RecordProblem, OSError) as error:
        text = error.title if isinstance(error, RecordProblem) else str(error)
        return SessionInfo(path, created=_changed(path), size=size, flags=("damaged",),
                           problem=text)  # fmt: skip
    manifest = reader.manifest
    if not runs:
        problem = problem or "no run is recorded in it"
    return SessionInfo(
        path,
        board=manifest.board,
        kind=manifest.kind,
        created=_created(manifest) or _changed(path),
        seconds=seconds if runs else None,
        switches=switches if runs else None,
        runs=runs,
        conditions=tuple(dict.fromkeys(run.condition for run in manifest.runs if run.condition)),
        size=size,
        flags=flags,
        problem=problem,
    )


def delete_session(path: Path) -> None:
    """Delete a session's folder.

    Raises:
        RecordProblem: It is no session, is being written, or cannot be deleted.
    """
    if path.is_symlink() or not path.name.endswith(SUFFIX) or not path.is_dir():
        raise RecordProblem(f"{path} is no session", hint=f"a session is a folder NAME{SUFFIX}")
    if not ((path / FRAMES).exists() or (path / FILE).exists()):
        raise RecordProblem(
            f"{path} holds no recording", detail="neither frames nor a manifest are in it",
            hint="it is left alone; delete it by hand if it is to go",
        )  # fmt: skip
    if _is_open(path):
        raise RecordProblem(f"{path.name} is being written", hint="end its run first")
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise RecordProblem(
            f"{path} cannot be deleted", detail=error.strerror or str(error)
        ) from error


def _is_open(path: Path) -> bool:
    try:
        return SessionReader(path).state == "recording"
    except RecordProblem:
        return False


def _flags(reader: SessionReader) -> tuple[tuple[str, ...], str]:
    flags = list(reader.manifest.labels)
    state = reader.state
    if reader.problem is not None:
        flags.append("damaged")
    elif state != "complete":
        flags.append(state)
    return tuple(flags), reader.problem.title if reader.problem is not None else ""


def _measured(frames: Path, manifest: Manifest) -> tuple[float, int, int]:
    """Return seconds, switches and number of the runs that can be read."""
    size = frames.stat().st_size
    offsets = sorted({run.offset for run in manifest.runs[:_MOST_RUNS] if run.offset < size})
    seconds, switches, runs = 0.0, 0, 0
    with frames.open("rb") as file:
        for begin, end in zip(offsets or [0], [*offsets[1:], size], strict=True):
            hello = next(
                (v for v in _values(file, begin, _HEAD, end) if isinstance(v, Hello)), None
            )
            if hello is None:
                continue
            tail = _values(file, max(end - _TAIL, begin), _TAIL, end)
            runs += 1
            seconds += _seconds(hello, tail)
            beats = {value.lane: value.detected for value in tail if isinstance(value, Heartbeat)}
            switches += sum(beats.values())
    return seconds, switches, runs


def _values(file: BinaryIO, begin: int, most: int, end: int) -> list[Value]:
    file.seek(begin)
    decoder = StreamDecoder()
    return decoder.feed(file.read(max(min(most, end - begin), 0)))


def _seconds(hello: Hello, tail: list[Value]) -> float:
    ticks = [value.end_tick if isinstance(value, End) else value.tick
             for value in tail if isinstance(value, End | Heartbeat)]  # fmt: skip
    return max(max(ticks, default=hello.start_tick) - hello.start_tick, 0) / hello.frequency_hz


def _created(manifest: Manifest) -> float:
    try:
        moment = datetime.fromisoformat(manifest.created)
    except ValueError:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int:
    total = 0
    with contextlib.suppress(OSError):
        for file in path.iterdir():
            with contextlib.suppress(OSError):
                total += file.lstat().st_size
    return total


def _stamp(path: Path) -> object:
    """Return what differs once a session was written to."""
    stamps = []
    for name in (FILE, FRAMES):
        try:
            stat = (path / name).stat()
            stamps.append((stat.st_mtime_ns, stat.st_size))
        except OSError:
            stamps.append((0, 0))
    return tuple(stamps)
