"""What is refused before a board finds out, and why; with the line that says it."""

from itertools import combinations

import msgspec
import pytest
from cell_values import CELLS, changed, document
from hypothesis import given, strategies as st

from hvconsole.cell import (
    Document,
    MapRow,
    Resource,
    RunningBoard,
    UsedInterrupt,
    check,
    drawn,
    encode,
    from_bytes,
    is_safe,
    memory_map,
)
from hvconsole.cell.mapping import MOST_CLASHES
from hvconsole.cell.model import Memory
from hvconsole.cell.spans import Crossing, Span, missing, overlapping, sized
from hvconsole.model.problem import UsageProblem

MIB = 1 << 20
RAM = Span(0x4000_0000, 0x8000_0000)
ROOT = document("bananapi")


def banana_pi(mem_mib: int, **more: object) -> RunningBoard:
    """A Banana Pi whose Linux was booted with so much memory."""
    return RunningBoard(
        name="bpi",
        architecture="arm",
        cpus_online=(0, 1),
        linux_ram=(Span(RAM.start, RAM.start + mem_mib * MIB),),
        ram=(RAM,),
        mem_limit=mem_mib * MIB,
        **more,
    )


def codes(findings, severity="error"):
    return [finding.code for finding in findings if finding.severity == severity]


def only(findings, code):
    [found] = [finding for finding in findings if finding.code == code]
    return found


def line_of(name, words):
    lines = (CELLS / f"{name}.toml").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if words in line)


@pytest.mark.parametrize(
    "names",
    [
        ("bananapi",),
        ("bananapi", "bananapi-inmate"),
        ("bananapi", "bananapi-linux-demo"),
        ("qemu-arm", "qemu-arm-inmate-demo", "qemu-arm-linux-demo"),
    ],
)
def test_our_sets_are_safe(names):
    root, *cells = map(document, names)
    assert codes(check(root, cells)) == []


def test_the_same_set_is_judged_the_same_in_binary():
    names = ("qemu-arm", "qemu-arm-inmate-demo", "qemu-arm-linux-demo")
    root, *cells = (from_bytes(encode(document(name).configuration), name) for name in names)
    assert check(root, cells) == ()


def test_case_1_a_cell_over_another_running_cell():
    """`cell create` accepts it, and loading one kills the other, which stays 'running'."""
    one = document("qemu-arm-linux-demo")
    other = changed("qemu-arm-inmate-demo", ("phys = 0x7fa00000", "phys = 0x77ff8000"))
    root = document("qemu-arm")
    found = only(check(root, [one, other]), "overlap-cells")
    assert found.severity == "error"
    assert found.place == f"{other.origin.name}:{line_of('qemu-arm-inmate-demo', '0x7fa00000')}"
    assert "0x77ff8000-0x77ffffff (32KiB)" in found.title
    assert "silently kills the other" in found.detail


def test_case_2_a_cell_in_the_hypervisors_memory():
    """`cell create` accepts it, and 'disable' then crashes the root cell."""
    cell = changed("bananapi-inmate", ("phys = 0x7be00000", "phys = 0x7c100000"))
    found = only(check(ROOT, [cell]), "overlap-hypervisor")
    assert found.severity == "error"
    assert found.place.endswith(f":{line_of('bananapi-inmate', 'phys = 0x7be00000')}")
    assert "'disable' crashes the root cell" in found.detail


def test_case_2_a_cell_outside_the_boards_memory():
    cell = changed("bananapi-inmate", ("phys = 0x7be00000", "phys = 0x80000000"))
    found = only(check(ROOT, [cell]), "outside-ram")
    assert found.severity == "error"
    assert "0x80000000-0x8000ffff" in found.title
    # Without the board's name nothing says how much memory it has, but loading would kill.
    anonymous = Document(ROOT.configuration, ROOT.origin, ROOT.names)
    assert codes(check(anonymous, [cell])) == ["loadable-outside-root"]
    half = msgspec.structs.replace(banana_pi(384), ram=(Span(0x4000_0000, 0x6000_0000),))
    assert "outside-ram" in codes(check(ROOT, [document("bananapi-inmate")], half))


def test_case_3_upstreams_own_demo_is_refused():
    """Its memory lies where the root cell may only read: `cell load` kills the root Linux."""
    found = only(check(ROOT, [document("bananapi-inmate-demo")]), "loadable-outside-root")
    assert found.severity == "error"
    assert found.place.endswith(f":{line_of('bananapi-inmate-demo', '0x7bfe0000')}")
    assert "net-theirs" in found.detail
    assert "kills the root Linux" in found.detail
    assert "below 0x7bf00000" in found.hint


