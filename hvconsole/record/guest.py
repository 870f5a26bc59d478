"""The stream of a guest beside its host's, in the same session while that is recorded."""

from __future__ import annotations

from typing import Protocol

import msgspec

from hvconsole.model.guest_clock import GuestClock
from hvconsole.model.run import RunSettings
from hvconsole.record.manifest import GuestEntry, GuestRun, Manifest, utc_now

_NAME = "guest-{}.bin"


class _Session(Protocol):
    """What the session's own writer does for it."""

    @property
    def manifest(self) -> Manifest:
        """The session's manifest."""

    def append(self, name: str, data: bytes) -> None:
        """Append bytes to a file of the session."""

    def save(self) -> None:
        """Write the manifest as it is now."""

    def action(self, what: str, **details: object) -> None:
        """Append a control action."""


class GuestWriter:
    """Writes one guest's frames and runs; `SessionWriter.guest` makes it.

    Attributes:
        entry: What the manifest says of the guest.
        written: Bytes of frames so far.
    """

    def __init__(self, session: _Session, entry: GuestEntry) -> None:
        self._session = session
        self.entry = entry
        self.written = 0

    def frames(self, data: bytes) -> None:
        """Append raw frames as they came.

        Raises:
            RecordProblem: They could not be written.
        """
        self._session.append(self.entry.file, data)
        self.written += len(data)

    def begin_run(self, settings: RunSettings, condition: str) -> None:
        """Note that a run begins with the next frame, beside the host's newest run."""
        run = GuestRun(
            run=len(self.entry.runs),
            condition=condition,
            started=utc_now(),
            offset=self.written,
            settings=msgspec.to_builtins(settings),
            beside=max(len(self._session.manifest.runs) - 1, 0),
        )
        self.entry.runs.append(run)
        self._session.save()
        self._session.action("guest run start", guest=self.entry.guest, run=run.run)

    def clock(self, clock: GuestClock) -> None:
        """Note what is known by now of how its clock stands to the host's."""
        if self.entry.runs:
            self.entry.runs[-1].clock = clock
            self._session.save()

    def end_run(self, reason: str) -> None:
        """Note that the run ended, and why."""
        if not self.entry.runs:
            return
        run = self.entry.runs[-1]
        if run.offset == self.written:
            self.entry.runs.pop()  # it never said hello
        else:
            run.ended, run.reason = utc_now(), reason
        self._session.save()
        self._session.action("guest run end", guest=self.entry.guest, run=run.run, reason=reason)


def file_of(manifest: Manifest) -> str:
    """Return the name of the next guest's file."""
    return _NAME.format(len(manifest.guests) + 1)
