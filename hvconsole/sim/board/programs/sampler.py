"""hvsampler as a process: its words, and the stream of the machine's switches."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.board.linux.counter import FOLDER as COUNTER_FOLDER
from hvconsole.sim.board.linux.online import online
from hvconsole.sim.board.modes import KERNEL
from hvconsole.sim.board.programs.guard import STATUS, Reason, until_the_end
from hvconsole.sim.board.programs.options import (
    EXIT_ENDED,
    EXIT_FAILED,
    EXIT_PERMISSION,
    EXIT_USAGE,
    WrongOptionError,
)
from hvconsole.sim.board.programs.sampler_options import COUNTERS, Wanted, wanted
from hvconsole.sim.board.programs.stream import SampleStream
from hvconsole.sim.board.programs.windows import PAUSE_MS, WINDOW_MS
from hvconsole.sim.board.shell.call import Invocation
from hvconsole.sim.machine import HZ, SwitchChunk
from hvconsole.sim.machine.changes import StartSampling, StopSampling, vcpu_of
from hvconsole.sim.machine.chunk import shifted
from hvconsole.sim.machine.sampled import Epoch, SampledRun
from hvconsole.wire.values import Hello

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board
    from hvconsole.sim.board.timekeeper import Timekeeper

VERSION: Final = "hvsampler, simulated"
_CALIBRATION_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class _View:
    """How one Linux sees the machine.

    Attributes:
        domain: Which one it is.
        behind: Ticks by which the counter that it reads is behind the machine's.
    """

    domain: int
    behind: int

    def of(self, chunks: Mapping[int, SwitchChunk]) -> dict[int, SwitchChunk]:
        """Return its own lanes' chunks by its own CPUs, as its counter tells them."""
        found = ((vcpu_of(lane), chunk) for lane, chunk in chunks.items())
        return {cpu: shifted(chunk, self.behind) for (of, cpu), chunk in found if of == self.domain}


class _Run:
    """One run's way out of the machine: a `Watcher` of the timekeeper."""

    def __init__(self, call: Invocation, hello: Hello, asked: Wanted, view: _View) -> None:
        self._view = view
        stdout = call.streams.stdout
        self._stream = SampleStream(
            hello, call.out, clogged=lambda: stdout.clogged, text=asked.text
        )
        self._silence_s = asked.silence_s
        length = None if asked.seconds is None else round(asked.seconds * HZ)
        self._end_tick = None if length is None else hello.start_tick + view.behind + length
        self.ended: asyncio.Future[Reason] = asyncio.get_running_loop().create_future()
        self._stream.begin()

    @property
    def end_tick(self) -> int | None:
        """When its time is over."""
        return self._end_tick

    def take(self, chunks: Mapping[int, SwitchChunk]) -> None:
        """Write what chunks complete, as long as somebody reads."""
        self._stream.feed(self._view.of(chunks))
        if self._stream.broken:
            self._end("stdin-closed")
        elif 0 < self._silence_s < self._stream.stalled_s:
            self._end("no-heartbeat")

    def over(self) -> None:
        """Its time is over."""
        self._end("time")

    def answer(self, count: int, tick: int) -> None:
        """Tell what the counter says."""
        self._stream.answer(count, tick - self._view.behind)

    def finish(self, reason: Reason, at: int) -> None:
        """Write the last frames."""
        over = reason == "time" and self._end_tick is not None
        tick = self._end_tick if over and self._end_tick else at
        self._stream.finish(reason, tick - self._view.behind)

    def _end(self, reason: Reason) -> None:
        if not self.ended.done():
            self.ended.set_result(reason)


async def hvsampler(board: Board, call: Invocation) -> int:
    """Do what the real one does; the exit statuses are its own."""
    try:
        asked = wanted(call.words[1:], online(board))
    except WrongOptionError as wrong:
        return call.fail(str(wrong), EXIT_USAGE)
    if asked.only:
        call.out(_probed(board, asked) if asked.only == "probe" else f"{VERSION}\n")
        return EXIT_ENDED
    readable = readable_counters(board)
    counter = readable[0] if asked.counter == "auto" else asked.counter
    if counter not in readable:
        hint = ": load the counter module (kmod/hvcounter)" if counter == "cntpct" else ""
        text = f"{counter} cannot be read from user space here{hint}"
        return call.fail(text, EXIT_PERMISSION)
    asked.counter = counter
    await board.timekeeper.sleep(_CALIBRATION_S)
    return await _measured(board, call, asked)


def readable_counters(board: Board) -> list[str]:
    """Return the counters that user space can read, best first.

    Xen lets its guests read CNTPCT as well: everywhere it is the guest's kernel that closes it.
    """
    opened = board.tree.is_folder(COUNTER_FOLDER)
    return ["cntpct", "cntvct"] if opened else ["cntvct"]


async def _measured(board: Board, call: Invocation, asked: Wanted) -> int:
    keeper = board.timekeeper
    await keeper.to_round_moment()
    machine = keeper.machine
    started: list[int] = []
    reason: Reason = "signal"
    try:
        for cpu in asked.cpus:
            start = StartSampling(cpu, fifo=bool(asked.fifo), domain=board.domain)
            keeper.apply(start, same_tick=True)
            started.append(start.lane)
        view = _View(board.domain, board.began_tick if asked.counter == "cntvct" else 0)
        run = _Run(call, _hello(board, asked, machine.now - view.behind), asked, view)
        keeper.watch(run)
        try:
            reason = await until_the_end(
                call,
                run.ended,
                silence_s=asked.silence_s,
                guarded=asked.guarded,
                asked=lambda count: run.answer(count, _now(keeper)),
            )
        finally:
            at = keeper.unwatch(run, tuple(started))
            run.finish(reason, at)
    except BoardProblem as problem:
        return call.fail(problem.title, EXIT_FAILED)
    finally:
        if keeper.machine is machine:  # a reboot ends it as well
            for lane in set(started) & set(machine.sampled):
                domain, cpu = vcpu_of(lane)
                keeper.apply(StopSampling(cpu, domain))
    return STATUS[reason]


def _now(keeper: Timekeeper) -> int:
    keeper.catch_up()
    return keeper.machine.now


def _hello(board: Board, asked: Wanted, start: int) -> Hello:
    ticks = None
    if asked.threshold_ns is not None:
        ticks = max(round(asked.threshold_ns * HZ / 1e9), 1)
    epoch = Epoch(start, round(board.uptime_s * 1e9), time.time_ns())
    cpus = online(board)
    run = SampledRun(
        dict.fromkeys(asked.cpus, ticks),
        epoch,
        sampler=VERSION,
        kernel=KERNEL,
        online_cpus=len(cpus),
        fifo=asked.fifo,
    )
    free = [cpu for cpu in cpus if cpu not in asked.cpus]
    window_ms = asked.window_ms
    if window_ms is None:
        window_ms = 0 if free else WINDOW_MS
    return msgspec.structs.replace(
        run.hello,
        counter=asked.counter,
        fenced=asked.fence,
        ring=asked.ring,
        writer_cpu=free[0] if free else -1,
        window_ms=window_ms,
        pause_ms=PAUSE_MS if window_ms else 0,
    )


def _probed(board: Board, asked: Wanted) -> str:
    readable = readable_counters(board)
    found = {
        "machine": "armv7l",
        "nominal_hz": HZ,
        **{name: name in readable for name in COUNTERS},
        "cpu": asked.cpus[0],
        "online": online(board),
        "allowed": online(board),
    }
    return json.dumps(found, separators=(",", ":")) + "\n"
