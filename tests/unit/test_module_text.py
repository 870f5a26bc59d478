"""The counter module's refusals, on what real kernels and both kinds of insmod said."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hvconsole.board.module_text import (
    CpuState,
    explain_insmod,
    new_lines,
    parse_probe,
    parse_state,
    vermagic,
)
from hvconsole.model.problem import BoardProblem

DATA = Path(__file__).parent.parent / "data" / "insmod"

TITLES = {
    "vermagic": "the counter module was built for another kernel",
    "symbol": "the board's kernel lacks what the counter module needs",
    "symbol-version": "the counter module was built against another build of the board's kernel",
    "architecture": "the counter module was built for another kind of machine",
    "truncated": "the counter module's file is damaged",
    "unsigned": "the board's kernel loads signed modules only",
    "lockdown": "the board's kernel is locked down: it loads signed modules only",
    "user": "loading the counter module needs root",
    "loaded": "the counter module is loaded already",
    "missing": "the counter module is not on the board",
    "nothing": "the counter module was told to open nothing",
    "no-pmu": "there is no cycle counter to open",
}


def told(path: Path) -> BoardProblem:
    status, _, rest = path.read_text().partition("\n")
    stderr, _, dmesg = rest.partition("\n---\n")
    return explain_insmod(int(status), stderr, dmesg)


@pytest.mark.parametrize("path", sorted(DATA.glob("*.txt")), ids=lambda path: path.stem)
def test_each_refusal_is_explained(path: Path) -> None:
    problem = told(path)
    assert problem.title == TITLES[path.stem.rpartition("-")[0]]
    assert problem.hint


def test_every_refusal_has_a_real_text() -> None:
    assert {path.stem.rpartition("-")[0] for path in DATA.glob("*.txt")} == set(TITLES)


def test_both_vermagics_are_shown() -> None:
    detail = told(DATA / "vermagic-kmod.txt").detail
    assert detail.splitlines() == [
        "module: 6.1.0-50-armmp-lpae SMP mod_unload modversions ARMv6 p2v8",
        "board:  6.1.0-50-armmp-lpae SMP mod_unload modversions ARMv7 p2v8",
    ]


def test_names_are_shown() -> None:
    assert "64-bit ARM" in told(DATA / "architecture-kmod.txt").detail
    assert "no_such_symbol_anywhere" in told(DATA / "symbol-busybox.txt").detail


@pytest.mark.parametrize(
    ("stderr", "title"),
    [
        ("sudo: a password is required", "sudo on the board asks for a password"),
        ("insmod: No such file or directory", "the board has no insmod"),
        ("bash: line 1: insmod: command not found", "the board has no insmod"),
        ("insmod: ERROR: could not insert module x.ko: Required key not available", "signed"),
        ("insmod: ERROR: could not insert module x.ko: Exec format error", "does not take"),
        ("something new", "insmod ended with 9"),
    ],
)
def test_without_a_kernel_log(stderr: str, title: str) -> None:
    assert title in explain_insmod(9, stderr).title


@given(st.integers(), st.text(), st.text())
def test_any_text_is_explained_and_none_reaches_the_terminal(
    status: int, stderr: str, dmesg: str
) -> None:
    for line in explain_insmod(status, f"{stderr}\x1b[2J", f"{dmesg}\x1b]0;x\x07").lines():
        assert line.isprintable()


def test_braces_from_the_board_are_only_text() -> None:
    problem = explain_insmod(1, "", "x: Unknown symbol {status}{0.__class__} (err -2)")
    assert "{status}{0.__class__}" in problem.detail


def test_only_new_lines_of_the_log_count() -> None:
    old = "[ 1.0] a\n[ 2.0] b\n"
    assert new_lines(old, f"{old}[ 3.0] c\n") == "[ 3.0] c\n"
    assert new_lines("", "[ 3.0] c\n") == "[ 3.0] c\n"
    assert new_lines(old, "[ 9.0] the ring went round\n") == "[ 9.0] the ring went round\n"
    assert new_lines(old, old) == ""


def test_vermagic_of_a_module() -> None:
    modinfo = (
        b"\x7fELF\0version=0.1.0\0vermagic=6.1.0-50-armmp-lpae SMP mod_unload ARMv7 \0name=x\0"
    )
    assert vermagic(modinfo) == "6.1.0-50-armmp-lpae SMP mod_unload ARMv7"
    assert vermagic(b"no module") is None


def test_state_by_cpu() -> None:
    text = (
        "/sys/kernel/hvcounter/cpu0/applied:1\n"
        "/sys/kernel/hvcounter/cpu0/last_online_ns:2688791824\n"
        "/sys/kernel/hvcounter/cpu0/cntkctl_found:0x000000c6\n"
        "/sys/kernel/hvcounter/cpu1/applied:0\n"
        "grep: /sys/kernel/hvcounter/cpu1/last_online_ns: No data available\n"
        "/sys/kernel/hvcounter/cpu2/applied:\x1b[2J\n"
    )
    assert parse_state(text) == {
        0: CpuState(1, 2_688_791_824, {"cntkctl": 0xC6}),
        1: CpuState(0, None, {}),
    }


@given(st.text())
def test_any_state_is_read_without_raising(text: str) -> None:
    parse_state(text)


def test_the_samplers_answer() -> None:
    reply = parse_probe(
        b'{"machine":"armv7l","nominal_hz":24000000,"cntpct":true,"cntvct":true,"tsc":false,'
        b'"cpu":1,"online":2,"allowed":[0,1]}\n'
    )
    assert (reply.cpu, reply.cntpct, reply.nominal_hz) == (1, True, 24_000_000)


@pytest.mark.parametrize("output", [b"", b"{}", b"\xff", b'{"machine":1,"nominal_hz":0,"cpu":0}'])
def test_no_answer_of_a_sampler(output: bytes) -> None:
    with pytest.raises(BoardProblem, match="cannot be understood"):
        parse_probe(output)
