"""The simulated board begins and ends without leaving anything: alone, cancelled, or kept."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sim_boards import record, serial_line, ssh_link

from hvconsole.model.problem import Problem, UsageProblem
from hvconsole.sim import keep
from hvconsole.sim.options import SimOptions, parse_faults
from hvconsole.sim.start import started


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CONFIG", "STATE", "SESSIONS"):
        monkeypatch.setenv(f"HVCONSOLE_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def held() -> list[str]:
    """Return what this process has open besides plain files, sorted."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(str(entry.readlink()).split(":")[0])
    return sorted(each for each in found if not each.startswith(("/tmp", "/proc")))


@pytest.fixture
def nothing_is_left(
    own_folders: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    before = held()
    yield
    gc.collect()
    assert [each.name for each in threading.enumerate() if each.name == "simulated board"] == []
    assert [each for each in held() if each not in before] == []
    assert len(held()) <= len(before) + 1  # the event loop's own, where this is its first use
    assert list((own_folders / "tmp").iterdir()) == []
    assert [each for each in caplog.records if each.levelname in ("ERROR", "CRITICAL")] == []
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.usefixtures("nothing_is_left")
async def test_nothing_is_left_of_a_board_that_was_measured_on(tmp_path: Path) -> None:
    async with started(SimOptions(speed=5, faults=parse_faults("link-drop@3600s"))) as board:
        done = await record(board, tmp_path / "a.hvs")
        assert done.end is not None
        assert done.end.clean


@pytest.mark.usefixtures("nothing_is_left")
async def test_nothing_is_left_of_a_board_that_ends_under_its_people() -> None:
    async with contextlib.AsyncExitStack() as people:
        async with started(SimOptions()) as board:
            link = await people.enter_async_context(ssh_link(board.profile))
            line = await people.enter_async_context(serial_line(board.profile))
            await link.stream(["sleep", "1000"], lambda _data: None)
            await link.stream(["sh"], lambda _data: None)
            line.type("\n")
            await line.until("login: ")
            line.type("root\nsleep 1000\n")
            await line.until("sleep 1000")
        assert await asyncio.wait_for(link.closed(), 5) is not None


@pytest.mark.usefixtures("nothing_is_left")
@pytest.mark.parametrize("fault", ["reboot", "panic", "link-dead", "slow-link=100"])
async def test_nothing_is_left_of_a_board_that_ends_in_the_middle(fault: str) -> None:
    async with started(SimOptions()) as board, ssh_link(board.profile) as link:
        assert board.controls is not None
        board.controls.fault(parse_faults(fault)[0])
        await asyncio.sleep(0.2)
        await link.stream(["true"], lambda _data: None) if fault == "slow-link=100" else None


@pytest.mark.usefixtures("nothing_is_left")
@pytest.mark.parametrize("after_s", [0.0, 0.001, 0.05, 0.5])
async def test_nothing_is_left_when_who_started_it_is_cancelled(after_s: float) -> None:
    async def live() -> None:
        async with started(SimOptions()):
            await asyncio.sleep(1000)

    task = asyncio.create_task(live())
    await asyncio.sleep(after_s)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.usefixtures("nothing_is_left")
async def test_nothing_is_left_of_a_board_that_cannot_be() -> None:
    with pytest.raises(UsageProblem):
        async with started(SimOptions(mode="kvm")):
            pass


@pytest.mark.usefixtures("nothing_is_left")
def test_nothing_is_left_when_the_event_loop_itself_is_cancelled() -> None:
    async def live() -> None:
        async with started(SimOptions()) as board, ssh_link(board.profile):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(live())


def hvconsole(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hvconsole", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False


def ended_or_unburied(pid: int) -> bool:
    """Whether a process has ended; its number stays where nobody asks how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture
def stopped_at_last(own_folders: Path) -> Iterator[None]:
    yield
    keep.stop()


@pytest.mark.usefixtures("stopped_at_last")
def test_a_kept_board_is_started_found_used_and_stopped(tmp_path: Path) -> None:
    assert json.loads(hvconsole("sim", "status", "--json").stdout) == {"kept": False}
    begun = hvconsole("sim", "start", "--mode", "xen-rtds", "--seed", "3", "--json")
    assert begun.returncode == 0, begun.stderr
    known = json.loads(begun.stdout)
    assert answers(known["port"])
    assert Path(known["serial"]).exists()
    assert json.loads(hvconsole("sim", "status", "--json").stdout) == known
    second = hvconsole("sim", "start")
    assert second.returncode == 1
    assert "hvconsole sim stop" in second.stderr
    listed = hvconsole("hv", "sim", "list")
    assert "Domain-0" in listed.stdout, listed.stderr
    out = tmp_path / "a.hvs"
    done = hvconsole("record", "sim", "--seconds", "1", "--out", str(out), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["runs"][0]["labels"] == ["simulated"]
    changed = hvconsole("record", "sim", "--seed", "4", "--seconds", "1")
    assert changed.returncode == 2
    assert "cannot be changed" in changed.stderr
    ended = hvconsole("sim", "stop")
    assert (ended.returncode, ended.stdout) == (0, "stopped\n")
    assert ended_or_unburied(known["pid"])
    assert not answers(known["port"])
    assert not Path(known["serial"]).exists()
    assert list((tmp_path / "tmp").iterdir()) == []
    assert hvconsole("sim", "stop").stdout == "no board was kept\n"


@pytest.mark.usefixtures("stopped_at_last")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff{",
        b'{"pid": "no"}',
        b'{"pid":1,"begun":5,"port":1,"serial":"/dev/null","folder":"/nowhere","mode":"native"}',
        b'{"pid":4999999,"begun":5,"port":1,"serial":"/dev/null","folder":"/x","mode":"native"}',
    ],
)
def test_a_stale_file_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "sim.json").write_bytes(content)
    assert keep.kept() is None
    assert keep.kept_board() is None
    assert not keep.stop()


@pytest.mark.usefixtures("stopped_at_last")
def test_a_kept_board_that_was_killed_is_gone_and_another_can_be_started(tmp_path: Path) -> None:
    first = keep.keep(SimOptions(), 1.0)
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: keep.kept() is None)
    second = keep.keep(SimOptions(mode="xen-credit"), 1.0)
    assert second.pid != first.pid
    assert keep.kept() == second
    assert (tmp_path / "state" / "sim.json").stat().st_mode & 0o77 == 0
    assert keep.stop()
    assert keep.kept() is None
    assert not Path(first.folder).exists()


@pytest.mark.usefixtures("stopped_at_last")
def test_a_kept_board_ends_by_itself() -> None:
    known = keep.keep(SimOptions(), 0.5 / 3600)
    until(lambda: keep.kept() is None)
    until(lambda: not answers(known.port))


@pytest.mark.usefixtures("stopped_at_last")
def test_a_kept_board_that_does_not_start_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "state").write_text("a file where the folder would be")
    with pytest.raises(Problem) as raised:
        keep.keep(SimOptions(), 1.0)
    assert "did not start" in raised.value.title
    assert "state" in str(raised.value.detail)
    assert "Traceback" not in str(raised.value.detail)
    monkeypatch.delenv("HVCONSOLE_STATE_DIR")


@pytest.mark.usefixtures("stopped_at_last")
def test_the_reset_button_of_a_kept_board() -> None:
    known = keep.keep(SimOptions(speed=4), 1.0)
    profile = keep.kept_board()
    assert profile is not None
    subprocess.run(profile.reset, check=True)
    until(lambda: not answers(known.port))
    until(lambda: answers(known.port))
    assert keep.kept() == known


def until(done: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)
