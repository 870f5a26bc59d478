"""The lab's boards as a person starts them: real U-Boot, Linux and Xen in QEMU.

They are started in a folder of their own, so that one which a person has running is left alone.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from virtual_golden import hold_against_golden

from hvconsole.cli import main
from hvconsole.lab.arch import ARM32
from hvconsole.lab.boards import board, stop
from hvconsole.lab.measure.conditions import CONDITIONS
from hvconsole.lab.places import ARM64_BOARD, BANANA_BOARD, BOARDS, VIRT_BOARD, lab_dir
from hvconsole.lab.process import start_ticks
from hvconsole.lab.store import Store

pytestmark = pytest.mark.lab
Say = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def lab(tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], None]) -> Iterator[Path]:
    """Give the tests a lab with the built images and no boards."""
    if board(VIRT_BOARD).condition == "not built":
        missing("the lab is not built: hvconsole lab build")
    built, own = lab_dir(), tmp_path_factory.mktemp("boards")
    for name in ("products", "keys"):
        (own / name).symlink_to(built / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HVCONSOLE_LAB_DIR", str(own))
        yield own


@pytest.fixture(autouse=True)
def nothing_left(lab: Path) -> Iterator[None]:
    """End what a test has started, also when it fails."""
    yield
    for name in BOARDS:
        stop(name)


@pytest.fixture
def lab_says(capsys: pytest.CaptureFixture[str]) -> Say:
    """Return a function that runs ``hvconsole lab`` and gives its document."""

    def say(*words: str, status: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert main(["lab", *words, "--json"]) == status
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        return document

    return say


def on_board(document: dict[str, Any], command: str) -> str:
    """Run a command over the system's own ssh, which checks the lab's host key."""
    port = document["ssh"].rpartition(":")[2]
    done = subprocess.run(
        ["ssh", "-F", "none", "-i", document["identity"], "-p", port, "-o", "BatchMode=yes",
         "-o", f"UserKnownHostsFile={document['known_hosts']}", "-o", "StrictHostKeyChecking=yes",
         "root@127.0.0.1", command],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout


def test_a_boards_life(lab_says: Say) -> None:
    started = lab_says("start", VIRT_BOARD, "--append", "hvtest=1")
    assert started["condition"] == "running"
    assert on_board(started, "uname -m") == "armv7l\n"
    assert "hvtest=1" in on_board(started, "cat /proc/cmdline").split()
    log = board(VIRT_BOARD).serial_log.read_text(errors="replace")
    assert "U-Boot 20" in log
    assert "Starting kernel" in log

    again = lab_says("start", VIRT_BOARD, status=1)
    assert "runs already" in again["error"]["title"]
    assert lab_says("list")["boards"][0]["condition"] == "running"
    pid = started["pid"]
    assert lab_says("stop", VIRT_BOARD) == {"stopped": {VIRT_BOARD: True}}
    assert start_ticks(pid) is None
    assert lab_says("list")["boards"][0]["condition"] == "stopped"


def test_ones_own_files_are_on_the_board(lab_says: Say, tmp_path: Path) -> None:
    """Kernel and hypervisor differ from the lab's by what lies behind their end."""
    built = Store()
    kernel, xen, folder = tmp_path / "zImage", tmp_path / "my-xen", tmp_path / "files"
    kernel.write_bytes((built.latest("image") / "vmlinuz").read_bytes() + b"mine")
    shutil.copy(built.latest("xen-debian") / "xen", xen)
    (folder / "opt").mkdir(parents=True)
    (folder / "opt" / "tool").write_text("#!/bin/sh\necho it runs\n")
    (folder / "opt" / "tool").chmod(0o755)
    started = lab_says(
        *("start", VIRT_BOARD, "--mode", "xen-credit2", "--kernel", str(kernel)),
        *("--hypervisor", str(xen), "--overlay", str(folder)),
    )
    assert on_board(started, "/opt/tool") == "it runs\n"
    sums = on_board(started, "sha256sum </boot/vmlinuz; sha256sum </boot/xen").split()[::2]
    assert sums == [hashlib.sha256(path.read_bytes()).hexdigest() for path in (kernel, xen)]
    said = on_board(started, "xl info")
    assert "xen_scheduler          : credit2" in said
    assert "hvconsole" not in said  # the lab's own build names its builder


