"""Changing boards.toml by program: what a person typed there stays."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hvconsole.config.boards import BoardEntry, load_boards, parse_ssh
from hvconsole.config.boards_edit import as_words, change_board, read_entry, remove_board
from hvconsole.model.problem import Problem, UsageProblem
from hvconsole.ui.view.board_form import FIELDS, entry_of, texts_of

TEXT = """# my boards

[bpi]  # the first one
ssh = "root@192.0.2.7"  # by the window
ciphers = ["aes128-gcm@openssh.com"]
serial = "/dev/ttyUSB0"

[bpi.modes.xen]
uboot = ["run xen"]

# the other one
[other]
ssh = "me@192.0.2.8:2222"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "boards.toml"
    path.write_text(TEXT)
    return path


def test_a_change_touches_nothing_else(path: Path) -> None:
    before = read_entry("bpi", path)
    change_board("bpi", BoardEntry(ssh=before.ssh, serial=before.serial, sudo=True), path=path)
    expected = TEXT.replace('serial = "/dev/ttyUSB0"\n', 'serial = "/dev/ttyUSB0"\nsudo = true\n')
    assert path.read_text() == expected
    board = load_boards(path)["bpi"]
    assert board.sudo
    assert list(board.modes) == ["xen"]


def test_what_is_taken_out_of_the_form_goes(path: Path) -> None:
    change_board("other", BoardEntry(serial="/dev/ttyS0"), path=path)
    assert load_boards(path)["other"].ssh is None
    assert "# the other one" in path.read_text()


def test_a_new_name_keeps_the_place_and_the_modes(path: Path) -> None:
    change_board("bpi", read_entry("bpi", path), new_name="pi", path=path)
    assert list(load_boards(path)) == ["local", "pi", "other"]
    assert list(load_boards(path)["pi"].modes) == ["xen"]
    assert "# the other one" in path.read_text()
    assert "# by the window" in path.read_text()


def test_names_that_are_taken_are_refused_and_nothing_is_written(path: Path) -> None:
    for name in ("other", "sim", "a b"):
        with pytest.raises(UsageProblem):
            change_board("bpi", read_entry("bpi", path), new_name=name, path=path)
    assert path.read_text() == TEXT


def test_removing_takes_the_board_and_its_modes(path: Path) -> None:
    remove_board("bpi", path)
    assert list(load_boards(path)) == ["local", "other"]
    assert "xen" not in path.read_text()
    assert "# my boards" in path.read_text()
    with pytest.raises(UsageProblem, match="does not stand in"):
        remove_board("bpi", path)


def test_a_broken_file_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "boards.toml"
    path.write_text("[bpi\n")
    with pytest.raises(UsageProblem, match="is not valid TOML"):
        remove_board("bpi", path)
    assert path.read_text() == "[bpi\n"


def test_a_board_as_a_command() -> None:
    entry = BoardEntry(ssh="root@192.0.2.7", identity="~/.ssh/id", profile="bananapi", sudo=True)
    assert as_words("bpi", entry) == [
        *("hvconsole", "boards", "add", "bpi", "--ssh", "root@192.0.2.7"),
        *("--identity", "~/.ssh/id", "--profile", "bananapi", "--sudo"),
    ]


@pytest.mark.parametrize("ssh", ["root@192.0.2.7", "192.0.2.7:22022", "me@[2001:db8::1]:22", "bpi"])
def test_a_form_gives_back_what_it_was_filled_with(ssh: str) -> None:
    entry = BoardEntry(ssh=ssh, serial="/dev/ttyUSB0", sudo=True, proxy_jump="gate")
    again = entry_of(texts_of("bpi", entry), entry)
    assert parse_ssh(again.ssh or "") == parse_ssh(ssh)
    assert (again.serial, again.sudo, again.proxy_jump) == ("/dev/ttyUSB0", True, "gate")


@given(st.fixed_dictionaries({name: st.text(max_size=12) for name, *_ in FIELDS}))
def test_any_words_make_a_board_or_are_told(texts: dict[str, str]) -> None:
    with contextlib.suppress(Problem):
        entry = entry_of(texts)
        assert entry.ssh or entry.serial
