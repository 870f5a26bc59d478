"""Listing recorded sessions: cheap, and never stopped by a damaged one."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from sessions import encode, make_session, run_values

from hvconsole.model.problem import RecordProblem
from hvconsole.session.action_log import ActionTail, parse_act
from hvconsole.session.sessions import SessionShelf, delete_session, glance


def test_a_glance_tells_length_and_switches_of_all_runs(tmp_path: Path) -> None:
    runs = [run_values((0, 1), seconds=3), run_values((1,), seconds=5)]
    path = make_session(tmp_path / "a.hvs", runs, ["idle", "loaded"], labels=("simulated",))
    info = glance(path)
    assert (info.name, info.board, info.runs) == ("a", "local", 2)
    assert info.seconds == pytest.approx(8.0)
    each = 400 // 6 * 6
    assert info.switches == 2 * each + 400
    assert info.conditions == ("idle", "loaded")
    assert info.flags == ("simulated",)
    assert info.problem == ""
    assert info.created > 1.7e9


def test_a_long_recording_costs_no_more_than_its_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hvconsole.wire.stream import StreamDecoder

    path = make_session(tmp_path / "a.hvs", [run_values(seconds=100, each=400_000)])
    fed = []
    feed = StreamDecoder.feed
    monkeypatch.setattr(
        StreamDecoder, "feed", lambda self, data: fed.append(len(data)) or feed(self, data)
    )
    assert glance(path).switches == 400_000
    assert sum(fed) < (path / "frames.bin").stat().st_size / 2


def test_damaged_ones_are_listed_with_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "empty.hvs").mkdir()
    make_session(tmp_path / "nomanifest.hvs")
    (tmp_path / "nomanifest.hvs" / "manifest.toml").unlink()
    junk = make_session(tmp_path / "junk.hvs")
    (junk / "frames.bin").write_bytes(b"\xff" * 5000)
    make_session(tmp_path / "good.hvs")
    (tmp_path / "file.hvs").write_text("no folder")
    infos = {info.name: info for info in SessionShelf([tmp_path, tmp_path / "no"]).sessions()}
    assert set(infos) == {"empty", "nomanifest", "junk", "good"}
    assert infos["empty"].flags == ("damaged",)
    assert infos["nomanifest"].flags == ("damaged",)
    assert infos["nomanifest"].switches == 400
    assert infos["junk"].problem == "no run is recorded in it"
    assert infos["good"].flags == ()


def test_one_that_was_cut_off_says_so(tmp_path: Path) -> None:
    path = make_session(tmp_path / "a.hvs")
    manifest = path / "manifest.toml"
    manifest.write_text(manifest.read_text().replace('"complete"', '"recording"'))
    frames = path / "frames.bin"
    frames.write_bytes(frames.read_bytes()[:-100])
    assert glance(path).flags == ("interrupted",)
    with frames.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert glance(path).flags == ("recording",)
        with pytest.raises(RecordProblem, match="is being written"):
            delete_session(path)
    assert path.exists()


@settings(max_examples=40, deadline=None)
@given(manifest=st.binary(max_size=200), frames=st.binary(max_size=400), cut=st.integers(0, 3000))
def test_any_bytes_can_be_glanced_at(
    tmp_path_factory: pytest.TempPathFactory, manifest: bytes, frames: bytes, cut: int
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.hvs"
    path.mkdir()
    (path / "manifest.toml").write_bytes(manifest)
    (path / "frames.bin").write_bytes(encode(run_values(each=40))[:cut] + frames)
    info = glance(path)
    assert info.name == "x"
    assert "damaged" in info.flags or not info.problem


def test_a_glance_is_kept_until_the_session_changes(tmp_path: Path) -> None:
    path = make_session(tmp_path / "a.hvs")
    shelf = SessionShelf([tmp_path])
    first = shelf.sessions()[0]
    assert shelf.sessions()[0] is first
    with (path / "frames.bin").open("ab") as file:
        file.write(b"more")
    assert shelf.sessions()[0] is not first


def test_only_sessions_are_deleted(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "mine.hvs").mkdir()
    (tmp_path / "mine.hvs" / "letters.txt").write_text("dear")
    path = make_session(tmp_path / "a.hvs")
    (tmp_path / "link.hvs").symlink_to(path)
    for name in ("home", "mine.hvs", "link.hvs", "not.hvs"):
        with pytest.raises(RecordProblem):
            delete_session(tmp_path / name)
    assert (tmp_path / "mine.hvs" / "letters.txt").exists()
    delete_session(path)
    assert not path.exists()


def test_actions_are_read_as_they_come(tmp_path: Path) -> None:
    file = tmp_path / "actions.jsonl"
    tail = ActionTail(tmp_path)
    assert not tail.read()
    file.write_bytes(b'{"utc":"2026-01-02T03:04:05+00:00","action":"run start","run":0}\n{"act')
    assert tail.read()
    assert [act.what for act in tail.acts] == ["run start"]
    assert tail.acts[0].wall_s == 1767323045.0
    assert tail.acts[0].details == {"run": 0}
    with file.open("ab") as more:
        more.write(b'ion":"boot xen","t_ns":1500000000}\nnonsense\n')
    assert tail.read()
    assert tail.acts[1].at_s == 1.5
    assert tail.unreadable == 1
    assert not tail.read()


@given(st.binary(max_size=300))
def test_any_line_is_an_action_or_nothing(line: bytes) -> None:
    act = parse_act(line)
    assert act is None or isinstance(act.what, str)
