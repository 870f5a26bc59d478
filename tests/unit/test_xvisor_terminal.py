"""Xvisor's terminal, on what real boards wrote: the same in whatever portions it comes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from xvisor_board import FAULT

from hvconsole.model.problem import UsageProblem
from hvconsole.wire.console import AlarmFinder, AlarmKind, LineSplitter, Prompt, prompt_of
from hvconsole.wire.xvisor import Answer, Fault, Line, Terminal, fault_words
from hvconsole.wire.xvisor_command import MAX_COMMAND, Condition, command_line, condition
from hvconsole.wire.xvisor_guest import Untagged

DATA = Path(__file__).parent / "data" / "xvisor"
RECORDED = sorted(path.stem for path in DATA.glob("*.txt") if not path.stem.startswith("01"))
_ROW = re.compile(r"\s*[\d.]+ (?P<way>[<>]) (?P<data>b.*)")
cuts = st.lists(st.integers(1, 60), max_size=60)


def recorded(name: str) -> bytes:
    """Return what the board wrote in a recorded session."""
    rows = (_ROW.fullmatch(line) for line in (DATA / f"{name}.txt").read_text().splitlines())
    return b"".join(ast.literal_eval(row["data"]) for row in rows if row and row["way"] == "<")


def portions(data: bytes, sizes: list[int]) -> list[bytes]:
    """Cut bytes into portions, over and over by the same sizes."""
    out = []
    at, turn = 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)] if sizes else len(data)
        out.append(data[at : at + size])
        at, turn = at + size, turn + 1
    return out


def read(data: bytes, sizes: list[int]) -> tuple[list[Line | Fault], bytes]:
    terminal = Terminal()
    events = [one for part in portions(data, sizes) for one in terminal.feed(part)]
    return events, terminal.partial


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_session_ends_at_the_prompt_with_its_faults_taken_out(name: str) -> None:
    data = recorded(name)
    events, partial = read(data, [])
    assert partial == b"XVisor# "
    faults = [one for one in events if isinstance(one, Fault)]
    assert len(faults) == data.count(b"do_hyp_trap")
    assert all(one.fields["pc"] in {"0x000000d4", "0x50000000"} for one in faults)
    assert not any("do_hyp_trap" in one.text for one in events if isinstance(one, Line))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(RECORDED), cuts)
def test_any_portions_of_a_session_give_the_same(name: str, sizes: list[int]) -> None:
    data = recorded(name)[-6000:]
    assert read(data, sizes) == read(data, [])


@given(
    st.lists(
        st.sampled_from(
            [b"XVisor# ", b"\r\n", b"\r", FAULT, FAULT[:40], b"do_hyp", b"Core Registers\r\n",
             b"     R12=0x00000000\r\n", b"[guest0/uart0] ", b"\x1b[D \x1b[D", b"guest list",
             b"user@XVisor# ", b"\r\r\n", b"  SP=0x1", b"A"]
        )
        | st.binary(max_size=8),
        max_size=12,
    ).map(b"".join),
    cuts,
)  # fmt: skip
def test_any_portions_of_anything_give_the_same(data: bytes, sizes: list[int]) -> None:
    assert read(data, sizes) == read(data, [])


@given(st.integers(0, 400), cuts)
def test_a_fault_anywhere_in_a_command_leaves_echo_and_answer_whole(
    at: int, sizes: list[int]
) -> None:
    said = (
        b"\r\nXVisor# guest list\r\n" + b"-" * 79 + b"\r\n 0      guest0            little"
        b"        /guests/guest0                         \r\n" + b"-" * 79 + b"\r\nXVisor# "
    )
    at = min(at, len(said))
    while said[at - 1 : at + 1] == b"\r\n":  # one write of the terminal's: nothing comes between
        at += 1
    whole, partial = read(said, [])
    events, left = read(said[:at] + FAULT + said[at:], sizes)
    assert [one for one in events if isinstance(one, Line)] == whole
    assert sum(isinstance(one, Fault) for one in events) == 1
    assert left == partial


def test_a_fault_behind_the_prompt_leaves_the_prompt() -> None:
    terminal = Terminal()
    terminal.feed(b"\r\nXVisor# ")
    assert terminal.waits
    terminal.feed(FAULT[:30])
    assert not terminal.waits
    [fault] = terminal.feed(FAULT[30:])
    assert isinstance(fault, Fault)
    assert fault.fields["fipa"] == "0x4401AFF010B98F64"
    assert terminal.waits


def test_a_fault_of_a_64_bit_board_ends_with_the_next_word_that_is_no_register() -> None:
    terminal = Terminal()
    terminal.feed(b"XVisor# ")
    dump = b"\r\ndo_hyp_trap: ec=0x24\r\n\r\nCore Registers\r\n  X00=0x0000000000000001 SP=0x1\r\n"
    assert terminal.feed(dump) == []
    [fault] = terminal.feed(b"\r\nXVisor# ")[:1]
    assert isinstance(fault, Fault)
    assert terminal.waits


def test_what_is_typed_is_known_without_what_was_erased() -> None:
    terminal = Terminal()
    terminal.feed(b"\r\nXVisor# ech\x1b[D \x1b[D\x1b[D \x1b[D\x1b[D \x1b[Decho bs")
    assert terminal.typed == b"echo bs"
    terminal.feed(b"\r\nroot@XVisor# ")
    assert terminal.typed == b""


def test_a_bound_console_shows_whose_it_is() -> None:
    terminal = Terminal()
    terminal.feed(b"\r\nXVisor# vserial bind guest0/uart0\r\n[guest0/uart0] ")
    assert terminal.bound == "guest0/uart0"
    assert terminal.typed is None


def test_prompts_are_xvisors_before_they_are_a_shells() -> None:
    assert prompt_of(b"XVisor# ") is Prompt.XVISOR
    assert prompt_of(b"admin@XVisor# ") is Prompt.XVISOR
    assert prompt_of(b"[guest0/uart0] XVisor# ") is not Prompt.XVISOR
    assert prompt_of(b"root@bpi:~# ") is Prompt.SHELL


def answers(name: str) -> dict[str, Answer]:
    """Return each command of a session with its answer."""
    out: dict[str, Answer] = {}
    lines: list[str] = []
    told = ""
    for one in read(recorded(name), [])[0]:
        if not isinstance(one, Line):
            continue
        if one.text.startswith("XVisor# "):
            out.setdefault(told, Answer(tuple(lines)))
            told, lines = one.text.removeprefix("XVisor# "), []
        else:
            lines.append(one.text)
    return out | {told: Answer(tuple(lines))}


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("guest foo guest0", 1),
        ("GUEST LIST", 127),
        ("guest kick nosuch", 3),
        ("guest create guest0", 1),
        ("vcpu set_affinity 15 9", 5),
        ("echo a;echo b; foo; echo c", 127),
        ("vcpu dumpreg abc", 0),
        ("help nosuch", 3),
        ("vcpu set_affinity 15 0", 0),
    ],
)
def test_the_status_is_what_xvisor_tells_last(command: str, status: int) -> None:
    assert answers("04-errors")[command].status == status


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (("guest", "kick", "a b"), "cannot be typed"),
        (("guest", "kick", "a;reset"), "cannot be typed"),
        (("guest", "kick", "a\x1b[2J"), "cannot be typed"),
        (("guest", "kick", "ö"), "cannot be typed"),
        (("guest", "kick", ""), "cannot be typed"),
        (("guest", "kick", "x" * 250), "too long"),
        (("reset", "guest0"), "typed alone"),
        (("guest", "list", ";", "reset"), "typed alone"),
        (("shutdown", "now"), "typed alone"),
        (("vserial", "bind", "guest0/uart0"), "does not come back"),
        (("vcpu", "monitor"), "does not come back"),
        ((), "no command"),
        (("guest", "list", ";"), "no command"),
    ],
)
def test_what_must_not_be_typed_is_refused(argv: tuple[str, ...], why: str) -> None:
    with pytest.raises(UsageProblem, match=why):
        command_line(argv)


def test_a_line_of_the_longest_length_is_typed() -> None:
    words = ("echo", "x" * (MAX_COMMAND - 5))
    assert len(command_line(words)) == MAX_COMMAND
    assert command_line(("echo", "a", ";", "guest", "list")) == b"echo a;guest list"
    assert command_line(("reset",)) == b"reset"


def test_undoing_asks_first_whether_there_is_anything_to_undo() -> None:
    rows = [
        " 15     1      3       Paused     guest0/vcpu0      {0,1}",
        " 23     0      3       Reset      guest0/vcpu1      {0,1}",
        " 17     1      3       Paused     guest01/vcpu0     {0,1}",
    ]
    back = condition(("when", "guest0/vcpu1", "Paused", "vcpu", "resume", "@"))
    assert back == Condition("guest0/vcpu1", ("Paused",), ("vcpu", "resume", "@"))
    assert back.command(rows) == ()
    asked = Condition("guest0/vcpu1", ("Reset", "Paused"), ("vcpu", "resume", "@"))
    assert asked.command(rows) == ("vcpu", "resume", "23")
    assert Condition("guest0", ("Paused",), ("guest", "resume", "guest0")).command(rows)
    assert not Condition("guest", ("Paused",), ("guest", "resume", "guest")).command(rows)
    assert condition(("guest", "list")) is None


@given(st.binary(max_size=60), cuts)
def test_the_guests_own_bytes_come_out_of_its_tagged_console(own: bytes, sizes: list[int]) -> None:
    own = own.replace(b"[", b"").replace(b"\r\n", b"\n")
    tag = b"[guest0/uart0] "
    tagged = tag + re.sub(
        rb"[\r\n]", lambda match: (b"\r" if match[0] == b"\r" else b"\r\n") + tag, own
    )
    plain = Untagged("guest0/uart0")
    out = b"".join(map(plain.feed, portions(tagged, sizes)))
    assert out == own


def test_a_fault_is_an_alarm_that_says_where() -> None:
    finder, lines = AlarmFinder(), LineSplitter()
    found = [
        alarm
        for line in lines.feed(recorded("21-typing-during-trap"))
        for alarm in finder.feed(line)
    ]
    assert [alarm.kind for alarm in found] == [AlarmKind.GUEST_FAULT]
    assert "at the guest's address 0x50000000" in fault_words(found[0].details)
    assert "instruction fetched" in fault_words(found[0].details)


def test_a_boot_of_xvisor_is_a_restart_and_one_of_its_guests_is_none() -> None:
    finder, lines = AlarmFinder(), LineSplitter()
    boot = (DATA / "01-boot-virt-2cpu.txt").read_bytes().replace(b"\n", b"\r\r\n")
    found = [alarm for line in lines.feed(boot) for alarm in finder.feed(line)]
    assert [(one.kind, one.details) for one in found] == [(AlarmKind.REBOOT, {"stage": "xvisor"})]
    guest = b"[guest0/uart0] [    0.000000] Booting Linux on physical CPU 0x0"
    assert finder.feed(guest) == finder.feed(guest) == []
    panic = finder.feed(b"[guest0/uart0] [ 1.0] Kernel panic - not syncing: VFS: no root")
    assert panic[0].details == {"reason": "VFS: no root", "guest": "guest0/uart0"}
    version = b"Xvisor v0.3.2-56-g8713a802 (Nov 23 2026 07:10:35)"
    assert finder.feed(version) == []
