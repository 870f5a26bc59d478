"""Exit counters as rates: what wrapped, what was ours, and what a board may answer instead."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from hvconsole.commands.hv_exits import exits_text
from hvconsole.hypervisor.jailhouse.exits import ExitRates, Key, Round, parse_exits, rates
from hvconsole.hypervisor.jailhouse.place import quiet_cpu, there
from hvconsole.model.problem import BoardProblem

MARK = "m4rk"
TOP = 1 << 31


def counts(hypercall: int, irq: int, cell: int = 0) -> dict[Key, int]:
    """Return what two CPUs of the root cell and one of another count; CPU 0 reads."""
    return {
        ("0", 0, "hypercall"): hypercall % TOP,
        ("0", 0, "virt_irq"): irq % TOP,
        ("0", 0, "total"): (hypercall + irq) % TOP,
        ("0", 1, "hypercall"): 7,
        ("0", 1, "virt_irq"): irq % TOP,
        ("0", 1, "total"): (irq + 7) % TOP,
        ("1", 2, "virt_irq"): cell,
        ("1", 2, "total"): cell,
    }


def seen(start: int = 0, reader: int | None = 0, real_calls: int = 0) -> ExitRates:
    """Two seconds with 200 interrupts a CPU; a round costs 30 hypercalls."""
    rounds = (
        Round(10.0, counts(start, start)),
        Round(12.0, counts(start + 30 + real_calls, start + 200, 50)),
        Round(12.1, counts(start + 60 + real_calls, start + 200, 50)),
    )
    return rates(*rounds, reader=reader, names={"0": "root", "1": "inmate"})


@pytest.mark.parametrize("start", [0, 5, TOP - 1, TOP - 31, TOP - 100])
def test_our_own_exits_are_taken_off_also_where_counters_wrap(start: int) -> None:
    shown = seen(start)
    zero, one, cell = shown.cpus
    assert shown.own_exits == 30
    assert (zero.rates["total"], zero.rates["hypercall"], zero.rates["virt_irq"]) == (100, 0, 100)
    assert zero.own == {"hypercall": 15, "total": 15}
    assert (one.cpu, one.rates["total"], one.own) == (1, 100, {})
    assert (cell.name, cell.cpu, cell.rates["total"]) == ("inmate", 2, 25)


def test_hypercalls_that_are_not_ours_stay() -> None:
    assert seen(real_calls=10).cpus[0].rates["hypercall"] == 5


def test_who_read_is_found_by_its_hypercalls() -> None:
    assert seen(reader=None).reader == 0


def test_where_two_cpus_read_nothing_is_taken_off() -> None:
    before = Round(0.0, {("0", 0, "hypercall"): 0, ("0", 1, "hypercall"): 0})
    after = Round(1.0, {("0", 0, "hypercall"): 9, ("0", 1, "hypercall"): 3})
    again = Round(1.1, {("0", 0, "hypercall"): 9, ("0", 1, "hypercall"): 9})
    shown = rates(before, after, again, reader=None, names={})
    assert (shown.reader, shown.own_exits) == (None, 0)
    assert [one.rates["hypercall"] for one in shown.cpus] == [9, 3]
    assert "still among these" in exits_text(shown)


def test_a_cell_that_came_in_between_is_left_out() -> None:
    before = Round(0.0, {("0", 0, "total"): 1})
    after = Round(1.0, {("0", 0, "total"): 2, ("1", 1, "total"): 5})
    assert [one.cell for one in rates(before, after, after, reader=0, names={}).cpus] == ["0"]


def answer(*, uptimes: tuple[str, ...] = ("10.00", "11.00", "11.20"), allowed: str = "0") -> str:
    path = "/sys/devices/jailhouse/cells"
    text = f"{MARK} cpu {allowed}\n{MARK} name {path}/0/name root cell\n"
    for at, total in zip(uptimes, (100, 140, 150), strict=True):
        text += f"{MARK} begin {at} 1.00\n"
        for name, value in (("total", total), ("hypercall", total - 100), ("virt_irq", 7)):
            text += f"{path}/0/statistics/cpu0/vmexits_{name}:{value}\n"
        text += f"{MARK} end {at} 1.00\n"
    return f"{text}{MARK} done\n"


def test_an_answer() -> None:
    shown = parse_exits(answer(), MARK)
    assert (shown.seconds, shown.reader, shown.own_exits) == (1.0, 0, 10)
    assert shown.cpus[0].name == "root cell"
    assert shown.cpus[0].rates == {"total": 30, "hypercall": 30, "virt_irq": 0}
    text = exits_text(shown)
    assert "a look costs it 10 hypercalls" in text
    assert "virt_irq" not in text  # it did not move


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "did not tell"),
        (answer().replace(f"{MARK} done", ""), "did not tell"),
        (answer(uptimes=("10.00", "10.00", "10.00")), "stood still"),
        (f"{MARK} begin 1.00 1\n{MARK} end 1.00 1\n" * 3 + f"{MARK} done\n", "no exit counters"),
    ],
)
def test_half_an_answer_is_none(text: str, why: str) -> None:
    with pytest.raises(BoardProblem, match=why):
        parse_exits(text, MARK)


@given(st.text(), st.integers(0, 400))
def test_any_answer_gives_rates_or_a_reason(junk: str, at: int) -> None:
    whole = answer()
    try:
        shown = parse_exits(whole[:at] + junk + whole[at:], MARK)
    except BoardProblem:
        return
    assert shown.seconds > 0
    assert all(rate >= 0 for one in shown.cpus for rate in one.rates.values())


@pytest.mark.parametrize(
    ("online", "sampled", "cpu"),
    [({0, 1}, (), None), ({0, 1}, {1}, 0), ({0, 1, 3}, {3}, 1), ({0}, {0}, None), ((), {1}, None)],
)
def test_from_where_we_look(
    online: set[int] | tuple[int, ...], sampled: set[int] | tuple[int, ...], cpu: int | None
) -> None:
    assert quiet_cpu(online, sampled) == cpu


def test_a_command_on_one_cpu() -> None:
    assert there(None) == ()
    assert there(3)[-1] == "3"
