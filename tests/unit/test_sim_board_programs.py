"""Sampler and loads on the simulated board: their streams, their words, their ends."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest
from hypothesis import given, strategies as st
from simulated_board import run, running

from hvconsole.sim.board.board import Board
from hvconsole.sim.board.programs.pressure import buckets
from hvconsole.sim.board.shell.streams import Buffer, Pipe, Streams
from hvconsole.sim.board.timekeeper import Timekeeper
from hvconsole.sim.machine import HZ, Machine, Setup
from hvconsole.sim.machine.changes import StartSampling
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

ELF = b"\x7fELF\x01\x01\x01".ljust(18, b"\0") + b"\x28\0"


class Started:
    """A program on the board, with its standard input."""

    def __init__(self, board: Board, command: str) -> None:
        for name in ("hvsampler", "burn", "cpuburn-a7", "storm"):
            board.tree.write(f"/root/{name}", ELF, mode=0o755)
        self.stdin, self.out, self.err = Pipe(), Buffer(), Buffer()
        shell = board.shell(streams=Streams(self.stdin, self.out, self.err))
        self.task = asyncio.create_task(shell.execute(command))

    async def status(self) -> int:
        async with asyncio.timeout(20):
            return await self.task

    def values(self) -> list[Value]:
        decoder = StreamDecoder()
        values = decoder.feed(bytes(self.out.data))
        decoder.finish()
        assert decoder.damage.lost_frames == decoder.damage.skipped_bytes == 0
        return values


def _last(values: list[Value]) -> dict[int, Heartbeat]:
    return {v.lane: v for v in values if isinstance(v, Heartbeat) and HeartbeatFlag.LAST in v.flags}


def _recorded(values: list[Value], lane: int) -> int:
    return sum(len(v.start) for v in values if isinstance(v, Switches) and v.lane == lane)


@pytest.mark.parametrize("mode", ["native", "jailhouse", "xen-credit", "xen-rtds", "xen-null"])
async def test_what_is_recorded_is_what_was_detected(mode: str):
    async with running(mode) as board:
        program = Started(board, "./hvsampler --cpu 0,1 --seconds 2 --threshold-ns 500 --ring 256")
        assert await program.status() == 0
    values = program.values()
    hello = values[0]
    assert isinstance(hello, Hello)
    assert (hello.counter, hello.frequency_hz, hello.ring) == ("cntvct", HZ, 256)
    assert [(lane.cpu, lane.threshold_ticks, lane.auto) for lane in hello.lanes] == [
        (0, 12, False),
        (1, 12, False),
    ]
    last = _last(values)
    for cpu in (0, 1):
        assert last[cpu].detected == last[cpu].recorded + last[cpu].dropped
        assert last[cpu].recorded == _recorded(values, cpu) > 400
    end = values[-1]
    assert isinstance(end, End)
    assert (end.reason, end.end_tick) == ("time", hello.start_tick + 2 * HZ)


async def test_lines_of_text_carry_the_same_frames():
    async with running() as board:
        program = Started(board, "./hvsampler --format text --seconds 1")
        assert await program.status() == 0
    decoder = TextDecoder()
    frames, rest = decoder.feed(bytes(program.out.data))
    assert rest == b""
    values = values_of(frames, decoder.damage)
    assert decoder.damage.damaged_frames == decoder.damage.lost_frames == 0
    assert _last(values)[1].recorded == _recorded(values, 1) > 0


@pytest.mark.parametrize(
    ("ending", "status", "reason"),
    [
        ("q", 0, "stop"),
        ("", 4, "stdin-closed"),
        ("silence", 4, "no-heartbeat"),
        ("TERM", 5, "signal"),
    ],
)
async def test_each_end_has_its_reason(ending: str, status: int, reason: str):
    async with running() as board:
        silence = 0.4 if ending == "silence" else 10
        program = Started(board, f"./hvsampler --heartbeat-timeout {silence} || exit $?")
        for _ in range(6):
            await asyncio.sleep(0.1)
            program.stdin.write(b"h")
        match ending:
            case "q":
                program.stdin.write(b"hhq")
            case "":
                program.stdin.end()
            case "TERM":
                await run(board, "pkill -TERM hvsampler")
        assert await program.status() == status
        assert board.machine.sampled == ()
    values = program.values()
    assert isinstance(values[-1], End)
    assert values[-1].reason == reason
    assert _last(values)[1].recorded == _recorded(values, 1)


async def test_a_killed_sampler_says_nothing_any_more():
    async with running() as board:
        program = Started(board, "./hvsampler")
        while not board.machine.sampled:
            await asyncio.sleep(0.02)
        assert [process.kill(9) for process in board.processes.named("hvsampler")] == [None]
        assert await program.status() == 137
        assert board.machine.sampled == ()
    assert not any(isinstance(value, End) for value in program.values())


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        ("--cpu 7", 2, "CPU 7 cannot be used here; allowed: 0,1"),
        ("--cpu 1,1", 2, "CPU 1 is named twice"),
        ("--cpu x", 2, "--cpu x: a whole number from 0 to 1023 is wanted"),
        ("--counter rdtsc", 2, "--counter rdtsc: auto, cntpct, cntvct and tsc are known"),
        ("--counter cntpct", 3, "cntpct cannot be read from user space here: load the counter"),
        ("--counter tsc", 3, "tsc cannot be read from user space here"),
        ("--fifo 99", 2, "--fifo 99: a whole number from 0 to 98 is wanted"),
        ("--ring 100", 2, "--ring 100: a power of two is wanted"),
        ("--seconds soon", 2, "--seconds soon: seconds are wanted"),
        ("--seconds", 2, "--seconds: unknown, or it lacks its value; see --help"),
        ("--nonsense", 2, "--nonsense: unknown, or it lacks its value; see --help"),
        ("now", 2, "now: no such word; see --help"),
    ],
)
async def test_wrong_options_are_told_as_the_real_one_does(options: str, status: int, words: str):
    async with running() as board:
        program = Started(board, f"./hvsampler {options}")
        assert await program.status() == status
    assert bytes(program.err.data).decode().startswith(f"hvsampler: {words}")


async def test_the_probe_says_what_can_be_read():
    async with running() as board:
        program = Started(board, "echo 0 >/sys/devices/system/cpu/cpu1/online; ./hvsampler --probe")
        assert await program.status() == 0
    assert json.loads(bytes(program.out.data)) == {
        "machine": "armv7l",
        "nominal_hz": HZ,
        "cntpct": False,
        "cntvct": True,
        "tsc": False,
        "cpu": 0,
        "online": [0],
        "allowed": [0],
    }


async def test_all_cpus_are_sampled_in_windows():
    async with running() as board:
        program = Started(board, "./hvsampler --cpu 0,1 --seconds 2")
        assert await program.status() == 0
        alone = Started(board, "./hvsampler --cpu 0,1 --seconds 1 --window-ms 0")
        assert await alone.status() == 0
    values = program.values()
    hello = values[0]
    assert isinstance(hello, Hello)
    assert (hello.window_ms, hello.pause_ms, hello.writer_cpu) == (500, 5, -1)
    pause, period, window = 5 * HZ // 1000, 505 * HZ // 1000, 500 * HZ // 1000
    for cpu in (0, 1):
        notes = [v for v in values if isinstance(v, Note) and v.lane == cpu]
        assert [(note.code, note.value, note.severity) for note in notes] == [
            (NoteCode.BLIND, pause, 0)
        ] * 3
        assert [note.start - hello.start_tick for note in notes] == [
            window + number * period for number in range(3)
        ]
        last = _last(values)[cpu]
        assert last.blind_ticks == 3 * pause
        assert last.recorded == last.detected == _recorded(values, cpu)
        for v in values:
            if isinstance(v, Switches) and v.lane == cpu:
                phase = (v.start.astype(np.int64) - hello.start_tick) % period
                assert (phase + v.length.astype(np.int64)).max() <= window
    words = [value.text for value in alone.values() if isinstance(value, Note)]
    assert words == ["the writer shares a sampled CPU: its own work shows as switches"]


@pytest.mark.parametrize("reads_again", [True, False])
async def test_a_reader_that_is_too_slow_gets_histograms(reads_again: bool):
    async with running() as board:
        await run(board, "true")
        storm = Started(board, "./storm --cpu 1 --rate 20000")
        sampler = Started(board, "true")
        await sampler.status()
        stdin, stdout = Pipe(), Pipe()
        shell = board.shell(streams=Streams(stdin, stdout, sampler.err))
        ends = "--seconds 20" if reads_again else "--heartbeat-timeout 1"
        task = asyncio.create_task(shell.execute(f"./hvsampler --ring 1024 {ends}"))
        async with asyncio.timeout(20):
            while not stdout.clogged:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            task.add_done_callback(lambda _: stdout.end())
            while not reads_again and not task.done():
                stdin.write(b"h")
                await asyncio.sleep(0.05)
            data = b""
            while more := await stdout.read(1 << 16):
                data += more
            status = await task
        storm.stdin.end()
        await storm.status()
    values = StreamDecoder().feed(data)
    last = _last(values)[1]
    histograms = [value for value in values if isinstance(value, Histogram)]
    assert last.detected == last.recorded + last.dropped
    assert last.recorded == _recorded(values, 1) > 1024
    assert last.dropped == sum(value.count for value in histograms) > 0
    assert histograms[0].counts.sum() == histograms[0].count
    assert [note.code for note in values if isinstance(note, Note)][:2] == [
        NoteCode.RING_FULL,
        NoteCode.RING_FREE,
    ]
    assert isinstance(values[-1], End)
    reason = "time" if reads_again else "no-heartbeat"
    assert (status, values[-1].reason) == (0 if reads_again else 4, reason)


@given(st.lists(st.integers(1, 1 << 50) | st.integers(1, 200), min_size=1))
def test_buckets_are_those_of_the_wire_format(lengths: list[int]):
    def bucket(v: int) -> int:
        e = v.bit_length() - 1
        return v if v < 32 else 32 * (e - 5) + (v >> (e - 5))

    found = buckets(np.array(lengths, dtype=np.uint64))
    assert found.tolist() == [bucket(length) for length in lengths]


async def test_a_cpu_that_goes_leaves_a_hole():
    async with running() as board:
        program = Started(board, "./hvsampler")
        while not board.machine.sampled:
            await asyncio.sleep(0.01)
        cpu1 = "/sys/devices/system/cpu/cpu1/online"
        await run(board, f"echo 0 >{cpu1}; sleep 1; echo 1 >{cpu1}; sleep 1")
        program.stdin.write(b"q")
        assert await program.status() == 0
    notes = [value for value in program.values() if isinstance(value, Note)]
    assert [note.text for note in notes] == ["the CPU went offline", "the CPU was offline"]


async def test_loads_heat_and_slow_the_board_and_end():
    async with running(speed=200.0) as board:
        loads = [Started(board, f"./cpuburn-a7 --cpu {cpu}") for cpu in (0, 1)]
        zone = "/sys/class/thermal/thermal_zone0/temp"
        clock = "/sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq"
        async with asyncio.timeout(20):
            while int((await run(board, f"cat {clock}")).text) == 960_000:
                await asyncio.sleep(0.05)
        assert int((await run(board, f"cat {zone}")).text) > 72_000
        assert board.machine.throttled
        for load in loads:
            load.stdin.end()
            assert await load.status() == 4
        async with asyncio.timeout(20):
            while board.machine.throttled:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("name", ["burn", "cpuburn-a7", "storm"])
async def test_loads_end_with_their_time_and_refuse_nonsense(name: str):
    async with running() as board:
        assert await Started(board, f"./{name} --seconds 0.5 --cpu 1").status() == 0
        wrong = Started(board, f"./{name} --cpu 9")
        assert await wrong.status() == 2
        assert (
            bytes(wrong.err.data) == f"{name}: cannot run on that CPU: Invalid argument\n".encode()
        )
        stopped = Started(board, f"timeout 1 ./{name} --no-guard")
        assert await stopped.status() == 124


async def test_the_governor_pins_the_clock():
    clock = "/sys/devices/system/cpu/cpu0/cpufreq"
    async with running() as board:
        script = f"cd {clock}; echo powersave | tee scaling_governor; cat scaling_cur_freq; "
        script += "echo 528000 >scaling_min_freq; cat scaling_cur_freq scaling_min_freq; "
        script += "echo nonsense >scaling_governor; echo $?; cat scaling_governor"
        done = await run(board, script)
    assert done.text.split() == ["powersave", "144000", "528000", "528000", "1", "powersave"]
    assert done.error_text == "echo: scaling_governor: Invalid argument"


async def test_real_time_tasks_are_throttled_unless_told_otherwise():
    worst = []
    for prepare in ("", "sysctl -w kernel.sched_rt_runtime_us=-1; "):
        async with running() as board:
            program = Started(board, f"{prepare}exec ./hvsampler --fifo 50 --seconds 4")
            assert await program.status() == 0
            data = bytes(program.out.data)
        values = StreamDecoder().feed(data[data.index(b"\x9eHVW") :])
        worst.append(max(v.length.max() for v in values if isinstance(v, Switches)))
    assert worst[0] > 40 * HZ // 1000 > worst[1]


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _switches(seed: int, steps: list[float]) -> list[tuple[int, int]]:
    """Sample two seconds of a board whose clock goes on in these steps."""
    clock = _Clock()
    keeper = Timekeeper(Machine(Setup(), seed=seed), 1.0, clock)
    keeper.apply(StartSampling(0))
    seen: list[tuple[int, int]] = []

    class Watcher:
        end_tick = None

        def take(self, chunks):
            if 0 in chunks:
                seen.extend(zip(chunks[0].start.tolist(), chunks[0].length.tolist(), strict=True))

        def over(self) -> None: ...

    watcher = Watcher()
    keeper.watch(watcher)
    for step in steps:
        clock.now += step
        while not keeper.catch_up():
            pass
    keeper.unwatch(watcher, (0,))
    return seen


def test_the_same_seed_gives_the_same_switches_however_time_is_cut():
    even = _switches(7, [0.04] * 50)
    assert _switches(7, [0.25, 0.001] * 7 + [0.243]) == even
    assert _switches(8, [0.04] * 50) != even
    assert len(even) > 400


def test_time_that_cannot_be_caught_up_is_left_out():
    clock = _Clock()
    keeper = Timekeeper(Machine(Setup()), 2.0, clock)
    clock.now += 3600.0
    while not keeper.catch_up():
        pass
    assert keeper.uptime_s == pytest.approx(1.0, abs=0.01)  # half a second of ours at most
