"""The sampler on this machine's own counter: its figures add up, and it never outstays its time."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from hvconsole.config.resources import resource_dir
from hvconsole.stream.histogram import buckets_of
from hvconsole.wire.stream import StreamDecoder, values_of
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
CPU = str(max(os.sched_getaffinity(0)))


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory, require) -> Path:
    require("cc")
    build = tmp_path_factory.mktemp("probes")
    source = resource_dir("probes")
    subprocess.run(["make", "-s", f"BUILD={build}", "CFLAGS=-Werror"], cwd=source, check=True)
    return build


@pytest.fixture
def start(programs: Path):
    """Start the sampler with pipes; whatever the test does, it is gone afterwards."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(*words: str, program: str = "hvsampler") -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [str(programs / program), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()


def decode(data: bytes) -> list[Value]:
    decoder = StreamDecoder()
    values = decoder.feed(data)
    decoder.finish()
    damage = decoder.damage
    assert (damage.skipped_bytes, damage.damaged_frames, damage.lost_frames) == (0, 0, 0)
    return values


def ended(process: subprocess.Popen[bytes], seconds: float) -> list[Value]:
    """Read to the end while standard input stays open; decode."""
    assert process.stdout is not None
    data = process.stdout.read()
    assert process.wait(seconds) is not None
    return decode(data)


def of(kind, values: list[Value]) -> list:
    return [value for value in values if isinstance(value, kind)]


def last_beats(values: list[Value]) -> dict[int, Heartbeat]:
    return {beat.lane: beat for beat in of(Heartbeat, values) if beat.flags & HeartbeatFlag.LAST}


def check_accounts(values: list[Value]) -> None:
    """Recorded + dropped = detected, and each figure is what the frames really hold."""
    for lane, beat in last_beats(values).items():
        switches = [value for value in of(Switches, values) if value.lane == lane]
        histograms = [value for value in of(Histogram, values) if value.lane == lane]
        assert beat.detected == beat.recorded + beat.dropped
        assert beat.recorded == sum(batch.length.size for batch in switches)
        assert beat.dropped == sum(part.count for part in histograms)
        lost = sum(int(batch.length.sum()) for batch in switches)
        assert beat.lost_ticks == lost + sum(part.total for part in histograms)


def test_a_run_is_whole(start) -> None:
    values = ended(start("--seconds", "1", "--cpu", CPU), 5)
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
    assert 0.99 < seconds < 2
    assert beat.loops > 100_000


def test_switches_are_longer_than_the_threshold_and_in_order(start) -> None:
    values = ended(start("--seconds", "1", "--cpu", CPU, "--threshold-ns", "1000"), 5)
    hello = values[0]
    (lane,) = hello.lanes
    assert not lane.auto
    assert lane.threshold_ticks == round(1000 * hello.frequency_hz / 1e9)
    start_ticks = np.concatenate([batch.start for batch in of(Switches, values)])
    length = np.concatenate([batch.length for batch in of(Switches, values)])
    assert length.min() > lane.threshold_ticks
    assert np.all(start_ticks[1:] >= start_ticks[:-1] + length[:-1])
    assert start_ticks[0] >= hello.start_tick


def test_stopped_on_purpose_it_sees_how_long(start) -> None:
    """SIGSTOP takes the CPU away for a known time: that switch must be there, and as long."""
    process = start("--seconds", "2.5", "--cpu", CPU)
    time.sleep(0.8)
    stops = []
    for pause in (0.15, 0.3):
        began = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        process.send_signal(signal.SIGSTOP)
        time.sleep(pause)
        process.send_signal(signal.SIGCONT)
        stops.append((began, time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)))
        time.sleep(0.2)
    values = ended(process, 6)
    hello = values[0]
    for began, resumed in stops:
        ns = 1e9 / hello.frequency_hz
        found = [
            (hello.mono_ns + (int(s) - hello.start_tick) * ns, int(n) * ns)
            for batch in of(Switches, values)
            for s, n in zip(batch.start, batch.length, strict=True)
            if hello.mono_ns + (int(s) + int(n) - hello.start_tick) * ns > began
            and hello.mono_ns + (int(s) - hello.start_tick) * ns < resumed
        ]
        at, length = max(found, key=lambda one: one[1])
        # The signal is delivered a little after it is sent, and the CPU given back a little after.
        assert abs(at - began) < 30e6
        assert abs(length - (resumed - began)) < 50e6
    check_accounts(values)


