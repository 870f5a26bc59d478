"""Text from boards never does anything to a terminal but show itself."""

import unicodedata

import pytest
from hypothesis import given, strategies as st
from rich.cells import cell_len

from hvconsole.model.text import clip, plain, width, wrap


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("bpi", "bpi"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;owned\x07title", "title"),
        ("\x1b]52;c;aGk=\x1b\\clip", "clip"),
        ("\x9b2Jclear", "clear"),
        ("\x1bcreset", "reset"),
        ("two\nlines\tand\ra tab", "two lines and a tab"),
        ("[bold red]markup[/]", "[bold red]markup[/]"),
        ("abc\u202edef", "abcdef"),  # right-to-left override
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("bell\x07 null\x00", "bell null"),
        ("\ud800", "\ufffd"),
        ("\ue000", "\ufffd"),
        ("e\u0301\u0302\u0303\u0304", "e\u0301\u0302"),
        ("\u0301x", "x"),
        ("板", "板"),
    ],
)
def test_only_the_text_is_left(raw: str, shown: str) -> None:
    assert plain(raw, 80) == shown


def test_an_unfinished_sequence_does_not_swallow_the_rest() -> None:
    assert plain("\x1b]0;no end", 80) == "0;no end"


@given(st.text(), st.integers(0, 30))
def test_the_result_is_harmless_and_fits(text: str, limit: int) -> None:
    shown = plain(text, limit)
    assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"} for char in shown)
    assert width(shown) <= limit


@given(st.text(), st.integers(0, 30))
def test_cleaning_twice_changes_nothing(text: str, limit: int) -> None:
    once = plain(text, limit)
    assert plain(once, limit) == once


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126)))
def test_printable_ascii_is_left_alone(text: str) -> None:
    assert plain(text, 10_000) == text


@given(st.text())
def test_the_screen_library_measures_the_same_width(text: str) -> None:
    shown = plain(text, 10_000)
    assert width(shown) == cell_len(shown)


def test_what_does_not_fit_is_marked() -> None:
    assert plain("a very long name", 8) == "a very …"
    assert plain("板板板", 4) == "板…"
    assert clip("exact", 5) == "exact"
    assert clip("anything", 0) == ""


@given(st.text(), st.integers(2, 20))
def test_wrapped_lines_fit_and_keep_every_character(text: str, limit: int) -> None:
    shown = plain(text, 10_000)
    lines = wrap(shown, limit)
    assert all(width(line) <= limit for line in lines)
    assert "".join(lines).replace(" ", "") == shown.replace(" ", "")