def test_case_5_linux_has_the_demos_memory():
    """mem=932M is the common advice, and 36 MiB too much for the Linux demo."""
    cell = document("bananapi-linux-demo")
    found = only(check(ROOT, [cell], banana_pi(932)), "linux-memory")
    assert found.severity == "error"
    assert "0x78000000-0x7a3fffff (36MiB)" in found.title
    assert "mem=896M" in found.hint
    assert found.place.endswith(f":{line_of('bananapi-linux-demo', '0x78000000')}")
    assert is_safe(check(ROOT, [cell], banana_pi(896)))
    assert is_safe(check(ROOT, [document("bananapi-inmate")], banana_pi(932)))


def test_the_hypervisors_memory_has_to_be_kept_free():
    found = check(ROOT, [], banana_pi(1024))
    assert "mem=959M" in only(found, "linux-hypervisor").hint
    assert "request_mem_region" in only(found, "linux-hypervisor").detail


@pytest.mark.parametrize(
    ("online", "code", "words"),
    [
        ((0, 1, 2), "cpus-fewer", "hangs the whole board"),
        ((0,), "cpus-more", "EINVAL"),
        ((0, 1), None, ""),
        ((), None, ""),
    ],
)
def test_case_6_cpus_online_and_in_the_root_cell(online, code, words):
    board = msgspec.structs.replace(banana_pi(896), cpus_online=online)
    found = check(ROOT, [], board)
    assert codes(found) == ([code] if code else [])
    if code:
        assert words in only(found, code).detail
        assert only(found, code).place.endswith(f":{line_of('bananapi', 'cpus =')}")
    # A cell that runs has taken its CPU from Linux: then this says nothing.
    active = msgspec.structs.replace(board, jailhouse_active=True)
    assert codes(check(ROOT, [], active)) == []


