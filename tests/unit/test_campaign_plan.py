"""Plans of campaigns: what is understood, what is refused, and in which order runs are made."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hvconsole.campaign.conduct import estimate_s
from hvconsole.campaign.log import FILE, CampaignLog, RunLine
from hvconsole.campaign.order import slots_of
from hvconsole.campaign.plan import Plan, read_plan
from hvconsole.commands.plans import find_plan, parse_action
from hvconsole.config.resources import resource_dir
from hvconsole.hypervisor import actions as do
from hvconsole.model.problem import UsageProblem
from hvconsole.model.run import LoadRequest

WHOLE = """
name = "whole"
board = "bpi"
repetitions = 3
warm_up_s = 0
retries = 2
seed = 7
cool_down = {below_c = 60, longest_s = 30}

[measure]
seconds = 5
cpus = [1]
loads = ["cpuburn-a8@0"]

[[conditions]]
name = "alone"
mode = "xen-credit"
governor = "performance"

[[conditions]]
name = "beside"
mode = "xen-credit"
do = [["create", "busy.cfg"], ["sched", "busy", "weight=512"]]
measure = {seconds = 20, counter = "cntpct"}
"""


def plan_of(tmp_path: Path, text: str) -> Plan:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    return read_plan(path, parse_action)


def test_a_whole_plan(tmp_path: Path) -> None:
    (tmp_path / "busy.cfg").write_text('name = "busy"\n')
    plan = plan_of(tmp_path, WHOLE)
    alone, beside = plan.conditions
    assert (plan.name, plan.board, plan.repetitions, plan.seed) == ("whole", "bpi", 3, 7)
    assert alone.settings.loads == (LoadRequest("cpuburn-a8", 0),)
    assert (alone.settings.seconds, beside.settings.seconds) == (5, 20)
    assert (alone.settings.counter, beside.settings.counter) == ("auto", "cntpct")
    assert (alone.settings.label, beside.settings.label) == ("alone", "beside")
    assert beside.settings.cpus == (1,), "what a condition does not change is the plan's"
    create, sched = beside.actions
    assert isinstance(create, do.Create)
    assert create.config == b'name = "busy"\n'
    assert sched == do.Schedule(guest="busy", values={"weight": 512})
    assert plan.condition("beside") is beside


@pytest.mark.parametrize("path", sorted(resource_dir("plans").glob("*.toml")), ids=lambda p: p.name)
def test_the_plans_that_come_along(path: Path) -> None:
    plan = read_plan(path, parse_action)
    assert find_plan(path.name) == find_plan(path.stem) == path
    assert plan.about
    assert len(plan.conditions) > 1
    assert estimate_s(plan, slots_of(["idle"], 1, 1)[:0]) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("repetitions = 4", "conditions"),
        ("conditions = []", "there is no condition"),
        ('[[conditions]]\nname = "a b"', "cannot name a condition"),
        ('[[conditions]]\nname = "../x"', "cannot name a condition"),
        ('[[conditions]]\nname = "a"\n[[conditions]]\nname = "a"', "two conditions are named 'a'"),
        ('repetitions = 0\n[[conditions]]\nname = "a"', "repetitions is 0"),
        ('warm_up_s = -1\n[[conditions]]\nname = "a"', "warm_up_s is -1"),
        ('retrys = 1\n[[conditions]]\nname = "a"', "retrys"),
        ('[[conditions]]\nname = "a"\nmesure = {}', "mesure"),
        ('[[conditions]]\nname = "a"\nmeasure = {second = 1}', "second"),
        ('[[conditions]]\nname = "a"\nmeasure = {seconds = 0}', "seconds is 0"),
        ('[[conditions]]\nname = "a"\nmeasure = {loads = ["burn"]}', "'burn' is no load"),
        ('[[conditions]]\nname = "a"\nmeasure = {fifo = 100}', "fifo is 100"),
        ('[[conditions]]\nname = "a"\ngovernor = "x; rm"', "is no governor"),
        ('[[conditions]]\nname = "a"\ndo = [["fly"]]', "condition 'a': fly: is no action"),
        ('[[conditions]]\nname = "a"\ndo = [["list"]]', "'list' changes nothing"),
        ('[[conditions]]\nname = "a"\ndo = [["create", "no.cfg"]]', "cannot be read"),
        ('[[conditions]]\nname = "a"\ndo = [["sched", "x", "weight"]]', "sets nothing"),
        ('name = "/etc"\n[[conditions]]\nname = "a"', "cannot name a campaign"),
    ],
)
def test_what_a_plan_may_not_say(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        plan_of(tmp_path, text)
    assert said in f"{caught.value.title} {caught.value.detail}"
    assert "plan.toml" in caught.value.title


def test_a_plan_that_is_not_there() -> None:
    with pytest.raises(UsageProblem, match="no plan is named 'papper'") as caught:
        find_plan("papper")
    assert "paper.toml" in caught.value.detail


names = st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=6, unique=True)


@given(names, st.integers(1, 9), st.integers())
def test_each_block_has_each_condition_once(
    conditions: list[str], repetitions: int, seed: int
) -> None:
    slots = slots_of(conditions, repetitions, seed)
    assert [slot.number for slot in slots] == list(range(1, len(slots) + 1))
    for block in range(1, repetitions + 1):
        assert Counter(s.condition for s in slots if s.block == block) == Counter(conditions)
    assert slots == slots_of(conditions, repetitions, seed)
    assert slots == slots_of(conditions, repetitions + 1, seed)[: len(slots)], (
        "more is a longer one"
    )


def test_the_order_differs_between_blocks() -> None:
    slots = slots_of(["a", "b", "c", "d"], 8, 1)
    orders = {tuple(s.condition for s in slots if s.block == block) for block in range(1, 9)}
    assert len(orders) > 1


def line(number: int, outcome: str = "kept", attempt: int = 1) -> RunLine:
    return RunLine(
        number=number, block=1, condition="a", attempt=attempt, outcome=outcome, session="x.hvs"
    )


def test_the_log_knows_what_is_settled(tmp_path: Path) -> None:
    log = CampaignLog(tmp_path)
    log.begin("bpi", "00", "1.0")
    for one in (line(1), line(2, "failed"), line(3, "failed"), line(3, attempt=2)):
        log.add(one)
    log.add(line(4, "not available"))
    again = CampaignLog(tmp_path)
    assert again.lines == log.lines
    assert sorted(again.settled) == [1, 3, 4]


@given(st.integers(1, 400))
def test_a_log_that_was_cut_off(cut: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        log = CampaignLog(Path(folder))
        for number in (1, 2, 3):
            log.add(line(number))
        path = Path(folder) / FILE
        whole = path.read_bytes()
        path.write_bytes(whole[: max(len(whole) - cut, 0)])
        before = CampaignLog(Path(folder))
        before.add(line(9))
        after = CampaignLog(Path(folder))
        assert sorted(after.settled) == [*sorted(before.settled)]
        assert 9 in after.settled
