"""A lane that is taken off its CPU, as the kernel does when the CPU goes offline.

Here somebody else changes the thread's affinity, which looks the same to it.
"""

import contextlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from probe_runs import CPU, check_accounts, ended, last_beats, of

from hvconsole.wire.values import Histogram, Note, NoteCode, Switches

pytestmark = [
    pytest.mark.compiler,
    pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is no other CPU"),
]
OTHER = min(os.sched_getaffinity(0))


def lane_thread(pid: int) -> int:
    (tid,) = {int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()} - {pid}
    return tid


def take_away(tid: int, seconds: float) -> None:
    """Keep a thread from its CPU: it may call itself back any time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        os.sched_setaffinity(tid, {OTHER})
        time.sleep(0.005)


@pytest.mark.parametrize(
    "words",
    [(), ("--window-ms", "100"), ("--ring", "16", "--threshold-ns", "30"), ("--fifo", "10")],
    ids=["beside", "windows", "ring-full", "fifo"],
)
def test_a_hole_is_no_switch(start, words: tuple[str, ...]) -> None:
    if "--fifo" in words and os.geteuid() != 0:
        pytest.skip("SCHED_FIFO needs root")
    process = start("--cpu", CPU, "--seconds", "3", *words)
    with ThreadPoolExecutor(1) as reader:
        # A hole waits for the one before to be told, and that for somebody who reads.
        output = reader.submit(ended, process, 20)
        time.sleep(0.9)
        tid = lane_thread(process.pid)
        take_away(tid, 0.3)
        end = time.monotonic() + 1.5
        while os.sched_getaffinity(tid) != {int(CPU)} and time.monotonic() < end:
            time.sleep(0.02)
        assert os.sched_getaffinity(tid) == {int(CPU)}
        values = output.result()
    check_accounts(values)
    holes = [note for note in of(Note, values) if note.text == "hotplug hole"]
    assert holes
    assert all(hole.code == NoteCode.BLIND and hole.end > hole.start for hole in holes)
    (beat,) = last_beats(values).values()
    assert beat.blind_ticks >= sum(hole.end - hole.start for hole in holes)
    for batch in of(Switches, values):
        ends = batch.start + batch.length
        for hole in holes:
            assert not np.any((batch.start < hole.end) & (ends > hole.start))


def test_each_hole_stands_between_the_switches_before_and_after(start) -> None:
    """A reader need not sort: what follows the notes of a hole came after it."""
    process = start("--cpu", CPU, "--seconds", "2", "--threshold-ns", "500")
    time.sleep(0.9)
    take_away(lane_thread(process.pid), 0.1)
    until, left, holes = 0, False, 0
    for value in ended(process, 15):
        if isinstance(value, Note) and value.code == NoteCode.MOVED and value.severity:
            assert not left
            left = True
        elif isinstance(value, Note) and value.code == NoteCode.MOVED:
            assert left
            left, until, holes = False, value.end, holes + 1
        elif isinstance(value, Switches):
            assert value.start[0] >= until
        assert not isinstance(value, Histogram)
    assert holes
    assert not left


def test_who_is_away_ends_with_the_others(start) -> None:
    process = start("--cpu", CPU, "--heartbeat-timeout", "30")
    time.sleep(0.9)
    tid = lane_thread(process.pid)
    os.sched_setaffinity(tid, {OTHER})
    process.stdin.write(b"q")
    process.stdin.flush()
    with contextlib.suppress(ProcessLookupError):
        take_away(tid, 0.3)
    values = ended(process, 5)
    check_accounts(values)
