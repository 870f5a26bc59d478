"""Jailhouse's plans: the frequency before enabling, Linux in a cell, failed CPUs, silence."""

from __future__ import annotations

import dataclasses

import pytest

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.jailhouse import frequency
from hvconsole.hypervisor.jailhouse.plans import plan
from hvconsole.hypervisor.jailhouse.survey import make_survey, split
from hvconsole.model.hypervisor import Guest, GuestState, Survey
from hvconsole.model.problem import UsageProblem

SYSTEM = "/etc/jailhouse/bananapi.cell"
LINUX = do.Create(
    config=b"",
    source="/etc/linux.cell",
    on_board=True,
    linux=do.LinuxCell(kernel="/boot/zImage", dtb="/x.dtb", initrd="/i.gz", cmdline="quiet x=1"),
)
ROOT = Guest(key="0", name="root", role="control", state="running", cpus=frozenset({0, 1}))


def off(*governors: str, kept: bool = False) -> Survey:
    names = dict(enumerate(governors))
    return Survey(system="jailhouse", active=False, governors=names, governors_kept=kept)


def on(*cells: Guest, kept: bool = False) -> Survey:
    return Survey(system="jailhouse", guests=(ROOT, *cells), governors_kept=kept)


def cell(total: int, state: GuestState = "running", failed: frozenset[int] = frozenset()) -> Guest:
    return Guest(
        key="1",
        name="linux",
        state=state,
        cpus=frozenset({1}),
        failed=failed,
        counters={"total": total},
    )


def test_a_governor_that_follows_the_load_is_pinned_before_enabling() -> None:
    enable = plan(do.Enable(config=SYSTEM), off("schedutil", "schedutil"))
    load, pin, last = enable.steps
    assert load.argv[-1].endswith("modprobe jailhouse")
    assert (pin.argv, pin.undo, pin.keep_undo) == (frequency.PIN, frequency.GIVE_BACK, True)
    assert last.argv == ("jailhouse", "enable", SYSTEM)
    assert pin.expect is not None
    assert pin.expect.holds(off("performance", "performance"))
    assert not pin.expect.holds(off("performance", "ondemand"))


@pytest.mark.parametrize("governors", [(), ("performance",), ("userspace", "powersave")])
def test_a_frequency_that_stays_is_left_alone(governors: tuple[str, ...]) -> None:
    assert len(plan(do.Enable(config=SYSTEM), off(*governors)).steps) == 2


def test_disabling_gives_the_governors_back_where_they_were_pinned() -> None:
    kept, plain = plan(do.Disable(), on(kept=True)).steps, plan(do.Disable(), on()).steps
    assert [one.argv for one in kept[:2]] == [("jailhouse", "disable"), frequency.GIVE_BACK]
    assert frequency.GIVE_BACK not in [one.argv for one in plain]


@pytest.mark.parametrize("words", [frequency.PIN, frequency.GIVE_BACK])
def test_a_word_of_a_command_holds_no_newline(words: tuple[str, ...]) -> None:
    assert all(word.isprintable() for word in words)


def test_linux_in_a_cell() -> None:
    step = plan(LINUX, on()).steps[0]
    assert step.argv == (
        "jailhouse", "cell", "linux", "/etc/linux.cell", "/boot/zImage",
        "-d", "/x.dtb", "-i", "/i.gz", "-c", "quiet x=1",
    )  # fmt: skip
    assert step.undo[-1] == "0"  # every cell but the root cell


def test_linux_lives_only_once_its_counters_move() -> None:
    expect = plan(LINUX, on()).steps[0].expect
    assert expect is not None
    looks = [on(), on(cell(9)), on(cell(9)), on(cell(12))]
    assert [expect.holds(one) for one in looks] == [False, False, False, True]


@pytest.mark.parametrize(
    "dead", [cell(9, "stopped"), cell(9, "failed"), cell(9, failed=frozenset({1}))]
)
def test_a_cell_that_does_not_run_never_lives(dead: Guest) -> None:
    expect = plan(LINUX, on()).steps[0].expect
    assert expect is not None
    moved = dataclasses.replace(dead, counters={"total": 99})
    assert not any(expect.holds(on(one)) for one in (dead, moved, dead))


@pytest.mark.parametrize(
    "wrong",
    [
        dataclasses.replace(LINUX, on_board=False),
        dataclasses.replace(LINUX, source="linux.cell"),
        dataclasses.replace(LINUX, linux=do.LinuxCell(kernel="zImage")),
        dataclasses.replace(LINUX, linux=do.LinuxCell(kernel="/zImage", dtb="x.dtb")),
    ],
)
def test_linux_needs_whole_paths_on_the_board(wrong: do.Create) -> None:
    with pytest.raises(UsageProblem):
        plan(wrong, on())


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (do.Enable(config=SYSTEM), "fewer CPUs than are online"),
        (do.Load(guest="1", images=(("/a", None),)), "parked the root cell's CPU"),
        (do.Disable(), "parked the root cell's CPU"),
    ],
)
def test_what_silence_means(action: do.Action, words: str) -> None:
    survey = off() if isinstance(action, do.Enable) else on(cell(1, "stopped"))
    assert any(words in step.silence for step in plan(action, survey).steps)


def test_failed_cpus_governors_and_what_is_kept_are_read() -> None:
    text = (
        "m there\nm enabled\n1\nm governors\n0 schedutil\n1 performance\nx y\n"
        "m kept\nkept\nm cell 0\nname=root\nstate=running\ncpus_assigned_list=0-1\n"
        "cpus_failed_list=\nm cell 1\nname=inmate\nstate=failed\ncpus_assigned_list=2-3\n"
        "cpus_failed_list=3\nm end\n"
    )
    survey = make_survey(split(text, "m"))
    assert survey.governors == {0: "schedutil", 1: "performance"}
    assert survey.governors_kept
    inmate = survey.guest("inmate")
    assert inmate is not None
    assert (inmate.cpus, inmate.failed) == (frozenset({2, 3}), frozenset({3}))
    assert any("CPU 3 is parked" in note for note in survey.notes)
