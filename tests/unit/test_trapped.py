"""Reads of a counter that a hypervisor answers."""

from __future__ import annotations

import msgspec
import pytest
from values import hello

from hvconsole.session.guest_clock import trapped_reads
from hvconsole.stream.trapped import read_ns, trapped
from hvconsole.wire.values import Hello


def reading(hz: int, *ticks: int) -> Hello:
    one = hello(*range(len(ticks)), hz=hz)
    lanes = zip(one.lanes, ticks, strict=True)
    return msgspec.structs.replace(
        one, lanes=tuple(msgspec.structs.replace(lane, p50_ticks=n) for lane, n in lanes)
    )


def test_a_reads_cost_is_that_of_the_best_cpu() -> None:
    assert read_ns(reading(1_000_000_000, 90, 40)) == 40


@pytest.mark.parametrize(
    ("host", "guest", "is_trapped"),
    [
        (reading(24_000_000, 1), reading(24_000_000, 1), False),
        (reading(62_500_000, 5), reading(62_500_000, 12), False),  # an emulator's moods
        (reading(24_000_000, 1), reading(24_000_000, 30), True),
        (reading(1_000_000_000, 20), reading(1_000_000_000, 2_000), True),
    ],
)
def test_a_trap_costs_far_more(host: Hello, guest: Hello, *, is_trapped: bool) -> None:
    assert trapped(host, guest) == is_trapped


def test_it_is_told_with_what_a_read_costs() -> None:
    host = reading(24_000_000, 1)
    assert trapped_reads("busy", host, host) is None
    told = trapped_reads("busy", host, reading(24_000_000, 48))
    assert told is not None
    assert told.title == "the hypervisor answers each read of CNTPCT in guest busy"
    assert "2000 ns there, 42 ns on the host" in told.detail
