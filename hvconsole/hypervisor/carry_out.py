"""Doing a plan: step by step, each read back, taken back where one fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from hvconsole.board.journal import Journal
from hvconsole.board.journal_file import Change
from hvconsole.hypervisor.driver import Driver
from hvconsole.hypervisor.plan import Plan, Progress, Step
from hvconsole.link.protocol import Completed, Link
from hvconsole.model.hypervisor import Survey
from hvconsole.model.problem import BoardProblem, Problem

_LOOK_S = 0.2


Tell = Callable[[Progress], None]


async def carry_out(
    plan: Plan, driver: Driver, link: Link, *, journal: Journal | None = None, tell: Tell
) -> Survey:
    """Do a plan's steps, one after another.

    Args:
        plan: What to do; its danger has been agreed to.
        driver: Who reads the state back.
        link: The way to the board.
        journal: Keeps what has to be taken back when the session ends.
        tell: Is told about each step.

    Returns:
        The state after the last step.

    Raises:
        Problem: A step failed. Those before it were taken back where that is possible; the
            problem's detail says what stays.
    """
    done: list[_Done] = []
    seen: Survey | None = None
    for step in plan.steps:
        tell(Progress(step, "begun"))
        change = await _note(step, journal)
        try:
            seen = await _do(step, driver, link)
        except Problem as problem:
            tell(Progress(step, "failed", problem.title))
            left = [] if await _cleared(_Done(step, change), driver, link, journal) else [step]
            left += await _take_back(done, driver, link, journal, tell)
            raise _failed(plan, step, problem, left) from problem
        done.append(_Done(step, change))
        tell(Progress(step, "done"))
    return seen if seen is not None else await driver.survey()


@dataclass(frozen=True, slots=True)
class _Done:
    step: Step
    change: Change | None


async def _note(step: Step, journal: Journal | None) -> Change | None:
    """Write down how a step is undone, before it is done: we may die in between."""
    if journal is None or not (step.keep_undo and step.undo):
        return None
    return await journal.record(list(step.undo), step.about, until_reboot=True)


async def _settle(journal: Journal | None, change: Change | None) -> None:
    if journal is not None and change is not None:
        await journal.settle(change)


async def _do(step: Step, driver: Driver, link: Link) -> Survey:
    for path, content in step.files.items():
        await link.put(content, path)
    completed = await _run(step, link)
    seen = await _read_back(step, driver, completed)
    if seen is None:
        raise await driver.explain(step, completed)
    return seen


async def _run(step: Step, link: Link) -> Completed:
    """Run a step's command; say what it means where it does not come back."""
    begun = time.monotonic()
    try:
        return await link.run(step.argv, timeout=step.timeout_s)
    except Problem as problem:
        # Not what failed at once: there the link, or the command's name, is to blame.
        if not step.silence or time.monotonic() - begun < step.timeout_s / 2:
            raise
        raise BoardProblem(
            f"could not {step.about}: {problem.title}",
            detail=problem.detail,
            hint=step.silence,
        ) from problem


async def _read_back(step: Step, driver: Driver, completed: Completed) -> Survey | None:
    """Return the state once it is as expected; None if it does not become so."""
    expect = step.expect
    if step.strict and completed.status != 0:
        return None
    if expect is None:
        return await driver.survey() if completed.status == 0 else None
    loop = asyncio.get_running_loop()
    end = loop.time() + (expect.within_s if completed.status == 0 else 0.0)
    while True:
        seen = await driver.survey()
        if expect.holds(seen):
            return seen
        if loop.time() >= end:
            return None
        await asyncio.sleep(_LOOK_S)


async def _cleared(one: _Done, driver: Driver, link: Link, journal: Journal | None) -> bool:
    """See that a step that failed left nothing behind; say whether that is certain.

    A link may be lost between a command's effect and its answer. So what was to be seen is looked
    for once more, and undone where it is there; where nobody can look, its note stays in the
    journal, and the next connection undoes it.
    """
    if one.change is None and not one.step.undo:
        return True
    try:
        expect = one.step.expect
        there = expect is not None and expect.holds(await driver.survey())
    except Problem:
        return one.change is None
    if there and not await _undone(one.step, driver, link):
        return False
    await _settle(journal, one.change)
    return True


async def _take_back(
    done: list[_Done], driver: Driver, link: Link, journal: Journal | None, tell: Tell
) -> list[Step]:
    """Take steps back, the last one first; return those that stay."""
    left: list[Step] = []
    for one in reversed(done):
        back = await _undone(one.step, driver, link)
        tell(Progress(one.step, "taken back" if back else "stays"))
        if back:
            await _settle(journal, one.change)
        else:
            left.append(one.step)
    return left


async def _undone(step: Step, driver: Driver, link: Link) -> bool:
    """Undo a step; whether that worked is read back as well."""
    if not step.undo:
        return False
    try:
        status = (await link.run(step.undo, timeout=step.timeout_s)).status
        if step.expect is None:
            return status == 0
        return not step.expect.holds(await driver.survey())
    except Problem:
        return False


def _failed(plan: Plan, step: Step, problem: Problem, left: list[Step]) -> Problem:
    if len(plan.steps) == 1:
        return problem
    stays = [f"stays as it is: {one.about}" for one in left]
    return BoardProblem(
        f"{plan.title}: {problem.title}",
        detail="\n".join([f"at the step: {step.about}", problem.detail, *stays]).strip(),
        hint=problem.hint,
    )
