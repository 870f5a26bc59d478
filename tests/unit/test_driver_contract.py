"""What every hypervisor's driver keeps to, so that one console fits them all."""

from __future__ import annotations

import contextlib
import json
import random
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from contract_boards import CASES, Case, Replay, Silence, one_of_each

from hvconsole import hypervisor
from hvconsole.board.facts import BoardFacts
from hvconsole.commands.hv import _tell_plan
from hvconsole.commands.hv_text import as_document, render
from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.carry_out import carry_out
from hvconsole.hypervisor.detect import driver_for
from hvconsole.hypervisor.plan import Plan
from hvconsole.link.words import command_line
from hvconsole.model.hypervisor import Survey
from hvconsole.model.problem import BoardProblem, Problem, UsageProblem
from hvconsole.ui.view.forms import forms
from hvconsole.ui.view.guests import guest_rows, items, notes_rows, pool_rows

EACH = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
HOSTILE = "$(reboot)`id`;'\"\\ [bold]x\x1b[2J\x1b]0;t\x07\u202e -- --all"
_ABOUT_GUESTS = (
    do.Start, do.Stop, do.Restart, do.Pause, do.Resume, do.Destroy, do.Load, do.Schedule,
    do.SwitchScheduler, do.Pin, do.SetVcpus, do.Move,
)  # fmt: skip


async def surveyed(case: Case, folder: Path) -> Survey:
    async with case.board(folder) as link:
        return await case.driver(link).survey()


def plans(case: Case, seen: Survey, guest: str) -> Iterator[tuple[do.Action, Plan | Problem]]:
    """Yield the plan of an action of each kind, or why there is none; the board is not there."""
    driver = case.driver(Silence())
    for action in one_of_each(case, guest):
        try:
            yield action, driver.plan(action, seen)
        except Problem as problem:
            yield action, problem


def told(plan: Plan | Problem) -> list[str]:
    """Return all that a person reads of a plan."""
    if isinstance(plan, Problem):
        return plan.lines()
    steps = [(one.about, one.expect.text if one.expect else "") for one in plan.steps]
    return [plan.title, plan.danger, *plan.notes, *(text for step in steps for text in step)]


def is_plain(text: str) -> bool:
    return all(char.isprintable() or char == "\n" for char in text)


def shape(seen: Survey) -> object:
    """Return what actions change: without times, counters and numbers that are given anew."""
    guests = [
        (one.name, one.state, one.cpus, dict(one.values), one.pool,
         [(vcpu.hard, vcpu.soft, dict(vcpu.values)) for vcpu in one.vcpus])
        for one in seen.guests
    ]  # fmt: skip
    return guests, seen.pools


@EACH
async def test_a_survey_is_one_command_and_follows_from_its_answer_alone(
    case: Case, tmp_path: Path
) -> None:
    async with case.board(tmp_path) as link:
        seen = await case.driver(link).survey()
        assert (len(link.looks), link.ran) == (1, [])
        again = await case.driver(Replay(link.looks[0])).survey()
    assert replace(again, cost_s=0) == replace(seen, cost_s=0)
    assert seen.system == case.driver(Silence()).system
    assert seen.guests[0].role == "control"
    assert [one.name for one in seen.guests if one.role == "guest"] == [case.guest]
    assert seen.cost_s > 0


@EACH
async def test_a_damaged_answer_gives_a_problem_or_a_picture_never_an_error(
    case: Case, tmp_path: Path
) -> None:
    async with case.board(tmp_path) as link:
        await case.driver(link).survey()
        answer = link.looks[0]
    chance = random.Random(7)  # damage, not secrets

    def damaged(said: bytes) -> bytes:
        lines = said.split(b"\n")
        at = chance.randrange(len(lines))
        match chance.randrange(4):
            case 0:
                return said[: chance.randrange(len(said))]
            case 1:
                del lines[at]
            case 2:
                lines[at] = bytes(chance.randrange(256) for _ in lines[at])
            case _:
                lines[at] = lines[at].replace(b"1", b"9" * chance.choice((1, 30)))
        return b"\n".join(lines)

    for _ in range(150):
        with contextlib.suppress(Problem):  # and nothing else
            seen = await case.driver(Replay(answer, damaged)).survey()
            assert is_plain(render(seen))


