"""What a session keeps: frames, actions and the console's text, from the first run on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hvconsole.model.problem import Problem, RecordProblem
from hvconsole.model.run import RunSettings
from hvconsole.record.guest import GuestWriter
from hvconsole.record.manifest import GuestEntry, Manifest
from hvconsole.session.console_watch import Backlog
from hvconsole.session.hub import Hub
from hvconsole.session.parts import Recording

_SAFE_S = 1.0


class RecordKeeper:
    """Has the session's recording, once there is one.

    Args:
        hub: Gets the recording as its sink while a run is recorded.
        make: Begins a recording; None where none is wanted.
        trouble: Told what could not be kept.
    """

    def __init__(
        self,
        hub: Hub,
        make: Callable[[RunSettings], Recording | None],
        trouble: Callable[[Problem], None],
    ) -> None:
        self._hub = hub
        self._make = make
        self._trouble = trouble
        self._recording: Recording | None = None
        self._backlog = Backlog()

    @property
    def known(self) -> dict[str, object]:
        """What the status says of it."""
        recording = self._recording
        if recording is None:
            return {}
        path: Path = recording.path
        return {"recording": path, "recorded_bytes": recording.written}

    @property
    def place(self) -> tuple[Path, int] | None:
        """The session's folder and the number of the run that is kept; None where none is."""
        if self._recording is None or self._hub.sink is None:
            return None
        return self._recording.path, len(self._recording.manifest.runs) - 1

    def begin_run(self, settings: RunSettings, condition: str) -> None:
        """Keep what comes from now on, as a run.

        Raises:
            RecordProblem: It cannot be written.
        """
        if self._recording is None:
            self._recording = self._make(settings)
            if self._recording is not None:
                self._backlog.drain(self._recording.serial)
        if self._recording is not None:
            self._recording.begin_run(settings, condition)
        self._hub.sink = self._recording

    def end_run(self, reason: str) -> None:
        """Note that the run ended; what comes now is not kept."""
        if self._recording is not None and self._hub.sink is not None:
            try:
                self._recording.end_run(reason)
            except Problem as problem:
                self._trouble(problem)
        self._hub.sink = None

    def guest(self, entry: Callable[[Manifest], GuestEntry]) -> GuestWriter | None:
        """Begin the stream of a guest beside the run that is kept; None where none is.

        Args:
            entry: Makes what the manifest says of the guest.

        Raises:
            RecordProblem: It cannot be written.
        """
        if self._recording is None or self._hub.sink is None:
            return None
        return self._recording.guest(entry(self._recording.manifest))

    def action(self, text: str, **details: Any) -> None:
        """Keep a control action."""
        if self._recording is not None:
            with contextlib.suppress(RecordProblem):  # the frames' writer tells of a full disk
                self._recording.action(text, **details)

    def serial(self, data: bytes) -> None:
        """Keep the console's bytes; before there is a recording, the newest of them."""
        if self._recording is None:
            self._backlog.add(data)
            return
        with contextlib.suppress(RecordProblem):  # the frames' writer tells of a full disk
            self._recording.serial(data)

    async def keep_safe(self, closing: asyncio.Event) -> None:
        """Make sure of the recorded bytes once a second, off the event loop, until closing."""
        while not closing.is_set():
            if self._recording is not None:
                try:
                    await asyncio.to_thread(self._recording.tick)
                except Problem as problem:
                    self._hub.sink = None
                    self._trouble(problem)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(closing.wait(), _SAFE_S)

    def close(self) -> None:
        """Finish the recording."""
        if self._recording is not None:
            self._recording.close()
