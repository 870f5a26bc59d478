"""A recorded session in the shape of a connected board: same screens, same path of bytes."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from hvconsole.link.replay import Replay
from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.model.status import Status
from hvconsole.record.capture import FRAMES
from hvconsole.record.reader import SessionReader
from hvconsole.record.serial_log import log_size
from hvconsole.record.xentrace import XENTRACE, has_trace, read_trace, traced_runs
from hvconsole.session.hub import Hub
from hvconsole.session.serial_replay import RecordedSerial
from hvconsole.stream.snapshot import Snapshot, View
from hvconsole.stream.vcpu_lane import VcpuLane

_MOST_INTERVALS = 1 << 20  # a CPU: hours of a busy board in 20 MB


class ReplaySession:
    """A recording as the screens see it (the `Console` of `hvconsole.ui.source`).

    Args:
        path: The session's folder.

    Raises:
        Problem: There is no session, or no run in it.
    """

    def __init__(self, path: Path) -> None:
        reader = SessionReader(path)
        self._manifest = reader.manifest
        self._problem: Problem | None = reader.problem
        self._path = path
        self._hub = Hub()
        self._hub.live.call_runs(run.condition for run in self._manifest.runs)
        self.playback = Replay(path / FRAMES, self._hub.feed, self._hub.restart)
        self._task: asyncio.Task[None] | None = None
        self._lanes: dict[int, VcpuLane] = {}
        self._lane: VcpuLane | None = None
        self.tracing = None
        self.guests = None
        self.boots = None
        self.serial_console = RecordedSerial(path, self.playback) if log_size(path) else None
        self.hypervisor = None  # nothing of it is recorded but what was done

    @property
    def status(self) -> Status:
        """The state of affairs, as of now."""
        manifest, ended = self._manifest, self._hub.live.ended
        system = str(manifest.facts.get("kernel", ""))
        return Status(
            board=manifest.board,
            kind=manifest.kind,
            identity=(f"recorded {manifest.created[:19].replace('T', ' ')} UTC", system),
            link="replay",
            link_detail=self._path.name,
            labels=manifest.labels,
            run="ended" if ended else "running",
            run_detail=ended,
            read_only=True,
            problem=self._problem,
        )

    @property
    def vcpus(self) -> VcpuLane | None:
        """Who had the CPUs in the run that is shown; None where that was not traced."""
        return self._lanes.get(self.playback.run, self._lane)

    def snapshot(self, view: View) -> Snapshot:
        """Return what the view shows now."""
        return self._hub.live.snapshot(view)

    async def open(self) -> None:
        """Begin to play; Xen's scheduler records, where there are any, are decoded first."""
        if has_trace(self._path):
            try:
                self._lane, self._lanes = await asyncio.to_thread(_recorded_vcpus, self._path)
            except Problem as problem:
                self._problem = self._problem or problem
        self._task = asyncio.create_task(self.playback.play(), name="replay")

    async def start_run(self) -> None:
        """A recording cannot measure.

        Raises:
            BoardProblem: Always.
        """
        raise BoardProblem(
            "a recording cannot measure", hint="connect to the board: hvconsole connect BOARD"
        )

    async def stop_run(self) -> None:
        """Nothing runs."""

    async def close(self) -> None:
        """Let go of the recording. Safe to call twice."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self.playback.close()


def _recorded_vcpus(path: Path) -> tuple[VcpuLane | None, dict[int, VcpuLane]]:
    """Return the lane of a session's one trace, and those of runs that have traces of their own."""
    whole = _lane(path, [XENTRACE]) if (path / XENTRACE).is_file() else None
    return whole, {run: _lane(path, names) for run, names in traced_runs(path).items()}


def _lane(path: Path, names: list[str]) -> VcpuLane:
    lane = VcpuLane(_MOST_INTERVALS)
    for name in names:
        for records in read_trace(path, name=name):
            lane.feed(records)
        lane.hole()
    return lane
