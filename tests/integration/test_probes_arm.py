"""The probes as ARM programs, run by QEMU's user mode on this machine."""

import json
import subprocess
import time
from pathlib import Path

import pytest
from probe_runs import ALONE, CPU, ENDED, FAILED, check_accounts, cpu_seconds, cross_build, decode

pytestmark = [pytest.mark.compiler, pytest.mark.cross]


def run(words: list[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(words, capture_output=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def armv7(tmp_path_factory: pytest.TempPathFactory, require) -> tuple[list[str], Path]:
    build = tmp_path_factory.mktemp("armv7")
    return cross_build(require, build, "armv7l"), build


@pytest.fixture(scope="module")
def arm64(tmp_path_factory: pytest.TempPathFactory, require) -> tuple[list[str], Path]:
    build = tmp_path_factory.mktemp("arm64")
    return cross_build(require, build, "aarch64"), build


def test_arm64_measures_by_its_virtual_counter(arm64) -> None:
    emulator, build = arm64
    done = run([*emulator, str(build / "hvsampler"), "--no-guard", "--seconds", "1"])
    assert done.returncode == ENDED
    values = decode(done.stdout)
    hello = values[0]
    assert hello.machine == "aarch64"
    assert hello.counter == "cntvct"
    assert hello.frequency_hz == hello.nominal_hz > 0
    check_accounts(values)


def test_arm64_refuses_a_counter_that_is_closed(arm64) -> None:
    emulator, build = arm64
    done = run([*emulator, str(build / "hvsampler"), "--no-guard", "--counter", "cntpct"])
    assert done.returncode == 3
    assert b"counter module" in done.stderr


def test_armv7_says_that_there_is_no_counter_here(armv7) -> None:
    """User-mode emulation of ARMv7 has none: the sampler must say so instead of crashing."""
    emulator, build = armv7
    reply = json.loads(run([*emulator, str(build / "hvsampler"), "--probe"]).stdout)
    assert (reply["machine"], reply["cntpct"], reply["cntvct"]) == ("armv7l", False, False)
    done = run([*emulator, str(build / "hvsampler"), "--no-guard"])
    assert done.returncode == FAILED
    assert b"no counter can be read" in done.stderr


def test_armv7_burns_and_ends(armv7) -> None:
    emulator, build = armv7
    words = [*emulator, str(build / "cpuburn-a8"), "--cpu", CPU]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as load:
        time.sleep(1)
        used = cpu_seconds(load.pid)
        load.stdin.close()
        assert load.wait(10) == ALONE
    assert used > 0.2


def test_armv7_without_neon_is_told_so(armv7) -> None:
    emulator, build = armv7
    words = [*emulator, "-cpu", "cortex-a9,neon=off", str(build / "cpuburn-a8"), "--no-guard"]
    done = run([*words, "--seconds", "5"])
    assert done.returncode == FAILED
    assert done.stderr == b"cpuburn-a8: this CPU lacks the instructions\n"


def test_each_says_its_version_and_what_it_is(armv7) -> None:
    emulator, build = armv7
    for program in ("hvsampler", "cpuburn-a8", "burn"):
        version = run([*emulator, str(build / program), "--version"]).stdout.decode()
        assert version.startswith(f"{program} ")
    described = run([*emulator, str(build / "cpuburn-a8"), "--describe"]).stdout
    assert b"NEON" in described