@EACH
async def test_plans_are_made_without_the_board(case: Case, tmp_path: Path) -> None:
    seen = await surveyed(case, tmp_path)
    made = [plan for _, plan in plans(case, seen, case.guest) if isinstance(plan, Plan)]
    assert sum(bool(plan.steps) for plan in made) >= 2


@EACH
async def test_each_step_is_checked_and_undone_or_the_plan_says_why_not(
    case: Case, tmp_path: Path
) -> None:
    seen = await surveyed(case, tmp_path)
    for action, plan in plans(case, seen, case.guest):
        if isinstance(plan, Problem):
            continue
        for step in plan.steps:
            is_tidying = "rm -f " in " ".join(step.argv)
            assert step.expect or is_tidying, (action, step.about)
            assert step.undo or is_tidying or plan.danger or plan.notes, (action, step.about)
            assert step.timeout_s <= 300


@EACH
async def test_an_unknown_guest_is_refused_and_the_known_are_named(
    case: Case, tmp_path: Path
) -> None:
    seen = await surveyed(case, tmp_path)
    for action, plan in plans(case, seen, "nosuch"):
        if not isinstance(action, _ABOUT_GUESTS):
            continue
        assert isinstance(plan, Problem), action
        if not seen.abilities[do.kind(action)] and isinstance(plan, UsageProblem):
            assert case.guest in " ".join(plan.lines()), plan.lines()


@EACH
@pytest.mark.parametrize("by_key", [True, False])
async def test_a_hostile_name_reaches_no_shell_and_no_terminal(
    case: Case, tmp_path: Path, by_key: bool
) -> None:
    seen = await surveyed(case, tmp_path)
    [guest] = [one for one in seen.guests if one.role == "guest"]
    renamed = tuple(replace(one, name=HOSTILE) if one is guest else one for one in seen.guests)
    seen = replace(seen, guests=renamed)
    for _, plan in plans(case, seen, guest.key if by_key else HOSTILE):
        assert all(map(is_plain, told(plan)))
        for step in plan.steps if isinstance(plan, Plan) else ():
            for argv in filter(None, (step.argv, step.undo)):
                in_words = [word for word in argv if "reboot" in word and word != "reboot"]
                assert all(word == HOSTILE for word in in_words), argv
                assert shlex.split(shlex.join(argv)) == list(argv)
                assert not in_words or _is_refused(argv)
    rows = [*guest_rows(seen, None, 200), *pool_rows(seen, None, 200)]
    shown = [text for _, row in rows for text, _ in row]
    shown += [text for row in notes_rows(seen, 200, 50) for text, _ in row]
    shown += [form.title + form.missing for item in items(seen) for form in forms(seen, item)]
    assert all(map(is_plain, [*shown, render(seen)]))


def _is_refused(argv: tuple[str, ...]) -> bool:
    """Whether a link refuses such words; control characters are never passed on."""
    try:
        command_line(argv)
    except UsageProblem:
        return True
    return False


@EACH
@pytest.mark.parametrize("name", [HOSTILE, "-x", "a/b", "a b", "", "x" * 300, "../../etc/passwd"])
async def test_a_hostile_new_name_is_refused_or_goes_nowhere(
    case: Case, tmp_path: Path, name: str
) -> None:
    seen = await surveyed(case, tmp_path)
    made: Plan | Problem
    try:
        made = case.driver(Silence()).plan(replace(case.create, name=name), seen)
    except Problem as problem:
        made = problem
    assert all(map(is_plain, told(made)))
    steps = made.steps if isinstance(made, Plan) else ()
    words = [word for step in steps for word in (*step.argv, *step.files)]
    assert not name or all(name not in word for word in words)


