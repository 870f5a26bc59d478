"""Configurations of either form, as the board's Jailhouse takes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hvconsole.cell import decode, encode, open_document
from hvconsole.hypervisor.jailhouse.configs import binary, copy_of
from hvconsole.model.problem import Problem, UsageProblem

CELLS = Path(__file__).parents[2] / "cells"
CELL = CELLS / "bananapi-inmate.toml"
SYSTEM = CELLS / "bananapi.toml"


@pytest.mark.parametrize("revision", [12, 14, None])
def test_toml_is_built_for_the_revision_that_the_board_wants(revision: int | None) -> None:
    config = binary(CELL.read_bytes(), str(CELL), revision)
    document = open_document(CELL)
    assert config.data == encode(document.configuration, revision)
    assert decode(config.data, architecture="arm").revision == (revision or 14)
    assert config.name == "bananapi-inmate"
    assert f"revision {revision or 14}" in config.notes[0]
    assert copy_of(config) == "/tmp/hvconsole-bananapi-inmate.cell"


def test_a_binary_one_is_taken_as_it_is() -> None:
    data = encode(open_document(CELL).configuration)
    config = binary(data, "x.cell", 12)
    assert config.data == data
    assert config.notes == ()


def test_the_other_kind_is_refused_with_the_action_that_takes_it() -> None:
    with pytest.raises(UsageProblem, match="is a system configuration") as caught:
        binary(SYSTEM.read_bytes(), "s.toml", 14)
    assert "'enable' takes it" in caught.value.hint
    with pytest.raises(UsageProblem, match="is a cell's configuration") as caught:
        binary(CELL.read_bytes(), "c.toml", 14, system=True)
    assert "'create' takes it" in caught.value.hint


@pytest.mark.parametrize(
    ("data", "source"),
    [
        (b"", "x.cell"),
        (b"name = 'a'", "x.cell"),
        (b"\xff\xfe", "x.toml"),
        (b"nmae = 'a'", "x.toml"),
        (b"JHCLL\0\x0e\0" + b"\0" * 64, "x.cell"),
        (b"JHCLL\0\x0e\0" + b"\x1b[2J".ljust(64, b"\0"), "x.cell"),
        (b"x" * (2 << 20), "x.toml"),
    ],
    ids=["empty", "text", "bytes", "key", "no name", "escapes", "large"],
)
def test_what_is_none_is_refused(data: bytes, source: str) -> None:
    with pytest.raises(Problem):
        binary(data, source, 14)


def test_a_name_cannot_lead_the_copy_elsewhere() -> None:
    data = b"JHCLL\0\x0e\0" + b"../../etc/passwd".ljust(64, b"\0")
    assert "/" not in copy_of(binary(data, "x.cell", 14)).removeprefix("/tmp/")
