"""Xen's scheduler traced from the Measure screen: its key, its lane, what it says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import msgspec
import numpy as np
from driving import console
from synthetic import SyntheticConsole, SyntheticPlayback
from test_vcpu_lane_screen import HELLO

from hvconsole.model.problem import BoardProblem
from hvconsole.model.tracing import TraceState
from hvconsole.stream.snapshot import Snapshot, View
from hvconsole.stream.vcpu_lane import VcpuLane
from hvconsole.wire.xentrace import SWITCH, Records


@dataclass
class Desk:
    """Switches tracing on and off; records come when a test says so."""

    problem: BoardProblem | None = None
    state: TraceState = field(default_factory=TraceState)
    lane: VcpuLane | None = None
    cost: str = "128 KiB of Xen's memory a CPU"

    async def toggle(self) -> bool:
        if self.problem is not None:
            raise self.problem
        on = not self.state.wanted
        self.state = replace(self.state, wanted=on, tracing=on)
        if on:
            self.lane = VcpuLane()
        return on

    def switch(self, second: float, before: int, after: int) -> None:
        extra = np.zeros((1, 7), np.uint32)
        extra[0, :4] = before, 0, after, 0
        tick = HELLO.start_tick + round(second * HELLO.frequency_hz)
        cpu, event = np.zeros(1, np.int32), np.full(1, SWITCH, np.uint32)
        self.lane.feed(Records(np.array([tick], np.uint64), cpu, event, extra))


@dataclass
class Traceable(SyntheticConsole):
    """A board under Xen, measured by CNTPCT."""

    tracing: Desk = field(default_factory=Desk)
    counter: str = "cntpct"

    @property
    def vcpus(self) -> VcpuLane | None:
        return self.tracing.lane

    @vcpus.setter
    def vcpus(self, value: object) -> None:
        pass

    def snapshot(self, view: View) -> Snapshot:
        seen = super().snapshot(view)
        if seen.hello is None:
            return seen
        return replace(seen, hello=msgspec.structs.replace(seen.hello, counter=self.counter))


WIDE = (160, 44)


async def test_the_key_switches_it_on_and_says_what_it_costs() -> None:
    async with console(Traceable(), size=WIDE) as driver:
        assert "Xen traced" not in driver.text
        await driver.press("X")
        assert driver.board.tracing.state.tracing
        assert "It costs 128 KiB" in driver.text.replace("\n", " ")
        driver.board.tracing.switch(1.0, 9, 2)
        await driver.settle()
        assert "Xen traced" in driver.text
        await driver.press("X")
        await driver.settle()
        assert not driver.board.tracing.state.wanted
        assert "not traced any more" in driver.text


async def test_the_lane_grows_as_records_come_though_no_sample_does() -> None:
    async with console(Traceable(), size=WIDE) as driver:
        await driver.press("X")
        desk = driver.board.tracing
        assert "pCPU0" not in driver.text
        desk.switch(0.0, 9, 1)
        desk.switch(6.0, 1, 2)
        await driver.settle()
        row = driver.line("pCPU0")
        assert "d1v0" in row
        assert "d2v0" not in row
        desk.switch(12.0, 2, 1)
        await driver.settle()
        row = driver.line("pCPU0")
        assert row.index("d1v0") < row.index("d2v0")


async def test_a_paused_view_keeps_its_lane() -> None:
    async with console(Traceable(), size=WIDE) as driver:
        await driver.press("X")
        driver.board.tracing.switch(0.0, 9, 1)
        driver.board.tracing.switch(6.0, 1, 2)
        await driver.settle()
        await driver.press("p")
        before = driver.line("pCPU0")
        driver.board.tracing.switch(12.0, 2, 1)
        await driver.settle()
        assert driver.line("pCPU0") == before


async def test_what_is_missing_is_said() -> None:
    board = Traceable()
    async with console(board, size=WIDE) as driver:
        await driver.press("X")
        board.tracing.state = replace(
            board.tracing.state, received=9, lost=17, skipped=3, not_shown=5
        )
        board.tracing.switch(1.0, 9, 2)
        await driver.settle()
        shown = "17 records lost in Xen, 3 bytes were no records, 5 bytes too many to show"
        assert shown in driver.text


async def test_why_there_is_no_lane_by_another_counter_is_said() -> None:
    board = Traceable(counter="cntvct")
    async with console(board, size=WIDE) as driver:
        await driver.press("X")
        board.tracing.state = replace(board.tracing.state, received=9)
        board.tracing.switch(1.0, 9, 2)
        await driver.settle()
        assert "no lane: needs samples by CNTPCT" in driver.text
        assert "pCPU0" not in driver.text


async def test_why_it_cannot_be_had_is_shown() -> None:
    reason = "xentrace needs dom0 of a running Xen"
    desk = Desk(problem=BoardProblem("it cannot be traced", detail=reason))
    async with console(Traceable(tracing=desk), size=WIDE) as driver:
        await driver.press("X")
        assert reason in driver.text
    async with console(size=WIDE) as driver:
        await driver.press("X")
        assert "cannot be traced here" in driver.text


async def test_it_is_in_the_palette_and_not_offered_for_a_recording() -> None:
    async with console(Traceable(), size=WIDE) as driver:
        await driver.run_command("Trace which")
        assert driver.board.tracing.state.wanted
    replay = Traceable(playback=SyntheticPlayback())
    async with console(replay, size=WIDE) as driver:
        await driver.press("X")
        assert not replay.tracing.state.wanted