@EACH
async def test_each_ability_is_told_and_what_is_lacking_has_a_reason(
    case: Case, tmp_path: Path
) -> None:
    seen = await surveyed(case, tmp_path)
    assert set(seen.abilities) == set(do.KINDS)
    assert any(seen.abilities.values())
    for action, plan in plans(case, seen, case.guest):
        reason = seen.abilities[do.kind(action)]
        assert is_plain(reason)
        if reason:
            assert isinstance(plan, Problem) or not plan.steps, (action, reason)
            assert len(reason) > 10


@EACH
async def test_what_the_screen_offers_is_what_the_driver_can_do(case: Case, tmp_path: Path) -> None:
    seen = await surveyed(case, tmp_path)
    offered = [form for item in items(seen) for form in forms(seen, item)]
    assert {form.kind for form in offered} <= set(do.KINDS)
    for form in offered:
        assert form.missing or not seen.abilities[form.kind], form.title


@EACH
async def test_dry_run_says_what_is_carried_out_and_the_state_is_read_back(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with case.board(tmp_path) as link:
        driver = case.driver(link)
        seen = await driver.survey()
        for action in case.life:
            plan = driver.plan(action, seen)
            _tell_plan(plan, as_json=False)
            lines = capsys.readouterr().out.splitlines()
            link.ran.clear()
            seen = await carry_out(plan, driver, link, tell=lambda _: None)
            assert lines == list(map(shlex.join, link.ran))
            assert all(one.expect.holds(seen) for one in plan.steps[-1:] if one.expect)
    document: Any = json.loads(json.dumps(as_document(seen)))
    assert document["system"] == seen.system
    assert [one["name"] for one in document["guests"]] == [one.name for one in seen.guests]
    assert set(document["guests"][0]) >= {"key", "state", "cpus", "values", "counters", "vcpus"}


@EACH
async def test_what_has_an_undo_goes_there_and_back(case: Case, tmp_path: Path) -> None:
    async with case.board(tmp_path) as link:
        driver = case.driver(link)
        before = await driver.survey()
        undone = 0
        for action in (*case.life, case.create):
            plan = driver.plan(action, before)
            steps = [one for one in plan.steps if one.expect is not None]
            seen = await carry_out(plan, driver, link, tell=lambda _: None)
            if steps and all(one.undo for one in steps):
                assert shape(seen) != shape(before), action
                for step in reversed(steps):
                    assert (await link.run(step.undo)).status == 0, step.undo
                assert shape(await driver.survey()) == shape(before), action
                undone += 1
                seen = await carry_out(plan, driver, link, tell=lambda _: None)
            before = seen
    assert undone >= 2


def test_every_driver_there_is_has_its_case() -> None:
    folder = Path(hypervisor.__file__).parent
    drivers = {path.parent.name for path in folder.glob("*/driver.py")}
    assert drivers == set(CASES) == {case.driver(Silence()).system for case in CASES.values()}


def test_without_a_hypervisor_it_is_said_how_to_get_one() -> None:
    with pytest.raises(BoardProblem, match="no hypervisor runs") as caught:
        driver_for(Silence(), BoardFacts(machine="x86_64", kernel="6.1"))
    assert "hvconsole boot" in caught.value.hint


@pytest.mark.parametrize(
    ("facts", "system"),
    [
        (BoardFacts(machine="aarch64", kvm=True), "kvm"),
        (BoardFacts(machine="aarch64", kvm=True, hypervisor="virtual machine"), "kvm"),
        (BoardFacts(machine="x86_64", kvm=True), "kvm"),
        (BoardFacts(machine="aarch64", kvm=True, jailhouse_loaded=True), "jailhouse"),
        (BoardFacts(machine="aarch64", kvm=True, hypervisor="jailhouse"), "jailhouse"),
        (BoardFacts(machine="armv7l"), "jailhouse"),
        (BoardFacts(kvm=True, hypervisor="xen", control_domain=True), "xen"),
        (BoardFacts(machine="armv7l", hypervisor="xvisor"), "xvisor"),
    ],
)
def test_the_driver_is_that_of_what_runs_there(facts: BoardFacts, system: str) -> None:
    assert driver_for(Silence(), facts).system == system
