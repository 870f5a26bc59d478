"""The machine as a whole: repeatable, and what a person does to a board shows."""

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from simulated import NATIVE, lost_share, of, started, us, watch, xen

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.machine import HZ, MS, SECOND, Cause, Machine, Setup, changes as ch
from hvconsole.sim.machine.profile import BANANA_PI, Costs

CPUS = st.integers(0, 1)
DOMAINS = st.integers(0, 2)
POOLS = st.sampled_from(["Pool-0", "other"])
MASKS = st.sampled_from([None, frozenset({0}), frozenset({1}), frozenset({0, 1})])

COMMON = st.one_of(
    st.builds(ch.StartSampling, CPUS, st.booleans(), st.sampled_from([0, 0, 1])),
    st.builds(ch.StopSampling, CPUS),
    st.builds(ch.StartLoad, st.sampled_from(["spin", "cpuburn-a7"]), CPUS),
    st.builds(ch.StartLoad, st.just("storm"), CPUS, st.just(2_000.0)),
    st.builds(ch.StopLoad, st.sampled_from(["spin", "storm"]), CPUS),
    st.builds(ch.LimitFrequency, st.just(144_000), st.sampled_from([960_000, 528_000])),
)
BARE = st.one_of(
    COMMON,
    st.builds(ch.SetOnline, CPUS, st.booleans()),
    st.builds(ch.EnableJailhouse),
    st.builds(ch.DisableJailhouse),
    st.builds(ch.CreateCell, st.just("cell"), st.tuples(CPUS)),
    st.builds(ch.DestroyCell, st.just("cell")),
    st.builds(ch.ParkCpu, CPUS),
)
OF_XEN = st.one_of(
    COMMON,
    st.builds(
        ch.CreateDomain,
        DOMAINS,
        vcpus=st.integers(1, 2),
        busy=st.booleans(),
        weight=st.sampled_from([64, 256, 2_000]),
        cap=st.sampled_from([0, 30]),
        budget_us=st.sampled_from([1_000, 4_000, 10_000]),
        extratime=st.booleans(),
        cpus=MASKS,
        pool=POOLS,
    ),
    st.builds(ch.DestroyDomain, DOMAINS),
    st.builds(ch.SetPaused, DOMAINS, st.booleans()),
    st.builds(ch.SetBusy, DOMAINS, st.booleans()),
    st.builds(
        ch.SetParameters,
        DOMAINS,
        weight=st.sampled_from([None, 100, 5_000]),
        cap=st.sampled_from([None, 0, 20]),
        budget_us=st.sampled_from([None, 500, 7_777]),
        extratime=st.sampled_from([None, True, False]),
    ),
    st.builds(ch.SetPool, POOLS, st.sampled_from([None, 1, 200]), st.sampled_from([None, 0])),
    st.builds(ch.PinVcpu, DOMAINS, st.sampled_from([None, 0]), MASKS),
    st.builds(
        ch.CreatePool,
        st.just("other"),
        st.sampled_from(["credit", "credit2", "rtds", "null"]),
        st.sampled_from([(), (1,)]),
    ),
    st.builds(ch.DestroyPool, st.just("other")),
    st.builds(ch.MoveCpu, st.just(1), st.sampled_from([None, "Pool-0", "other"])),
    st.builds(ch.MoveDomain, DOMAINS, POOLS),
)
SPAN = SECOND // 2
TIMES = st.integers(0, SPAN)
SCHEDULERS = st.sampled_from(["credit", "credit2", "rtds", "null"])
Plan = list[tuple[int, ch.Change]]


def lived(setup: Setup, seed: int, plan: Plan, stops: list[int]) -> dict[int, np.ndarray]:
    """Go through a plan, stopping here and there; return (start, length, cause) by CPU."""
    machine = Machine(setup, seed=seed)
    machine.apply(ch.StartSampling(0))
    found: dict[int, list[np.ndarray]] = {}
    at_stop: list[tuple[int, ch.Change | None]] = [(stop, None) for stop in stops]
    steps = at_stop + sorted(plan, key=lambda step: step[0]) + [(SPAN, None)]
    for tick, change in sorted(steps, key=lambda step: step[0]):
        for cpu, chunk in machine.advance(tick).items():
            assert (chunk.start + chunk.length <= chunk.until).all()
            rows = np.stack([chunk.start, chunk.length, chunk.cause.astype(np.uint64)])
            found.setdefault(cpu, []).append(rows)
        if change is not None:
            try:
                machine.apply(change)
            except BoardProblem:
                continue  # refused the same way each time
    return {cpu: np.concatenate(rows, axis=1) for cpu, rows in found.items()}


def check(setup: Setup, seed: int, plan: Plan, stops: list[int]) -> None:
    whole, cut = lived(setup, seed, plan, []), lived(setup, seed, plan, stops)
    for cpu, (start, length, _) in whole.items():
        assert (start[1:] >= start[:-1] + length[:-1]).all()
        assert np.array_equal(whole[cpu], cut[cpu])


