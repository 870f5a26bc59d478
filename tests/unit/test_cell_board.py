"""What a running board says of its memory; understood, or left out."""

import os
import subprocess

import pytest
from cell_values import document
from hypothesis import given, strategies as st
from simulated_board import BoardLink, run, running

from hvconsole.board import memory_facts as facts
from hvconsole.board.memory_facts import make_running, memory_facts, split
from hvconsole.cell import Resource, UsedInterrupt, check
from hvconsole.cell.spans import Span
from hvconsole.link.local import LocalLink
from hvconsole.sim.board.board import Board
from hvconsole.sim.hypervisor.jailhouse import SimulatedJailhouse, card, card_files

IOMEM = """\
01c0f000-01c0ffff : 1c0f000.mmc mmc@1c0f000
01c28000-01c2801f : serial
40000000-7a3fffff : System RAM
  40008000-40cfffff : Kernel code
7c000000-7fffffff : Jailhouse hypervisor
00000000-00000000 : nothing
broken
"""
INTERRUPTS = """\
           CPU0       CPU1
 24:     123456      99999     GIC-0  27 Level     arch_timer
 45:          7          0     GIC-0  64 Level     sunxi-mmc
 50:          7          0     GICv3 108 Edge      ttyS0
 60:          0          0  sun7i_irq  3 Edge      power
IPI0:         1          2  Rescheduling interrupts
"""
HEAD_WORD = "5ec2e7"


def answer(**sections: str) -> dict[str, list[str]]:
    text = "".join(
        f"\n@{HEAD_WORD} {name.replace('_', '-')}\n{value}\n" for name, value in sections.items()
    )
    return split(text.encode(), HEAD_WORD)


def test_a_banana_pi_is_understood():
    board = make_running(
        answer(
            machine="armv7l",
            online="0-1",
            cmdline="console=ttyS0,115200 mem=512M mem=932M vmalloc=512M",
            iomem=IOMEM,
            interrupts=INTERRUPTS,
            jailhouse="1",
            version="Jailhouse v0.12",
            address_cells="AAAAAQ==",
            size_cells="AAAAAQ==",
            memory="QAAAAEAAAAA=",
        ),
        "bpi",
    )
    assert (board.architecture, board.cpus_online) == ("arm", (0, 1))
    assert board.linux_ram == (Span(0x40000000, 0x7A400000),)
    assert board.ram == (Span(0x40000000, 0x80000000),)
    assert board.mem_limit == 932 << 20
    assert board.jailhouse_active
    assert board.devices[1] == Resource(0x1C28000, 0x1C28020, "serial")
    assert [one.name for one in board.devices][-1] == "Jailhouse hypervisor"
    assert board.interrupts == (
        UsedInterrupt(27, "arch_timer"),
        UsedInterrupt(64, "sunxi-mmc"),
        UsedInterrupt(108, "ttyS0"),
    )


def test_memory_of_64_bits_in_several_banks():
    board = make_running(
        answer(
            address_cells="AAAAAg==",
            size_cells="AAAAAg==",
            memory="AAAAAQAAAAAAAAAAQAAAAAAAAACAAAAAAAAAAEAAAAA=",
        ),
        "x",
    )
    assert board.ram == (Span(0x8000_0000, 0xC000_0000), Span(0x1_0000_0000, 0x1_4000_0000))


def test_who_may_not_read_iomem_goes_by_mem():
    """For everyone but root /proc/iomem is all zeros."""
    zeros = "00000000-00000000 : System RAM\n00000000-00000000 : serial"
    board = make_running(
        answer(
            iomem=zeros,
            cmdline="mem=896M",
            address_cells="AAAAAQ==",
            size_cells="AAAAAQ==",
            memory="QAAAAEAAAAA=",
        ),
        "x",
    )
    assert board.linux_ram == (Span(0x40000000, 0x78000000),)
    assert board.devices == ()
    assert "only root" in board.notes[0]


