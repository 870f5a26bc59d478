"""From the command line to Parquet, on this machine and through a real sshd; nothing is faked."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from servers import Proxy, Sshd, make_key

from hvconsole.board.journal import pending
from hvconsole.link.local import LocalLink
from hvconsole.link.ssh import SshLink
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import Problem
from hvconsole.model.run import LoadRequest, RunSettings
from hvconsole.session.session import Session
from hvconsole.session.workbench import BoardBench
from hvconsole.stream.snapshot import View

pytestmark = pytest.mark.compiler


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CONFIG", "STATE", "SESSIONS"):
        monkeypatch.setenv(f"HVCONSOLE_{name}_DIR", str(tmp_path / name.lower()))
    (tmp_path / "config").mkdir()
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def hvconsole(*words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hvconsole", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )


def ours(program: str = "hvsampler") -> list[int]:
    """Return our programs that run now, by process id: here for this test, or delivered by SSH."""
    mine = os.environ["HVCONSOLE_STATE_DIR"].encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            here = mine in (entry / "environ").read_bytes()
        except OSError:
            continue
        delivered = words[0].startswith(b"/tmp/hvconsole.")
        if entry.name.isdigit() and words[0].endswith(program.encode()) and (here or delivered):
            found.append(int(entry.name))
    return found


def check_exported(folder: Path, session: str) -> None:
    summary = json.loads(hvconsole("summary", session, "--json").stdout)
    exported = hvconsole("export", session, "-o", "a.parquet")
    assert exported.returncode == 0, exported.stderr
    frame = pl.read_parquet(folder / "a.parquet")
    (row,) = summary["runs"]
    assert frame.height == row["switches"] > 0
    assert frame["gap_ns"].sum() == row["lost_ns"]
    assert row["detected"] == row["recorded"] + row["dropped"]
    assert row["lost_on_link"] == 0


def test_this_machine_from_record_to_parquet(folders: Path) -> None:
    done = hvconsole("record", "local", "--seconds", "2", "--out", "a.hvs", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["runs"][0]["reason"] == "time"
    check_exported(folders, "a.hvs")
    manifest = (folders / "a.hvs/manifest.toml").read_text()
    assert "hvsampler = " in manifest
    assert ours() == []


def test_loads_run_meanwhile_and_end(folders: Path) -> None:
    cpu = max(os.sched_getaffinity(0))
    words = ["--load", f"burn@{cpu}", "--cpu", str(cpu), "--label", "burning"]
    done = hvconsole("record", "local", "--seconds", "2", "--out", "a.hvs", "--json", *words)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["runs"]
    assert row["condition"] == "burning"
    assert row["lost_percent"] > 20  # two busy threads share one CPU
    assert ours("burn") == ours() == []


@pytest.mark.sshd
def test_the_same_over_ssh(folders: Path, sshd: Sshd, require) -> None:
    address = f"{sshd.user}@127.0.0.1:{sshd.port}"
    key = str(sshd.identity)
    (folders / "config/boards.toml").write_text(f'[bpi]\nssh = "{address}"\nidentity = "{key}"\n')
    refused = hvconsole("record", "bpi", "--seconds", "1", "--out", "no.hvs")
    assert refused.returncode == 1
    assert "SHA256:" in refused.stderr
    assert not (folders / "no.hvs").exists()
    done = hvconsole(
        "record", "bpi", "--seconds", "2", "--out", "a.hvs", "--accept-new-host-key", "--json"
    )
    assert done.returncode == 0, done.stderr
    check_exported(folders, "a.hvs")
    again = hvconsole("boards", "check", "bpi")  # known from now on
    assert again.returncode == 0, again.stderr
    assert pending("bpi") == []
    assert ours() == []

    sshd.stop()
    make_key(sshd.folder / "other_key")
    _replace_host_key(sshd, require("sshd"))
    changed = hvconsole("record", "bpi", "--seconds", "1", "--accept-new-host-key")
    assert changed.returncode == 1
    assert changed.stderr.count("SHA256:") >= 2
    assert "Traceback" not in changed.stderr


def _replace_host_key(sshd: Sshd, program: str) -> None:
    """Start the same server with another host key, as after an attack or a new installation."""
    for suffix in ("", ".pub"):
        (sshd.folder / f"other_key{suffix}").replace(sshd.folder / f"host_key{suffix}")
    sshd.start(program, "Subsystem sftp internal-sftp\n")


def session_on(link: Callable[[], object], record_to: Path | None, **settings: object) -> Session:
    profile = BoardProfile(name="test", kind="local")
    bench = BoardBench(profile, record_to)
    return Session(profile, link, bench, RunSettings(**settings))


async def test_a_session_starts_stops_and_starts_again(folders: Path) -> None:
    session = session_on(LocalLink, folders / "a.hvs", label="first")
    await session.open()
    assert session.status.link == "connected"
    await session.start_run()
    await asyncio.sleep(1)
    assert session.snapshot(View()).totals.detected > 0
    await session.stop_run()
    assert (session.status.run, session.status.run_detail) == ("ended", "stop")
    await session.start_run()
    await asyncio.sleep(0.5)
    await session.close()
    await session.close()
    assert ours() == []
    rows = json.loads(hvconsole("summary", "a.hvs", "--json").stdout)["runs"]
    assert [row["run"] for row in rows] == [0, 1]
    assert all(row["reason"] == "stop" for row in rows)


async def test_a_recording_that_fails_does_not_end_the_run(folders: Path) -> None:
    (folders / "there.hvs").mkdir()
    session = session_on(LocalLink, folders / "there.hvs")
    await session.open()
    with pytest.raises(Problem, match="exists already"):
        await session.start_run()
    assert session.status.run == "idle"
    await session.close()


async def test_a_load_that_does_not_exist_is_told(folders: Path) -> None:
    session = session_on(LocalLink, None, loads=(LoadRequest("cpuburn-a8", 0),))
    await session.open()
    with pytest.raises(Problem) as caught:
        await session.start_run()
    assert "cpuburn-a8" in caught.value.title
    await session.close()


async def test_no_permission_for_fifo_is_told(folders: Path) -> None:
    if os.geteuid() != 0:
        session = session_on(LocalLink, None, fifo=50)
        await session.open()
        with pytest.raises(Problem, match="does not run") as caught:
            await session.start_run()
        assert "--fifo" in caught.value.hint
        await session.close()
        return
    # As root the permission has to be taken away first: from a shell, for what it starts.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        words = "ulimit -r 0; exec setpriv --bounding-set -sys_nice --inh-caps -sys_nice "
        words += f"--reuid 65534 --clear-groups {sys.executable} -m hvconsole record local"
        folders_there = {f"HVCONSOLE_{n}_DIR": folder for n in ("STATE", "CACHE", "CONFIG")}
        done = subprocess.run(
            ["sh", "-c", f"cd {folder} && {words} --fifo 50 --seconds 1"],
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | folders_there | {"HOME": folder},
            timeout=60,
        )
    if "ModuleNotFoundError" in done.stderr or "No module named" in done.stderr:
        pytest.skip("another user cannot read this checkout")
    assert done.returncode == 1, done.stderr
    assert "SCHED_FIFO" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.sshd
async def test_the_loss_of_the_link_keeps_what_was_measured(
    folders: Path, sshd: Sshd, proxy: Proxy
) -> None:
    address = sshd.address
    through = type(address)(
        host="127.0.0.1", port=proxy.port, user=address.user, identity=address.identity
    )
    known = f"[127.0.0.1]:{proxy.port} {sshd.host_key}\n"
    session = session_on(lambda: SshLink(through, files=sshd.files(known)), folders / "a.hvs")
    await session.open()
    await session.start_run()
    await asyncio.sleep(1.5)
    before = session.snapshot(View()).totals.received
    assert before > 0
    proxy.cut()
    async with asyncio.timeout(15):
        while session.status.link == "connected" or session.status.run == "running":
            await asyncio.sleep(0.05)
    assert session.snapshot(View()).totals.received >= before
    assert session.status.problem is not None
    assert session.status.run == "ended"
    async with asyncio.timeout(20):
        while session.status.link != "connected":
            await asyncio.sleep(0.1)
    await session.start_run()
    await asyncio.sleep(1)
    await session.close()
    async with asyncio.timeout(15):
        while ours():
            await asyncio.sleep(0.2)


def test_a_killed_console_leaves_nothing_running(folders: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "hvconsole", "record", "local", "--seconds", "60", "--out", "a.hvs"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 30
    while not (folders / "a.hvs/frames.bin").exists() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(1.5)
    assert len(ours()) == 1
    process.send_signal(signal.SIGKILL)
    process.wait()
    until = time.monotonic() + 5
    while ours() and time.monotonic() < until:
        time.sleep(0.1)
    assert ours() == []
    summary = json.loads(hvconsole("summary", "a.hvs", "--json").stdout)
    assert summary["runs"][0]["switches"] > 0
    assert summary["runs"][0]["reason"] == "interrupted"


def test_ctrl_c_ends_a_recording_properly(folders: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "hvconsole", "record", "local", "--seconds", "60", "--out", "a.hvs"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 30
    while not (folders / "a.hvs/frames.bin").exists() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=15)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert ours() == []
    summary = json.loads(hvconsole("summary", "a.hvs", "--json").stdout)
    assert summary["runs"][0]["reason"] == "stop"


@pytest.mark.sshd
def test_adding_a_board_shows_its_key_and_asks(folders: Path, sshd: Sshd) -> None:
    words = ["boards", "add", "bpi", "--ssh", f"{sshd.user}@127.0.0.1:{sshd.port}"]
    words += ["--identity", str(sshd.identity), "--profile", "bananapi"]

    def add(answer: str, *more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hvconsole", *words, *more],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            input=answer,
        )

    refused = add("n\n")
    assert refused.returncode == 1
    assert "SHA256:" in refused.stderr
    assert "Trust it?" in refused.stderr
    nobody = add("")
    assert nobody.returncode == 130
    assert not (folders / "config/boards.toml").exists()
    added = add("y\n")
    assert added.returncode == 0, added.stderr
    assert "hvconsole connect bpi" in added.stdout
    again = add("y\n")
    assert again.returncode != 0
    assert "already" in again.stderr
    listed = json.loads(hvconsole("boards", "list", "--json").stdout)["boards"]
    assert [board["name"] for board in listed] == ["local", "bpi"]
    doctor = json.loads(hvconsole("doctor", "bpi", "--json").stdout)
    found = {check["check"]: check["state"] for check in doctor["checks"]}
    assert found["link"] == found["host key"] == found["sampler"] == "ok"
