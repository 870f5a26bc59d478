"""The binary format: we write what Jailhouse's own build writes, and read all of it back."""

import hashlib
import random
import struct

import msgspec
import pytest
from cell_values import CELLS, configurations, document
from hypothesis import given, strategies as st

from hvconsole.cell import (
    CellFormatProblem,
    Configuration,
    check,
    decode,
    drawn,
    encode,
    from_bytes,
    memory_map,
    open_document,
    read_toml,
    write_toml,
)
from hvconsole.cell.model import Cell
from hvconsole.sim.hypervisor.jailhouse import card
from hvconsole.sim.hypervisor.jailhouse.config import decode_cell, decode_system

# Bytes and SHA-256 of Jailhouse's own files of that name, built at e57d1eff (revision 14).
BUILT = {
    "bananapi": (1224, "5430136c0e0fd0803fa0307cc64d3e31b6eb4cf0bb0383c4747f941dc5f4da61"),
    "bananapi-inmate-demo": (
        300,
        "caf241dd3675ba258ff66f8490a007c55fe8d28f21e2633c97937045b4f3b34d",
    ),
    "bananapi-linux-demo": (
        516,
        "a3b7367a7b8be14d9d33f750017ad1aa1432e4b186ef9e3719ad781114999338",
    ),
    "qemu-arm": (992, "5c5b32365fdc508500126be88e3affe2a80efdd4ecdfb768d329c89a5845e872"),
    "qemu-arm-inmate-demo": (
        484,
        "ad8a56f4f1c1678e95ed6da1321aa4b6747a0cd917a3f96a5fa1a44540b976eb",
    ),
    "qemu-arm-linux-demo": (
        700,
        "c63ac126ffc78965022e48a9de33d42b6f97631b4941fa9b3d9552adfbd690d9",
    ),
}
DAMAGED = 100_000


@pytest.mark.parametrize("name", BUILT)
def test_our_cells_are_jailhouses_byte_for_byte(name):
    data = encode(document(name).configuration)
    assert (len(data), hashlib.sha256(data).hexdigest()) == BUILT[name]


@pytest.mark.parametrize("path", sorted(CELLS.glob("*.toml")), ids=lambda path: path.stem)
@pytest.mark.parametrize("revision", [12, 14])
def test_our_cells_survive_every_way_round(path, revision):
    configuration = open_document(path).configuration
    data = encode(configuration, revision)
    found = decode(data, architecture="arm")
    assert found == msgspec.structs.replace(configuration, revision=revision)
    assert encode(read_toml(write_toml(found), "x.toml").configuration) == data


def test_fields_of_the_banana_pi():
    found = decode(encode(document("bananapi").configuration))
    system, cell = found.system, found.cell
    assert (found.architecture, found.revision, system.flags) == ("arm", 14, 1)
    assert (system.hypervisor_memory.phys_start, system.hypervisor_memory.size) == (
        0x7C000000,
        0x4000000,
    )
    assert (system.debug_console.address, system.debug_console.type) == (0x1C28000, 2)
    assert (system.platform.maintenance_irq, system.platform.gic_version) == (25, 2)
    assert (system.platform.gicd_base, system.platform.gicv_base) == (0x1C81000, 0x1C86000)
    assert (system.pci_mmconfig_base, system.pci_is_virtual) == (0x2000000, 1)
    assert (cell.name, cell.cpus, cell.vpci_irq_base, len(cell.memory)) == (
        "Banana-Pi",
        (0, 1),
        108,
        20,
    )
    assert [hex(region.flags) for region in cell.memory[:5]] == [
        "0x81", "0x0", "0x83", "0x81", "0x13",
    ]  # fmt: skip
    assert (cell.memory[19].phys_start, cell.memory[19].size) == (0x40000000, 0x3BF00000)
    assert cell.irqchips[0].interrupts() == tuple(range(32, 160))
    assert (cell.pci_devices[0].bdf, cell.pci_devices[0].shmem_peers) == (8, 2)