@pytest.mark.parametrize(
    ("name", "changes", "code", "words"),
    [
        (
            "bananapi-inmate",
            [('architecture = "arm"', 'architecture = "arm64"')],
            "architecture",
            "nothing",
        ),
        ("bananapi-inmate", [("revision = 14", "revision = 12")], "revision", "mismatch"),
        ("bananapi-inmate", [("cpus = [1]", "cpus = [2]")], "cpu-not-in-root", "0-1"),
        ("bananapi-inmate", [("cpus = [1]", "cpus = [0, 1]")], "no-cpu-left", ""),
        ("bananapi-inmate", [("cpus = [1]", "cpus = []")], "no-cpu", ""),
        ("bananapi-inmate", [('"bananapi-inmate"', '"Banana-Pi"')], "name-twice", "EEXIST"),
        ("bananapi-inmate", [('"bananapi-inmate"', '""')], "name", ""),
        ("bananapi-inmate", [('"bananapi-inmate"', f'"{"n" * 32}"')], "name", "31"),
        ("bananapi-inmate", [('"bananapi-inmate"', '"a\\u001b[2J"')], "name", "show"),
        (
            "bananapi-inmate",
            [('device = "uart4-7"', "phys = 0")],
            "uart-missing",
            "parks its CPU",
        ),
        ("bananapi-inmate", [('device = "ccu"', "phys = 0")], "uart-missing", "parks its CPU"),
        (
            "bananapi-inmate",
            [("virt = 0x80000000", "virt = 0xf000")],
            "overlap-virtual",
            "the other",
        ),
        (
            "bananapi-inmate",
            [("phys = 0x7be00000", "phys = 0x01c82000")],
            "overlap-intercepted",
            "hypervisor",
        ),
        (
            "bananapi-linux-demo",
            [('size = 4, flags = ["read", "write", "io", "io-32"]', 'size = 4, flags = ["io"]')],
            "no-width",
            "parks the CPU",
        ),
        (
            "bananapi-linux-demo",
            [("phys = 0x7bef0000", "phys = 0x7bee0000")],
            "overlap-inside",
            "chance",
        ),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_refused(name, changes, code, words):
    found = check(ROOT, [changed(name, *changes)])
    assert code in codes(found)
    assert words in next(one for one in found if one.code == code).detail


def test_memory_of_its_own_where_the_root_cell_shares():
    old = 'size = "64KiB", flags = ["read", "write", "execute", "loadable"]'
    new = 'size = "64KiB", flags = ["read", "write", "execute"]'
    cell = changed("bananapi-inmate-demo", (old, new))
    assert codes(check(ROOT, [cell])) == ["overlap-shared"]


def test_two_cells_that_want_the_same():
    one = document("bananapi-linux-demo")
    other = changed("bananapi-linux-demo", ('name = "bananapi-linux-demo"', 'name = "other"'))
    found = check(ROOT, [one, other])
    assert {"cpu-twice", "interrupt-twice", "overlap-cells"} <= set(codes(found))
    assert "EBUSY" in only(found, "cpu-twice").detail
    assert "52, 156" in only(found, "interrupt-twice").title
    assert "shared-registers" in codes(found, "warning")


def test_a_cell_without_a_console_is_told():
    cell = changed("bananapi-inmate", ('type = "8250"\n', ""))
    assert "no-console" in codes(check(ROOT, [cell]), "warning")
    flags = ('flags = ["passive-commreg"]', 'flags = ["virtual-console-permitted"]')
    silent = changed("bananapi-inmate", ('type = "8250"\n', ""), flags)
    assert "no-console" not in codes(check(ROOT, [silent]), "warning")


def test_a_console_at_ports_needs_no_memory():
    ports = ('flags = ["mmio", "regdist-4"]', "")
    cell = changed("bananapi-inmate", ('device = "uart4-7"', "phys = 0"), ports)
    assert "uart-missing" not in codes(check(ROOT, [cell]))


def test_a_hypervisor_that_says_nothing_is_told():
    console = line_text("bananapi", "debug_console")
    flags = ('flags = ["virtual-debug-console"]\n', "")
    assert "no-debug-console" in codes(check(changed("bananapi", flags, (console, ""))), "warning")
    assert "no-debug-console" not in codes(check(changed("bananapi", flags)), "warning")


def line_text(name, words):
    lines = (CELLS / f"{name}.toml").read_text().splitlines()
    return lines[line_of(name, words) - 1]


def test_shared_memory_without_its_interrupt_is_told():
    cell = changed("bananapi-linux-demo", ('["uart7", 156]', '["uart7"]'))
    found = only(check(ROOT, [cell]), "virtual-interrupt")
    assert "interrupt 156" in found.title
    assert found.place.endswith(f":{line_of('bananapi-linux-demo', 'ivshmem-intx')}")


def test_a_root_cell_needs_two_cpus_and_is_one():
    assert codes(check(changed("bananapi", ("cpus = [0, 1]", "cpus = [0]")))) == ["root-cpus"]
    with pytest.raises(UsageProblem, match="not a root cell's"):
        check(document("bananapi-inmate"))
    assert "second-root" in codes(check(ROOT, [document("qemu-arm")]))


def test_devices_that_must_not_be_touched_are_named():
    """Reading the temperature of the stock root cell parks the CPU: 0x1c25014 is not covered."""
    found = [one for one in check(ROOT) if one.code == "device-uncovered"]
    assert [one.severity for one in found] == ["warning", "warning"]
    assert "thermal: 0x01c25000" in found[0].title
    assert "parks" in found[0].detail
    assert "i2c0" in found[1].title
    added = changed("bananapi", ('  { device = "spi0" },', f"  {hint_of(found[0])},\n"))
    assert [one.title for one in check(added) if one.code == "device-uncovered"] == [found[1].title]


def hint_of(finding):
    return finding.hint.removeprefix("add to memory: ")


def test_devices_of_the_running_board_that_the_root_cell_does_not_cover():
    board = banana_pi(
        896,
        devices=(
            Resource(0x1C0F000, 0x1C10000, "1c0f000.mmc mmc@1c0f000"),
            Resource(0x1C25000, 0x1C25100, "1c25000.rtp rtp@1c25000"),
            Resource(0x1C22000, 0x1C22400, "\x1b[2Jcodec"),
            Resource(0x1C81000, 0x1C82000, "gic"),
        ),
        interrupts=(UsedInterrupt(52, "ttyS2"), UsedInterrupt(61, "rtp")),
    )
    found = check(ROOT, [document("bananapi-linux-demo")], board)
    assert is_safe(found)
    rest = only(found, "devices-uncovered")
    assert "1 devices" in rest.title
    assert "codec at 0x1c22000" in rest.detail
    assert "\x1b" not in rest.detail
    risky = [one.title for one in found if one.code == "device-uncovered"]
    assert [title.split(":")[0].split()[-1] for title in risky] == ["thermal", "i2c0"]
    taken = only(found, "linux-interrupt")
    assert "52" in taken.title
    assert "ttyS2" in taken.detail


def test_the_board_is_of_another_kind():
    board = msgspec.structs.replace(banana_pi(896), architecture="arm64", revision=12)
    found = check(ROOT, [], board)
    assert codes(found) == ["board-architecture"]
    assert "board-revision" in codes(found, "warning")  # a text can be built for either
    assert "--revision 12" in only(found, "board-revision").hint
    binary = from_bytes(encode(ROOT.configuration), "root.cell")
    assert codes(check(binary, [], board)) == ["board-architecture", "board-revision"]


def test_errors_come_first():
    severities = [one.severity for one in check(ROOT, [document("bananapi-inmate-demo")])]
    assert severities == sorted(severities)


def test_the_map_says_what_lies_where():
    cell = changed("bananapi-inmate", ("phys = 0x7be00000", "phys = 0x7bff8000"))
    rows = memory_map(ROOT, [cell], banana_pi(932))
    assert list(rows) == sorted(rows, key=lambda row: row.start)
    ram = next(row for row in rows if row.owner == "bananapi-inmate" and row.name == "ram")
    assert (ram.start, ram.size, ram.end) == (0x7BFF8000, 0x10000, 0x7C008000)
    assert ram.flags == ("read", "write", "execute", "loadable")
    assert ram.clash == ("hypervisor", "'Banana-Pi' net-theirs")
    hypervisor = next(row for row in rows if (row.owner, row.name) == ("hypervisor", "memory"))
    assert hypervisor.clash == ("'bananapi-inmate' ram",)
    [linux] = [row for row in rows if row.kind == "linux"]
    assert (linux.start, linux.size) == (0x40000000, 932 * MIB)


def test_a_safe_map_has_no_clash():
    root, *cells = map(document, ("qemu-arm", "qemu-arm-inmate-demo", "qemu-arm-linux-demo"))
    assert not any(row.clash for row in memory_map(root, cells))
    linux = [document("bananapi-linux-demo")]
    clashing = [row for row in memory_map(ROOT, linux, banana_pi(932)) if row.clash]
    assert [(row.name, row.clash) for row in clashing] == [("ram", ("linux",))]


def test_a_map_as_text_is_aligned():
    rows = (
        MapRow(0x1000, 0x24, "a", "uart", ("read", "write", "io"), "io"),
        MapRow(0x4000_0000, MIB, "longer", "ram", ("read", "loadable"), clash=("b", "c")),
    )
    assert drawn(rows) == [
        "   0x00001000-0x00001023  0x24  a       uart  rw- io",
        "!  0x40000000-0x400fffff  1MiB  longer  ram   r-- loadable  clashes with b, c",
    ]
    assert drawn(()) == []
    assert memory_map(None) == ()


def test_what_is_missing_of_a_span():
    assert missing(Span(0, 10), []) == [Span(0, 10)]
    assert missing(Span(0, 10), [Span(2, 4), Span(3, 6), Span(9, 20)]) == [Span(0, 2), Span(6, 9)]
    assert missing(Span(0, 10), [Span(0, 5), Span(5, 10)]) == []
    assert missing(sized(5, 0), [Span(0, 1)]) == []


def test_spans_that_overlap_are_told_once_each():
    spans = [Span(0, 100), Span(10, 20), Span(15, 30), Span(100, 110), Span(40, 200)]
    assert list(overlapping(spans)) == [
        (0, 1, Span(10, 20)),
        (0, 2, Span(15, 30)),
        (0, 4, Span(40, 100)),
        (4, 3, Span(100, 110)),
    ]


spans = st.builds(sized, st.integers(0, 50), st.integers(1, 20))


@given(st.lists(spans), spans)
def test_looking_up_by_address_finds_what_looking_at_all_finds(many, one):
    expected = {position for position, span in enumerate(many) if span.common(one)}
    found = list(Crossing(many).of(one))
    assert len(found) == len(set(found))
    assert set(found) == expected


@given(st.lists(spans))
def test_overlaps_are_found_whenever_there_is_one(many):
    any_common = any(one.common(other) for one, other in combinations(many, 2))
    assert any(True for _ in overlapping(many)) == any_common


@given(spans, st.lists(spans))
def test_missing_parts_are_those_that_no_cover_has(wanted, covers):
    addresses = {at for cover in covers for at in range(cover.start, cover.end)}
    left = [at for part in missing(wanted, covers) for at in range(part.start, part.end)]
    assert left == [at for at in range(wanted.start, wanted.end) if at not in addresses]


def test_a_file_full_of_overlaps_is_judged_without_their_square():
    memory = tuple(Memory(0x4000_0000, at << 12, 16 * MIB, 0x47) for at in range(1900))
    cell = document("bananapi-inmate").configuration
    many = [
        from_bytes(
            encode(
                msgspec.structs.replace(
                    cell, cell=msgspec.structs.replace(cell.cell, name=name, memory=memory)
                )
            ),
            name,
        )
        for name in ("a", "b")
    ]
    found = check(ROOT, many)
    assert 1900 < len(found) < 4 * 2 * 1900
    assert all(len(row.clash) <= MOST_CLASHES for row in memory_map(ROOT, many))
