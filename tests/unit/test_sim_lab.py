"""The model against what real kernels and hypervisors did in virtual time.

The figures are the lab's: Linux 6.1 (Debian armmp-lpae) and Xen 4.17 on one emulated CPU at 2 ns an
instruction, gaps longer than 1 µs; Jailhouse at 8 ns an instruction under a 100 Hz kernel.
"""

import numpy as np
import pytest
from simulated import NATIVE, lost_share, of, started, us, watch, xen

from hvconsole.sim.machine import Cause, Setup
from hvconsole.sim.machine.changes import CreateDomain, EnableJailhouse, SetParameters
from hvconsole.sim.machine.profile import DEBIAN, JAILHOUSE_ROOT, Costs

# Gaps and lost µs in one second, dom0 (or Linux) alone.
ALONE = {
    "native": (250, 2_071),
    "null": (250, 2_841),
    "credit2": (350, 4_316),
    "credit": (418, 4_879),
    "rtds": (650, 7_499),
}
SECONDS = 20


def setup_of(name: str) -> Setup:
    return NATIVE if name == "native" else xen(name)


@pytest.mark.parametrize("name", ALONE)
def test_alone_as_many_gaps_and_as_much_lost_as_in_the_lab(name: str) -> None:
    machine = started(setup_of(name))
    watch(machine, 1)
    chunk = watch(machine, SECONDS)
    gaps, lost_us = ALONE[name]
    assert chunk.length.size / SECONDS == pytest.approx(gaps, rel=0.02)
    assert us(chunk).sum() / SECONDS == pytest.approx(lost_us, rel=0.05)


def test_alone_the_order_is_that_of_the_lab() -> None:
    lost = {}
    for name in ALONE:
        machine = started(setup_of(name))
        lost[name] = lost_share(watch(machine, SECONDS), SECONDS)
    assert sorted(lost, key=lost.__getitem__) == ["native", "null", "credit2", "credit", "rtds"]


def test_native_gaps_have_the_lengths_of_the_lab() -> None:
    machine = started(NATIVE)
    lengths = us(watch(machine, SECONDS))
    counts, _ = np.histogram(lengths, [0, 4.1, 8.2, 16.4, 65.5, 131.1])
    # The lab's second: 235 of 4.1 to 8.2 µs, 11 up to 16.4, 2 or 3 beyond, one of 93 to 95 µs.
    assert (counts / SECONDS).tolist() == pytest.approx([0, 235, 11, 3, 1], rel=0.15, abs=0.5)


CONTENDED = {
    # scheduler: worst gap in µs, long gaps in two seconds, share lost
    "credit": (30_100, 33, 0.50),
    "credit2": (10_100, 100, 0.505),
}


@pytest.mark.parametrize("name", CONTENDED)
def test_beside_a_burning_guest_the_gaps_are_those_of_the_lab(name: str) -> None:
    machine = started(xen(name), CreateDomain(1, busy=True))
    watch(machine, 1)
    chunk = watch(machine, SECONDS)
    worst, count, share = CONTENDED[name]
    long = of(chunk, Cause.PREEMPTED)
    assert us(chunk).max() == pytest.approx(worst, rel=0.02)
    assert long.size / SECONDS * 2 == pytest.approx(count, rel=0.03)
    assert np.median(long) == pytest.approx(worst, rel=0.02)
    assert lost_share(chunk, SECONDS) == pytest.approx(share, rel=0.02)


def test_rtds_with_extratime_gives_the_gaps_of_the_lab() -> None:
    machine = started(xen("rtds"), CreateDomain(1, busy=True))
    watch(machine, 1)
    chunk = watch(machine, SECONDS)
    assert us(chunk).max() == pytest.approx(4_070, rel=0.05)
    # 200 of 2 to 4.2 ms in two seconds; with what is lost in all, that leaves 100 of 2 ms.
    lengths = us(chunk)
    assert (lengths > 3_500).sum() / SECONDS * 2 == pytest.approx(200, rel=0.02)
    assert ((lengths > 1_900) & (lengths < 2_200)).sum() / SECONDS * 2 == pytest.approx(
        100, rel=0.02
    )
    assert lost_share(chunk, SECONDS) == pytest.approx(0.507, rel=0.02)


@pytest.mark.parametrize(
    ("dom0_us", "guest_us", "worst_us", "share"),
    [(6_000, 3_000, 7_050, 0.404), (5_000, 4_000, 9_064, 0.504)],
)
def test_rtds_without_extratime_gives_the_gaps_of_the_lab(
    dom0_us: int, guest_us: int, worst_us: float, share: float
) -> None:
    machine = started(
        xen("rtds"),
        SetParameters(0, period_us=10_000, budget_us=dom0_us, extratime=False),
        CreateDomain(1, busy=True, budget_us=guest_us, extratime=False),
    )
    watch(machine, 1)
    chunk = watch(machine, SECONDS)
    assert us(chunk).max() == pytest.approx(worst_us, rel=0.02)
    assert of(chunk, Cause.PREEMPTED).size / SECONDS == pytest.approx(50, rel=0.02)
    assert of(chunk, Cause.NO_BUDGET).size / SECONDS == pytest.approx(50, rel=0.02)
    assert lost_share(chunk, SECONDS) == pytest.approx(share, rel=0.02)


def test_contended_the_worst_case_is_rtds_then_credit2_then_credit() -> None:
    worst = {}
    for name in ("credit", "credit2", "rtds"):
        machine = started(xen(name), CreateDomain(1, busy=True))
        worst[name] = us(watch(machine, 5)).max()
    assert sorted(worst, key=worst.__getitem__) == ["rtds", "credit2", "credit"]


def jailhouse_lab(*, enabled: bool) -> np.ndarray:
    setup = Setup(guest=JAILHOUSE_ROOT, costs=Costs(ns_per_instruction=8))
    machine = started(setup, *([EnableJailhouse()] if enabled else []))
    watch(machine, 1)
    return us(watch(machine, SECONDS))


def test_jailhouse_makes_each_tick_longer_by_one_exit_as_in_the_lab() -> None:
    off, on = jailhouse_lab(enabled=False), jailhouse_lab(enabled=True)
    assert off.size == on.size == 100 * SECONDS
    assert np.median(off) == pytest.approx(24.32, rel=0.01)
    assert np.median(on) == pytest.approx(25.79, rel=0.01)
    assert np.median(on) - np.median(off) == pytest.approx(1.47, rel=0.05)
    assert np.quantile(off, 0.9) == pytest.approx(31.4, rel=0.02)


def test_the_cost_of_an_exit_is_the_same_at_the_speed_of_the_board() -> None:
    setup = Setup(guest=DEBIAN)
    off, on = started(setup), started(setup, EnableJailhouse())
    watch(on, 1)
    watch(off, 1)
    less, more = us(watch(off, SECONDS)), us(watch(on, SECONDS))
    # 184 instructions at 2 ns.
    assert more.mean() - less.mean() == pytest.approx(0.368, rel=0.1)
