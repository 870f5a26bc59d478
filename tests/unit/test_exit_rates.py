"""Exits a second from two looks: counters wrap, our own looking is taken off, CPUs move."""

from __future__ import annotations

import dataclasses

import pytest

from hvconsole.hypervisor.rates import exit_rates
from hvconsole.hypervisor.state import DeskState
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.ui.chart.cells import Row
from hvconsole.ui.view.exits import exit_rows
from hvconsole.ui.view.guests import Item, guest_rows

WRAPS = 1 << 31
ROOT = Guest(
    key="0",
    name="root",
    role="control",
    cpus=frozenset({0}),
    counters={"total": 100, "hypercall": 40, "cpu0 total": 100, "cpu0 hypercall": 40},
)
INMATE = Guest(
    key="1", name="inmate", cpus=frozenset({1}), counters={"total": 7, "cpu1 virt_irq": 7}
)


def survey(*guests: Guest, own: int = 4, wraps: int = WRAPS) -> Survey:
    return Survey(system="jailhouse", guests=guests, wraps=wraps, own_exits=own)


def counted(guest: Guest, **changed: int) -> Guest:
    counters = dict(guest.counters)
    counters.update({name.replace("__", " "): value for name, value in changed.items()})
    return dataclasses.replace(guest, counters=counters)


def test_what_looking_costs_is_taken_off_the_guest_we_look_from() -> None:
    root = counted(ROOT, total=124, hypercall=44)
    inmate = counted(INMATE, total=27)
    rates = exit_rates(survey(ROOT, INMATE), survey(root, inmate), 2.0)
    assert rates["0"]["total"] == (24 - 4) / 2
    assert rates["0"]["hypercall"] == 0
    assert rates["1"]["total"] == 10


def test_what_looking_costs_is_taken_off_the_cpu_that_looked() -> None:
    root = counted(ROOT, total=124, hypercall=44, cpu0__total=124, cpu0__hypercall=44)
    looks = [dataclasses.replace(survey(one), looked_from=0) for one in (ROOT, root)]
    rates = exit_rates(looks[0], looks[1], 2.0)["0"]
    assert (rates["cpu0 total"], rates["cpu0 hypercall"]) == (10, 0)
    # From another CPU each time: whose they were is not known, so they stay.
    looks[0] = dataclasses.replace(looks[0], looked_from=1)
    assert exit_rates(looks[0], looks[1], 2.0)["0"]["cpu0 hypercall"] == 2
    state = DeskState(survey=looks[1], exits={"0": {"cpu0 virt_irq": 10.0}})
    told = [words(row) for row in exit_rows(state, Item("guest", "0"), 60)]
    assert told == ["exits/s on CPU 0: virt_irq 10", "our own: 4 hypercalls a look, taken off"]


def test_a_row_says_whose_cpus_a_cell_has_and_which_are_parked() -> None:
    failed = dataclasses.replace(INMATE, state="failed", failed=frozenset({1}))
    rows = guest_rows(survey(ROOT, failed), None, 100)
    assert "CPU 0" in words(rows[0][1])
    assert "CPU 1 parked" in words(rows[1][1])


def test_a_counter_that_wrapped_went_on() -> None:
    before = counted(INMATE, total=WRAPS - 3)
    rates = exit_rates(survey(before), survey(counted(INMATE, total=5)), 1.0)
    assert rates["1"]["total"] == 8


def test_without_a_wrap_a_smaller_counter_began_anew() -> None:
    before = survey(counted(INMATE, total=1000), wraps=0)
    rates = exit_rates(before, survey(counted(INMATE, total=5), wraps=0), 1.0)
    assert rates["1"]["total"] == 5


@pytest.mark.parametrize(
    "after",
    [dataclasses.replace(INMATE, cpus=frozenset({2})), dataclasses.replace(INMATE, name="x")],
)
def test_what_is_not_the_same_any_more_has_no_rate(after: Guest) -> None:
    assert exit_rates(survey(INMATE), survey(after), 1.0) == {}
    assert exit_rates(survey(INMATE), survey(INMATE), 0.0) == {}


def words(row: Row) -> str:
    return "".join(text for text, _ in row).strip()


def test_the_screen_tells_them() -> None:
    after = survey(ROOT, counted(INMATE, total=17, cpu1__virt_irq=17))
    exits = exit_rates(survey(ROOT, INMATE), after, 1.0)
    rows = guest_rows(after, None, 100, exits)
    assert "17 exits" in words(rows[1][1])
    assert "10/s" in words(rows[1][1])
    state = DeskState(survey=after, exits=exits)
    assert [words(row) for row in exit_rows(state, Item("guest", "1"), 60)] == [
        "exits/s on CPU 1: virt_irq 10"
    ]
    assert exit_rows(state, Item("pool", "1"), 60) == []
