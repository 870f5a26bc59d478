"""The serial console's terminal: any bytes in, plain cells out."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given, strategies as st

from hvconsole.link.serial_name import link_name
from hvconsole.model.status import Status
from hvconsole.model.text import width
from hvconsole.ui.view.serial import MOST_A_FRAME, Terminal, key_bytes, refusal

SEQUENCES = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from(
            [b"\x1b[", b"\x1b]0;title\x07", b"\x1b]52;c;AAAA\x07", b"\x9b", b"?25l", b"9999;1H"]
        ),
        st.sampled_from([b"\x1b[?1;2$p", b"\x1b[>c", b"\x1bP", b"\x1b[2J", b"\x1b[1;3r", b"\n"]),
    ),
    max_size=40,
)


@given(SEQUENCES)
@example([b"\x1b[?1$p", "漢字\n".encode() * 20])
def test_no_bytes_break_the_screen(pieces: list[bytes]) -> None:
    terminal = Terminal(20, 6)
    for piece in pieces:
        terminal.feed(piece)
        terminal.settle()
    rows = terminal.rows()
    assert len(rows) == 6
    for row in rows:
        assert width(row) <= 20
        assert not any(unicodedata.category(char) in {"Cc", "Cf"} for char in row)
    terminal.feed(b"\x18\x1bc\r\nstill there")
    terminal.settle()
    assert any("still there" in row for row in terminal.rows())


def test_text_stands_where_it_was_written() -> None:
    terminal = Terminal(20, 4)
    terminal.feed(b"one\r\n   two\x1b[1;10Hthree")
    terminal.settle()
    assert [row.rstrip() for row in terminal.rows()] == ["one      three", "   two", "", ""]
    assert terminal.cursor == (14, 0)


def test_what_scrolled_out_can_be_gone_back_to() -> None:
    terminal = Terminal(20, 4)
    terminal.feed(b"".join(b"line %d\r\n" % n for n in range(10)))
    terminal.settle()
    terminal.scroll(100)
    assert terminal.rows()[0].rstrip() == "line 0"
    assert terminal.cursor is None
    terminal.scroll(-100)
    assert terminal.rows()[2].rstrip() == "line 9"


def test_a_flood_is_bounded_and_told() -> None:
    terminal = Terminal()
    terminal.feed(b"x" * (MOST_A_FRAME + 1000))
    assert terminal.skipped == 1000


def test_keys_are_what_a_terminal_sends() -> None:
    assert key_bytes("enter", "\r") == b"\r"
    assert key_bytes("ctrl+c", "\x03") == b"\x03"
    assert key_bytes("up", None) == b"\x1b[A"
    assert key_bytes("q", "q") == b"q"
    assert key_bytes("f12", None) is None


def test_nothing_is_typed_into_a_line_that_is_measured_over() -> None:
    status = Status("b", link="connected", link_detail=link_name("tty"), run="running")
    assert "measures" in refusal(status, "tty")
    assert refusal(status, "another") == ""
