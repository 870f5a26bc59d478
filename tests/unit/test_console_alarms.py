"""Console lines and alarms, on what real boards wrote."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hvconsole.wire.console import (
    MAX_LINE,
    Alarm,
    AlarmFinder,
    AlarmKind,
    LineSplitter,
    Prompt,
    in_boot_loader,
    prompt_of,
    shown,
)

DATA = Path(__file__).parent.parent / "data" / "serial"
cuts = st.lists(st.integers(1, 50), max_size=20)
console_bytes = st.lists(
    st.sampled_from(
        [b"\r", b"\n", b"\r\n", b"\b", b"\x1b[31m", b"FATAL: x", b"(XEN) ", b"\xff", b"a"]
    )
    | st.binary(max_size=20)
).map(b"".join)


def split(data: bytes, sizes: list[int] | None = None) -> tuple[list[bytes], bytes]:
    splitter, lines = LineSplitter(), []
    for size in sizes or []:
        lines += splitter.feed(data[:size])
        data = data[size:]
    lines += splitter.feed(data)
    return lines, splitter.partial


def alarms_of(name: str) -> list[Alarm]:
    lines, _ = split((DATA / name).read_bytes() + b"\n")
    finder = AlarmFinder()
    return [alarm for line in lines for alarm in finder.feed(line)]


def brief(name: str) -> list[tuple[AlarmKind, dict[str, str]]]:
    return [(alarm.kind, alarm.details) for alarm in alarms_of(name)]


def test_xen_panic_names_its_cause_and_the_reboot_is_told_once() -> None:
    assert brief("xen-panic-and-reboot.txt") == [
        (AlarmKind.XEN_PANIC, {"cpu": "0", "cause": "CPU0: Unexpected Trap: Data Abort"}),
        (AlarmKind.REBOOT, {"stage": "xen"}),
    ]


def test_a_whole_boot_is_one_reboot() -> None:
    assert brief("uboot-to-xen.txt") == [(AlarmKind.REBOOT, {"stage": "u-boot"})]
    assert brief("uboot-spl-to-linux.txt") == [(AlarmKind.REBOOT, {"stage": "u-boot-spl"})]


def test_a_second_boot_is_a_second_reboot() -> None:
    finder = AlarmFinder()
    boot = (DATA / "uboot-spl-to-linux.txt").read_bytes()
    lines, _ = split(boot + b"\n" + boot + b"\n")
    kinds = [alarm.kind for line in lines for alarm in finder.feed(line)]
    assert kinds == [AlarmKind.REBOOT, AlarmKind.REBOOT]


def test_jailhouse_parks_a_cell() -> None:
    access = {"access": "data read", "address": "0x60000000", "size": "4"}
    assert brief("jailhouse-parked-cell.txt") == [
        (AlarmKind.UNHANDLED_ACCESS, access),
        (AlarmKind.HYPERVISOR_FATAL, {"reason": "unhandled trap (exception class 0x24)"}),
        (
            AlarmKind.CPU_PARKED,
            {"cpu": "1", "cell": "inmate-demo", "cause": "Unhandled data read at 0x60000000(4)"},
        ),
    ]


def test_jailhouse_parks_the_root_cell() -> None:
    parked = [alarm for alarm in alarms_of("jailhouse-parked-root.txt") if "cell" in alarm.details]
    assert [alarm.text for alarm in parked] == ['Parking CPU 2 (Cell: "qemu-arm4")']
    assert parked[0].details["cause"] == "Unhandled data write at 0x7fa20000(1)"


def test_jailhouse_instruction_abort() -> None:
    *fatal, parked = alarms_of("jailhouse-instruction-abort.txt")
    assert [alarm.kind for alarm in fatal] == [AlarmKind.HYPERVISOR_FATAL] * 2
    assert parked.details == {
        "cpu": "0",
        "cell": "Banana-Pi",
        "cause": "FATAL: instruction abort at 0x7a017f00",
    }


def test_a_cells_own_linux_is_no_reboot() -> None:
    assert alarms_of("jailhouse-linux-inmate.txt") == []


def test_linux_panics_and_oopses() -> None:
    assert brief("linux-panic.txt") == [
        (AlarmKind.LINUX_PANIC, {"reason": "sysrq triggered crash"})
    ]
    assert brief("linux-panic-interleaved.txt") == [
        (AlarmKind.LINUX_PANIC, {"reason": "Attempted to kill init! exitcode=0x00000000"})
    ]
    assert brief("linux-oops.txt") == [
        (
            AlarmKind.LINUX_OOPS,
            {"reason": "NULL pointer dereference", "address": "00000010"},
        ),
        (AlarmKind.LINUX_OOPS, {"reason": "Oops: a07 [#1] SMP ARM"}),
    ]


@pytest.mark.parametrize(
    ("line", "kind", "details"),
    [
        (b'Stopping CPU 1 (Cell: "a")', AlarmKind.CPU_STOPPED, {"cpu": "1", "cell": "a"}),
        (b"Stopping CPU 0", AlarmKind.CPU_STOPPED, {"cpu": "0"}),
        (
            b"[  9.1] watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [sh:1]",
            AlarmKind.LINUX_STALL,
            {"reason": "soft lockup", "cpu": "1"},
        ),
        (
            b"[  9.1] rcu: INFO: rcu_sched self-detected stall on CPU",
            AlarmKind.LINUX_STALL,
            {"reason": "rcu_sched self-detected stall"},
        ),
        (
            b"kernel BUG at mm/slub.c:306!",
            AlarmKind.LINUX_BUG,
            {"reason": "mm/slub.c:306"},
        ),
        (
            b"# [ 1.2] BUG: scheduling while atomic: sh/1",
            AlarmKind.LINUX_BUG,
            {"reason": "scheduling while atomic: sh/1"},
        ),
    ],
)
def test_single_lines(line: bytes, kind: AlarmKind, details: dict[str, str]) -> None:
    assert [(a.kind, a.details) for a in AlarmFinder().feed(line)] == [(kind, details)]


@pytest.mark.parametrize(
    "line",
    [
        b"(XEN) d0v0 Unhandled SMC/HVC: 0x8600ff01",
        b"(XEN) d0v0: vGICD: unhandled word write 0xffffffff to ICACTIVER4",
        b"[    1.2] Kernel command line: panic=5",
        b"DEBUG: nothing",
        b"=> bootz 0x44000000 - 0x4c000000",
    ],
)
def test_ordinary_lines_raise_no_alarm(line: bytes) -> None:
    assert AlarmFinder().feed(line) == []


def test_an_old_cause_explains_nothing_new() -> None:
    finder = AlarmFinder()
    finder.feed(b"(XEN) CPU0: Unexpected Trap: Data Abort")
    for _ in range(101):
        finder.feed(b"(XEN) quiet")
    assert finder.feed(b"(XEN) Panic on CPU 1:")[0].details == {"cpu": "1"}


@pytest.mark.parametrize(
    ("data", "lines", "rest"),
    [
        (b"a\nb\r\nc\rd", [b"a", b"b", b"c"], b"d"),
        (b"a\r\r\nb\n\rc", [b"a", b"b"], b"c"),
        (b"\n\n", [b"", b""], b""),
        (b"a\n\nb\r\n\r\n", [b"a", b"", b"b", b""], b""),
    ],
)
def test_line_ends(data: bytes, lines: list[bytes], rest: bytes) -> None:
    assert split(data) == (lines, rest)


def test_an_endless_line_takes_no_memory_and_comes_in_pieces() -> None:
    splitter = LineSplitter()
    pieces = [piece for _ in range(50) for piece in splitter.feed(b"x" * 1000)]
    assert {len(piece) for piece in pieces} == {MAX_LINE}
    assert len(splitter.partial) <= MAX_LINE


def test_countdowns_and_escapes_become_plain_text() -> None:
    assert shown(b"Hit any key to stop autoboot:  2 \b\b\b 1 \b\b\b 0 ") == (
        "Hit any key to stop autoboot:  0"
    )
    assert shown(b"  \x1b[31mred\x1b]0;title\x07\x00 \xff") == "  red \\xff"


@pytest.mark.parametrize(
    ("partial", "prompt"),
    [
        (b"=> ", Prompt.UBOOT),
        (b"U-Boot> ", Prompt.UBOOT),
        (b"bananapi login: ", Prompt.LOGIN),
        (b"Password: ", Prompt.PASSWORD),
        (b"# ", Prompt.SHELL),
        (b"root@bananapi:~# ", Prompt.SHELL),
        (b"a => b", None),
        (b"# echo", None),
        (b"", None),
    ],
)
def test_prompts(partial: bytes, prompt: Prompt | None) -> None:
    assert prompt_of(partial) is prompt


@given(console_bytes, cuts)
def test_lines_do_not_depend_on_the_portions(data: bytes, sizes: list[int]) -> None:
    assert split(data, sizes) == split(data)


@given(st.lists(st.integers(0, 3 * MAX_LINE), max_size=4), cuts)
def test_long_lines_do_not_depend_on_the_portions(lengths: list[int], sizes: list[int]) -> None:
    data = b"\n".join(b"x" * length for length in lengths)
    assert split(data, [size * 97 for size in sizes]) == split(data)


@given(st.lists(console_bytes))
def test_no_line_raises_or_reaches_the_terminal(lines: list[bytes]) -> None:
    finder = AlarmFinder()
    for line in lines:
        for alarm in finder.feed(line):
            for text in (alarm.text, *alarm.details.values()):
                assert text.isprintable()
        assert shown(line).isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"U-Boot SPL 2024.01 (Jan 08)\r\nTrying to boot from MMC1\r\n", True),
        (b"U-Boot 2024.01 (Jan 08)\r\nDRAM: 1 GiB\r\nHit any key to stop autoboot:  2 ", True),
        (b"U-Boot 2024.01 (Jan 08)\r\n\r\n=> ", False),
        (b"U-Boot 2024.01\r\nStarting kernel ...\r\n\r\n", False),
        (b"U-Boot 2024.01\r\n[    0.000000] Booting Linux on physical CPU 0x0\r\n", False),
        (b"U-Boot 2024.01\r\n(XEN) Xen version 4.17.5\r\n", False),
        (b"Debian GNU/Linux 12 bpi ttyS0\r\n\r\nbpi login: ", False),
        (b"", False),
    ],
)
def test_a_boot_loader_at_work(text: bytes, expected: bool) -> None:
    assert in_boot_loader(text) is expected


def test_a_boot_loader_that_gave_way_to_xen() -> None:
    whole = (DATA / "uboot-to-xen.txt").read_bytes()
    assert not in_boot_loader(whole)
    assert in_boot_loader(whole[: whole.index(b"(XEN)")].rsplit(b"Starting kernel", 1)[0] + b"\n")
