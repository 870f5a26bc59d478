"""The sampler on this machine's own counter: what it sees, and that its figures add up."""

import fcntl
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from probe_runs import (
    CPU,
    FAILED,
    PERMISSION,
    check_accounts,
    ended,
    last_beats,
    of,
    python,
)

from hvconsole.config.resources import resource_dir
from hvconsole.stream.histogram import buckets_of
from hvconsole.wire.stream import values_of
from hvconsole.wire.text import TextDecoder
from hvconsole.wire.values import (
    End,
    Heartbeat,
    HeartbeatFlag,
    Hello,
    Histogram,
    Note,
    NoteCode,
    Switches,
    Value,
)

pytestmark = pytest.mark.compiler
CPUS = sorted(os.sched_getaffinity(0))
# A line of 115200 baud carries so many characters a second.
LINE_RATE = 11_520


def test_a_run_is_whole(start) -> None:
    values = ended(start("--seconds", "1", "--cpu", CPU), 15)
    hello, end = values[0], values[-1]
    assert isinstance(hello, Hello)
    assert isinstance(end, End)
    assert end.reason == "time"
    (lane,) = hello.lanes
    assert lane.cpu == int(CPU)
    assert lane.auto
    assert lane.threshold_ticks >= max(3, lane.p9999_ticks)
    assert 0 <= lane.floor_ticks <= lane.p50_ticks <= lane.p9999_ticks
    assert abs(hello.measured_hz / hello.frequency_hz - 1) < 0.011
    assert lane.read_ns > 0
    check_accounts(values)
    (beat,) = last_beats(values).values()
    seconds = (beat.watched_until - hello.start_tick) / hello.frequency_hz
    assert seconds > 0.99
    assert beat.loops > 100_000


def test_switches_are_longer_than_the_threshold_and_in_order(start) -> None:
    values = ended(start("--seconds", "1", "--cpu", CPU, "--threshold-ns", "1000"), 15)
    hello = values[0]
    (lane,) = hello.lanes
    assert not lane.auto
    assert lane.threshold_ticks == round(1000 * hello.frequency_hz / 1e9)
    starts, length = switches_of(values)
    assert length.min() > lane.threshold_ticks
    assert np.all(starts[1:] >= starts[:-1] + length[:-1])
    assert starts[0] >= hello.start_tick


def test_a_switch_does_not_breed_another(start) -> None:
    """Recording takes time too; the calibrated threshold lies above it.

    Otherwise each switch would be followed at once by one of the sampler's own making, and that by
    the next: millions a second.
    """
    values = ended(start("--seconds", "1", "--cpu", CPU), 15)
    starts, length = switches_of(values)
    follows_at_once = starts[1:] == starts[:-1] + length[:-1]
    assert follows_at_once.mean() < 0.5
    (beat,) = last_beats(values).values()
    assert beat.detected < beat.loops / 100


def switches_of(values: list[Value]) -> tuple[np.ndarray, np.ndarray]:
    batches = of(Switches, values)
    assert batches
    starts = np.concatenate([batch.start for batch in batches])
    return starts, np.concatenate([batch.length for batch in batches])


def test_stopped_on_purpose_it_sees_how_long(start) -> None:
    """SIGSTOP takes the CPU away for a known time: that switch must be there, and as long."""
    # A threshold of its own: where a machine's reads are uneven, a calibrated one may be so low
    # that the ring is full of other switches when this one comes.
    process = start("--seconds", "2.5", "--cpu", CPU, "--threshold-ns", "20000")
    time.sleep(0.8)
    stops = []
    for pause in (0.15, 0.3):
        process.send_signal(signal.SIGSTOP)
        await_stop(process.pid)
        stopped = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        time.sleep(pause)
        resumed = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        process.send_signal(signal.SIGCONT)
        stops.append((stopped, resumed))
        time.sleep(0.2)
    values = ended(process, 15)
    hello = values[0]
    starts, length = switches_of(values)
    ns = 1e9 / hello.frequency_hz
    at = hello.mono_ns + (starts.astype(np.float64) - hello.start_tick) * ns
    for stopped, resumed in stops:
        # Certain: it lay still all this time, but for what the two clocks differ. The signals'
        # own way is some more.
        covers = (at < stopped + 50e3) & (at + length * ns > resumed - 50e3)
        assert covers.sum() == 1
        assert length[covers][0] * ns < resumed - stopped + 1e9
    check_accounts(values)


def await_stop(pid: int) -> None:
    """Wait until each thread has stopped: they do so one after the other."""
    states = set()
    while states != {"T"}:
        stats = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
        states = {stat.rpartition(")")[2].split()[0] for stat in stats}


def test_a_reader_that_stands_still_costs_no_switch(start) -> None:
    """Nobody reads for a while: no switch may be lost, only its place in time."""
    process = start("--seconds", "3", "--cpu", CPU, "--ring", "16", "--threshold-ns", "15")
    fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
    time.sleep(2.5)  # the pipe, the buffer (1 MiB) and the ring fill up meanwhile
    values = ended(process, 15)
    check_accounts(values)
    parts = of(Histogram, values)
    assert parts
    for part in parts:
        assert part.shortest <= part.longest
        extremes = buckets_of(np.array([part.shortest, part.longest], dtype=np.uint64))
        assert (part.bucket[0], part.bucket[-1]) == tuple(extremes)
    told = [n for n in of(Note, values) if n.code == NoteCode.RING_FULL]
    assert len(told) == len(parts)


