"""Files that a person names: whatever is typed, there is a path, an answer or a problem."""

import os
from pathlib import Path

import pytest
from hypothesis import example, given, strategies as st

from hvconsole.config.named import content_of, is_there, named
from hvconsole.model.problem import UsageProblem

TYPED = st.text(st.characters(exclude_categories=()), max_size=300)  # surrogates and NULs as well


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("~", Path.home()),
        ("~/a.csv", Path.home() / "a.csv"),
        ("~nobody-of-that-name/a", Path("~nobody-of-that-name/a")),
        ("a/~b", Path("a/~b")),
        ("", Path()),
    ],
)
def test_a_home_is_put_in(typed: str, path: Path) -> None:
    assert named(typed) == path


@given(TYPED)
@example("~0")
@example("x" * 5000)  # `Path.exists` raises there
@example("a\0b")
@example("\ud800")
@example("/dev/null/x")
def test_anything_may_be_typed(typed: str) -> None:
    path = named(typed)
    if not is_there(path):
        with pytest.raises(UsageProblem, match="cannot be read here"):
            content_of(path, most_bytes=10)


def test_only_a_file_is_read_and_only_so_large(tmp_path: Path) -> None:
    file, pipe = tmp_path / "a", tmp_path / "p"
    file.write_bytes(b"1234567890")
    os.mkfifo(pipe)
    assert is_there(file)
    assert content_of(file, most_bytes=10) == b"1234567890"
    with pytest.raises(UsageProblem, match="is too large: 10 bytes of at most 9"):
        content_of(file, most_bytes=9)
    for path in (pipe, tmp_path, Path("/dev/zero")):  # some would be waited for, or never end
        with pytest.raises(UsageProblem, match="is no file") as told:
            content_of(path, most_bytes=10, hint="name another")
        assert told.value.hint == "name another"
