"""The sampler never outstays its time, and a mistake gets one line."""

import os
import pty
import subprocess
import time
import tty
from pathlib import Path

import pytest
from probe_runs import ALONE, CPU, ENDED, SIGNALLED, check_accounts, ended, of, python

from hvconsole.wire.values import End

pytestmark = pytest.mark.compiler

# A threshold that keeps what is written within a pipe, so that the test may read it at the end.
QUIET = ("--cpu", CPU, "--threshold-ns", "100000")


def test_the_end_of_standard_input_ends_it(start) -> None:
    process = start(*QUIET)
    time.sleep(0.8)
    process.stdin.close()
    values = ended(process, 10)
    assert of(End, values)[0].reason == "stdin-closed"
    assert process.returncode == ALONE
    check_accounts(values)


def test_it_stops_when_told(start) -> None:
    process = start(*QUIET)
    time.sleep(0.8)
    process.stdin.write(b"hhq")
    process.stdin.flush()
    values = ended(process, 10)
    assert of(End, values)[0].reason == "stop"
    assert process.returncode == ENDED


def test_it_stops_in_the_middle_of_a_window(start) -> None:
    process = start(*QUIET, "--window-ms", "60000")
    time.sleep(0.8)
    process.stdin.write(b"q")
    process.stdin.flush()
    values = ended(process, 10)
    assert of(End, values)[0].reason == "stop"
    check_accounts(values)


def test_silence_ends_it_even_while_nobody_reads(start) -> None:
    process = start("--cpu", CPU, "--heartbeat-timeout", "1", "--threshold-ns", "30")
    assert process.wait(15) == ALONE


@pytest.mark.parametrize("words", [(), ("--heartbeat-timeout", "1")], ids=["end", "silence"])
def test_a_terminal_that_takes_nothing_holds_nobody_up(programs: Path, words) -> None:
    """A serial line whose other end is unplugged: writing there would wait for ever."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    process = subprocess.Popen(
        [str(programs / "hvsampler"), "--cpu", CPU, "--format", "text", *words],
        stdin=subprocess.PIPE,
        stdout=slave,
    )
    try:
        if not words:
            time.sleep(2)
            process.stdin.close()
        assert process.wait(15) == ALONE
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        os.close(slave)
        os.close(master)


def test_a_console_that_was_killed_leaves_nothing_behind(programs: Path) -> None:
    """The console dies without a word: pipes close, and that has to be enough."""
    run = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[1:], stdin=-1, stdout=-1)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    words = python(run, str(programs / "hvsampler"), "--cpu", CPU, "--heartbeat-timeout", "30")
    with subprocess.Popen(words, stdout=subprocess.PIPE) as console:
        orphan = int(console.stdout.readline())
        time.sleep(0.8)
        console.kill()
    for _ in range(100):
        if not is_running(orphan):
            return
        time.sleep(0.1)
    pytest.fail("the sampler still runs")


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_heartbeats_keep_it_alive(start) -> None:
    process = start(*QUIET, "--heartbeat-timeout", "2", "--seconds", "4")
    for _ in range(10):
        time.sleep(0.4)
        if process.poll() is None:
            process.stdin.write(b"h")
            process.stdin.flush()
    values = ended(process, 15)
    assert of(End, values)[0].reason == "time"


def test_a_signal_ends_it_properly(start) -> None:
    process = start(*QUIET)
    time.sleep(0.8)
    process.terminate()
    values = ended(process, 10)
    assert of(End, values)[0].reason == "signal"
    assert process.returncode == SIGNALLED
    check_accounts(values)


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["--cpu", "4000"], 2, "a whole number"),
        (["--cpu", "1000"], 2, "allowed: "),
        (["--cpu", f"{CPU},{CPU}"], 2, "twice"),
        (["--cpu", f"{CPU},"], 2, "a whole number"),
        (["--counter", "hpet"], 2, "are known"),
        (["--ring", "100"], 2, "power of two"),
        (["--seconds", "soon"], 2, "seconds"),
        (["--format", "morse"], 2, "binary and text"),
        (["--nonsense"], 2, "--help"),
        (["--cpu"], 2, "lacks its value"),
        (["word"], 2, "word"),
    ],
)
def test_wrong_words_get_one_line(start, words: list[str], status: int, expected: str) -> None:
    process = start(*words)
    _, stderr = process.communicate(timeout=10)
    assert process.returncode == status
    lines = stderr.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("hvsampler: ")
    assert expected in lines[0]


def test_a_priority_that_is_not_allowed_names_the_fix(start, require) -> None:
    # Neither root's capabilities nor a limit that allows it: so it is whoever runs the test.
    under = (require("setpriv"), "--bounding-set=-sys_nice", "--inh-caps=-sys_nice")
    under += (require("prlimit"), "--rtprio=0")
    process = start("--cpu", CPU, "--fifo", "10", under=under)
    _, stderr = process.communicate(timeout=10)
    assert process.returncode == 3
    (line,) = stderr.decode().splitlines()
    assert "CAP_SYS_NICE" in line
    assert "ulimit -r" in line
