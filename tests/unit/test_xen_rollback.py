"""Whichever step of a plan fails, and however: the board is as it was before, or the journal
knows how to make it so."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from simulated_board import BoardLink, running

from hvconsole.board.journal import Journal
from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.carry_out import carry_out
from hvconsole.hypervisor.plan import Plan
from hvconsole.hypervisor.xen.driver import XenDriver
from hvconsole.link.protocol import Capability, Completed
from hvconsole.model.hypervisor import Survey
from hvconsole.model.problem import LinkProblem, Problem
from hvconsole.sim.hypervisor.xen import SimulatedXen

BUSY = Path(__file__).parents[2] / "cells/xen/busy.cfg"
How = Literal["refused", "lied", "unanswered", "dead"]

ACTIONS: dict[str, do.Action] = {
    "switch": do.SwitchScheduler(guest="busy", scheduler="credit2"),
    "make pool": do.MakePool(name="p", scheduler="credit2", cpus=frozenset({1})),
    "values": do.Schedule(guest="busy", values={"weight": 99}),
    "pin": do.Pin(guest="busy", hard=frozenset({1})),
    "pause": do.Pause(guest="busy"),
}
STEPS = {"switch": 3, "make pool": 2, "values": 1, "pin": 1, "pause": 1}


class Breaking:
    """A link on which one command of a plan goes wrong.

    refused: xl fails, nothing is done. lied: xl says 0, nothing is done. unanswered: it is done,
    and the answer is lost. dead: it is done, and nothing is answered from then on.
    """

    def __init__(self, link: BoardLink, how: How) -> None:
        self._link = link
        self.how = how
        self.breaks_at: tuple[str, ...] = ()
        self.dead = False

    name = "root@breaking"
    capabilities = Capability.RUN

    async def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 30.0
    ) -> Completed:
        if self.dead:
            raise LinkProblem("the link is dead")
        if tuple(argv) != self.breaks_at:
            return await self._link.run(argv, stdin=stdin, timeout=timeout)
        self.breaks_at = ()
        if self.how in {"refused", "lied"}:
            return Completed(tuple(argv), int(self.how == "refused"), b"", b"libxl: error")
        await self._link.run(argv, stdin=stdin, timeout=timeout)
        self.dead = self.how == "dead"
        raise LinkProblem("the answer was lost")

    async def put(self, data: bytes, path: str, *, mode: int = 0o644) -> None:
        await self._link.put(data, path, mode=mode)


@contextlib.asynccontextmanager
async def board(how: How) -> AsyncIterator[tuple[Breaking, XenDriver]]:
    async with running("xen-credit") as simulated:
        simulated.attach(SimulatedXen(simulated.host))
        for path in ("/boot/vmlinuz", "/boot/initramfs-virt.gz"):
            simulated.tree.write(path, b"simulated")
        link = Breaking(BoardLink(simulated), how)
        driver = XenDriver(link)
        create = do.Create(config=BUSY.read_bytes(), source=str(BUSY))
        await carry_out(
            driver.plan(create, await driver.survey()), driver, link, tell=lambda _: None
        )
        yield link, driver


def shape(survey: Survey) -> tuple[object, object]:
    """What must be as before: all but times, costs and who runs where at this moment."""
    guests = [
        (one.key, one.name, one.state, one.pool, dict(one.values), [v.hard for v in one.vcpus])
        for one in survey.guests
    ]
    return guests, survey.pools


def impatient(plan: Plan) -> Plan:
    """What is not seen is not waited for."""
    steps = tuple(
        replace(step, expect=replace(step.expect, within_s=0.0)) if step.expect else step
        for step in plan.steps
    )
    return replace(plan, steps=steps)


@pytest.mark.parametrize("how", ["refused", "lied", "unanswered", "dead"])
@pytest.mark.parametrize(
    ("name", "at"), [(name, at) for name, count in STEPS.items() for at in range(count)]
)
async def test_the_board_is_as_before(name: str, at: int, how: How, tmp_path: Path) -> None:
    async with board(how) as (link, driver):
        journal = Journal("sim", folder=tmp_path)
        before = await driver.survey()
        plan = impatient(driver.plan(ACTIONS[name], before))
        assert len(plan.steps) == STEPS[name]
        link.breaks_at = plan.steps[at].argv
        with pytest.raises(Problem):
            await carry_out(plan, driver, link, journal=journal, tell=lambda _: None)
        assert link.breaks_at == (), "it did go wrong where it should"
        if link.dead:
            link.dead = False
            assert await journal.undo_all(link) == []
        assert shape(await driver.survey()) == shape(before)
        journal.close()


@pytest.mark.parametrize("how", ["refused", "lied", "unanswered"])
async def test_an_rtds_pool_stays_and_that_is_said(how: How) -> None:
    """Emptying one can crash Xen 4.17: so it is left, with its CPU, and the domain goes back."""
    async with board(how) as (link, driver):
        before = await driver.survey()
        action = do.SwitchScheduler(guest="busy", scheduler="rtds", values={"period": 20_000})
        plan = impatient(driver.plan(action, before))
        link.breaks_at = plan.steps[-1].argv
        with pytest.raises(Problem) as failed:
            await carry_out(plan, driver, link, tell=lambda _: None)
        assert "stays as it is: make pool 'hv-rtds'" in failed.value.detail
        assert "move domain" not in failed.value.detail
        after = await driver.survey()
        assert shape(after)[0] == shape(before)[0], "the domain is where it was"
        assert after.pool("hv-rtds") is not None
