"""The memory map as a drawing: every byte is in one row, marks say who has it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, strategies as st

from hvconsole.cell import MapRow, memory_map, open_document
from hvconsole.cell.mapping import HYPERVISOR, LINUX
from hvconsole.cell.picture import CLASH, LENT, MOST_ROWS, OWN, SHARED, cpu_lines, picture

CELLS = Path(__file__).parents[2] / "cells"
ROOT = "root"


def row(start: int, size: int, owner: str, **more: object) -> MapRow:
    return MapRow(start, size, owner, "x", **more)  # type: ignore[arg-type]  # as they are named


def test_the_banana_pi_and_its_inmate() -> None:
    root, inmate = (open_document(CELLS / f"{n}.toml") for n in ("bananapi", "bananapi-inmate"))
    lines = picture(memory_map(root, [inmate]), "Banana-Pi")
    assert lines[0].split() == ["Banana-Pi", "bananapi-inmate", "hypervisor"]
    ram = next(line for line in lines if line.startswith("0x7be00000"))
    assert ram.split() == ["0x7be00000", "64KiB", LENT * 6, OWN * 6]
    assert next(line for line in lines if "0x7c000000" in line).split()[1:] == ["64MiB", OWN * 6]
    # Its registers are not lines of their own.
    assert any("registers that Banana-Pi alone has:" in line for line in lines)
    assert not any("0x01c05000" in line for line in lines)


def test_marks() -> None:
    rows = [
        row(0, 100, ROOT),
        row(10, 10, "a"),
        row(30, 10, "b", flags=("rootshared",)),
        row(50, 10, "a", clash=("hypervisor memory",)),
        row(50, 10, HYPERVISOR),
        row(0, 80, LINUX, kind="linux"),
    ]
    lines = picture(rows, ROOT)
    marks = [[word[0] for word in line.split()[2:]] for line in lines[1:-1]]
    assert lines[0].split() == [LINUX, ROOT, "a", "b", HYPERVISOR]
    assert marks == [
        [OWN, OWN],
        [OWN, LENT, OWN],
        [OWN, OWN],
        [SHARED, SHARED, SHARED],
        [OWN, OWN],
        [OWN, LENT, CLASH, OWN],
        [OWN, OWN],
        [OWN],
    ]


def test_a_long_map_is_cut_and_says_so() -> None:
    lines = picture([row(at * 10, 5, "a") for at in range(200)])
    assert f"  … and {200 - MOST_ROWS} more" in lines
    assert sum(line.startswith("0x") for line in lines) == MOST_ROWS


def test_nothing_is_drawn_of_nothing() -> None:
    assert picture([]) == []


@given(
    st.lists(
        st.builds(
            MapRow,
            st.integers(0, 1 << 20),
            st.integers(1, 1 << 16),
            st.sampled_from([ROOT, "a", "b", LINUX, HYPERVISOR]),
            st.just("x"),
            st.sampled_from([(), ("rootshared",)]),
        ),
        max_size=12,
    )
)
def test_every_byte_is_drawn_once(rows: list[MapRow]) -> None:
    lines = [line for line in picture(rows, ROOT) if line.startswith("0x")]
    starts = [int(line.split()[0], 16) for line in lines]
    assert starts == sorted(set(starts))
    assert all({OWN, LENT, SHARED} & set(line) for line in lines)


def test_who_gets_which_cpu() -> None:
    assert cpu_lines({"root": (0, 1)}, {"a": (1,)}) == ["CPU 0  root", "CPU 1  root → a"]
    assert cpu_lines({}, {"root": (0,)}) == ["CPU 0  root"]