@pytest.mark.parametrize(
    ("sections", "revision", "note"),
    [
        ({"version": "Jailhouse v0.10"}, 10, ""),
        ({"version": "Jailhouse v0.12", "head /etc/a.cell": "SkhDRUxMDAA="}, 12, ""),
        ({"version": "Jailhouse v0.12", "head /etc/a.cell": "SkhTWVMBDgA="}, 14, ""),
        ({"version": "Jailhouse v0.12"}, None, "none"),
        (
            {"head /etc/a.cell": "SkhTWVMBDgA=", "head /etc/b.cell": "SkhDRUxMDAA="},
            None,
            "of revision 14 and some of 12",
        ),
        ({"head /etc/a.cell": "AAAAAAAAAAA=", "version": "x"}, None, "none"),
        ({}, None, ""),
    ],
)
def test_which_revision_its_jailhouse_wants(sections, revision, note):
    given_ = {name: [value] for name, value in sections.items()} | {"iomem": IOMEM.splitlines()}
    board = make_running(given_, "x")
    assert board.revision == revision
    assert note in "".join(board.notes)
    assert bool(note) == bool(board.notes)


@pytest.mark.parametrize(
    ("cmdline", "size"),
    [("mem=1G", 1 << 30), ("a mem=4096k b", 4 << 20), ("xmem=1G", 0), ("mem=all", 0), ("", 0)],
)
def test_mem_of_the_command_line(cmdline, size):
    assert facts.parse_mem(cmdline) == size


@given(st.dictionaries(st.sampled_from(["iomem", "interrupts", "memory", "online", "version",
       "address-cells", "size-cells", "head /etc/x.cell"]), st.lists(st.text())))  # fmt: skip
def test_any_answer_is_understood_or_left_out(sections):
    board = make_running(sections, "x")
    assert all(one.start < one.end for one in board.devices)
    check(document("bananapi"), [], board)


async def test_this_machine_is_asked_for_real():
    link = LocalLink()
    await link.open()
    try:
        board = await memory_facts(link, name="local")
    finally:
        await link.close()
    assert len(board.cpus_online) == os.cpu_count()
    assert all(span.start < span.end for span in board.linux_ram)


def test_the_script_is_plain_sh():
    done = subprocess.run(
        ["dash", "-s", "T"], input=facts.SCRIPT, capture_output=True, timeout=60, check=True
    )
    assert done.stderr == b""
    assert "end" in split(done.stdout, "T")


def with_jailhouse(board: Board) -> Board:
    for path, data in card_files().items():
        board.tree.make_folders(path.rpartition("/")[0])
        board.tree.write(path, data)
    board.attach(SimulatedJailhouse(board.host))
    return board


async def test_the_simulated_board_under_jailhouse() -> None:
    enable = f"modprobe jailhouse && jailhouse enable {card.FOLDER}/bananapi.cell"
    async with running("jailhouse") as plain:
        board = with_jailhouse(plain)
        before = await memory_facts(BoardLink(board), name="sim")
        assert (await run(board, enable)).status == 0
        after = await memory_facts(BoardLink(board), name="sim")
    assert (before.architecture, before.cpus_online, before.revision) == ("arm", (0, 1), 14)
    assert (before.jailhouse_active, after.jailhouse_active) == (False, True)
    assert before.mem_limit == 896 << 20
    assert before.ram == (Span(0x40000000, 0x80000000),)
    assert before.linux_ram == (Span(0x40000000, 0x40000000 + before.mem_limit),)
    assert "Jailhouse hypervisor" in [one.name for one in after.devices]
    linux = check(document("bananapi"), [document("bananapi-linux-demo")], before)
    assert [one.code for one in linux if one.severity == "error"] == []  # it has mem=896M
    inmate = check(document("bananapi"), [document("bananapi-inmate")], before)
    assert [one.code for one in inmate if one.severity == "error"] == []
    titles = [one.title for one in inmate if one.code == "device-uncovered"]
    assert "thermal: 0x01c25000" in titles[0]


async def test_the_simulated_board_without_room_for_jailhouse() -> None:
    async with running("native") as plain:
        board = await memory_facts(BoardLink(with_jailhouse(plain)), name="sim")
    found = [one.code for one in check(document("bananapi"), [], board)]
    assert "linux-hypervisor" in found
