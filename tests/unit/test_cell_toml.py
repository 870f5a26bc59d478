"""The readable form: nothing is lost, and every mistake is told with its line."""

import tomllib

import pytest
from cell_values import CELLS, configurations
from hypothesis import given, strategies as st

from hvconsole.cell import CellTextProblem, encode, open_document, read_toml, write_toml
from hvconsole.cell.lines import positions
from hvconsole.cell.names import CELL_FLAGS, MEMORY_FLAGS
from hvconsole.cell.quantities import (
    format_bdf,
    format_numbers,
    format_size,
    parse_bdf,
    parse_range,
    parse_size,
    runs,
)
from hvconsole.model.problem import UsageProblem

HEAD = 'name = "a"\narchitecture = "arm"\ncpus = [1]\n'


@given(configurations)
def test_writing_and_reading_is_the_identity(configuration):
    text = write_toml(configuration)
    found = read_toml(text, "x.toml").configuration
    assert found == configuration
    assert encode(found) == encode(configuration)
    assert all(char.isprintable() or char == "\n" for char in text)


def test_the_documented_example_is_one_of_ours():
    text = (CELLS.parent / "docs" / "cells.md").read_text()
    example = text.split("```toml\n")[1].split("```")[0]
    found = read_toml(example, "cells.md")
    ours = open_document(CELLS / "bananapi-inmate.toml")
    assert (found.cell.name, found.cell.cpus, found.cell.flags) == (
        ours.cell.name,
        ours.cell.cpus,
        ours.cell.flags,
    )
    assert set(found.cell.memory) <= set(ours.cell.memory)
    for words in (MEMORY_FLAGS, CELL_FLAGS):
        assert all(f"`{word}`" in text for word in words)


@pytest.mark.parametrize("path", sorted(CELLS.glob("*.toml")), ids=lambda path: path.stem)
def test_our_cells_keep_their_names_when_written_again(path):
    document = open_document(path)
    again = read_toml(write_toml(document), "again.toml")
    assert again.configuration == document.configuration
    assert again.names == document.names
    assert again.board_name == document.board_name


def test_devices_of_a_board_are_named():
    text = HEAD + 'board = "bananapi"\nmemory = [{ device = "uart7" }]\n'
    text += 'irqchips = [{ address = 1, interrupts = ["uart7"] }]\n'
    cell = read_toml(text, "x.toml").cell
    assert (cell.memory[0].phys_start, cell.memory[0].size) == (0x1C29C00, 0x400)
    assert cell.memory[0].virt_start == 0x1C29C00
    assert cell.irqchips[0].interrupts() == (52,)


@pytest.mark.parametrize(
    ("text", "title", "hint"),
    [
        (HEAD + "zzz = []", "x.toml:4: unknown key 'zzz'", "known keys"),
        (HEAD + "memroy = []", "x.toml:4: unknown key 'memroy'", "did you mean 'memory'?"),
        (
            HEAD + "memory = [\n  { phys = 0 },\n  { phys = 0, sise = 4 },\n]",
            "x.toml:6: unknown key 'sise' in memory, number 1",
            "did you mean 'size'?",
        ),
        (
            HEAD + 'memory = [\n  { phys = 0, size = 4,  flags = ["raed"] },\n]',
            "x.toml:5: 'flags': there is no 'raed'",
            "did you mean 'read'?",
        ),
        (
            HEAD + '[[memory]]\nphys = 0\n\nflags = [\n  "read",\n  "rite",\n]',
            "x.toml:9: 'flags': there is no 'rite'",
            "did you mean 'write'?",
        ),
        (HEAD + 'memory = [{ phys = 0, size = "64KB" }]', "x.toml:4: 'size': '64KB'", '"64KiB"'),
        (HEAD + "memory = [{ phys = -1 }]", "x.toml:4: 'phys'", ""),
        (HEAD + "memory = [{ phys = true }]", "x.toml:4: 'phys': 'True' is neither", ""),
        (HEAD + "memory = 4", "x.toml:4: 'memory' is not an array", "memory = ["),
        (HEAD + "memory = [4]", "x.toml:4: number 0 of 'memory' is not a table", ""),
        (HEAD + "console = 4", "x.toml:4: 'console' is not a table", ""),
        (HEAD + 'memory = [{ device = "uart7" }]', "x.toml:4: 'device'", "board = "),
        (
            HEAD + 'board = "bananapi"\nmemory = [{ device = "uart77" }]',
            "x.toml:5: 'device': there is no 'uart77'",
            "did you mean 'uart7'?",
        ),
        (HEAD + 'board = "banana"', "x.toml:4: 'board': there is no 'banana'", "'bananapi'"),
        (HEAD + "revision = 13", "x.toml:4: revision 13 is not supported", ""),
        (HEAD + "flags = 3", "x.toml:4: 'flags' is not an array", ""),
        (HEAD + 'pci_devices = [{ bdf = "1.2" }]', "x.toml:4: 'bdf'", "00:01.0"),
        (HEAD + "pci_devices = [{ bar_mask = [1] }]", "x.toml:4: 'bar_mask' has 1 numbers", ""),
        (
            HEAD + "irqchips = [{ interrupts = [300] }]",
            "x.toml:4: interrupt 300 is not among the 128",
            "pin_base",
        ),
        (HEAD + "[console]\ntype = '8251'", "x.toml:5: 'type': there is no '8251'", "'8250'"),
        (HEAD + "[system]\nflags = []", "x.toml:4: 'hypervisor_memory' is missing", ""),
        (HEAD + "[system.hypervisor_memory]\n", "either a 'gic' or an 'x86'", ""),
        ('name = "a"\ncpus = [1]', "x.toml: 'architecture' is missing", ""),
        ('architecture = "arm"\ncpus = [1]', "x.toml: 'name' is missing", ""),
        ('name = "a"\narchitecture = "amr"\ncpus = []', "x.toml:2: 'architecture'", "'arm'"),
        (
            'architecture = "arm"\ncpus = []\nname = "a name that is longer than 32 bytes"',
            "x.toml:3: the name has 35 bytes",
            "shorten",
        ),
        ('name = "a"\narchitecture = "arm"\ncpus = [64]', "x.toml:3: CPU 64", ""),
        (HEAD + "memory = [", "x.toml is not valid TOML", ""),
        (HEAD + "id = " + "9" * 5000, "x.toml is not valid TOML", ""),
        (HEAD + "x = " + "[" * 9000, "x.toml is not valid TOML", ""),
        ("#" * (2 << 20), "too long", ""),
    ],
)
def test_a_mistake_is_told_with_its_line(text, title, hint):
    with pytest.raises(CellTextProblem) as told:
        read_toml(text, "x.toml")
    assert title in told.value.title
    assert hint in told.value.hint


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text):
    with pytest.raises(UsageProblem):
        read_toml(text, "x.toml")


