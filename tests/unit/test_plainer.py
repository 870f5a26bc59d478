"""Characters for the Linux console."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hvconsole.model.text import width
from hvconsole.ui.plainer import has_few_characters, plainer

UI = Path(__file__).parents[2] / "hvconsole" / "ui"


def in_font(char: str) -> bool:
    """The font has code page 437, and pictures for its control characters."""
    return char in "☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼" or char.encode("cp437", "ignore") != b""


def test_every_character_of_ours_becomes_one_that_the_font_has() -> None:
    used = {char for path in UI.rglob("*.py") for char in path.read_text() if ord(char) > 127}
    used |= {chr(0x2800 + dots) for dots in range(256)}
    left = {char: plainer(char) for char in used if not in_font(plainer(char))}
    assert left == {}


@given(st.text())
def test_the_width_stays(text: str) -> None:
    assert width(plainer(text)) == width(text)
    assert len(plainer(text)) == len(text)


def test_dots_become_blocks() -> None:
    assert plainer("⣿⠉⣀⡇⢸⠁ ⠀x") == "█▀▄▌▐▀  x"


@pytest.mark.parametrize(
    ("term", "few"),
    [("linux", True), ("linux-16color", True), ("xterm-256color", False), ("", False)],
)
def test_which_terminals_have_few(term: str, few: bool) -> None:
    assert has_few_characters(term) is few