def test_a_reader_that_stands_still_costs_no_switch(start) -> None:
    """Nobody reads for a while: no switch may be lost, only its place in time."""
    words = ["--seconds", "5", "--cpu", CPU, "--ring", "16", "--threshold-ns", "30"]
    process = start(*words)
    time.sleep(3.5)  # the pipe (64 KiB), the buffer (1 MiB) and the ring fill up meanwhile
    values = ended(process, 10)
    check_accounts(values)
    parts = of(Histogram, values)
    for part in parts:
        assert part.shortest <= part.longest
        extremes = buckets_of(np.array([part.shortest, part.longest], dtype=np.uint64))
        assert (part.bucket[0], part.bucket[-1]) == tuple(extremes)
    told = [n for n in of(Note, values) if n.code == NoteCode.RING_FULL]
    assert len(told) == len(parts)


def test_several_cpus_at_once_and_windows_between_them(start) -> None:
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        pytest.skip("this machine has one CPU")
    values = ended(start("--seconds", "2", "--cpu", ",".join(map(str, cpus))), 6)
    hello = values[0]
    assert [lane.cpu for lane in hello.lanes] == cpus
    assert hello.window_ms > 0
    check_accounts(values)
    for beat in last_beats(values).values():
        assert beat.blind_ticks > 0
        blind = [n for n in of(Note, values) if n.code == NoteCode.BLIND and n.lane == beat.lane]
        assert blind
        assert all(n.value == n.end - n.start > 0 for n in blind)
        assert sum(n.value for n in blind) <= beat.blind_ticks


def test_the_end_of_standard_input_ends_it(start) -> None:
    process = start("--cpu", CPU)
    time.sleep(0.8)
    process.stdin.close()
    began = time.monotonic()
    values = ended(process, 3)
    assert time.monotonic() - began < 2.5
    assert of(End, values)[0].reason == "stdin-closed"
    assert process.returncode == 4
    check_accounts(values)


def test_it_stops_when_told(start) -> None:
    process = start("--cpu", CPU)
    time.sleep(0.8)
    process.stdin.write(b"hhq")
    process.stdin.flush()
    values = ended(process, 3)
    assert of(End, values)[0].reason == "stop"
    assert process.returncode == 0


def test_silence_ends_it_even_while_nobody_reads(start) -> None:
    process = start("--cpu", CPU, "--heartbeat-timeout", "1", "--threshold-ns", "30")
    assert process.wait(8) == 4


def test_heartbeats_keep_it_alive(start) -> None:
    process = start("--cpu", CPU, "--heartbeat-timeout", "2", "--seconds", "5")
    for _ in range(25):
        time.sleep(0.2)
        if process.poll() is None:
            process.stdin.write(b"h")
            process.stdin.flush()
    values = ended(process, 5)
    assert of(End, values)[0].reason == "time"


def test_a_signal_ends_it_properly(start) -> None:
    process = start("--cpu", CPU)
    time.sleep(0.8)
    process.terminate()
    values = ended(process, 3)
    assert of(End, values)[0].reason == "signal"
    assert process.returncode == 5


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["--cpu", "4000"], 2, "a whole number"),
        (["--cpu", "1000"], 2, "allowed: "),
        (["--cpu", "0,0"], 2, "twice"),
        (["--counter", "hpet"], 2, "are known"),
        (["--ring", "100"], 2, "power of two"),
        (["--seconds", "soon"], 2, "seconds"),
        (["--nonsense"], 2, "--help"),
        (["word"], 2, "word"),
    ],
)
def test_wrong_words_get_one_line(start, words: list[str], status: int, expected: str) -> None:
    process = start(*words)
    _, stderr = process.communicate(timeout=5)
    assert process.returncode == status
    lines = stderr.decode().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("hvsampler: ")
    assert expected in lines[0]


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


