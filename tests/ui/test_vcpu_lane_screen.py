"""The lane under the timeline, on the screen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
import numpy as np
from driving import console
from synthetic import SyntheticConsole, hello

from hvconsole.stream.snapshot import Snapshot, View
from hvconsole.stream.vcpu_lane import VcpuLane
from hvconsole.wire.xentrace import SWITCH, Records

HELLO = hello((0, 1))


def traced() -> VcpuLane:
    """Return a lane in which dom0 has CPU 0 for the first half of 12 s, then domain 2."""
    seconds, owners = [0.0, 6.0, 12.0], [(9, 0, 0, 1), (0, 1, 2, 0), (2, 0, 0, 1)]
    extra = np.zeros((3, 7), np.uint32)
    extra[:, :4] = owners
    ticks = [HELLO.start_tick + round(second * HELLO.frequency_hz) for second in seconds]
    lane = VcpuLane()
    lane.feed(
        Records(
            np.array(ticks, np.uint64), np.zeros(3, np.int32), np.full(3, SWITCH, np.uint32), extra
        )
    )
    return lane


@dataclass
class Recorded(SyntheticConsole):
    """A recording with Xen's records, whose samples are by a given counter."""

    counter: str = "cntpct"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.vcpus = traced()

    def snapshot(self, view: View) -> Snapshot:
        seen = super().snapshot(view)
        if seen.hello is None:
            return seen
        return replace(seen, hello=msgspec.structs.replace(seen.hello, counter=self.counter))


async def test_who_had_the_cpu_stands_under_the_timeline() -> None:
    async with console(Recorded(), size=(120, 44)) as driver:
        row = driver.line("pCPU0")
        assert row.index("d0v1") < row.index("d2v0")


async def test_the_cursor_reads_out_who_had_the_cpu() -> None:
    async with console(Recorded(), size=(120, 44)) as driver:
        driver.screen.timeline.cursor_s = 9.0
        await driver.settle()
        assert "pCPU0 d2v0" in driver.text


async def test_there_is_no_lane_where_the_clocks_differ() -> None:
    async with console(Recorded(counter="cntvct"), size=(120, 44)) as driver:
        assert "pCPU0" not in driver.text


async def test_a_low_screen_keeps_its_timeline() -> None:
    async with console(Recorded(), size=(80, 14)) as driver:
        assert "pCPU0" not in driver.text
