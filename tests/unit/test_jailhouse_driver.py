"""Jailhouse's state and failures: from a real board's sysfs tree and words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.jailhouse.explain import explain
from hvconsole.hypervisor.jailhouse.plans import plan
from hvconsole.hypervisor.jailhouse.survey import exits, make_survey, split
from hvconsole.link.protocol import Completed
from hvconsole.model.hypervisor import Survey
from hvconsole.model.problem import BoardProblem, UsageProblem

DATA = Path(__file__).parent / "data" / "jailhouse"
MARK = "m4rk"
CELL = b"JHCLL\x01\x0e\x00" + b"inmate-demo".ljust(32, b"\0") + bytes(260)

ROOT = """
m4rk cell 0
name=qemu-arm4
state=running
cpus_assigned_list=0-3
cpus_failed_list=
"""
INMATE = """
m4rk cell 1
name=inmate-demo
state=shut down
cpus_assigned_list=1
cpus_failed_list=
"""


def tree() -> str:
    """Return a real root cell's counters, as ``grep -H`` prints them."""
    text = (DATA / "05-sysfs-rootonly.txt").read_text()
    found = re.findall(r"== \./0/(statistics/cpu\d/vmexits_\w+): (\d+)", text)
    return "".join(f"/sys/devices/jailhouse/cells/0/{name}:{value}\n" for name, value in found)


def survey(cells: str = ROOT, *, enabled: str = "1", cmdline: str = "mem=768M") -> Survey:
    head = (
        f"{MARK} there\nmodule\ntool\n{MARK} enabled\n{enabled}\n{MARK} online\n0-3\n"
        f"{MARK} cmdline\nconsole=ttyAMA0 {cmdline}\n{MARK} version\n"
        f"Jailhouse management tool v0.12\n{MARK} memory\n"
        "/sys/devices/jailhouse/mem_pool_size:1002\n/sys/devices/jailhouse/mem_pool_used:53\n"
    )
    return make_survey(split(head + cells + f"\n{MARK} end\n", MARK))


def test_a_real_boards_tree() -> None:
    seen = survey(ROOT + tree())
    root = seen.guest("qemu-arm4")
    assert root is not None
    assert (root.key, root.role, root.state) == ("0", "control", "running")
    assert root.cpus == frozenset({0, 1, 2, 3})
    assert root.counters["cpu3 total"] == 1062
    assert root.counters["total"] == 570 + 515 + 572 + 1062
    assert seen.version == "v0.12"
    assert seen.active
    assert "53 of 1002 pages" in seen.notes[0]


def test_counters_wrap() -> None:
    assert exits((1 << 31) - 5, 10) == 15
    assert exits(3, 8) == 5


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("running", "running"),
        ("running/locked", "running"),
        ("shut down", "stopped"),
        ("failed", "failed"),
        ("Comm ABI mismatch", "unknown"),
        ("invalid", "unknown"),
    ],
)
def test_states(words: str, state: str) -> None:
    cell = survey(ROOT + INMATE.replace("shut down", words)).guest("1")
    assert cell is not None
    assert (cell.state, cell.words) == (state, words)


@pytest.mark.parametrize(
    ("action", "commands"),
    [
        (do.Start(guest="inmate-demo"), ["jailhouse cell start 1"]),
        (do.Stop(guest="1"), ["jailhouse cell shutdown 1"]),
        (do.Destroy(guest="1"), ["jailhouse cell destroy 1"]),
        (do.Disable(), ["jailhouse disable", "sh -c rm -f /tmp/hvconsole-*.cell"]),
        (
            do.Load(guest="1", images=(("/a.bin", None), ("/b.bin", 0x1000))),
            ["jailhouse cell load 1 /a.bin /b.bin -a 0x1000"],
        ),
        (do.Restart(guest="1"), ["jailhouse cell shutdown 1", "jailhouse cell start 1"]),
    ],
)
def test_commands(action: do.Action, commands: list[str]) -> None:
    steps = plan(action, survey(ROOT + INMATE)).steps
    assert [" ".join(step.argv) for step in steps] == commands


