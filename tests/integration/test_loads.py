"""The loads: they burn the CPU they are told to, and never outstay their time."""

import subprocess
import time
from pathlib import Path

import pytest
from probe_runs import ALONE, CPU, ENDED, SIGNALLED, USAGE, cpu_seconds

pytestmark = pytest.mark.compiler


def test_it_burns_one_cpu_until_its_input_ends(start) -> None:
    process = start("--cpu", CPU, program="burn")
    time.sleep(0.6)
    used = cpu_seconds(process.pid)
    time.sleep(0.6)
    assert cpu_seconds(process.pid) - used > 0.1
    for task in Path(f"/proc/{process.pid}/task").iterdir():
        status = (task / "status").read_text()
        assert f"Cpus_allowed_list:\t{CPU}\n" in status
    process.stdin.close()
    assert process.wait(10) == ALONE


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("--heartbeat-timeout", "0.5"), ALONE),
        (("--seconds", "0.5"), ENDED),
        (("--seconds", "0.5", "--no-guard"), ENDED),
    ],
)
def test_its_time_is_bounded(start, words: tuple[str, ...], status: int) -> None:
    assert start("--cpu", CPU, *words, program="burn").wait(10) == status


def test_it_stops_when_told(start) -> None:
    process = start(program="burn")
    process.stdin.write(b"q")
    process.stdin.flush()
    assert process.wait(10) == ENDED


def test_a_signal_ends_it(start) -> None:
    process = start(program="burn")
    time.sleep(0.5)
    process.terminate()
    assert process.wait(10) == SIGNALLED


def test_it_says_nothing_while_it_burns(start) -> None:
    process = start("--cpu", CPU, "--seconds", "0.3", program="burn")
    assert process.communicate(timeout=10) == (b"", b"")


def test_it_says_what_it_is_and_what_it_is_not(programs: Path) -> None:
    words = [str(programs / "burn"), "--describe"]
    text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "not cpuburn-a8" in text


@pytest.mark.parametrize(
    "words", [("--cpu", "1000"), ("--cpu", "x"), ("--seconds", "-1"), ("--nonsense",), ("word",)]
)
def test_wrong_words_get_one_line(start, words: tuple[str, ...]) -> None:
    process = start(*words, program="burn")
    _, stderr = process.communicate(timeout=10)
    assert process.returncode == USAGE
    (line,) = stderr.decode().splitlines()
    assert line.startswith("burn: ")
