"""Building and running what is in ``probes/``, and checking that a run's figures add up."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hvconsole.config.resources import resource_dir
from hvconsole.wire.stream import StreamDecoder
from hvconsole.wire.values import Heartbeat, HeartbeatFlag, Histogram, Switches, Value

CPU = str(max(os.sched_getaffinity(0)))
Process = subprocess.Popen[bytes]
Start = Callable[..., Process]

# Exit statuses, as probes/README.md lists them.
ENDED, FAILED, USAGE, PERMISSION, ALONE, SIGNALLED = range(6)


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory, require) -> Path:
    """The folder of all programs, built for this machine."""
    require("cc")
    build = tmp_path_factory.mktemp("probes")
    make(build)
    return build


def make(build: Path, *words: str) -> None:
    """Build all programs; a warning of the compiler is an error."""
    subprocess.run(
        ["make", "-s", f"BUILD={build}", "CFLAGS=-Werror", *words],
        cwd=resource_dir("probes"),
        check=True,
    )


def cross_build(require, build: Path, machine: str) -> list[str]:
    """Build for an ARM machine; return the words that run its programs here."""
    compiler, emulator = {
        "armv7l": ("arm-linux-gnueabihf-gcc", "qemu-arm-static"),
        "aarch64": ("aarch64-linux-gnu-gcc", "qemu-aarch64-static"),
    }[machine]
    require(compiler)
    require(emulator)
    make(build, f"CC={compiler}", f"MACHINE={machine}", "LDFLAGS=-static")
    return [shutil.which(emulator) or emulator]


@pytest.fixture
def start(programs: Path) -> Iterator[Start]:
    """Start a program with pipes; whatever the test does, it is gone afterwards."""
    running: list[Process] = []

    def begin(*words: str, program: str = "hvsampler", under: tuple[str, ...] = ()) -> Process:
        process = subprocess.Popen(
            [*under, str(programs / program), *words],
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
            if pipe is not None:
                pipe.close()


def decode(data: bytes) -> list[Value]:
    """Decode a stream in which nothing may be damaged or missing."""
    decoder = StreamDecoder()
    values = decoder.feed(data)
    decoder.finish()
    damage = decoder.damage
    assert (damage.skipped_bytes, damage.damaged_frames, damage.lost_frames) == (0, 0, 0)
    return values


def ended(process: Process, seconds: float) -> list[Value]:
    """Read to the end while standard input stays open; decode.

    A process that does not end within `seconds` is killed, and the test fails.
    """
    late = threading.Timer(seconds, process.kill)
    late.start()
    data = process.stdout.read()
    status = process.wait()
    late.cancel()
    assert status >= 0, f"killed: it did not end within {seconds} s"
    return decode(data)


def of(kind: type, values: list[Value]) -> list:
    """Return the values of one kind."""
    return [value for value in values if isinstance(value, kind)]


def last_beats(values: list[Value]) -> dict[int, Heartbeat]:
    """Return each lane's last heartbeat."""
    return {beat.lane: beat for beat in of(Heartbeat, values) if beat.flags & HeartbeatFlag.LAST}


def check_accounts(values: list[Value]) -> None:
    """Recorded + dropped = detected, and each figure is what the frames really hold."""
    beats = last_beats(values)
    assert beats
    for lane, beat in beats.items():
        switches = [value for value in of(Switches, values) if value.lane == lane]
        histograms = [value for value in of(Histogram, values) if value.lane == lane]
        assert beat.detected == beat.recorded + beat.dropped
        assert beat.recorded == sum(batch.length.size for batch in switches)
        assert beat.dropped == sum(part.count for part in histograms)
        lost = sum(int(batch.length.sum()) for batch in switches)
        assert beat.lost_ticks == lost + sum(part.total for part in histograms)
        ends = [int((batch.start + batch.length).max()) for batch in switches]
        assert beat.watched_until >= max([*ends, *(part.end for part in histograms), 0])


def cpu_seconds(pid: int) -> float:
    """Return how long a process has run on all CPUs together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def python(code: str, *words: str) -> list[str]:
    """Return the words that run `code` in a Python of its own."""
    return [sys.executable, "-c", code, *words]