def test_the_loop_reads_compares_and_nothing_else(programs: Path, require) -> None:
    """Between two reads of the counter: no store, no call, no division."""
    require("objdump")
    listing = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", str(programs / "hvsampler")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if "rdtsc" not in listing:
        pytest.skip("this machine's counter is not the TSC")
    loops = []
    lines = [line.split("\t")[-1].strip() for line in listing.splitlines() if "\t" in line]
    addresses = [line.split(":")[0].strip() for line in listing.splitlines() if "\t" in line]
    for at, text in enumerate(lines):
        if text != "rdtsc":
            continue
        for end in range(at, min(at + 20, len(lines))):
            jump = re.match(r"j(ne|nz)\s+([0-9a-f]+)", lines[end])
            if jump and int(jump[2], 16) <= int(addresses[at], 16) and end > at:
                if int(jump[2], 16) >= int(addresses[max(at - 3, 0)], 16):
                    loops.append(lines[at : end + 1])
                break
    assert len(loops) >= 2  # plain and fenced
    for loop in loops:
        assert len(loop) <= 14
        for instruction in loop:
            name, _, operands = instruction.partition(" ")
            assert not name.startswith(("call", "div", "idiv", "push"))
            assert not operands.strip().endswith(")"), f"a store: {instruction}"


def test_a_load_burns_until_its_input_ends(start) -> None:
    process = start("--cpu", CPU, program="burn")
    time.sleep(0.6)
    used = _cpu_seconds(process.pid)
    time.sleep(0.6)
    assert _cpu_seconds(process.pid) - used > 0.1
    process.stdin.close()
    assert process.wait(2) == 4


def test_a_load_ends_after_silence(start) -> None:
    process = start("--cpu", CPU, "--heartbeat-timeout", "0.5", program="burn")
    assert process.wait(4) == 4


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _cross(require, compiler: str, emulator: str, machine: str, build: Path) -> list[str]:
    require(compiler)
    require(emulator)
    words = ["make", "-s", f"BUILD={build}", f"CC={compiler}", f"MACHINE={machine}"]
    subprocess.run(
        [*words, "LDFLAGS=-static", "CFLAGS=-Werror"], cwd=resource_dir("probes"), check=True
    )
    return [shutil.which(emulator) or emulator]


@pytest.mark.cross
def test_arm64_measures_by_its_virtual_counter(tmp_path: Path, require) -> None:
    emulator = _cross(require, "aarch64-linux-gnu-gcc", "qemu-aarch64-static", "aarch64", tmp_path)
    done = subprocess.run(
        [*emulator, str(tmp_path / "hvsampler"), "--no-guard", "--seconds", "1"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    values = decode(done.stdout)
    assert values[0].counter == "cntvct"
    assert values[0].nominal_hz > 0
    check_accounts(values)


@pytest.mark.cross
def test_armv7_builds_and_its_load_burns_and_ends(tmp_path: Path, require) -> None:
    emulator = _cross(require, "arm-linux-gnueabihf-gcc", "qemu-arm-static", "armv7l", tmp_path)
    # User-mode emulation has no ARMv7 counter: the sampler must say so instead of crashing.
    words = [*emulator, str(tmp_path / "hvsampler"), "--no-guard"]
    probe = subprocess.run(words, check=False, capture_output=True, timeout=60)
    assert probe.returncode == 1
    assert b"no counter can be read" in probe.stderr
    load = subprocess.Popen(
        [*emulator, str(tmp_path / "cpuburn-a8"), "--cpu", CPU], stdin=subprocess.PIPE
    )
    time.sleep(1)
    used = _cpu_seconds(load.pid)
    load.stdin.close()
    assert load.wait(5) == 4
    assert used > 0.2
