"""Recording and reading back: what was written is there, and what is torn is told."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sessions import encode, make_session, run_values
from values import any_value, hello, same

from hvconsole.model.problem import RecordProblem
from hvconsole.model.run import RunSettings
from hvconsole.record.capture import FRAMES, SessionWriter
from hvconsole.record.manifest import FILE, Manifest, new_manifest, read_manifest, write_manifest
from hvconsole.record.reader import SessionReader
from hvconsole.wire.values import Value


def test_a_session_comes_back_as_it_was(tmp_path: Path) -> None:
    values = run_values((0, 1))
    path = make_session(tmp_path / "a.hvs", [values], ["idle"], labels=("simulated",))
    reader = SessionReader(path)
    assert reader.state == "complete"
    assert reader.manifest.simulated
    (run,) = reader.runs()
    assert (run.run, run.condition) == (0, "idle")
    assert set(run.lanes) == {0, 1}
    for cpu, lane in run.lanes.items():
        expected = [v for v in values if getattr(v, "lane", None) == cpu and hasattr(v, "first")]
        assert np.array_equal(lane.start, np.concatenate([v.start for v in expected]))
        assert np.array_equal(lane.length, np.concatenate([v.length for v in expected]))
    assert run.end is not None
    assert run.end.reason == "time"
    assert reader.damage.damaged_frames == 0


@given(st.lists(any_value(), max_size=10))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_values_survive_the_disk(tmp_path: Path, values: list[Value]) -> None:
    number = len(list(tmp_path.iterdir()))
    path = make_session(tmp_path / f"{number}.hvs", [[hello(), *values]])
    got = list(SessionReader(path).values())
    assert len(got) == len(values) + 1
    assert all(same(a, b) for a, b in zip(got[1:], values, strict=True))


def test_runs_are_told_apart(tmp_path: Path) -> None:
    path = make_session(tmp_path / "a.hvs", [run_values(), run_values(seed=8)], ["one", "two"])
    assert [(r.run, r.condition) for r in SessionReader(path).runs()] == [(0, "one"), (1, "two")]


def test_a_run_that_never_began_takes_no_number(tmp_path: Path) -> None:
    writer = SessionWriter.create(tmp_path / "a.hvs", new_manifest("local"))
    writer.begin_run(RunSettings(), "failed")
    writer.end_run("failed")
    writer.begin_run(RunSettings(), "good")
    writer.frames(encode(run_values()))
    writer.end_run("time")
    writer.close()
    assert [r.condition for r in SessionReader(tmp_path / "a.hvs").runs()] == ["good"]


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = make_session(tmp_path / "a.hvs")
    with pytest.raises(RecordProblem, match="exists already"):
        SessionWriter.create(path, new_manifest("local"))


def test_one_can_look_while_it_is_written(tmp_path: Path) -> None:
    writer = SessionWriter.create(tmp_path / "a.hvs", new_manifest("local"))
    writer.begin_run(RunSettings(), "")
    data = encode(run_values())
    writer.frames(data[:-30])
    reader = SessionReader(tmp_path / "a.hvs")
    assert reader.state == "recording"
    (run,) = reader.runs()
    assert run.lanes[1].received == 400
    assert run.end is None
    writer.close()
    assert SessionReader(tmp_path / "a.hvs").state == "complete"


WRITE_FOREVER = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from sessions import encode, run_values
from hvconsole.record.capture import SessionWriter
from hvconsole.record.manifest import new_manifest
from hvconsole.model.run import RunSettings
writer = SessionWriter.create(Path({path!r}), new_manifest("local"))
while True:
    writer.begin_run(RunSettings(), "again")
    data = encode(run_values(seconds=2))
    for at in range(0, len(data), 100):
        writer.frames(data[at : at + 100])
        print(writer.written, flush=True)
    writer.tick()
    writer.end_run("time")
"""


@pytest.mark.parametrize("after", [1, 7, 40, 133, 400])
def test_killed_at_any_moment_it_loses_nothing_it_had_written(tmp_path: Path, after: int) -> None:
    path = tmp_path / "a.hvs"
    script = WRITE_FOREVER.format(tests=str(Path(__file__).parent), path=str(path))
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    for _ in range(after):
        written = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert (path / FRAMES).stat().st_size >= written
    reader = SessionReader(path)
    assert reader.problem is None
    assert reader.state == "interrupted"
    runs = list(reader.runs())
    assert reader.damage.damaged_frames == 0
    assert reader.damage.skipped_bytes < 3000  # at most the frame that was being written
    if after > 5:
        assert runs
        assert runs[-1].condition == "again"


@given(st.data())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damage_costs_frames_and_never_the_session(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "a.hvs"
    if not path.exists():
        make_session(path)
        (tmp_path / "whole").write_bytes((path / FRAMES).read_bytes())
    content = bytearray((tmp_path / "whole").read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=5)):
        content[at] ^= data.draw(st.integers(1, 255))
    del content[data.draw(st.integers(0, len(content))) :]
    (path / FRAMES).write_bytes(content)
    reader = SessionReader(path)
    for run in reader.runs():
        assert run.lanes


@pytest.mark.parametrize(
    ("make", "title", "hint"),
    [
        (lambda _: None, "there is no session", "folder"),
        (lambda p: p.write_text("x"), "is no session", ""),
        (lambda p: p.mkdir(), "is no session", ""),
    ],
)
def test_what_is_no_session_is_told(tmp_path: Path, make, title: str, hint: str) -> None:
    make(tmp_path / "a.hvs")
    with pytest.raises(RecordProblem) as caught:
        SessionReader(tmp_path / "a.hvs")
    assert title in caught.value.title
    assert hint in caught.value.hint


def test_without_a_manifest_the_frames_are_still_readable(tmp_path: Path) -> None:
    path = make_session(tmp_path / "a.hvs")
    (path / FILE).unlink()
    reader = SessionReader(path)
    assert reader.problem is not None
    assert len(list(reader.runs())) == 1


def test_a_later_format_is_refused_as_such(tmp_path: Path) -> None:
    path = make_session(tmp_path / "a.hvs")
    text = (path / FILE).read_text()
    (path / FILE).write_text(text.replace("format = 1", "format = 9"))
    with pytest.raises(RecordProblem, match="later hvconsole"):
        read_manifest(path)


@given(st.text(max_size=50), st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=20)))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_manifests_hold_any_text(tmp_path: Path, kind: str, facts: dict[str, str]) -> None:
    manifest = new_manifest("bpi", kind=kind, facts=facts)
    write_manifest(tmp_path, manifest)
    read = read_manifest(tmp_path)
    assert isinstance(read, Manifest)
    assert (read.kind, read.facts) == (kind, facts)


def test_a_full_disk_is_one_problem_and_the_session_stays(tmp_path: Path) -> None:
    """A limit on the size of files is a disk that is full for one process."""
    writer = SessionWriter.create(tmp_path / "a.hvs", new_manifest("local"))
    writer.begin_run(RunSettings(), "")
    data = encode(run_values())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(data) + 100, hard))
    try:
        writer.frames(data)
        with pytest.raises(RecordProblem) as caught:
            writer.frames(data)
        with pytest.raises(RecordProblem):
            writer.frames(b"more")
        writer.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert os.strerror(errno.EFBIG) in caught.value.detail
    assert "MB are free" in caught.value.detail
    reader = SessionReader(tmp_path / "a.hvs")
    assert reader.state == "interrupted"
    assert next(iter(reader.runs())).lanes[1].received == 400