def test_creating_a_cell_puts_its_configuration_there_and_takes_it_away() -> None:
    (make,) = plan(do.Create(config=CELL, source="x.cell"), survey()).steps
    path = make.argv[-1]
    assert make.files == {path: CELL}
    assert "rm -f" in make.undo[2]
    assert make.undo[-1] == path
    assert make.expect is not None
    assert make.expect.holds(survey(ROOT + INMATE))
    assert not make.expect.holds(survey())  # 'succeeded', and created nothing


def test_enabling_needs_reserved_memory_and_agreement() -> None:
    off = survey("", enabled="0")
    assert "hangs the whole board" in plan(do.Enable(config="/etc/x.cell"), off).danger
    with pytest.raises(BoardProblem, match="cannot be enabled"):
        plan(do.Enable(config="/etc/x.cell"), survey("", enabled="0", cmdline="quiet"))


def test_starting_a_running_cell_is_a_danger() -> None:
    running = survey(ROOT + INMATE.replace("shut down", "running"))
    assert "resets it" in plan(do.Start(guest="1"), running).danger
    assert "cells end at once" in plan(do.Disable(), running).danger


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (do.Start(guest="nosuch"), "no cell 'nosuch'"),
        (do.Create(config=b"hello", source="x.txt"), "no cell configuration"),
        (do.Create(config=b"JHSYS\x01" + bytes(200), source="x"), "is a system configuration"),
        (do.Load(guest="1", images=(("a.bin", None),)), "no whole path"),
    ],
)
def test_what_makes_no_sense_is_refused(action: do.Action, words: str) -> None:
    with pytest.raises(UsageProblem, match=words):
        plan(action, survey(ROOT + INMATE))


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (do.Destroy(guest="0"), "root cell"),
        (do.Pause(guest="1"), "cannot pause"),
        (do.MakePool(name="p", scheduler="rtds"), "cannot make pool"),
    ],
)
def test_what_jailhouse_cannot_do(action: do.Action, words: str) -> None:
    with pytest.raises(BoardProblem, match=words):
        plan(action, survey(ROOT + INMATE))


def test_cells_need_jailhouse() -> None:
    with pytest.raises(BoardProblem, match="not enabled"):
        plan(do.Start(guest="1"), survey("", enabled="0"))


@pytest.mark.parametrize(
    ("error", "log", "words"),
    [
        ("JAILHOUSE_CELL_CREATE: Device or resource busy", "", "is not the root cell's"),
        ("JAILHOUSE_CELL_CREATE: File exists", "", "of that name exists"),
        (
            "JAILHOUSE_CELL_CREATE: Invalid argument",
            "[1.0] jailhouse: Configuration revision mismatch",
            "of another revision",
        ),
        (
            "JAILHOUSE_ENABLE: Invalid argument",
            "[1.0] jailhouse: request_mem_region failed for hypervisor memory.",
            "is not free",
        ),
        ("JAILHOUSE_DISABLE: Device or resource busy", "", "is offline"),
        ("opening /dev/jailhouse: No such file or directory", "", "driver is not loaded"),
        ("opening /nonexistent: No such file or directory", "", "not on the board"),
        ("JAILHOUSE_CELL_START: Something new", "", "gave no reason"),
    ],
)
def test_failures_are_explained(error: str, log: str, words: str) -> None:
    step = plan(do.Start(guest="1"), survey(ROOT + INMATE)).steps[0]
    problem = explain(step, Completed(step.argv, 1, b"", error.encode()), log.splitlines())
    assert words in problem.title
    assert error in problem.detail


def test_a_lying_success_is_explained() -> None:
    step = plan(do.Create(config=CELL, source="x.cell"), survey()).steps[0]
    problem = explain(step, Completed(step.argv, 0, b"", b""), [])
    assert "nothing changed" in problem.title
    assert "kind of machine" in problem.hint


@given(st.text())
def test_no_answer_makes_the_survey_fail_otherwise(text: str) -> None:
    parts = split(f"{MARK} cell 1\n{text}\n{MARK} end\n", MARK)
    seen = make_survey(parts)
    assert set(seen.abilities) == set(do.KINDS)


def test_half_an_answer_is_none() -> None:
    with pytest.raises(BoardProblem):
        make_survey(split(f"{MARK} there\nmodule\n", MARK))