def test_what_a_file_is_its_content_says(tmp_path):
    binary = tmp_path / "named.toml"
    binary.write_bytes(encode(open_document(CELLS / "bananapi.toml").configuration))
    assert open_document(binary).cell.name == "Banana-Pi"
    neither = tmp_path / "neither"
    neither.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageProblem, match="neither TOML nor"):
        open_document(neither)
    with pytest.raises(UsageProblem, match="cannot be read"):
        open_document(tmp_path / "nothing")


def test_lines_of_everything():
    text = """\
a = 1
b.c = [1,
  2, { d = "]" },
]
'e f' = '''
g = 3
'''
[h]  # [not.this]
i = "x" # y = 2
"j\\u0041" = { k = [[1],
  [2]] }
[[l.m]]
n = 1
[[l.m]]
n = 2
[l.m.o]
p = 1979-05-27
"""
    tomllib.loads(text)
    found = positions(text)
    assert {path: found[path] for path in PLACES} == PLACES


PLACES = {
    ("a",): 1,
    ("b",): 2,
    ("b", "c"): 2,
    ("b", "c", 0): 2,
    ("b", "c", 1): 3,
    ("b", "c", 2): 3,
    ("b", "c", 2, "d"): 3,
    ("e f",): 5,
    ("h",): 8,
    ("h", "i"): 9,
    ("h", "jA"): 10,
    ("h", "jA", "k", 0, 0): 10,
    ("h", "jA", "k", 1, 0): 11,
    ("l", "m", 0): 12,
    ("l", "m", 0, "n"): 13,
    ("l", "m", 1): 14,
    ("l", "m", 1, "n"): 15,
    ("l", "m", 1, "o"): 16,
    ("l", "m", 1, "o", "p"): 17,
}


def paths_of(value, path=()):
    yield path
    if isinstance(value, (dict, list)):
        children = value.items() if isinstance(value, dict) else enumerate(value)
        for key, child in children:
            yield from paths_of(child, (*path, key))


@given(configurations)
def test_every_value_has_a_line(configuration):
    text = write_toml(configuration)
    lines = positions(text)
    for path in paths_of(tomllib.loads(text)):
        assert path == () or 1 <= lines[path] <= text.count("\n") + 1


@given(st.integers(0, 2**64 - 1))
def test_sizes_come_back(size):
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("64KiB", 65536),
        ("1 MiB", 1 << 20),
        ("0x10", 16),
        ("0x10KiB", 16384),
        ("256B", 256),
        ("1_000", 1000),
        ("64KB", None),
        ("", None),
        ("-1", None),
        ("1.5MiB", None),
        ("_", None),
    ],
)
def test_sizes_are_read(text, size):
    assert parse_size(text) == size


@given(st.integers(0, 0xFFFF))
def test_places_on_the_bus_come_back(bdf):
    assert parse_bdf(format_bdf(bdf)) == bdf


@given(st.sets(st.integers(0, 200)))
def test_runs_hold_the_same_numbers(numbers):
    assert [number for run in runs(numbers) for number in run] == sorted(numbers)
    parts = [part for part in format_numbers(numbers).split(", ") if part]
    found = [list(parse_range(part)) if "-" in part else [int(part)] for part in parts]
    assert [number for one in found for number in one] == sorted(numbers)
