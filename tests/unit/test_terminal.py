"""The serial console's terminal: any bytes in, plain cells out; and looking about in it."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import example, given, strategies as st

from hvconsole.link.serial_name import link_name
from hvconsole.model.status import Status
from hvconsole.model.text import width
from hvconsole.ui.view.serial import MOST_WAITING, Terminal, refusal
from hvconsole.ui.view.serial_keys import control_byte, key_bytes, lines_in, paste_bytes
from hvconsole.ui.view.serial_look import Look
from hvconsole.ui.view.serial_rows import row_of, rows

SEQUENCES = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from(
            [b"\x1b[", b"\x1b]0;title\x07", b"\x1b]52;c;AAAA\x07", b"\x9b", b"?25l", b"9999;1H"]
        ),
        st.sampled_from([b"\x1b[?1;2$p", b"\x1b[>c", b"\x1bP", b"\x1b[2J", b"\x1b[1;3r", b"\n"]),
        st.sampled_from(
            [b"Kernel panic - not syncing: x\r\n", "ß漢\u0130\r\n".encode(), b"aA\r\n"]
        ),
    ),
    max_size=40,
)


def talking(said: bytes, columns: int = 20, rows: int = 4, kept: int = 50) -> Look:
    terminal = Terminal(columns, rows, kept=kept)
    terminal.feed(said)
    terminal.settle_all()
    return Look(terminal)


def seen(look: Look) -> list[str]:
    return [line.text for line in look.seen()[1]]


def numbered(lines: int) -> bytes:
    return b"".join(b"line %d\r\n" % n for n in range(lines))


@given(SEQUENCES, st.sampled_from(["", "a", "i", "panic", "漢"]), st.integers(1, 40))
@example([b"\x1b[?1$p", "漢字\n".encode() * 20], "漢", 3)
def test_no_bytes_break_the_picture(pieces: list[bytes], query: str, room: int) -> None:
    terminal = Terminal(20, 6, kept=10)
    look = Look(terminal)
    for number, piece in enumerate(pieces):
        terminal.feed(piece)
        terminal.settle_all()
        if number == len(pieces) // 2:
            look.scroll(3)
            look.find(query)
            look.select()
    for width_now in (20, room):
        for row in rows(look, width_now, 6, cursor=True):
            text = "".join(part for part, _ in row)
            assert width(text) == width_now
            assert text.isprintable()
    look.follow()
    terminal.feed(b"\x18\x1bc\r\nstill there")
    terminal.settle_all()
    assert any("still there" in text for text in seen(look))


def test_text_stands_where_it_was_written() -> None:
    look = talking(b"one\r\n   two\x1b[1;10Hthree")
    assert seen(look) == ["one      three", "   two", "", ""]
    assert look.terminal.cursor == (14, 0)


def test_what_scrolled_out_can_be_gone_back_to() -> None:
    look = talking(numbered(10))
    look.scroll(100)
    assert seen(look)[0] == "line 0"
    assert look.back == 7
    look.terminal.feed(b"more\r\n")
    look.terminal.settle()
    assert seen(look)[0] == "line 0", "the view stays where it was put"
    look.scroll(-100)
    assert look.follows
    assert seen(look)[-2] == "more"


def test_what_is_kept_is_bounded() -> None:
    look = talking(numbered(1000), kept=50)
    assert len(look.terminal.past) == 50
    look.scroll(10_000)
    first = seen(look)[0]
    look.terminal.feed(numbered(100))
    look.terminal.settle_all()
    assert seen(look)[0] != first, "what is forgotten cannot be seen any more"
    assert len(seen(look)) == 4


def test_a_flood_is_bounded_and_told() -> None:
    terminal = Terminal()
    terminal.feed(b"x" * (MOST_WAITING + 1000))
    assert terminal.skipped == 1000
    terminal.feed(b"\x1b]0;" + b"y" * MOST_WAITING + b"\n")
    terminal.settle_all()
    terminal.feed(b"\r\nseen")
    terminal.settle_all()
    assert any("seen" in line.text for line in terminal.lines)


def test_a_frame_takes_what_it_has_time_for() -> None:
    ticks = count(0.0, 0.0025)  # a slice takes 2.5 ms of a frame's 4
    terminal = Terminal(clock=lambda: next(ticks))
    terminal.feed(b"x" * (5 * 256))
    assert terminal.settle()
    assert terminal.waits
    assert terminal.settle()
    assert terminal.settle()
    assert not terminal.waits
    assert not terminal.settle()


def test_all_of_the_history_is_shown() -> None:
    terminal = Terminal(20, 4, kept=100_000)
    terminal.feed_history(b"0123456\r\n" * 20_000)
    terminal.settle()
    terminal.feed(b"now")
    terminal.settle_all()
    assert terminal.skipped == 0
    assert terminal.left == 20_001 - 4


def test_a_pause_keeps_what_was_there() -> None:
    look = talking(numbered(10))
    look.pause()
    look.terminal.feed(numbered(100) + b"\x1b[2J\x1b[3J")
    look.terminal.settle_all()
    assert seen(look) == ["line 7", "line 8", "line 9", ""]
    assert look.since > 90
    look.scroll(100)
    assert seen(look)[0] == "line 0"
    assert look.find("LINE 4")
    assert look.at == 4
    look.pause()
    assert look.follows
    assert seen(look) == ["", "", "", ""]


def test_searching_goes_round() -> None:
    look = talking(numbered(30))
    assert look.find("line 1")  # 1, 10 to 19
    assert look.at == 19
    for expected in (18, 17):
        assert look.find("line 1")
        assert look.at == expected
    assert look.find("line 1", 1)
    assert look.at == 18
    look.show(1)
    assert look.find("line 1")
    assert look.at == 19
    assert not look.find("nowhere")
    assert not look.find("")


def test_moving_and_selecting() -> None:
    look = talking(b"one\r\n" + b"w" * 25 + b"\r\nthree")
    look.begin()
    assert look.at == 3, "the last line with something on it"
    look.move(-1)
    look.select()
    look.move(-1)
    assert list(look.selection) == [1, 2]
    assert look.text() == "w" * 25 + "\n"
    look.select()
    assert look.text() == "one\n" + "w" * 25 + "\nthree\n"
    look.move(-100)
    assert look.at == 0
    look.move(100)
    assert look.at == 3


def test_alarms_are_found_on_their_lines() -> None:
    noise = b"nothing\r\n" * 3
    look = talking(noise + b"Kernel panic - not syncing: a\r\n" + noise + b"kernel BUG at b!\r\n")
    assert look.terminal.alarms == 2
    assert look.alarm(-1)
    assert look.seen()[1][look.at - look.seen()[0] if look.at else 0].alarm == "linux bug"
    assert look.alarm(-1)
    assert not look.alarm(-1)
    assert look.alarm(1)


def test_a_restart_is_marked_but_no_alarm() -> None:
    look = talking(b"U-Boot 2023.01 (Jan 09 2023)\r\n", columns=40)
    assert look.seen()[1][0].alarm == "reboot"
    assert look.terminal.alarms == 0
    (row, *_) = rows(look, 40, 4, cursor=False)
    assert "".join(text for text, _ in row).endswith(" ◀ reboot ")


def test_lines_that_did_not_change_are_not_made_anew() -> None:
    look = talking(b"one\r\ntwo")
    line = look.terminal.lines[0]
    assert line.pieces() is line.pieces()
    before = row_of(line, 20)
    look.terminal.feed(b"!")
    look.terminal.settle()
    assert row_of(line, 20) == before


@pytest.mark.parametrize(
    ("key", "character", "sent"),
    [
        ("enter", "\r", b"\r"),
        ("ctrl+c", "\x03", b"\x03"),
        ("ctrl+at", "\x00", b"\x00"),
        ("ctrl+backslash", "\x1c", b"\x1c"),
        ("up", None, b"\x1b[A"),
        ("shift+up", None, b"\x1b[1;2A"),
        ("ctrl+right", None, b"\x1b[1;5C"),
        ("alt+b", None, b"\x1bb"),
        ("q", "q", b"q"),
        ("ß", "ß", "ß".encode()),
        ("f1", None, b"\x1bOP"),
        ("f12", None, b"\x1b[24~"),
        ("f13", None, None),
        ("ctrl+f5", None, None),
    ],
)
def test_keys_are_what_a_terminal_sends(key: str, character: str | None, sent: bytes) -> None:
    assert key_bytes(key, character) == sent


def test_enter_and_arrows_are_as_agreed() -> None:
    assert key_bytes("enter", "\r", line_end="CR LF") == b"\r\n"
    assert key_bytes("up", None, application=True) == b"\x1bOA"
    assert key_bytes("ctrl+up", None, application=True) == b"\x1b[1;5A"


@pytest.mark.parametrize(
    ("key", "byte"), [("c", 3), ("Z", 26), ("left_square_bracket", 27), ("f5", None), ("ß", None)]
)
def test_control_characters(key: str, byte: int | None) -> None:
    assert control_byte(key) == (None if byte is None else bytes([byte]))


@given(st.text(), st.sampled_from(["CR", "LF", "CR LF"]), st.booleans())
def test_a_paste_ends_nothing_that_it_is_in(text: str, end: str, bracketed: bool) -> None:
    data = paste_bytes(text, line_end=end, bracketed=bracketed)  # type: ignore[arg-type]  # one of them
    inside = data[6:-6] if bracketed else data
    assert not any(byte < 0x20 and byte not in b"\t\r\n" for byte in inside)
    assert b"\x7f" not in inside
    if end == "CR":
        assert inside.count(b"\r") == lines_in(text)


def test_nothing_is_typed_into_a_line_that_is_measured_over() -> None:
    status = Status("b", link="connected", link_detail=link_name("tty"), run="running")
    assert "measures" in refusal(status, "tty")
    assert refusal(status, "another") == ""
    assert "recording" in refusal(Status("b", link="replay"), "serial.log")


def test_clearing_keeps_only_the_prompt() -> None:
    look = talking(numbered(10) + b"# ")
    look.terminal.clear()
    assert seen(look) == ["#", "", "", ""]
    assert look.terminal.cursor == (2, 0)


def test_hidden_text_is_not_shown_whatever_is_done_to_it() -> None:
    look = talking("\x1b[8msecret 测\x1b[0m seen".encode())
    look.begin()
    look.select()
    look.query = "secret"
    (row, *_) = rows(look, 20, 4, cursor=True)
    assert "".join(text for text, _ in row) == " " * 10 + "seen" + " " * 6