def test_a_snapshot_comes_back_where_it_was_taken(lab_says: Say) -> None:
    first = lab_says("start", VIRT_BOARD, "--snapshot")
    assert "Starting kernel" in board(VIRT_BOARD).serial_log.read_text(errors="replace")
    on_board(first, "touch /later; sync")
    lab_says("stop", VIRT_BOARD)
    started = lab_says("start", VIRT_BOARD, "--snapshot")
    assert on_board(started, "ls /later 2>/dev/null || echo gone") == "gone\n"
    assert "Starting kernel" not in board(VIRT_BOARD).serial_log.read_text(errors="replace")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("start", "lab-vrit"), "did you mean 'lab-virt'?"),
        (("start", VIRT_BOARD, "--mode", "xen-rdts"), "did you mean 'xen-rtds'?"),
        (("start", ARM64_BOARD, "--mode", "kvm-vhee"), "did you mean 'kvm-vhe'?"),
        (("start", VIRT_BOARD, "--mode", "kvm-vhe"), "lab-virt has no mode 'kvm-vhe'"),
        (("start", VIRT_BOARD, "--kernel", "/no/such"), "there is no file /no/such"),
        (("start", VIRT_BOARD, "--append", "a;$(b)"), "cannot be passed to a board"),
        (("start", BANANA_BOARD, "--snapshot"), "cannot be kept as a snapshot"),
        (("measure", "xen-rdts"), "did you mean 'xen-rtds'?"),
    ],
)
def test_what_cannot_be_is_told(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lab", *words]) == 2
    assert told in capsys.readouterr().err


def test_the_banana_pi_boots_from_its_card(lab_says: Say) -> None:
    started = lab_says("start", BANANA_BOARD)
    assert on_board(started, "uname -m") == "armv7l\n"
    assert "Banana" in on_board(started, "tr '\\0' '\\n' </proc/device-tree/model")
    log = board(BANANA_BOARD).serial_log.read_text(errors="replace")
    assert "U-Boot SPL" in log
    assert "Trying to boot from MMC1" in log
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(60)
        line.connect(started["serial"].removeprefix("unix:"))
        line.sendall(b"echo it is $((6 * 7))\n")
        said = b""
        while b"it is 42" not in said:
            said += line.recv(4096)


def test_virtual_time_repeats_itself(lab_says: Say, tmp_path: Path) -> None:
    every = [name for name, one in CONDITIONS.items() if one.arch is ARM32]
    first = lab_says("measure", *every, "--out", str(tmp_path / "first.hvs"))
    names = ("native", "rtds-busy")
    again = lab_says("measure", *names, "--repeat", "2", "--out", str(tmp_path / "again.hvs"))
    runs = {run["condition"]: run for run in first["runs"]}
    for run in again["runs"]:
        assert run["frames"] == runs[run["condition"]]["frames"]
        assert run == runs[run["condition"]] | {"session": "again.hvs", "run": run["run"]}
    hold_against_golden(runs, tmp_path / "first.hvs", "virtual-time.json")
    assert {tuple(run["labels"]) for run in runs.values()} == {("emulated", "virtual time")}

    alone = ("native", "xen-null", "xen-credit2", "xen-credit", "xen-rtds")
    lost = [runs[name]["lost_ns"] for name in alone]
    assert lost == sorted(lost)
    assert len(set(lost)) == len(lost)
    worst = [runs[f"xen-{name}-busy"]["max_ns"] for name in ("rtds", "credit2", "credit")]
    assert worst == sorted(worst)
    # RTDS takes turns of 4 ms in 10, credit2 of 10 ms, credit of 30 ms, or of two of them in a row.
    assert worst[:2] == pytest.approx([4.07e6, 10.1e6], rel=0.06)
    assert worst[2] == pytest.approx(30.1e6, rel=0.02) or worst[2] == pytest.approx(
        60.1e6, rel=0.02
    )
