"""Weights, caps, budgets, pins and pools do what their definitions say, at once."""

import numpy as np
import pytest
from simulated import lost_share, of, started, us, watch, xen

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.machine import MS, SECOND, US, Cause, Machine
from hvconsole.sim.machine.changes import (
    Change,
    CreateDomain,
    CreatePool,
    DestroyDomain,
    DestroyPool,
    MoveCpu,
    MoveDomain,
    PinVcpu,
    SetBusy,
    SetParameters,
    SetPaused,
    SetPool,
)
from hvconsole.sim.machine.profile import Activity


def shares(machine: Machine, seconds: int = 30) -> dict[int, float]:
    """Share of one CPU that each domain has over the next seconds."""
    assert machine.xen is not None
    before = {domain: machine.xen.cpu_ticks(domain) for domain in machine.xen.domains}
    machine.advance(machine.now + seconds * SECOND)
    return {
        domain: (machine.xen.cpu_ticks(domain) - ticks) / (seconds * SECOND)
        for domain, ticks in before.items()
    }


def settled(setup_name: str, *changes: Change, cpus: int = 1, **more: object) -> Machine:
    machine = started(xen(setup_name, cpus, **more), *changes)
    machine.advance(3 * SECOND)
    return machine


@pytest.mark.parametrize("name", ["credit", "credit2"])
@pytest.mark.parametrize("weights", [(256, 256), (256, 512), (512, 128), (256, 2560)])
def test_cpu_time_goes_by_weight(name: str, weights: tuple[int, int]) -> None:
    ours, theirs = weights
    machine = settled(
        name, SetParameters(0, weight=ours), CreateDomain(1, busy=True, weight=theirs)
    )
    got = shares(machine)
    assert got[0] == pytest.approx(ours / (ours + theirs), abs=0.02)
    assert got[0] + got[1] == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize("name", ["credit", "credit2"])
def test_three_domains_on_two_cpus_share_by_weight(name: str) -> None:
    machine = settled(
        name,
        CreateDomain(1, busy=True, weight=512),
        CreateDomain(2, busy=True),
        cpus=2,
        dom0_vcpus=1,
    )
    got = shares(machine)
    # The heavy one cannot use more than a CPU; the others divide the second.
    assert [got[0], got[1], got[2]] == pytest.approx([0.5, 1.0, 0.5], abs=0.02)


@pytest.mark.parametrize("name", ["credit", "credit2"])
def test_a_cap_holds_even_where_nobody_else_wants_the_cpu(name: str) -> None:
    machine = settled(name, SetParameters(0, cap=40))
    chunk = watch(machine, 10)
    assert lost_share(chunk, 10) == pytest.approx(0.6, abs=0.02)
    assert of(chunk, Cause.NO_BUDGET).sum() > 0.95 * us(chunk).sum()
    machine.apply(SetParameters(0, cap=0))
    watch(machine, 0.1)
    assert lost_share(watch(machine, 5), 5) < 0.01


@pytest.mark.parametrize("name", ["credit", "credit2"])
def test_what_a_capped_domain_leaves_goes_to_the_other(name: str) -> None:
    got = shares(settled(name, CreateDomain(1, busy=True, cap=20)))
    assert got[1] == pytest.approx(0.2, abs=0.01)
    assert got[0] == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(
    ("dom0", "guest"),
    [((10_000, 6_000), (10_000, 3_000)), ((10_000, 5_000), (20_000, 8_000))],
)
def test_without_extratime_a_budget_is_what_one_gets(
    dom0: tuple[int, int], guest: tuple[int, int]
) -> None:
    machine = settled(
        "rtds",
        SetParameters(0, period_us=dom0[0], budget_us=dom0[1], extratime=False),
        CreateDomain(1, busy=True, period_us=guest[0], budget_us=guest[1], extratime=False),
    )
    got = shares(machine)
    assert got[0] == pytest.approx(dom0[1] / dom0[0], abs=0.005)
    assert got[1] == pytest.approx(guest[1] / guest[0], abs=0.005)


def test_extratime_gives_what_is_left() -> None:
    machine = settled("rtds", CreateDomain(1, busy=True, budget_us=3_000, extratime=False))
    got = shares(machine)
    assert got[1] == pytest.approx(0.3, abs=0.005)
    assert got[0] == pytest.approx(0.7, abs=0.005)


def test_rtds_never_lets_a_budget_pass_its_deadline() -> None:
    machine = settled(
        "rtds",
        SetParameters(0, period_us=5_000, budget_us=2_000, extratime=False),
        CreateDomain(1, busy=True, period_us=50_000, budget_us=25_000, extratime=False),
    )
    chunk = watch(machine, 10)
    # The other one's deadline is always later or equal: it never delays us beyond our own.
    assert us(chunk).max() <= 2 * (5_000 - 2_000) + 100
    assert lost_share(chunk, 10) == pytest.approx(0.6, abs=0.01)


def test_the_null_scheduler_keeps_who_came_late_waiting() -> None:
    machine = settled("null", CreateDomain(1, busy=True), CreateDomain(2, busy=True))
    assert shares(machine, 5)[1] == 0
    assert us(watch(machine, 5)).max() < 200
    two = settled("null", CreateDomain(1, busy=True), cpus=2, dom0_vcpus=1)
    assert shares(two, 5) == pytest.approx({0: 1, 1: 1}, abs=0.001)


