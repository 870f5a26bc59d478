"""Writing a session while it is measured: frames first, everything else after.

What is handed to `SessionWriter.frames` is in the kernel's hands when the call returns, so killing
the console loses nothing; once a second the disk is made to have it, so pulling the plug loses a
second. The manifest is replaced as a whole. A session is readable at every moment of its life.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import Any

import msgspec

from hvconsole.model.problem import RecordProblem
from hvconsole.model.run import RunSettings
from hvconsole.record.guest import GuestWriter
from hvconsole.record.manifest import (
    GuestEntry,
    Manifest,
    RunEntry,
    State,
    utc_now,
    write_manifest,
)
from hvconsole.record.serial_times import TIMES, Stamps

FRAMES = "frames.bin"
ACTIONS = "actions.jsonl"
SERIAL = "serial.log"


class SessionWriter:
    """A session that is being recorded. Make one with `create`.

    Attributes:
        path: The session's folder.
        manifest: What is known so far.
        written: Bytes of frames so far.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self.written = 0
        self._files: dict[str, int] = {}
        self._dirty: set[str] = set()
        self._failed: RecordProblem | None = None
        self._closed = False
        self._stamps = Stamps()

    @classmethod
    def create(cls, path: Path, manifest: Manifest) -> SessionWriter:
        """Begin a session.

        Raises:
            RecordProblem: The folder exists or cannot be written.
        """
        writer = cls(path, manifest)
        try:
            path.mkdir(parents=True)
            write_manifest(path, manifest)
            # Others tell from the lock that the session is still being written.
            fcntl.flock(writer._file(FRAMES), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileExistsError as error:
            raise RecordProblem(
                f"{path} exists already", hint="choose another name, or remove it"
            ) from error
        except OSError as error:
            raise writer._problem(error) from error
        return writer

    def frames(self, data: bytes) -> None:
        """Append raw frames as they came.

        Raises:
            RecordProblem: They could not be written. What is on disk stays readable; nothing more
                is written.
        """
        self._append(FRAMES, data)
        self.written += len(data)

    def guest(self, entry: GuestEntry) -> GuestWriter:
        """Begin the stream of a guest; its entry is in the manifest from now on.

        Raises:
            RecordProblem: It cannot be written.
        """
        self.manifest.guests.append(entry)
        self._save()
        return GuestWriter(self, entry)

    def append(self, name: str, data: bytes) -> None:
        """Append bytes to a file of the session, as safely as frames are.

        Raises:
            RecordProblem: They could not be written; nothing more is written.
        """
        self._append(name, data)

    def save(self) -> None:
        """Write the manifest as it is now.

        Raises:
            RecordProblem: It could not be written.
        """
        self._save()

    def serial(self, data: bytes) -> None:
        """Append bytes of the board's console, and when they came."""
        if stamp := self._stamps.due(len(data), time.monotonic_ns()):
            self._append(TIMES, stamp)
        self._append(SERIAL, data)

    def action(self, what: str, **details: Any) -> None:
        """Append a control action.

        Args:
            what: The action, in the field's terms: ``run start``, ``cell create``.
            details: What it was done to, and where on the samples' clock (``tick``, ``t_ns``).
        """
        line = {"utc": utc_now(), "host_ns": time.monotonic_ns(), "action": what} | details
        self._append(ACTIONS, msgspec.json.encode(line) + b"\n")

    def begin_run(self, settings: RunSettings, condition: str) -> None:
        """Note that a run begins with the next frame."""
        entry = RunEntry(
            run=len(self.manifest.runs),
            condition=condition,
            started=utc_now(),
            offset=self.written,
            settings=msgspec.to_builtins(settings),
        )
        self.manifest.runs.append(entry)
        self._save()
        self.action("run start", run=entry.run, condition=condition)

    def end_run(self, reason: str) -> None:
        """Note that the run ended, and why."""
        if not self.manifest.runs:
            return
        entry = self.manifest.runs[-1]
        if entry.offset == self.written:
            # It never said hello: numbers of runs are those of the hellos in the frames.
            self.manifest.runs.pop()
        else:
            entry.ended, entry.reason = utc_now(), reason
        self._save()
        self.action("run end", run=entry.run, reason=reason)

    def tick(self) -> None:
        """Make sure that the disk has what was written. Call it about once a second; it may wait.

        Raises:
            RecordProblem: The disk has not.
        """
        waiting, self._dirty = self._dirty, set()
        try:
            for name in waiting:
                if (file := self._files.get(name)) is not None:
                    os.fsync(file)
        except OSError as error:
            raise self._fail(error) from error

    def close(self, state: State = "complete") -> None:
        """Finish the session. Safe to call twice, and after a failure."""
        if self._closed:
            return
        self._closed = True
        self.manifest.state = "interrupted" if self._failed else state
        with contextlib.suppress(OSError, RecordProblem):
            self.tick()
        with contextlib.suppress(OSError):  # the disk is still full: the old manifest stands
            write_manifest(self.path, self.manifest)
        for file in self._files.values():
            os.close(file)
        self._files.clear()

    def _file(self, name: str) -> int:
        if name not in self._files:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._files[name] = os.open(self.path / name, flags, 0o644)
        return self._files[name]

    def _append(self, name: str, data: bytes) -> None:
        if self._failed is not None:
            raise self._failed
        if self._closed:
            raise RecordProblem(f"{self.path} is finished", hint="record into another session")
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._file(name), rest) :]
        except OSError as error:
            raise self._fail(error) from error
        self._dirty.add(name)

    def _save(self) -> None:
        if self._failed is not None:
            raise self._failed
        try:
            write_manifest(self.path, self.manifest)
        except OSError as error:
            raise self._fail(error) from error

    def _fail(self, error: OSError) -> RecordProblem:
        """Write nothing more from here on."""
        self._failed = self._problem(error)
        return self._failed

    def _problem(self, error: OSError) -> RecordProblem:
        detail = error.strerror or str(error)
        with contextlib.suppress(OSError):
            space = os.statvfs(self.path.parent)
            detail += f"; {space.f_bavail * space.f_frsize / 1e6:,.1f} MB are free there"
        return RecordProblem(
            f"{self.path} cannot be written",
            detail=detail,
            hint="make room, or record elsewhere with --out; what is recorded so far is readable",
        )
