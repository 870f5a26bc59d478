"""The user's own keys: read from TOML, told where wrong, never fatal."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hvconsole.config.keys import checked_keys, load_keys

KNOWN = {"view.pause", "console.quit", "time.zoom_in"}


def test_keys_are_read_by_the_names_printed_on_them(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(
        '"view.pause" = "z, F7"\nconsole.quit = "Ctrl+Q,?"\ntime.zoom_in = "shift+Left"'
    )
    keys = load_keys(KNOWN, path)
    assert keys.problems == ()
    assert keys.keys == {
        "view.pause": "z,f7",
        "console.quit": "ctrl+q,question_mark",
        "time.zoom_in": "shift+left",
    }


def test_capital_letters_stay_what_they_are(tmp_path: Path) -> None:
    assert checked_keys({"view.pause": "Z,ctrl++,+"}, KNOWN, source="x").keys == {
        "view.pause": "Z,ctrl+plus,plus"
    }


def test_no_file_means_no_keys(tmp_path: Path) -> None:
    keys = load_keys(KNOWN, tmp_path / "keys.toml")
    assert (keys.keys, keys.problems) == ({}, ())


@pytest.mark.parametrize(
    ("text", "title", "hint"),
    [
        ('"view.puase" = "z"', "no action has the id 'view.puase'", "did you mean 'view.pause'?"),
        ('"view.pause" = 7', "the keys of 'view.pause' are no text", "write:"),
        ('"view.pause" = ""', "the keys of 'view.pause' are no text", "write:"),
        ('"view.pause" = "z,two words"', "'two words' is no key", "such as z"),
        ('"view.pause" = "z,,f7"', "'' is no key", "such as z"),
    ],
)
def test_one_mistake_is_told_and_the_rest_counts(
    tmp_path: Path, text: str, title: str, hint: str
) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(f'{text}\n"console.quit" = "x"\n')
    keys = load_keys(KNOWN, path)
    assert keys.keys == {"console.quit": "x"}
    (problem,) = keys.problems
    assert title in problem.title
    assert str(path) in problem.title
    assert hint in problem.hint


def test_a_broken_file_is_a_problem_and_not_the_end(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text("view = [\n")
    keys = load_keys(KNOWN, path)
    assert keys.keys == {}
    assert "is not valid TOML" in keys.problems[0].title


@given(
    st.dictionaries(
        st.text(max_size=12) | st.sampled_from(sorted(KNOWN)),
        st.text(max_size=12) | st.integers() | st.lists(st.text(max_size=3), max_size=2),
        max_size=4,
    )
)
def test_any_table_gives_keys_that_can_be_bound(table: dict[str, object]) -> None:
    from textual.binding import Binding

    keys = checked_keys(table, KNOWN, source="x")
    assert set(keys.keys) <= KNOWN
    for text in keys.keys.values():
        assert list(Binding.make_bindings([Binding(text, "do", "do")]))