@pytest.mark.parametrize("name", ["credit", "credit2", "rtds"])
def test_pinned_apart_they_do_not_meet_and_pinned_together_they_do(name: str) -> None:
    machine = settled(
        name,
        PinVcpu(0, None, frozenset({0})),
        CreateDomain(1, busy=True, cpus=frozenset({1})),
        cpus=2,
        dom0_vcpus=1,
    )
    assert of(watch(machine, 2), Cause.PREEMPTED).size == 0
    machine.apply(PinVcpu(1, None, frozenset({0})))
    watch(machine, 0.2)
    together = watch(machine, 4)
    assert lost_share(together, 4) == pytest.approx(0.5, abs=0.02)
    machine.apply(PinVcpu(1, None, None))
    watch(machine, 0.2)
    assert lost_share(watch(machine, 2), 2) < 0.02


def test_a_pool_of_its_own_separates_a_domain() -> None:
    machine = settled("credit", CreateDomain(1, busy=True), cpus=2)
    machine.apply(PinVcpu(0, 0, frozenset({0})))
    machine.apply(PinVcpu(1, None, frozenset({0})))
    assert lost_share(watch(machine, 5), 5) > 0.3
    machine.apply(MoveCpu(1, None))
    machine.apply(CreatePool("real-time", "rtds", (1,)))
    machine.apply(MoveDomain(1, "real-time"))
    watch(machine, 0.2)
    chunk = watch(machine, 5)
    # What is left is dom0's own second vCPU, which now has to wake on the same CPU.
    assert lost_share(chunk, 5) < 0.02
    assert us(chunk).max() < 1_000
    assert shares(machine, 2)[1] == pytest.approx(1, abs=0.01)


def test_a_new_slice_takes_effect_at_once() -> None:
    machine = settled("credit", CreateDomain(1, busy=True))
    assert np.median(of(watch(machine, 3), Cause.PREEMPTED)) == pytest.approx(30_050, rel=0.01)
    machine.apply(SetPool("Pool-0", tslice_ms=5))
    chunk = watch(machine, 3)
    assert us(chunk)[5:].max() < 30_100
    assert np.median(of(chunk, Cause.PREEMPTED)) == pytest.approx(5_050, rel=0.01)


def test_a_guest_that_comes_and_goes_is_seen_at_once() -> None:
    machine = settled("credit2")
    assert us(watch(machine, 1)).max() < 300
    machine.apply(CreateDomain(1, busy=True))
    came = machine.now
    chunk = watch(machine, 1)
    first = int(chunk.start[chunk.cause == Cause.PREEMPTED][0])
    assert first - came < 20 * MS
    machine.apply(DestroyDomain(1))
    machine.advance(machine.now + 20 * MS)
    assert us(watch(machine, 1)).max() < 300


@pytest.mark.parametrize("change", [SetPaused(1, paused=True), SetBusy(1, busy=False)])
def test_a_paused_or_idle_guest_takes_next_to_nothing(change: Change) -> None:
    machine = settled("credit", CreateDomain(1, busy=True))
    machine.apply(change)
    machine.advance(machine.now + 100 * MS)
    assert lost_share(watch(machine, 5), 5) < 0.01


def test_credit_boosts_who_wakes() -> None:
    activity = Activity(period=20 * MS, work=100 * US)
    machine = settled("credit", CreateDomain(1, activity=activity))
    chunk = watch(machine, 10)
    short = of(chunk, Cause.PREEMPTED)
    # Each waking interrupts the sampler at once, for its work and the way there and back.
    assert short.size == pytest.approx(500, rel=0.1)
    assert 100 < np.median(short) < 200


def test_the_ratelimit_lets_a_turn_last() -> None:
    activity = Activity(period=4 * MS, work=100 * US)
    machine = settled(
        "credit", CreateDomain(1, activity=activity), SetPool("Pool-0", ratelimit_us=5_000)
    )
    chunk = watch(machine, 5)
    starts = chunk.start[chunk.cause == Cause.PREEMPTED].astype(np.int64)
    assert np.diff(starts).min() >= 5 * MS


@pytest.mark.parametrize(
    "change",
    [
        CreateDomain(0),
        CreateDomain(1, pool="nowhere"),
        CreateDomain(1, weight=0),
        CreateDomain(1, period_us=10_000, budget_us=10_001),
        SetParameters(0, budget_us=9),
        SetParameters(7, weight=100),
        DestroyDomain(0),
        MoveDomain(0, "Pool-0"),
        SetPool("Pool-0", tslice_ms=1001),
        CreatePool("Pool-0", "null"),
        CreatePool("other", "null", (0,)),
        DestroyPool("Pool-0"),
        MoveCpu(0, None),
        MoveCpu(5, "Pool-0"),
        PinVcpu(0, 9, None),
    ],
    ids=repr,
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(change: Change) -> None:
    asked, left = started(xen("credit")), started(xen("credit"))
    with pytest.raises(BoardProblem):
        asked.apply(change)
    assert asked.xen is not None
    assert list(asked.xen.domains) == [0]
    assert list(asked.xen.pools) == ["Pool-0"]
    one, other = watch(asked, 2), watch(left, 2)
    assert one.start.tolist() == other.start.tolist()
    assert one.length.tolist() == other.length.tolist()
