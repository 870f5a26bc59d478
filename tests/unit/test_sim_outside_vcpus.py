"""vCPUs that a guest does without: what `xl vcpu-set` does to the simulated machine."""

from __future__ import annotations

import pytest
from simulated import lost_share, started, watch, xen
from simulated_board import run, running

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.hypervisor.xen import SimulatedXen
from hvconsole.sim.machine import SECOND, Machine
from hvconsole.sim.machine.changes import (
    CreateDomain,
    SetPaused,
    SetVcpus,
    StartSampling,
)

_SCHEDULERS = ["credit", "credit2", "rtds", "null"]


@pytest.mark.parametrize("scheduler", ["credit", "credit2"])
def test_a_guest_with_fewer_vcpus_takes_less(scheduler: str) -> None:
    machine = started(xen(scheduler), CreateDomain(1, vcpus=2, busy=True))
    both = lost_share(watch(machine, 6), 6)
    machine.apply(SetVcpus(1, 1))
    watch(machine, 1)
    one = lost_share(watch(machine, 6), 6)
    assert machine.xen is not None
    before = machine.xen.cpu_ticks(1, 1)
    watch(machine, 1)
    assert machine.xen.cpu_ticks(1, 1) == before
    machine.apply(SetVcpus(1, 2))
    watch(machine, 1)
    again = lost_share(watch(machine, 6), 6)
    assert one == pytest.approx(0.5, abs=0.03)
    assert both == pytest.approx(2 / 3, abs=0.05)
    assert again == pytest.approx(both, abs=0.05)
    assert machine.xen.cpu_ticks(1, 1) > before


@pytest.mark.parametrize("scheduler", _SCHEDULERS)
def test_a_sampler_is_blind_while_its_vcpu_is_offline(scheduler: str) -> None:
    machine = Machine(xen(scheduler, cpus=2), seed=1)
    machine.apply(StartSampling(1))
    machine.advance(SECOND)
    machine.apply(SetVcpus(0, 1))
    blind = machine.advance(3 * SECOND)[1]
    assert blind.blind_since == SECOND
    assert blind.start.size == 0
    machine.apply(SetVcpus(0, 2))
    back = machine.advance(5 * SECOND)[1]
    assert back.blind == ((SECOND, 3 * SECOND),)
    assert back.start.size >= 499
    assert int(back.start[0]) >= 3 * SECOND


@pytest.mark.parametrize("scheduler", _SCHEDULERS)
def test_an_idle_guest_goes_on_as_before_when_it_is_let_go_again(scheduler: str) -> None:
    machine = Machine(xen(scheduler, cpus=2), seed=1)
    machine.apply(CreateDomain(1))
    machine.advance(2 * SECOND)
    assert machine.xen is not None
    idle = machine.xen.cpu_ticks(1)
    machine.apply(SetPaused(1, paused=True))
    held = machine.xen.cpu_ticks(1)
    machine.advance(60 * SECOND)
    assert machine.xen.cpu_ticks(1) == held
    machine.apply(SetPaused(1, paused=False))
    for pool in machine.xen.pools.values():
        assert all(due >= machine.now for due in pool.timers.values())
    machine.advance(62 * SECOND)
    assert machine.xen.cpu_ticks(1) - held == pytest.approx(idle, rel=0.2)


def test_a_count_that_cannot_be_changes_nothing() -> None:
    machine = Machine(xen("credit", cpus=2))
    for count in (0, 3):
        with pytest.raises(BoardProblem):
            machine.apply(SetVcpus(0, count))
    assert machine.xen is not None
    assert not any(unit.offline for unit in machine.xen.domains[0])


async def test_xl_vcpu_set_takes_a_cpu_from_linux_and_gives_it_back() -> None:
    async with running("xen-credit") as board:
        board.attach(SimulatedXen(board.host))
        look = "cat /sys/devices/system/cpu/online; nproc; xl vcpu-list 0 | grep -c -- '-p '"
        assert (await run(board, look)).text.split() == ["0-1", "2", "0"]
        assert (await run(board, "xl vcpu-set 0 1")).status == 0
        assert (await run(board, look)).text.split() == ["0", "1", "1"]
        refused = await run(board, "xl vcpu-set 0 9")
        assert refused.status == 1
        assert (await run(board, "xl vcpu-set 0 2")).status == 0
        assert (await run(board, look)).text.split() == ["0-1", "2", "0"]
