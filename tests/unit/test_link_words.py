"""Commands and output on their way: nothing is changed, nothing slips through."""

import shlex
import subprocess

import pytest
from hypothesis import given, strategies as st

from hvconsole.link.output import TAIL_BYTES, Collector, GuardedSink, OutputTooLongError, Tail
from hvconsole.link.words import checked_path, checked_words, command_line, shown
from hvconsole.model.problem import UsageProblem

control = st.sampled_from([chr(n) for n in [*range(32), 127]])
printable = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[chr(n) for n in [*range(32), 127]])
)


@given(st.lists(printable, max_size=5))
def test_the_line_reads_as_the_words(words: list[str]) -> None:
    assert shlex.split(command_line(["program", *words])) == ["program", *words]


def test_a_real_shell_reads_the_words_the_same() -> None:
    words = ["$(id)", "a b", "'", '"', "\\", "*", "!x", "#", "~", "-n", "", "ü", "{a,b}", ";&|<>"]
    line = command_line(["printf", "%s\\n", *words])
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:-1] == words


@given(printable, control, printable)
def test_control_characters_are_refused_wherever_they_stand(a: str, char: str, b: str) -> None:
    with pytest.raises(UsageProblem, match="control character"):
        checked_words(["program", a + char + b])
    with pytest.raises(UsageProblem, match="control character"):
        checked_path("/" + a + char + b)


@pytest.mark.parametrize("words", [[], [""], ["-rf"], ["--help", "x"]])
def test_a_command_begins_with_a_program(words: list[str]) -> None:
    with pytest.raises(UsageProblem, match="no program"):
        checked_words(words)


def test_text_that_is_no_text_is_refused() -> None:
    with pytest.raises(UsageProblem, match="not valid text"):
        checked_words(["cat", b"\xff".decode(errors="surrogateescape")])


@pytest.mark.parametrize("path", ["relative", "", "-", "/tmp/", "/", "~/file"])
def test_paths_are_absolute_and_name_files(path: str) -> None:
    with pytest.raises(UsageProblem, match="no absolute path"):
        checked_path(path)


@given(st.text())
def test_names_in_messages_are_harmless_and_short(name: str) -> None:
    text = shown(name)
    assert text.isascii() or text.endswith("…'")
    assert text.isprintable()
    assert len(text) <= 60


@given(st.lists(st.binary(max_size=TAIL_BYTES), max_size=6), st.integers(1, 5))
def test_a_tail_is_the_end(pieces: list[bytes], times: int) -> None:
    tail = Tail()
    for piece in pieces * times:
        tail.add(piece)
    assert tail.data == b"".join(pieces * times)[-TAIL_BYTES:]


def test_a_collector_keeps_all_up_to_its_limit() -> None:
    collector = Collector(limit=10)
    collector(b"12345")
    collector(b"67890")
    assert collector.data == b"1234567890"
    with pytest.raises(OutputTooLongError):
        collector(b"!")
    assert collector.data == b"1234567890"


def test_a_sink_that_failed_is_not_called_again() -> None:
    calls: list[bytes] = []

    def sink(data: bytes) -> None:
        calls.append(data)
        raise ValueError(data)

    guarded = GuardedSink(sink)
    assert not guarded.feed(b"1")
    assert not guarded.feed(b"2")
    assert calls == [b"1"]
    assert isinstance(guarded.error, ValueError)