def test_fields_of_the_linux_demo():
    cell = decode(encode(document("bananapi-linux-demo").configuration)).cell
    assert cell.irqchips[0].interrupts() == (52, 156)
    assert (cell.console.divider, cell.console.gate_nr, cell.console.clock_reg) == (
        13,
        23,
        0x1C2006C,
    )
    assert (cell.memory[7].phys_start, cell.memory[7].size, cell.memory[7].flags) == (
        0x78000000,
        0x3EF0000,
        0x4F,
    )


def test_another_reading_of_the_format_agrees():
    """The simulated board has a decoder of its own, written from the same facts by other hands."""
    theirs = decode_system(encode(document("bananapi").configuration))
    ours = document("bananapi")
    assert theirs.root.name == ours.cell.name
    assert theirs.root.cpus == frozenset(ours.cell.cpus)
    assert (theirs.phys, theirs.size) == (0x7C000000, 0x4000000)
    assert theirs.distributor == ours.system.platform.gicd_base
    assert [(one.phys, one.virt, one.size, one.flags) for one in theirs.root.regions] == [
        msgspec.structs.astuple(one) for one in ours.cell.memory
    ]
    linux = decode_cell(encode(document("bananapi-linux-demo").configuration))
    assert (linux.name, linux.devices[0].bdf, linux.devices[0].peer) == (
        "bananapi-linux-demo",
        8,
        1,
    )


@pytest.mark.parametrize("make", [card.system, card.inmate, card.linux])
def test_files_of_the_simulated_card_are_shown_and_built_again(make):
    data = make()
    text = write_toml(from_bytes(data, "card.cell"))
    assert encode(read_toml(text, "card.toml").configuration) == data


@given(configurations)
def test_decoding_what_was_encoded_is_the_identity(configuration):
    data = encode(configuration)
    assert decode(data, architecture=configuration.architecture) == configuration


@given(configurations)
def test_encoding_what_was_decoded_is_the_identity(configuration):
    data = encode(configuration)
    assert encode(decode(data, architecture=configuration.architecture)) == data


@pytest.mark.parametrize("name", ["bananapi", "qemu-arm"])
def test_revision_12_differs_as_its_header_says(name):
    """Signatures of six letters, IOMMUs behind the platform's fields, which have no padding."""
    configuration = document(name).configuration
    new, old = encode(configuration), encode(configuration, 12)
    assert (old[:6], struct.unpack_from("<H", old, 6)) == (b"JHSYST", (12,))
    assert old[8:88] == new[8:88]  # flags to the PCI domain
    assert old[88:90] == new[312:314]  # maintenance_irq and gic_version come first there
    assert old[90:130] == new[316:356]  # the five addresses, without the two bytes of padding
    assert not any(old[130:354])  # eight IOMMUs
    assert old[354:] == new[356:]  # the root cell


def test_revision_12_of_a_pc_has_its_iommus_behind_18_bytes():
    from hvconsole.cell import System
    from hvconsole.cell.model import Iommu, X86Platform

    system = System(
        platform=X86Platform(pm_timer_address=0x608, apic_mode=1, tsc_khz=7),
        iommu_units=(Iommu(type=2, base=0xFED90000, size=0x1000),),
    )
    configuration = Configuration(revision=12, architecture="x86", cell=Cell(), system=system)
    data = encode(configuration)
    assert struct.unpack_from("<HIB3sII", data, 88) == (0x608, 0, 1, bytes(3), 7, 0)
    assert struct.unpack_from("<IQI", data, 106) == (2, 0xFED90000, 0x1000)
    assert decode(data) == configuration or decode(data).system == system


def test_a_cell_of_revision_12_says_no_architecture():
    data = encode(document("bananapi-inmate").configuration, 12)
    assert data[:6] == b"JHCELL"
    found = decode(data)
    assert found.architecture is None
    with pytest.raises(CellFormatProblem, match="does not say its architecture"):
        encode(found, 14)


