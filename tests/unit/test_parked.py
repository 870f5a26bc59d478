"""Jailhouse's parked CPUs, explained: from real serial logs and for the A20's devices."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hvconsole.model.problem import BoardProblem, Problem
from hvconsole.session.alarmed import Alarmed
from hvconsole.session.console_watch import problem_of
from hvconsole.session.parked import ParkedCpu, explain
from hvconsole.session.run import RunEnd
from hvconsole.wire.console import AlarmFinder, LineSplitter

DATA = Path(__file__).parent.parent / "data" / "serial"


def told(text: bytes, profile: str) -> list[Problem]:
    finder = AlarmFinder()
    alarms = [alarm for line in LineSplitter().feed(text + b"\n") for alarm in finder.feed(line)]
    return [explain(alarm, profile) or problem_of(alarm) for alarm in alarms]


def test_a_cell_that_read_outside_its_memory() -> None:
    *_, last = told((DATA / "jailhouse-parked-cell.txt").read_bytes(), "bananapi")
    assert isinstance(last, ParkedCpu)
    assert last.title == "Jailhouse parked CPU 1 of cell 'inmate-demo': it read 0x60000000"
    assert "memory that belongs to another cell" in last.detail
    assert 'phys = 0x60000000, size = "4KiB", flags = ["read", "write"]' in last.hint


def test_the_root_cell_that_wrote_where_it_may_not() -> None:
    *_, last = told((DATA / "jailhouse-parked-root.txt").read_bytes(), "generic")
    assert last.title == "Jailhouse parked CPU 2 of cell 'qemu-arm4': it wrote to 0x7fa20000"
    assert "not known here" in last.detail
    assert "the board has to be reset" in last.hint


@pytest.mark.parametrize(
    ("address", "name", "risk"),
    [
        ("0x01c25020", "thermal", "reading the temperature parks"),
        ("0x01c2ac08", "i2c0", "changes the voltage"),
        ("0x01c50010", "gmac", ""),
    ],
)
def test_what_lies_there_on_a_banana_pi(address: str, name: str, risk: str) -> None:
    text = f'Unhandled data read at {address}(4)\nParking CPU 0 (Cell: "Banana-Pi")'
    first, last = told(text.encode(), "bananapi")
    assert first.title == f"{address} was read, and the cell does not have it"
    assert f"is {name} (" in last.detail
    assert risk in last.detail
    assert f'name = "{name}"' in last.hint


def test_the_explained_alarm_is_what_a_dead_run_is_told_with() -> None:
    alarm = Alarmed()
    for problem in told((DATA / "jailhouse-parked-root.txt").read_bytes(), "bananapi"):
        alarm.note(problem)
    end = alarm.explain(RunEnd("link-lost"))
    assert end is not None
    assert end.title.startswith("Jailhouse parked CPU 2")


def test_other_alarms_stay_as_they_are() -> None:
    (problem,) = told(b"Kernel panic - not syncing: no init", "bananapi")
    assert type(problem) is BoardProblem
    (parked,) = told(b"Parking CPU 1", "bananapi")
    assert parked.title == "Jailhouse parked a CPU (cpu 1)"


@given(st.lists(st.binary(max_size=80), max_size=8), st.sampled_from(["bananapi", "x", ""]))
def test_nothing_raises(lines: list[bytes], profile: str) -> None:
    told(b"Unhandled data read at 0x" + b"\n".join(lines), profile)