relaxed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(
    SCHEDULERS,
    st.integers(0, 2**32),
    st.lists(st.tuples(TIMES, OF_XEN), max_size=12),
    st.lists(TIMES, max_size=20),
)
def test_xen_gives_the_same_in_any_portions(
    scheduler: str, seed: int, plan: Plan, stops: list[int]
) -> None:
    check(Setup(hypervisor="xen", scheduler=scheduler), seed, plan, stops)


@relaxed
@given(
    st.integers(0, 2**32),
    st.lists(st.tuples(TIMES, BARE), max_size=12),
    st.lists(TIMES, max_size=20),
)
def test_linux_and_jailhouse_give_the_same_in_any_portions(
    seed: int, plan: Plan, stops: list[int]
) -> None:
    check(Setup(), seed, plan, stops)


def test_hundreds_of_portions_and_one_give_the_same_bits() -> None:
    plan: Plan = [
        (30 * MS, ch.CreateDomain(1, busy=True)),
        (100 * MS, ch.CreateDomain(2, vcpus=2)),
        (200 * MS, ch.SetParameters(1, weight=700)),
        (300 * MS, ch.StartLoad("spin", 0)),
        (400 * MS, ch.DestroyDomain(1)),
    ]
    stops = [random.Random(5).randrange(SPAN) for _ in range(700)]
    check(xen("credit", cpus=2), 9, plan, stops)


def test_another_seed_is_another_machine() -> None:
    one, other = (watch(started(NATIVE, seed=seed), 1) for seed in (1, 2))
    assert one.start.tolist() != other.start.tolist()


def test_a_change_can_be_asked_for_in_advance() -> None:
    ahead, then = started(xen("credit2")), started(xen("credit2"))
    ahead.apply(ch.CreateDomain(1, busy=True), at=SECOND)
    then.advance(SECOND)
    then.apply(ch.CreateDomain(1, busy=True))
    later = watch(then, 1)
    whole = ahead.advance(2 * SECOND)[0]
    assert whole.length[-later.length.size :].tolist() == later.length.tolist()
    with pytest.raises(ValueError, match="is over"):
        ahead.apply(ch.DestroyDomain(1), at=SECOND)
    with pytest.raises(ValueError, match="is over"):
        ahead.advance(SECOND)


def test_a_burning_task_takes_turns_with_a_sampler_that_is_not_real_time() -> None:
    machine = started(NATIVE, ch.StartLoad("cpuburn-a8", 0))
    chunk = watch(machine, 5)
    assert lost_share(chunk, 5) == pytest.approx(0.5, abs=0.01)
    assert np.median(of(chunk, Cause.TASK)) == pytest.approx(8_000, rel=0.01)
    machine.apply(ch.StopLoad("cpuburn-a8", 0))
    watch(machine, 0.1)
    assert us(watch(machine, 2)).max() < 200


def test_under_fifo_only_the_throttle_takes_the_cpu() -> None:
    machine = Machine(NATIVE)
    machine.apply(ch.StartSampling(0, fifo=True))
    machine.apply(ch.StartLoad("cpuburn-a8", 0))
    chunk = watch(machine, 10.5)
    assert of(chunk, Cause.TASK).size == 0
    assert of(chunk, Cause.RT_THROTTLE).size == 10
    assert np.median(of(chunk, Cause.RT_THROTTLE)) == pytest.approx(50_000, rel=0.01)


def test_a_load_on_another_cpu_and_cells_change_no_gap() -> None:
    alone, beside = started(NATIVE), started(NATIVE)
    beside.apply(ch.StartLoad("cpuburn-a8", 1))
    assert watch(alone, 5).length.tolist() == watch(beside, 5).length.tolist()
    idle, celled = (started(NATIVE, ch.EnableJailhouse()) for _ in range(2))
    idle.advance(SECOND)
    celled.advance(SECOND)
    celled.apply(ch.CreateCell("inmate", (1,)))
    celled.apply(ch.RunCell("inmate", running=True, busy=True))
    idle.advance(2 * SECOND)
    celled.advance(2 * SECOND)
    assert watch(idle, 5).length.tolist() == watch(celled, 5).length.tolist()


def test_a_cell_takes_a_sampled_cpu_away_and_gives_it_back() -> None:
    machine = started(NATIVE, ch.EnableJailhouse(), cpu=1)
    watch(machine, 1, cpu=1)
    machine.apply(ch.CreateCell("inmate", (1,)))
    taken = machine.now
    chunk = watch(machine, 1, cpu=1)
    assert chunk.blind_since == taken
    assert chunk.length.size == 0
    machine.apply(ch.DestroyCell("inmate"))
    chunk = watch(machine, 1, cpu=1)
    assert chunk.blind == ((taken, taken + SECOND),)
    assert chunk.length.size == pytest.approx(250, abs=3)


def test_a_parked_cpu_falls_silent_for_good() -> None:
    machine = started(NATIVE, ch.EnableJailhouse())
    watch(machine, 1)
    parked = machine.now
    machine.apply(ch.ParkCpu(0))
    chunk = watch(machine, 1)
    assert (chunk.length.size, chunk.until, chunk.blind_since) == (0, parked, None)
    with pytest.raises(BoardProblem):
        machine.apply(ch.SetOnline(0, online=True))


