"""KVM managed and measured on an emulated 64-bit board: real libvirt, a real guest, read back.

The board comes out of a snapshot of itself, in a folder of its own.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hvconsole.board.deploy import Deployment
from hvconsole.board.facts import gather
from hvconsole.board.journal import Journal
from hvconsole.cli import main
from hvconsole.commands.sessions import link_maker
from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.carry_out import carry_out
from hvconsole.hypervisor.detect import driver_for
from hvconsole.hypervisor.driver import Driver
from hvconsole.lab import cpio
from hvconsole.lab.boards import LabBoard, board, stop
from hvconsole.lab.places import ARM64_BOARD, lab_dir
from hvconsole.lab.profiles import lab_profile
from hvconsole.link.protocol import Link
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.record.reader import SessionReader

pytestmark = pytest.mark.lab
CELLS = Path(__file__).parents[2] / "cells" / "kvm"
BUSY, LINUX = CELLS / "busy.xml", CELLS / "linux.xml"
RAMDISK, OURS = "/boot/initramfs-virt.gz", "/boot/guest.gz"
# Of the guest's vCPU: the CPUs it may have, its limit, what it got, how often it was held back.
SEEN_BY_LINUX = r"""
task=$(grep -ls 'CPU 0/KVM' /proc/[0-9]*/task/*/comm)
task=${task%/comm}
sed -n 's/^Cpus_allowed_list:\t*//p' "$task/status"
group=/sys/fs/cgroup$(sed -n 's/^0:://p' "$task/cgroup")
cat "$group/cpu.max"
sed -n 's/^usage_usec //p; s/^nr_throttled //p' "$group/cpu.stat"
"""
# What the commands of hvconsole do is tested once; elsewhere a guest is only needed.
START = """v='virsh -q -c qemu:///system'; cat >/tmp/guest.xml && $v define /tmp/guest.xml &&
rm /tmp/guest.xml && $v start %s && $v vcpupin %s 0 %d"""
FORGET = (
    "v='virsh -q -c qemu:///system'; for one in $($v list --all --name); "
    "do $v destroy $one; $v undefine $one; done"
)
LEFT_BEHIND = (
    "ls -d /sys/module/hvcounter /tmp/hvconsole.* /var/tmp/hvconsole.* /run/hvconsole.* "
    "2>/dev/null; ps -eo comm= | grep hvsampler; true"
)


@pytest.fixture(scope="module")
def arm64(own_lab: Path, missing: Callable[[str], None]) -> LabBoard:
    if board(ARM64_BOARD).condition == "not built":
        missing("the lab is not built: hvconsole lab build")
    assert own_lab == lab_dir()
    words = ["lab", "start", ARM64_BOARD, "--snapshot", "--hours", "1"]
    assert main(words) == 0
    assert "Starting kernel" in board(ARM64_BOARD).serial_log.read_text(errors="replace")
    stop(ARM64_BOARD)
    assert main(words) == 0
    said = board(ARM64_BOARD).serial_log.read_text(errors="replace")
    assert "Starting kernel" not in said, "it comes out of its snapshot"
    return board(ARM64_BOARD)


class Hand:
    """Does actions on the board, and looks at it past libvirt."""

    def __init__(self, link: Link, driver: Driver) -> None:
        self.link = link
        self.driver = driver
        self.seen: Survey | None = None

    async def do(self, action: do.Action) -> Guest | None:
        plan = self.driver.plan(action, self.seen or await self.driver.survey())
        self.seen = await carry_out(plan, self.driver, self.link, tell=lambda _: None)
        return self.seen.guest("busy")

    async def busy(self, action: do.Action) -> Guest:
        guest = await self.do(action)
        assert guest is not None
        return guest

    async def lines(self, script: str) -> list[str]:
        done = await self.link.run(["sh", "-s"], stdin=script.encode(), timeout=120)
        assert done.status == 0, done.error_text
        return done.text.splitlines()


@pytest.fixture
async def hand(arm64: LabBoard) -> AsyncIterator[Hand]:
    link = link_maker(lab_profile(ARM64_BOARD))()
    await link.open()
    yield Hand(link, driver_for(link, await gather(link)))
    await link.close()


@pytest.fixture(autouse=True)
def no_guest_is_left(arm64: LabBoard) -> Iterator[None]:
    """Forget the guests of a test: the next one wants the same names."""
    yield
    on_board(arm64, FORGET)


def on_board(
    arm64: LabBoard, script: str, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Do something on the board without hvconsole."""
    state = arm64.state
    assert state is not None
    return subprocess.run(
        ["ssh", "-F", "none", "-i", str(arm64.identity), "-p", str(state.ssh_port),
         "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={arm64.known_hosts}",
         "root@127.0.0.1", script],
        input=stdin, capture_output=True, timeout=300, check=False,
    )  # fmt: skip


def start_guest(arm64: LabBoard, config: Path, *, cpu: int) -> None:
    done = on_board(arm64, START % (config.stem, config.stem, cpu), config.read_bytes())
    assert done.returncode == 0, done.stderr


async def test_a_guests_whole_life(hand: Hand) -> None:
    create = do.Create(config=BUSY.read_bytes(), source=str(BUSY))
    assert (await hand.busy(create)).state == "defined"
    busy = await hand.busy(do.Start(guest="busy"))
    assert (busy.state, busy.memory_kib) == ("running", 96 << 10)

    busy = await hand.busy(do.Pin(guest="busy", hard=frozenset({1})))
    assert busy.vcpus[0].hard == frozenset({1})
    busy = await hand.busy(do.Schedule(guest="busy", values={"vcpu_quota": 10_000}))
    assert busy.values["vcpu_quota"] == 10_000
    busy = await hand.busy(do.Schedule(guest="busy", values={"cpu_shares": 512, "nice": 5}))
    assert (busy.values["cpu_shares"], busy.values["nice"]) == (512, 5)
    cpus, limit, used, held = await hand.lines(SEEN_BY_LINUX)
    assert (cpus, limit) == ("1", "10000 100000")
    began = time.monotonic()
    *_, used_later, held_later = await hand.lines(f"sleep 5\n{SEEN_BY_LINUX}")
    assert int(held_later) > int(held), "it was held back"
    # An emulator's clock keeps pace with ours; Linux may be late to stop it, by a tick each time.
    assert int(used_later) - int(used) < 0.3 * (time.monotonic() - began) * 1e6

    busy = await hand.busy(do.Pause(guest="busy"))
    assert busy.state == "paused"
    first = await hand.lines(SEEN_BY_LINUX)
    assert (await hand.lines(f"sleep 1\n{SEEN_BY_LINUX}"))[2] == first[2], "it stands still"
    assert (await hand.busy(do.Resume(guest="busy"))).state == "running"
    assert (await hand.busy(do.Destroy(guest="busy"))).state == "defined"
    assert await hand.do(do.Destroy(guest="busy")) is None
    assert await hand.lines("virsh -q -c qemu:///system list --all --name") in ([], [""])


def _recorded(out: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["record", ARM64_BOARD, "--cpu", "1", "--out", str(out), *words, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def _hv(*words: str) -> None:
    assert main(["hv", ARM64_BOARD, *words]) == 0


def test_a_quota_is_what_the_host_beside_it_keeps(
    arm64: LabBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the commands that a person types; sampled by the counter that the module opens."""
    start_guest(arm64, BUSY, cpu=1)
    counter = ("--counter", "cntpct", "--seconds", "3")
    _recorded(tmp_path / "free.hvs", capsys, *counter, "--label", "busy")
    _hv("sched", "busy", "vcpu_quota=5000")
    _recorded(tmp_path / "quota.hvs", capsys, *counter, "--label", "quota")
    capsys.readouterr()
    assert main(["summary", str(tmp_path / "free.hvs"), str(tmp_path / "quota.hvs"), "--json"]) == 0
    free, quota = json.loads(capsys.readouterr().out)["runs"]
    # Half of the CPU, or a twentieth; what the emulator's own machine takes comes to both. How much
    # it is exactly, virtual time tells.
    assert free["lost_percent"] > 40
    assert quota["lost_percent"] < free["lost_percent"]
    assert free["labels"] == ["emulated"]
    facts = SessionReader(tmp_path / "free.hvs").manifest.facts["counter"]
    assert facts["cntpct"]["before"] == {"cpu0": False, "cpu1": False}
    assert facts["cntpct"]["after"] == {"cpu0": True, "cpu1": True}
    assert facts["module"]["loaded_by_us"]


async def with_sampler(folder: Path) -> Path:
    """Have a ramdisk with the sampler on the board; return a configuration that uses it.

    The product sends the sampler over the console where it is not there; that is tested on the
    simulated board, and takes an emulated guest minutes.
    """
    link = link_maker(lab_profile(ARM64_BOARD))()
    await link.open()
    facts, journal = await gather(link), Journal("guest", folder=folder / "journal")
    sampler, _ = await Deployment(link, facts, journal).static("hvsampler")
    more = gzip.compress(cpio.archive([cpio.file("bin/hvsampler", sampler)]))
    await link.put((await link.run(["cat", RAMDISK])).stdout + more, OURS)
    await link.close()
    config = folder / "linux.xml"
    config.write_text(LINUX.read_text().replace(RAMDISK, OURS))
    return config


def test_a_guest_is_sampled_beside_its_host(
    arm64: LabBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through its console, with nothing dropped on the host or in the guest."""
    start_guest(arm64, asyncio.run(with_sampler(tmp_path)), cpu=0)
    words = ("--guest", "linux", "--counter", "cntvct", "--seconds", "15")
    host, guest = _recorded(tmp_path / "guest.hvs", capsys, *words)["runs"]
    assert (host["guest"], guest["guest"]) == ("", "linux")
    for row in (host, guest):
        assert row["detected"] == row["recorded"] > 0
        assert (row["dropped"], row["lost_on_link"]) == (0, 0)
    run = SessionReader(tmp_path / "guest.hvs").guests()[0].guest_run(0)
    assert run is not None
    # A guest's CNTVCT began with it: never the board's own, and some seconds behind.
    assert run.clock.relation == "constant offset"
    assert run.clock.lowest_ticks is not None
    assert run.clock.lowest_ticks > 0
    # The console is free again: nobody has the guest's terminal open but its QEMU.
    held = on_board(arm64, f"rm {OURS}; ps -eo args= | grep -c '[v]irsh.*ttyconsole'")
    assert held.stdout.strip() == b"0"


async def test_nothing_is_left_behind(hand: Hand) -> None:
    assert await hand.lines(LEFT_BEHIND) == []


def test_what_the_doctor_and_a_mistake_say(
    arm64: LabBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", ARM64_BOARD, "--json"]) == 0
    checks = {one["check"]: one for one in json.loads(capsys.readouterr().out)["checks"]}
    assert "libvirt answers: 0 domains" in checks["virtual machines"]["why"]
    assert main(["hv", ARM64_BOARD, "start", "nosuch"]) == 2
    assert "nosuch" in capsys.readouterr().err


def test_the_host_extensions_are_a_boot_away(
    arm64: LabBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """U-Boot is told over the serial line; the module works in EL2 as well."""
    assert main(["boot", ARM64_BOARD, "kvm-vhe", "--json"]) == 0
    capsys.readouterr()
    _recorded(tmp_path / "vhe.hvs", capsys, "--counter", "cntpct", "--seconds", "1")
    manifest = SessionReader(tmp_path / "vhe.hvs").manifest
    assert manifest.facts["counter"]["cntpct"]["after"] == {"cpu0": True, "cpu1": True}
    log = board(ARM64_BOARD).serial_log.read_text(errors="replace")
    assert "lab: mode kvm-vhe" in log
