"""Xen's scheduler traced on demand: a real shell, and a xentrace that plays a real trace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from hvconsole.link.local import LocalLink
from hvconsole.link.protocol import Completed
from hvconsole.model.problem import BoardProblem, Problem, UsageProblem
from hvconsole.record.xentrace import read_trace, traced_runs
from hvconsole.session.replay import _recorded_vcpus
from hvconsole.session.trace_desk import TraceDesk
from hvconsole.wire.xentrace import concatenated, decode

DATA = Path(__file__).parent / "data" / "xentrace" / "credit-one-cpu.bin"

# Plays a trace into the file it is given, in two halves, the second at SIGTERM.
_TOOL = """#!/bin/sh
for out in "$@"; do :; done
[ "$out" = /dev/null ] && exit 0
exec >"$out"
trap 'tail -c +5001 {data}; exit 0' TERM
head -c 5000 {data}
while [ ! -e {killed} ]; do sleep 0.05; done
echo broken >&2; exit 9
"""


class XenLink(LocalLink):
    """This machine as if it were dom0: xentrace's device is there."""

    async def run(self, argv, **options) -> Completed:
        if tuple(argv) == ("test", "-e", "/dev/xen/privcmd"):
            return Completed(tuple(argv), 0, b"", b"")
        return await super().run(argv, **options)


class Stage:
    """A desk, and what it tells."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.killed = folder / "killed"
        self.run: int | None = 0
        self.reason = ""
        self.troubles: list[Problem] = []
        self.marks: list[str] = []
        self.desk = self.new()

    def new(self, **options) -> TraceDesk:
        async def why_not() -> str:
            return self.reason

        return TraceDesk(
            "bpi",
            options.pop("make", XenLink),
            why_not,
            lambda: None if self.run is None else (self.folder / "a.hvs", self.run),
            trouble=self.troubles.append,
            mark=self.marks.append,
            **options,
        )

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                await asyncio.sleep(0.01)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    one = Stage(tmp_path)
    (tmp_path / "a.hvs").mkdir()
    program = tmp_path / "bin" / "xentrace"
    program.parent.mkdir()
    program.write_text(_TOOL.format(data=DATA, killed=one.killed))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("HVCONSOLE_STATE_DIR", str(tmp_path / "state"))
    return one


async def test_records_are_in_the_lane_while_they_come_and_kept_whole(stage: Stage) -> None:
    desk = stage.desk
    assert await desk.toggle()
    assert (desk.state.wanted, desk.state.tracing, desk.lane) == (True, False, None)
    await desk.begin_run()
    assert desk.state.tracing
    await stage.until(lambda: desk.lane is not None and desk.lane.cpus == [0])
    assert desk.state.records > 100
    assert desk.state.received == 5000
    await desk.end_run(over=True)
    whole, _ = decode(DATA.read_bytes())
    assert (desk.state.records, desk.state.skipped, desk.state.lost) == (whole.size, 0, 0)
    assert traced_runs(stage.folder / "a.hvs") == {0: ["xentrace-0.bin"]}
    kept = concatenated(read_trace(stage.folder / "a.hvs", name="xentrace-0.bin"))
    assert kept.size == whole.size
    assert (stage.marks, stage.troubles) == (["xentrace"], [])
    await desk.close()
    assert list((stage.folder / "state/journal").glob("*")) == []


async def test_off_and_on_within_a_run_leaves_a_hole_and_two_files(stage: Stage) -> None:
    desk = stage.desk
    await desk.begin_run()
    for _ in range(2):
        assert await desk.toggle()
        assert desk.state.tracing
        assert not await desk.toggle()
        assert not desk.state.tracing
    assert stage.marks == ["xentrace", "xentrace off"] * 2
    assert traced_runs(stage.folder / "a.hvs") == {0: ["xentrace-0.bin", "xentrace-0.2.bin"]}
    await desk.close()


async def test_each_run_has_its_own_lane_live_and_in_a_replay(stage: Stage) -> None:
    desk = stage.desk
    await desk.toggle()
    await desk.begin_run()
    first = desk.lane
    await desk.end_run(over=True)
    stage.run = 2
    await desk.begin_run()
    assert desk.lane is not first
    await desk.close()
    stage.run = 3
    await desk.begin_run()
    assert desk.lane is None, "a run that is not traced has no lane, not that of another"
    whole, lanes = _recorded_vcpus(stage.folder / "a.hvs")
    assert whole is None
    assert {run: lane.cpus for run, lane in lanes.items()} == {0: [0], 2: [0]}
    await desk.close()


async def test_a_run_that_never_began_leaves_no_trace(stage: Stage) -> None:
    await stage.desk.toggle()
    await stage.desk.begin_run()
    await stage.desk.end_run(over=True, failed=True)
    assert traced_runs(stage.folder / "a.hvs") == {}
    await stage.desk.close()


async def test_a_run_that_ends_while_its_trace_begins_has_none(stage: Stage) -> None:
    await stage.desk.begin_run()
    begins = asyncio.create_task(stage.desk.toggle())
    await stage.until(lambda: stage.desk.state.starting)
    await stage.desk.end_run(over=True)
    assert await begins, "it is wanted for the next run"
    assert not stage.desk.state.tracing
    assert (stage.marks, stage.troubles) == ([], [])
    assert traced_runs(stage.folder / "a.hvs") == {}
    await stage.desk.close()
    assert list((stage.folder / "state/journal").glob("*")) == []


async def test_without_a_recording_it_is_shown_alone(stage: Stage) -> None:
    stage.run = None
    await stage.desk.toggle()
    await stage.desk.begin_run()
    await stage.until(lambda: stage.desk.state.records)
    await stage.desk.close()
    assert list((stage.folder / "a.hvs").iterdir()) == []
    assert stage.troubles == []


async def test_a_xentrace_that_dies_is_told_and_the_next_run_is_not_traced(stage: Stage) -> None:
    await stage.desk.toggle()
    await stage.desk.begin_run()
    stage.killed.touch()
    await stage.until(lambda: stage.troubles)
    assert "broken" in (stage.troubles[0].detail or "")
    assert (stage.desk.state.wanted, stage.desk.state.tracing) == (False, False)
    await stage.desk.close()


async def test_a_trace_that_does_not_begin_does_not_hold_the_run_up(stage: Stage) -> None:
    await stage.desk.toggle()
    stage.killed.touch()
    await stage.desk.begin_run()
    assert len(stage.troubles) == 1
    assert not stage.desk.state.wanted
    await stage.desk.close()


async def test_why_it_cannot_be_traced_is_said(stage: Stage) -> None:
    stage.reason = "xentrace is not on the board"
    with pytest.raises(BoardProblem) as caught:
        await stage.desk.toggle()
    assert caught.value.detail == stage.reason
    with pytest.raises(BoardProblem, match="changes the board"):
        await stage.new(read_only=True).toggle()
    with pytest.raises(UsageProblem) as alone:
        await stage.new(make=None).toggle()
    assert "one serial line" in (alone.value.detail or "")
    assert not stage.desk.state.wanted