@pytest.mark.parametrize(
    ("offset", "value", "words"),
    [
        (0, b"JHCELL", "not of revision 14"),
        (0, b"JAILCELL", "from before v0.6"),
        (0, b"ELF!!", "no cell configuration"),
        (5, b"\x07", "architecture 7"),
        (6, b"\x0d\x00", "revision 13"),
        (48, b"\xff\xff\xff\xff", "CPU bitmap"),
        (52, b"\xff\xff\xff\xff", "memory regions"),
        (8, b"\xff\xff", "UTF-8"),
    ],
)
def test_a_wrong_field_is_told(offset, value, words):
    data = bytearray(encode(document("bananapi-inmate").configuration))
    data[offset : offset + len(value)] = value
    with pytest.raises(CellFormatProblem) as told:
        decode(bytes(data), source="a.cell")
    assert words in "\n".join(told.value.lines())
    assert "a.cell" in told.value.title


def test_what_is_left_out_or_over_is_told():
    data = encode(document("bananapi-linux-demo").configuration)
    for cut in range(len(data)):
        with pytest.raises(CellFormatProblem):
            decode(data[:cut])
    with pytest.raises(CellFormatProblem) as told:
        decode(data + b"\0")
    assert "1 bytes follow" in told.value.detail
    with pytest.raises(CellFormatProblem, match="damaged"):
        decode(data + bytes(1 << 17))


def test_values_that_do_not_fit_are_told():
    with pytest.raises(CellFormatProblem) as told:
        encode(Configuration(cell=Cell(name="x" * 33)))
    assert "33 bytes" in told.value.detail
    with pytest.raises(CellFormatProblem):
        encode(Configuration(cell=Cell(id=1 << 32)))
    with pytest.raises(CellFormatProblem):
        encode(Configuration(cell=Cell(cpus=(64,))))
    with pytest.raises(CellFormatProblem, match="revision 13"):
        encode(Configuration(cell=Cell()), 13)


@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(data):
    try:
        found = decode(data)
    except CellFormatProblem:
        return
    assert encode(found) == data


def test_damaged_files_give_errors_or_are_what_they_say():
    """Bits turned, bytes overwritten, parts cut, doubled or moved: never another exception."""
    chance = random.Random(20)
    files = [encode(document(name).configuration) for name in BUILT]
    files += [encode(document(name).configuration, 12) for name in BUILT]
    refused = 0
    for _ in range(DAMAGED):
        data = damaged(bytearray(chance.choice(files)), chance)
        try:
            found = decode(data)
        except CellFormatProblem:
            refused += 1
        else:
            assert encode(found) == data
    assert 0 < refused < DAMAGED


def test_damaged_files_can_be_shown_and_checked_as_far_as_they_decode():
    chance = random.Random(21)
    root = document("bananapi")
    files = [encode(document(name).configuration) for name in BUILT]
    looked_at = 0
    while looked_at < 500:
        try:
            found = from_bytes(damaged(bytearray(chance.choice(files)), chance), "x.cell")
        except CellFormatProblem:
            continue
        looked_at += 1
        if len(found.cell.name.encode()) <= 32:
            assert read_toml(write_toml(found), "x").configuration == found.configuration
        system, others = (found, [root]) if found.system else (root, [found])
        assert all(finding.title for finding in check(system, others))
        assert len(drawn(memory_map(system, others))) >= len(root.cell.irqchips)


def damaged(data: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data)) if data else 0
        match chance.randrange(6):
            case 0 if data:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at : at + 4] = chance.randbytes(4)
            case 2:
                del data[at:]
            case 3:
                data[at:at] = data[at : at + chance.randrange(64)]
            case 4 if len(data) > 100:  # a count in the descriptor
                start = chance.choice((48, 52, 56, 60, 64, 68, 72, 76)) + chance.choice((0, 356))
                data[start : start + 4] = struct.pack(
                    "<I", chance.choice((0, 1, 9, 2**31, 2**32 - 1))
                )
            case _:
                del data[at : at + chance.randrange(1, 40)]
    return bytes(data)
