"""Each refusal of real boards' transcripts, turned into its cause and what helps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hvconsole.hypervisor.jailhouse.explain import explain, reason, recent
from hvconsole.hypervisor.plan import Expectation, Step
from hvconsole.link.protocol import Completed

DATA = Path(__file__).parent / "data"
FILES = sorted([*DATA.glob("jailhouse/*.txt"), *DATA.glob("transcripts/jailhouse/*.txt")])
_ENTRY = re.compile(
    r"^# (?P<command>[^\n]*)\n----- stdout\n(?P<out>.*?)----- stderr\n(?P<err>.*?)"
    r"----- exit code (?P<status>\w+) [^\n]*\n----- kernel log \(dmesg\)\n(?P<log>.*?)"
    r"----- serial port \(hypervisor \+ kernel console\)\n(?P<serial>.*?)=====",
    re.DOTALL | re.MULTILINE,
)
_REFUSAL = re.compile(
    r"^(?:JAILHOUSE_\w+: |opening /|reading stats: |read\(console\): )", re.MULTILINE
)


@dataclass(frozen=True)
class Refused:
    """A command of a transcript that was refused.

    Attributes:
        log: The kernel's log since it was typed.
        ring: What the hypervisor said last, without the kernel's lines.
    """

    command: str
    said: str
    log: list[str]
    ring: list[str]


def refused() -> Iterator[Refused]:
    """Give each command that was refused alone; several of one command cannot be told apart."""
    for file in FILES:
        ring: list[str] = []
        for entry in _ENTRY.finditer(file.read_text()):
            log = entry["log"].splitlines()
            ring += [one for one in entry["serial"].splitlines() if not one.startswith("[ ")]
            if _REFUSAL.search(entry["err"]) and len(entry["err"].splitlines()) == 1:
                yield Refused(entry["command"], entry["err"].strip(), log, ring[-20:])


ALL = list(refused())

# By what was typed: which cause has to be told.
CAUSES = (
    (r"enable .*sys-badsig", "no system configuration"),
    (r"enable .*sys-rev13", "of another revision"),
    (r"enable .*qemu-arm64\.cell", "another kind of machine"),
    (r"enable /etc/(?:hosts|jailhouse/qemu-arm-inmate)", "no system configuration"),
    (r"^jailhouse enable /etc/jailhouse/qemu-arm\.cell$", "more CPUs than are online"),
    (r"mv /lib/firmware", "image is not on the board"),
    (r"echo 0 > .*cpu3/online; jailhouse enable", "more CPUs than are online"),
    (r"create .*cell-(?:badsig|truncated)", "no cell configuration"),
    (r"create .*cell-rev13", "of another revision"),
    (r"create /etc/jailhouse/qemu-arm4\.cell", "no cell configuration"),
    (r"create .*(?:cpu1same|cpu7|allcpus)", "is not the root cell's"),
    (r"create .*/(?:overlap-cpu3|overlap-hv|outside)\.cell$", "shared-memory device is taken"),
    (r"destroy (?:overlap|overlap-hv|outside)$", "no such cell"),
    (r"System RAM.*jailhouse enable", "is not free: Linux has it"),
    (r"stats (?:5|nosuch)$", "no such cell"),
    (r"nonexistent", "/nonexistent is not on the board"),
)


def test_there_are_refusals_to_explain() -> None:
    assert len(FILES) == 17
    assert len(ALL) > 30


@pytest.mark.parametrize("one", ALL, ids=lambda one: f"{one.command[-50:]}: {one.said[:40]}")
def test_every_refusal_has_a_cause_of_its_own(one: Refused) -> None:
    why = reason(one.said, one.log, one.ring)
    assert why is not None
    assert "gave no reason" not in why.cause
    assert "{" not in why.cause + why.fix


@pytest.mark.parametrize(("typed", "cause"), CAUSES)
def test_what_the_cause_is(typed: str, cause: str) -> None:
    found = [one for one in ALL if re.search(typed, one.command)]
    assert found
    for one in found:
        why = reason(one.said, one.log, one.ring)
        assert why is not None
        assert cause in why.cause, one.command


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("JAILHOUSE_CELL_LOAD: No such file or directory", "no such cell"),
        ("JAILHOUSE_CELL_START: Invalid argument", "root cell is meant"),
        ("JAILHOUSE_CELL_DESTROY: Invalid argument", "root cell is meant"),
        ("JAILHOUSE_CELL_LOAD: Invalid argument", "does not fit"),
        ("JAILHOUSE_DISABLE: Device or resource busy", "is offline"),
        ("JAILHOUSE_CELL_DESTROY: Operation not permitted", "locked"),
        ("JAILHOUSE_ENABLE: No such device", "at least two CPUs"),
    ],
)
def test_what_transcripts_have_among_other_commands(said: str, cause: str) -> None:
    texts = "".join(file.read_text() for file in FILES)
    assert said in texts or "not permitted" in said  # the last comes from the driver's rules
    why = reason(said)
    assert why is not None
    assert cause in why.cause


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("[ 1.0] jailhouse: HYP mode not available", "not started in HYP mode"),
        ("[ 1.0] Jailhouse: failed to bring CPU 3 back online", "CPU 3 did not come back"),
    ],
)
def test_what_only_the_kernels_log_says(line: str, cause: str) -> None:
    why = reason("JAILHOUSE_ENABLE: No such device", [line])
    assert why is not None
    assert cause in why.cause
    assert why.evidence == line


def test_an_older_line_of_the_log_explains_nothing() -> None:
    log = ["[1.0] jailhouse: Configuration revision mismatch", "[2.0] The Jailhouse was closed."]
    why = reason("JAILHOUSE_ENABLE: Invalid argument", log)
    assert why is not None
    assert "revision" not in why.cause


def test_the_log_of_a_minute_ago_is_not_of_this_failure() -> None:
    log = ["[   10.5] old", "no time", "[  103.250001] new", "[99999999999.0] damaged"]
    assert recent(log, "104.31 200.00\n") == ["no time", "[  103.250001] new", log[3]]
    assert recent(log, "the board does not say") == log


def test_two_refused_alike_are_told_apart_by_the_hypervisors_console() -> None:
    said = "JAILHOUSE_CELL_CREATE: Device or resource busy"
    taken = reason(said, ["[1.0] CPU3 killed."], ['Adding virtual PCI device 00:00.0 to cell "x"'])
    busy = reason(said, (), ['Created cell "x"'])
    assert taken is not None
    assert busy is not None
    assert "'x'" in taken.fix
    assert "CPU" in busy.cause


def step(*argv: str) -> Step:
    return Step(
        about="do it", argv=argv, expect=Expectation(text="it is done", holds=lambda _: True)
    )


@pytest.mark.parametrize(
    ("argv", "log", "cause"),
    [
        (("jailhouse", "cell", "create", "x"), "[1] jailhouse: Configuration architecture mismatch",
         "another kind of machine"),
        (("jailhouse", "cell", "create", "x"), "", "nothing changed"),
        (("jailhouse", "cell", "linux", "x"), "", "CPUs do nothing"),
    ],
)  # fmt: skip
def test_a_success_that_was_none(argv: tuple[str, ...], log: str, cause: str) -> None:
    problem = explain(step(*argv), Completed(argv, 0, b"", b""), log.splitlines())
    assert cause in problem.title
    assert problem.hint


def test_the_boards_words_are_kept_and_made_safe() -> None:
    done = Completed(("x",), 1, b"", b"JAILHOUSE_ENABLE: \x1b[2Jodd\n")
    problem = explain(step("x"), done, [])
    assert "JAILHOUSE_ENABLE: odd" in problem.detail
    assert "\x1b" not in problem.detail
    assert "expected: it is done" in problem.detail


@given(st.text(), st.lists(st.text()), st.lists(st.text()))
def test_nothing_that_a_board_says_breaks_it(said: str, log: list[str], ring: list[str]) -> None:
    done = Completed(("x",), 1, b"", said.encode("utf-8", "replace"))
    assert explain(step("x"), done, log, ring).title.startswith("could not do it: ")


def test_a_name_from_the_board_fills_no_blank_of_ours() -> None:
    why = reason("opening /{cause}/{0}: No such file")
    assert why is not None
    assert why.cause == "/{cause}/{0} is not on the board"