def test_several_cpus_at_once_and_windows_between_them(start) -> None:
    if len(CPUS) < 2:
        pytest.skip("this machine has one CPU")
    values = ended(start("--seconds", "2", "--cpu", ",".join(map(str, CPUS))), 15)
    hello = values[0]
    assert [lane.cpu for lane in hello.lanes] == CPUS
    assert hello.window_ms > 0
    check_accounts(values)
    for beat in last_beats(values).values():
        check_blindness(values, beat, hello)


def check_blindness(values: list[Value], beat: Heartbeat, hello: Hello) -> None:
    """Each pause is told, and nothing is called a switch that happened in one."""
    blind = [n for n in of(Note, values) if n.code == NoteCode.BLIND and n.lane == beat.lane]
    assert blind
    assert all(n.value == n.end - n.start > 0 for n in blind)
    # What is not told by a note is the time from the run's zero to the first read.
    assert 0 <= beat.blind_ticks - sum(n.value for n in blind) < hello.frequency_hz / 2
    for batch in of(Switches, values):
        if batch.lane == beat.lane:
            for note in blind:
                before = batch.start + batch.length <= note.start
                assert np.all(before | (batch.start >= note.end))


def test_under_fifo_on_all_cpus_the_writer_still_comes_to_write(start) -> None:
    words = ["--seconds", "3", "--cpu", ",".join(map(str, CPUS)), "--fifo", "10"]
    process = start(*words, "--window-ms", "200")
    values = ended(process, 30)
    if process.returncode == PERMISSION:
        pytest.skip("SCHED_FIFO is not permitted here")
    assert values[0].fifo == 10
    check_accounts(values)
    paused = [beat for beat in of(Heartbeat, values) if beat.flags & HeartbeatFlag.PAUSED]
    # Left to the kernel's throttling of real-time tasks it would come once a second.
    assert len(paused) > 5 * len(CPUS)


def test_lines_carry_the_same_run(start) -> None:
    process = start("--seconds", "1", "--cpu", CPU, "--format", "text")
    data = process.stdout.read()
    decoder = TextDecoder()
    frames, text = decoder.feed(data)
    assert text == b""
    values = values_of(frames, decoder.damage)
    assert decoder.damage.damaged_frames == decoder.damage.lost_frames == 0
    assert isinstance(values[0], Hello)
    check_accounts(values)
    assert max(len(line) for line in data.split(b"\n")) <= 512


@pytest.mark.parametrize("per_second", [250, 1000, 2000])
def test_a_serial_line_carries_two_thousand_switches_a_second(
    tmp_path: Path, require, per_second: int
) -> None:
    folder = resource_dir("probes")
    sources = [str(path) for path in folder.glob("sampler/*.c")]
    sources = [path for path in sources if not path.endswith(("main.c", "probe.c", "options.c"))]
    sources += [str(path) for path in folder.glob("common/*.c")]
    program = tmp_path / "line_rate"
    words = [require("cc"), "-O1", '-DHV_VERSION="test"', f"-I{folder}/common"]
    words += [f"-I{folder}/sampler", "-o", str(program), str(Path(__file__).parent / "line_rate.c")]
    subprocess.run([*words, *sources, "-lpthread"], check=True)
    data = subprocess.run([program, str(per_second), "10000"], capture_output=True, check=True)
    decoder = TextDecoder()
    frames, text = decoder.feed(data.stdout)
    values = values_of(frames, decoder.damage)
    _, length = switches_of(values)
    assert (text, length.size, len(of(Switches, values))) == (b"", 10_000, 1)
    assert len(data.stdout) / length.size <= LINE_RATE / 2000


def test_it_says_what_it_could_read(programs: Path) -> None:
    words = [str(programs / "hvsampler"), "--probe", "--cpu", CPU]
    done = subprocess.run(words, capture_output=True, check=True)
    reply = json.loads(done.stdout)
    assert reply["machine"] == os.uname().machine
    assert reply["cpu"] == int(CPU)
    assert reply["allowed"] == CPUS
    assert set(CPUS) <= set(reply["online"])
    readable = {name for name in ("cntpct", "cntvct", "tsc") if reply[name]}
    assert readable
    assert readable <= ({"tsc"} if reply["machine"] == "x86_64" else {"cntpct", "cntvct"})


def test_a_counter_closed_meanwhile_ends_the_run_with_a_word(start) -> None:
    """The counter module is unloaded: the next read traps. Here the signal comes from outside."""
    process = start("--cpu", CPU)
    time.sleep(1)
    writer, lane = sorted(int(task.name) for task in Path(f"/proc/{process.pid}/task").iterdir())
    assert writer == process.pid
    # A process of its own: tgkill is no function of Python's, and its number differs by machine.
    trap = "import ctypes, sys; ctypes.CDLL(None).tgkill(int(sys.argv[1]), int(sys.argv[2]), 4)"
    subprocess.run(python(trap, str(process.pid), str(lane)), check=True)
    values = ended(process, 15)
    end = values[-1]
    assert isinstance(end, End)
    assert end.reason == "error"
    assert f"CPU {CPU}" in end.detail
    assert process.returncode == FAILED
    assert process.stderr.read().startswith(b"hvsampler: CPU")
    check_accounts(values)
