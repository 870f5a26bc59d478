"""Reading a session back, whole or torn, in bounded memory or run by run."""

from __future__ import annotations

import contextlib
import copy
import fcntl
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from hvconsole.model.problem import RecordProblem
from hvconsole.model.ticks import U64
from hvconsole.record.capture import ACTIONS, FRAMES
from hvconsole.record.manifest import (
    GuestEntry,
    GuestRun,
    Manifest,
    RunEntry,
    State,
    read_manifest,
)
from hvconsole.wire.frame import Damage
from hvconsole.wire.stream import StreamDecoder
from hvconsole.wire.values import End, Heartbeat, Hello, Histogram, Note, Switches, Value

_PORTION = 1 << 20


@dataclass(slots=True)
class LaneData:
    """One lane of one run.

    Attributes:
        batches: Switches as they came.
        histograms: Of the switches that were dropped.
        beat: The last heartbeat.
    """

    batches: list[Switches] = field(default_factory=list)
    histograms: list[Histogram] = field(default_factory=list)
    beat: Heartbeat | None = None

    @property
    def start(self) -> U64:
        """Shape (n,), ticks."""
        return _joined([batch.start for batch in self.batches])

    @property
    def length(self) -> U64:
        """Shape (n,), ticks."""
        return _joined([batch.length for batch in self.batches])

    @property
    def received(self) -> int:
        """Switches that are here one by one."""
        return sum(batch.length.size for batch in self.batches)

    @property
    def dropped(self) -> int:
        """Switches that are here by histogram."""
        return sum(histogram.count for histogram in self.histograms)


@dataclass(slots=True)
class RunData:
    """One run as it was recorded.

    Attributes:
        run: Number within the session, from 0.
        condition: In the words of the user.
        hello: What the run was.
        lanes: By CPU number.
        notes: In order.
        end: Why it ended; None if its end was never recorded.
    """

    run: int
    condition: str
    hello: Hello
    lanes: dict[int, LaneData]
    notes: list[Note] = field(default_factory=list)
    end: End | None = None


class SessionReader:
    """A session on disk.

    Args:
        path: The session's folder.

    Attributes:
        path: The same.
        frames: Path of the stream that is read.
        guest: Whose it is: None for the host's, an entry of the manifest for a guest's.
        manifest: What was measured; a stand-in where it is missing (see `problem`).
        problem: What is wrong with the session although it can be read; None if nothing is.
        damage: What `values` could not use, once it has been through.
        actions: Path of the actions, which may not exist.

    Raises:
        RecordProblem: There is no session, or nothing of it can be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.guest: GuestEntry | None = None
        self.damage = Damage()
        self.problem: RecordProblem | None = None
        self.actions = path / ACTIONS
        self.frames = path / FRAMES
        if not path.exists():
            raise RecordProblem(
                f"there is no session {path}", hint="a session is a folder; see: ls -d *.hvs"
            )
        if not path.is_dir() or not self.frames.is_file():
            raise RecordProblem(
                f"{path} is no session", detail=f"a session is a folder that holds {FRAMES}"
            )
        try:
            self.manifest = read_manifest(path)
        except RecordProblem as problem:
            # The frames say enough of themselves to be exported all the same.
            self.problem = problem
            self.manifest = Manifest(board="unknown", state="interrupted")

    def action_entries(self) -> Iterator[dict[str, Any]]:
        """Yield the control actions as they were written; lines that make no sense are left out."""
        if not self.actions.exists():
            return
        for line in self.actions.read_text(errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue  # the last line of a recording that was cut off
            if isinstance(entry, dict):
                yield entry

    def guests(self) -> list[Self]:
        """Return a reader for each guest that was sampled beside the board, in order.

        One whose file is not there, or whose name leads elsewhere, is left out.
        """
        found = []
        for entry in self.manifest.guests:
            path = self.path / entry.file
            if path.name == entry.file and path.is_file():
                reader = copy.copy(self)
                reader.guest, reader.frames, reader.damage = entry, path, Damage()
                found.append(reader)
        return found

    @property
    def entries(self) -> Sequence[RunEntry]:
        """What the manifest says of the runs of this stream."""
        return self.manifest.runs if self.guest is None else self.guest.runs

    def guest_run(self, run: int) -> GuestRun | None:
        """Return what the manifest says of a guest's run; None where it says nothing."""
        runs = self.guest.runs if self.guest is not None else ()
        return next((entry for entry in runs if entry.run == run), None)

    @property
    def state(self) -> State:
        """How the recording stands: being written, complete, or cut off."""
        if self.manifest.state != "recording":
            return self.manifest.state
        return "recording" if self._is_being_written() else "interrupted"

    def values(self) -> Iterator[Value]:
        """Decode all frames in order; damage is counted and passed over.

        Raises:
            RecordProblem: The file cannot be read.
        """
        decoder = StreamDecoder()
        self.damage = decoder.damage
        try:
            with self.frames.open("rb") as file:
                while portion := file.read(_PORTION):
                    yield from decoder.feed(portion)
        except OSError as error:
            raise RecordProblem(
                f"{self.frames} cannot be read", detail=error.strerror or str(error)
            ) from error
        decoder.finish()

    def runs(self) -> Iterator[RunData]:
        """Read run by run; only one is in memory at a time."""
        current: RunData | None = None
        number = 0
        for value in self.values():
            if isinstance(value, Hello):
                if current is not None:
                    yield current
                lanes = {lane.cpu: LaneData() for lane in value.lanes}
                current = RunData(number, self.condition(number), value, lanes)
                number += 1
            elif current is not None:
                _add(current, value)
        if current is not None:
            yield current

    def condition(self, run: int) -> str:
        """Return the condition of a run by its number; empty where none was given."""
        return next((e.condition for e in self.entries if e.run == run), "")

    def _is_being_written(self) -> bool:
        with contextlib.suppress(OSError), self.frames.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False


def _add(run: RunData, value: Value) -> None:
    if isinstance(value, End):
        run.end = value
        return
    if isinstance(value, Note):
        run.notes.append(value)
        return
    lane = run.lanes.get(value.lane) if not isinstance(value, Hello) else None
    if lane is None:
        return
    match value:
        case Switches():
            lane.batches.append(value)
        case Histogram():
            lane.histograms.append(value)
        case Heartbeat():
            lane.beat = value


def _joined(parts: list[U64]) -> U64:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)
