"""What proves a mode: evidence against proofs, and which modes a running board may be in."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from scripted_board import MODES, FakeLink, Faults, ScriptedBoard

from hvconsole.board.boot_proof import (
    Evidence,
    failures,
    is_empty,
    is_settling,
    modes_fitting,
    proof_words,
    read_evidence,
)
from hvconsole.model.boot import BootMode, BootProof

XEN = Evidence(hypervisor="xen", scheduler="rtds", cmdline="console=hvc0 mode=xen-rtds quiet")
NATIVE = Evidence(cmdline="console=ttyS0 mode=native")
words = st.text(st.characters(blacklist_categories=("Zs", "Zl", "Zp", "Cc")), min_size=1)


@pytest.mark.parametrize(
    ("proof", "evidence", "says"),
    [
        (BootProof(hypervisor="xen"), NATIVE, "wanted hypervisor xen, seen: none"),
        (BootProof(hypervisor="none"), XEN, "wanted hypervisor none, seen: xen"),
        (BootProof(scheduler="credit"), XEN, "wanted Xen's scheduler credit, seen: rtds"),
        (BootProof(scheduler="rtds"), NATIVE, "seen: no Xen"),
        (
            BootProof(scheduler="rtds"),
            Evidence(hypervisor="xen", xl_said="xl: not found"),
            "seen: xl: xl: not found",
        ),
        (BootProof(cmdline=("isolcpus=1",)), NATIVE, "wanted 'isolcpus=1' on Linux's command"),
        (BootProof(cmdline=("mode=nat",)), NATIVE, "wanted 'mode=nat'"),
        (BootProof(no_cmdline=("quiet",)), XEN, "'quiet' must not be on"),
        (BootProof(hypervisor="jailhouse"), NATIVE, "Linux has all of it"),
        (BootProof(hypervisor="jailhouse"), XEN, "Linux under xen"),
    ],
)
def test_each_failure_says_what_was_wanted_and_seen(
    proof: BootProof, evidence: Evidence, says: str
) -> None:
    told = failures(proof, evidence)
    assert len(told) == 1
    assert says in told[0]


@pytest.mark.parametrize(
    ("proof", "evidence"),
    [
        (BootProof(), XEN),
        (BootProof(hypervisor="xen", scheduler="rtds", cmdline=("quiet",)), XEN),
        (BootProof(hypervisor="none", no_cmdline=("quiet",)), NATIVE),
        (BootProof(hypervisor="jailhouse"), Evidence(reserved=True)),
        (BootProof(hypervisor="jailhouse"), Evidence(hypervisor="jailhouse")),
    ],
)
def test_what_holds_says_nothing(proof: BootProof, evidence: Evidence) -> None:
    assert failures(proof, evidence) == []


@given(st.lists(words, max_size=8), st.lists(words, max_size=8))
def test_words_are_whole_words(present: list[str], other: list[str]) -> None:
    evidence = Evidence(cmdline=" ".join(present))
    assert failures(BootProof(cmdline=tuple(evidence.cmdline.split())), evidence) == []
    missing = [word for word in other if word not in evidence.cmdline.split()]
    assert len(failures(BootProof(cmdline=tuple(missing)), evidence)) == len(missing)
    assert failures(BootProof(no_cmdline=tuple(missing)), evidence) == []


def test_the_mode_that_fits_best_is_named_alone() -> None:
    assert modes_fitting(MODES, XEN) == ["xen-rtds"]
    assert modes_fitting(MODES, NATIVE) == ["native"]
    assert modes_fitting(MODES, Evidence(hypervisor="xen", scheduler="null")) == []


def test_a_mode_without_a_proof_fits_nothing() -> None:
    assert modes_fitting({"own": BootMode()}, NATIVE) == []
    assert is_empty(BootProof())


def test_modes_that_cannot_be_told_apart_are_both_named() -> None:
    mode = BootMode(proof=BootProof(hypervisor="none"))
    assert modes_fitting({"a": mode, "b": mode}, NATIVE) == ["a", "b"]


def test_only_a_missing_scheduler_may_still_come() -> None:
    waiting = Evidence(hypervisor="xen", xl_said="no xenstore")
    assert is_settling(BootProof(scheduler="rtds"), waiting)
    assert not is_settling(BootProof(scheduler="rtds"), XEN)
    assert not is_settling(BootProof(hypervisor="xen"), waiting)
    assert not is_settling(BootProof(scheduler="rtds"), NATIVE)


def test_a_proof_in_words() -> None:
    proof = BootProof(hypervisor="xen", scheduler="rtds", cmdline=("a",), no_cmdline=("b",))
    assert list(proof_words(proof)) == [
        "hypervisor xen",
        "scheduler rtds",
        "'a' on the command line",
        "no 'b' on the command line",
    ]


async def test_evidence_of_a_xen_board() -> None:
    board = ScriptedBoard()
    board.mode = "xen-rtds"
    seen = await read_evidence(FakeLink(board))
    assert (seen.hypervisor, seen.scheduler, seen.boot_id) == ("xen", "rtds", "boot-1")
    assert "mode=xen-rtds" in seen.cmdline


async def test_xl_that_does_not_answer_is_evidence_as_well() -> None:
    board = ScriptedBoard(Faults(xl_fails=1))
    board.mode = "xen-rtds"
    seen = await read_evidence(FakeLink(board))
    assert (seen.scheduler, seen.xl_said) == ("", "libxl: error: cannot open xenstore")


def test_what_is_shown_is_safe() -> None:
    pairs = dict(Evidence(cmdline="a\x1b[31m\nb", scheduler="\x1b]0;x\x07rtds").as_pairs())
    assert pairs == {"hypervisor": "none", "scheduler": "rtds", "command line": "a b"}