def test_a_sampler_that_ends_hands_over_what_it_saw() -> None:
    machine = started(NATIVE)
    machine.apply(ch.StopSampling(0), at=SECOND)
    chunk = watch(machine, 2)
    assert chunk.length.size == pytest.approx(250, abs=1)
    assert (chunk.until, chunk.blind_since) == (SECOND, None)
    assert machine.advance(3 * SECOND) == {}


def test_a_domain_can_be_sampled_too_and_its_end_ends_the_sampler() -> None:
    machine = Machine(xen("credit2"))
    machine.apply(ch.CreateDomain(1))
    machine.apply(ch.StartSampling(0, domain=1))
    lane = ch.lane_of(1, 0)
    assert of(watch(machine, 5, lane), Cause.PREEMPTED).size < 60  # dom0 is idle and wakes at times
    machine.apply(ch.DestroyDomain(1))
    watch(machine, 1, lane)
    assert machine.sampled == ()


def test_hotplug_stops_the_other_cpu_for_a_moment() -> None:
    machine = started(NATIVE)
    machine.apply(ch.SetOnline(1, online=False))
    stops = of(watch(machine, 1), Cause.MACHINE_STOP)
    assert stops.size == 1
    assert stops[0] == pytest.approx(Costs().machine_stop * 2e-3, rel=0.1)


def test_exits_are_counted_one_a_tick() -> None:
    machine = started(Setup(guest=BANANA_PI), ch.EnableJailhouse())
    for until in (SECOND, 3 * SECOND):
        machine.advance(until)
    assert machine.exits(0) == pytest.approx(3 * 250, abs=1)
    assert 0 < machine.exits(1) < 100


def test_two_burning_cpus_heat_the_board_until_it_slows_down_and_it_cools_again() -> None:
    machine = started(NATIVE)
    cool = watch(machine, 5)
    assert machine.frequency_khz == 960_000
    start_c = machine.celsius
    for cpu in (0, 1):
        machine.apply(ch.StartLoad("cpuburn-a7", cpu))
    machine.advance(machine.now + 30 * SECOND)
    assert start_c + 10 < machine.celsius < 75
    machine.advance(machine.now + 300 * SECOND)
    assert machine.throttled
    assert 70 < machine.celsius < 78
    for cpu in (0, 1):
        machine.apply(ch.StopLoad("cpuburn-a7", cpu))
    machine.apply(ch.LimitFrequency(144_000, machine.frequency_khz))
    slow, slow_khz = watch(machine, 5), machine.frequency_khz
    ratio = np.median(us(slow)) / np.median(us(cool))
    assert ratio == pytest.approx(960_000 / slow_khz, rel=0.03)
    machine.apply(ch.LimitFrequency(144_000, 960_000))
    machine.advance(machine.now + 300 * SECOND)
    assert not machine.throttled
    assert machine.celsius < 60


def test_a_flood_of_interrupts_is_seen() -> None:
    machine = started(NATIVE, ch.StartLoad("storm", 0, rate_hz=20_000))
    chunk = watch(machine, 2)
    assert chunk.length.size / 2 == pytest.approx(20_000, rel=0.15)
    assert of(chunk, Cause.DEVICE).size > 0.95 * chunk.length.size


@pytest.mark.parametrize(
    ("setup", "change"),
    [
        (NATIVE, ch.CreateDomain(1)),
        (xen("credit"), ch.EnableJailhouse()),
        (NATIVE, ch.CreateCell("early", (1,))),
        (NATIVE, ch.DisableJailhouse()),
        (NATIVE, ch.ParkCpu(0)),
        (xen("credit"), ch.SetPaused(0, paused=True)),
        (xen("credit"), ch.SetOnline(0, online=False)),
        (NATIVE, ch.StartSampling(0)),
        (NATIVE, ch.StartSampling(2)),
        (NATIVE, ch.StopSampling(1)),
        (NATIVE, ch.StartLoad("stress", 0)),
        (NATIVE, ch.StartLoad("storm", 0)),
        (NATIVE, ch.StartLoad("spin", 2)),
        (NATIVE, ch.StopLoad("spin", 0)),
        (NATIVE, ch.SetOnline(1, online=True)),
        (NATIVE, ch.LimitFrequency(1_000_000, 2_000_000)),
    ],
    ids=repr,
)
def test_what_the_board_cannot_do_is_refused(setup: Setup, change: ch.Change) -> None:
    machine = started(setup)
    with pytest.raises(BoardProblem):
        machine.apply(change)


def test_time_is_the_counter_of_the_board() -> None:
    assert HZ == 24_000_000
    machine = Machine(NATIVE, start_tick=123_456_789)
    machine.apply(ch.StartSampling(0))
    chunk = machine.advance(123_456_789 + SECOND)[0]
    assert int(chunk.start[0]) >= 123_456_789
