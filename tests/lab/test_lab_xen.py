"""Xen managed on an emulated board: real xl, a real guest, every action read back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hvconsole.board.facts import gather
from hvconsole.cli import main
from hvconsole.commands.sessions import link_maker, live_session
from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.carry_out import carry_out
from hvconsole.hypervisor.detect import driver_for
from hvconsole.hypervisor.driver import Driver
from hvconsole.hypervisor.plan import Progress, Step
from hvconsole.lab.boards import LabBoard
from hvconsole.lab.places import VIRT_BOARD
from hvconsole.lab.profiles import lab_profile
from hvconsole.link.protocol import Link
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.problem import Problem, UsageProblem
from hvconsole.model.run import RunSettings
from hvconsole.record.capture import ACTIONS

pytestmark = pytest.mark.lab
BUSY = Path(__file__).parents[2] / "cells" / "xen" / "busy.cfg"


class Hand:
    """Does actions on a board and keeps what is told about them."""

    def __init__(self, link: Link, driver: Driver) -> None:
        self.link = link
        self.driver = driver
        self.told: list[Progress] = []

    async def do(self, action: do.Action) -> Survey:
        plan = self.driver.plan(action, await self.driver.survey())
        return await carry_out(plan, self.driver, self.link, tell=self.told.append)


def busy(seen: Survey) -> Guest:
    guest = seen.guest("busy")
    assert guest is not None
    return guest


async def test_what_fails_halfway_is_taken_back(xen_board: LabBoard) -> None:
    """The CPU is taken out of its pool, then making the pool fails: the CPU comes back."""
    link = link_maker(lab_profile(VIRT_BOARD))()
    await link.open()
    driver = driver_for(link, await gather(link))
    before = await driver.survey()
    plan = driver.plan(do.MakePool(name="p", scheduler="credit2", cpus=frozenset({1})), before)
    first, second = plan.steps
    broken = Step(
        about=second.about,
        argv=("xl", "cpupool-create", 'name="p"', 'sched="bogus"', 'cpus=["1"]'),
        expect=second.expect,
    )
    told: list[Progress] = []
    with pytest.raises(Problem, match="xl does not know the scheduler"):
        await carry_out(replace(plan, steps=(first, broken)), driver, link, tell=told.append)
    assert [one.state for one in told] == ["begun", "done", "begun", "failed", "taken back"]
    assert (await driver.survey()).pools == before.pools
    await link.close()


async def test_a_guests_whole_life(xen_board: LabBoard) -> None:
    link = link_maker(lab_profile(VIRT_BOARD))()
    await link.open()
    driver = driver_for(link, await gather(link))
    hand = Hand(link, driver)
    seen = await hand.do(do.Create(config=BUSY.read_bytes(), source=str(BUSY)))
    assert (busy(seen).state, busy(seen).memory_kib) == ("running", 65_536)
    seen = await hand.do(do.Schedule(guest="busy", values={"weight": 512, "cap": 30}))
    assert busy(seen).values == {"weight": 512, "cap": 30}
    seen = await hand.do(do.Schedule(pool="Pool-0", values={"tslice": 10, "ratelimit": 500}))
    assert seen.pools[0].values["tslice"] == 10
    seen = await hand.do(do.Pin(guest="busy", hard=frozenset({1})))
    assert busy(seen).vcpus[0].hard == frozenset({1})
    seen = await hand.do(do.Pause(guest="busy"))
    assert busy(seen).state == "paused"
    used = busy(seen).time_s
    assert busy(await driver.survey()).time_s == used
    seen = await hand.do(do.Resume(guest="busy"))
    assert busy(seen).state == "running"
    with pytest.raises(Problem, match="is pinned to CPU 1"):
        await hand.do(do.SwitchScheduler(guest="busy", scheduler="credit2"))
    await hand.do(do.Pin(guest="busy", hard=frozenset({0, 1})))
    seen = await hand.do(
        do.SwitchScheduler(guest="busy", scheduler="rtds", values={"budget": 3000})
    )
    assert busy(seen).pool == "hv-rtds"
    assert busy(seen).values == {"period": 10_000, "budget": 3_000, "extratime": 1}
    seen = await hand.do(do.Schedule(guest="busy", values={"period": 20_000, "budget": 5_000}))
    assert busy(seen).values["period"] == 20_000
    seen = await hand.do(do.Move(guest="busy", pool="Pool-0"))
    assert busy(seen).pool == "Pool-0"
    seen = await hand.do(do.Destroy(guest="busy"))
    assert seen.guest("busy") is None
    assert "crashes" in driver.plan(do.DestroyPool(name="hv-rtds"), seen).danger
    await link.close()


def test_the_command_line_says_what_is_and_what_would_be(
    xen_board: LabBoard, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["hv", VIRT_BOARD, "list", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["system"] == "xen"
    assert document["guests"][0]["name"] == "Domain-0"
    words = ["hv", VIRT_BOARD, "sched", "0", "weight=300", "--dry-run"]
    assert main(words) == 0
    assert capsys.readouterr().out == "xl sched-credit -d 0 -w 300\n"
    assert main(["hv", VIRT_BOARD, "destroy", "nosuch"]) == 2
    assert "no domain 'nosuch'" in capsys.readouterr().err


async def test_what_a_session_did_is_undone_at_its_end_and_marked(
    xen_board: LabBoard, tmp_path: Path
) -> None:
    out = tmp_path / "a.hvs"
    session = live_session(
        lab_profile(VIRT_BOARD), RunSettings(cpus=(0,)), record_to=out, accept_new_host_key=False
    )
    await session.open()
    await session.start_run()
    await session.hypervisor.look()
    await session.hypervisor.do(do.Schedule(guest="0", values={"weight": 400}))
    with pytest.raises(UsageProblem):
        await session.hypervisor.do(do.Schedule(guest="0", values={"weight": 400_000}))
    await session.stop_run()
    await session.close()
    actions = [json.loads(line) for line in (out / ACTIONS).read_text().splitlines()]
    marked = [one for one in actions if one["action"].startswith("done: set weight 400")]
    assert marked[0]["t_ns"] > 0
    link = link_maker(lab_profile(VIRT_BOARD))()
    await link.open()
    seen = await driver_for(link, await gather(link)).survey()
    assert seen.guests[0].values["weight"] == 256
    await link.close()
