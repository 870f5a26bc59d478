"""The terminal: what sequences do, and that no bytes can break it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from hvconsole.model.text import width
from hvconsole.wire import vt_line
from hvconsole.wire.vt import Parameters, Parser
from hvconsole.wire.vt_line import TRUE_COLOUR, Line, Past, pen_colours
from hvconsole.wire.vt_screen import Screen


def screen(data: bytes, columns: int = 10, rows: int = 4) -> Screen:
    made = Screen(columns, rows)
    made.feed(data)
    return made


def texts(data: bytes, columns: int = 10, rows: int = 4) -> list[str]:
    return [line.text for line in screen(data, columns, rows).grid.lines]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"ab\r\ncd", ["ab", "cd", "", ""]),
        (b"ab\ncd", ["ab", "  cd", "", ""]),
        (b"\x1b[20hab\ncd", ["ab", "cd", "", ""]),
        (b"0123456789ab", ["0123456789", "ab", "", ""]),
        (b"\x1b[?7l0123456789ab", ["012345678b", "", "", ""]),
        (b"abc\b\bX", ["aXc", "", "", ""]),
        (b"a\tb", ["a       b", "", "", ""]),
        (b"a\tb\tc", ["a       bc", "", "", ""]),
        (b"1\r\n2\r\n3\r\n4\r\n5", ["2", "3", "4", "5"]),
        (b"\x1b[2;3Hx", ["", "  x", "", ""]),
        (b"\x1b[99;99Hx", ["", "", "", "         x"]),
        (b"abc\x1b[2Dx", ["axc", "", "", ""]),
        (b"abc\x1b[1Gx\x1b[3dy", ["xbc", "", " y", ""]),
        (b"abcdef\x1b[3G\x1b[K", ["ab", "", "", ""]),
        (b"abcdef\x1b[3G\x1b[1K", ["   def", "", "", ""]),
        (b"a\r\nb\r\nc\x1b[2;1H\x1b[J", ["a", "", "", ""]),
        (b"a\r\nb\r\nc\x1b[2;1H\x1b[1J", ["", "", "c", ""]),
        (b"abcdef\x1b[3G\x1b[2P", ["abef", "", "", ""]),
        (b"abcdef\x1b[3G\x1b[2@", ["ab  cdef", "", "", ""]),
        (b"abcdef\x1b[3G\x1b[2X", ["ab  ef", "", "", ""]),
        (b"abc\x1b[4h\x1b[1Gx\x1b[4ly", ["xybc", "", "", ""]),
        (b"a\r\nb\r\nc\x1b[1;1H\x1b[L", ["", "a", "b", "c"]),
        (b"a\r\nb\r\nc\x1b[1;1H\x1b[M", ["b", "c", "", ""]),
        (b"1\r\n2\r\n3\r\n4\x1b[2;3r\x1b[3;1H\n5", ["1", "3", "5", "4"]),
        (b"1\r\n2\r\n3\r\n4\x1b[2;3r\x1b[2;1H\x1bM5", ["1", "5", "2", "4"]),
        (b"1\r\n2\r\n3\x1b[S", ["2", "3", "", ""]),
        (b"1\r\n2\r\n3\x1b[T", ["", "1", "2", "3"]),
        (b"ab\x1b[3b", ["abbbb", "", "", ""]),
        (b"\x1b7\x1b[3;3Hx\x1b8y", ["y", "", "  x", ""]),
        (b"abc\x1bcx", ["x", "", "", ""]),
        (b"\x1b(0lqk\x1b(B lqk", ["┌─┐ lqk", "", "", ""]),
        (b"\x1b)0\x0elqk\x0flqk", ["┌─┐lqk", "", "", ""]),
        (b"ab\x1b[\r1;3Hx", ["abx", "", "", ""]),  # a control inside a sequence acts at once
        (b"\x1b[3\x18x", ["x", "", "", ""]),
        (b"\x1b]0;title\x07x", ["x", "", "", ""]),
        (b"\x1b]0;title\x1b\\x", ["x", "", "", ""]),
        (b"\x1bP1;2|data\x1b\\x\x1b_apc\x1b\\y\x1b^pm\x1b\\z", ["xyz", "", "", ""]),
        (b"\x1b]52;c;cm0=\x1b[2Cx", ["  x", "", "", ""]),  # ESC ends a string whatever follows
        (b"\x1b[?1;1;1;1$px", ["x", "", "", ""]),
        (b"\x1b[>4;2mx", ["x", "", "", ""]),
        (b"a\x7fb\x00c\x07", ["abc", "", "", ""]),
        ("größe 测量".encode(), ["größe 测量", "", "", ""]),
        ("123456789测".encode(), ["123456789 ", "测", "", ""]),
        ("测x\x1b[1Gy".encode(), ["y x", "", "", ""]),
        ("测x\x1b[2Gy".encode(), [" yx", "", "", ""]),
        ("e\u0301\u0301\u0301\u0301x".encode(), ["é\u0301\u0301x", "", "", ""]),
        (b"\xff\xfe\xc3(", ["\ufffd\ufffd\ufffd(", "", "", ""]),
        ("a\u202eb\u200bc".encode(), ["abc", "", "", ""]),
    ],
)
def test_sequences_do_what_terminals_do(data: bytes, expected: list[str]) -> None:
    assert texts(data) == expected
    for at in range(1, len(data)):
        made = Screen(10, 4)
        made.feed(data[:at])
        made.feed(data[at:])
        assert [line.text for line in made.grid.lines] == expected, f"split at {at}"


@pytest.mark.parametrize(
    ("figures", "front", "back", "flags"),
    [
        (b"31", 2, 0, 0),
        (b"97;104", 16, 13, 0),
        (b"1;4;38;5;200", 201, 0, vt_line.BOLD | vt_line.UNDERLINE),
        (b"38;2;1;2;3;48;2;4;5;6", TRUE_COLOUR | 0x010203, TRUE_COLOUR | 0x040506, 0),
        (b"38:5:9", 10, 0, 0),
        (b"38;5;999", 256, 0, 0),
        (b"31;7;39;27", 0, 0, 0),
        (b"31;0", 0, 0, 0),
        (b"31;", 0, 0, 0),
        (b"38", 0, 0, 0),
        (b"38;2;300", TRUE_COLOUR | 0xFF0000, 0, 0),
        (b"1;2;3;7;8;9", 0, 0, vt_line.BOLD | vt_line.DIM | vt_line.ITALIC | vt_line.REVERSE
         | vt_line.HIDDEN | vt_line.STRIKE),
        (b"1;2;22", 0, 0, 0),
        (b"58;108;50", 0, 0, 0),
    ],
)  # fmt: skip
def test_pens(figures: bytes, front: int, back: int, flags: int) -> None:
    pen = screen(b"\x1b[" + figures + b"m").grid.pen
    assert pen_colours(pen) == (front, back)
    assert pen >> vt_line.FLAGS_AT << vt_line.FLAGS_AT == flags


def test_erased_cells_keep_the_background() -> None:
    line = screen(b"\x1b[1;44mab\x1b[K").grid.lines[0]
    assert [pen_colours(pen) for pen in line.pens] == [(0, 5)] * 10
    assert not line.pens[5] & vt_line.BOLD


def test_the_alternate_screen_comes_and_goes() -> None:
    made = screen(b"shell\x1b[?1049h\x1b[2J\x1b[Heditor\x1b[3;3H")
    assert made.on_alternate
    assert made.grid.lines[0].text == "editor"
    made.feed(b"\x1b[?1049l$")
    assert not made.on_alternate
    assert [line.text for line in made.grid.lines] == ["shell$", "", "", ""]


def test_what_scrolls_out_is_handed_over_but_not_from_the_alternate_screen() -> None:
    left: list[Past] = []
    made = Screen(10, 3, left.append)
    made.feed(b"1\r\n2\r\n3\r\n\x1b[31m4 \r\n\x1b[0m")
    assert [line.text for line in left] == ["1", "2"]
    made.feed(b"\x1b[?1049h" + b"alt\r\n" * 10 + b"\x1b[?1049l")
    assert [line.text for line in left] == ["1", "2"]
    made.feed(b"\x1b[2J")
    assert [line.text for line in left] == ["1", "2", "3", "4 "]
    assert left[-1].pieces == (("4 ", 2),)
    made.feed(b"\x1b[Hlast\x1bc")
    assert left[-1].text == "last"


def test_wrapped_lines_are_one_when_they_end() -> None:
    ended: list[str] = []
    made = Screen(5, 4, ended=lambda lines: ended.append("".join(line.text for line in lines)))
    made.feed(b"one two three\r\nx\r\n")
    assert ended == ["one two three", "x"]


def test_forgetting_is_asked_for() -> None:
    asked: list[int] = []
    made = Screen(5, 4, forget=lambda: asked.append(1))
    made.feed(b"\x1b[3J\x1b[2J")
    assert asked == [1]


def test_answers_are_few_and_given_once() -> None:
    made = screen(b"\x1b[2;3H" + b"\x1b[6n" * 1000 + b"\x1b[c")
    assert made.answers() == b"\x1b[2;3R" * 4
    assert made.answers() == b""
    made.feed(b"\x1b[c\x1b[5n\x1b[>c\x1b[99n")
    assert made.answers() == b"\x1b[?6c\x1b[0n"


def test_the_size_changes_and_the_cursor_stays_inside() -> None:
    left: list[Past] = []
    made = Screen(10, 4, left.append)
    made.feed(b"1\r\n2\r\n3\r\n456789")
    made.resize(4, 2)
    assert [line.text for line in made.grid.lines] == ["3", "4567"]
    assert [line.text for line in left] == ["1", "2"]
    made.feed(b"x")
    assert [line.text for line in made.grid.lines] == ["4567", "x"]
    made.resize(6, 4)
    assert [len(line.chars) for line in made.grid.lines] == [6] * 4


HUGE = [
    b"x\x1b[99999999999b",
    b"\x1b[99999999S\x1b[99999999T\x1b[99999999L\x1b[99999999M\x1b[99999999@\x1b[99999999P",
    b"\x1b[99999999A\x1b[99999999B\x1b[99999999C\x1b[99999999D\x1b[99999999I\x1b[99999999Z",
    b"\x1b[" + b"1;" * 100_000 + b"m",
    b"\x1b[" + b"9" * 100_000 + b"m",
    b"\x1b" + b" " * 100_000 + b"F",
    b"\x1b]0;" + b"t" * 300_000,
    b"\x1bPq" + b"#0~" * 100_000,
    b"\x1b[" * 100_000,
    b"\x1b]" * 100_000,
    "e\u0301".encode() + "\u0301".encode() * 100_000,
]


@pytest.mark.parametrize("data", HUGE, ids=range(len(HUGE)))
def test_nothing_of_what_is_too_much_is_kept(data: bytes) -> None:
    made = Screen(80, 24)
    made.feed(data)
    assert made._parser.kept <= 130
    assert all(len(char) <= 3 for line in made.grid.lines for char in line.chars)
    made.feed(b"\x18\x1b[2J\x1b[H\x1b[0mgoes on")
    assert made.grid.lines[0].text == "goes on"


class Nothing:
    """An actor that only looks at what it is told."""

    def write(self, text: str) -> None:
        assert text
        assert not any(char < " " or "\x7f" <= char <= "\x9f" for char in text)

    def control(self, char: str) -> None:
        assert char < " "

    def escape(self, intermediate: str, final: str) -> None:
        assert len(intermediate) <= 2
        assert "0" <= final <= "~"

    def sequence(self, mark: str, parameters: Parameters, intermediate: str, final: str) -> None:
        assert len(mark) <= 1
        assert len(intermediate) <= 1
        assert "@" <= final <= "~"
        assert len(parameters) <= 32
        assert all(0 <= figure <= 9999 for figure in parameters)


PIECES = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.builds(
        lambda mark, figures, final: b"\x1b[" + mark + figures + final,
        st.sampled_from([b"", b"?", b">", b"="]),
        st.lists(st.integers(0, 12000), max_size=6).map(
            lambda ns: b";".join(b"%d" % n for n in ns)
        ),
        st.integers(0x20, 0x7E).map(lambda n: bytes([n])),
    ),
    st.builds(
        lambda what, data, end: b"\x1b" + what + data + end,
        st.sampled_from([b"]", b"P", b"X", b"^", b"_"]),
        st.binary(max_size=30),
        st.sampled_from([b"\x07", b"\x1b\\", b"\x9c", b""]),
    ),
    st.sampled_from(
        [
            b"\x1b(0",
            b"\x1b)0\x0e",
            b"\x1b[?1049h",
            b"\x1b[?1049l",
            b"\x1b#8",
            b"\x1bM",
            b"\x1bc",
            b"\n",
            b"\r",
            b"\x1b[2;5r",
            b"\x1b[?6h",
            b"\x1b[?7l",
            b"\x1b[4h",
            "测".encode(),
            "e\u0301".encode(),
            b"\x1b[3J",
            b"\x1b[9999b",
            b"\t",
        ]
    ),
)
STREAM = st.lists(PIECES, max_size=40)


@given(STREAM)
def test_the_parser_tells_of_nothing_that_is_not_so(pieces: list[bytes]) -> None:
    parser = Parser(Nothing())
    for piece in pieces:
        parser.feed(piece)


@given(STREAM, st.data())
def test_how_bytes_are_portioned_does_not_matter(pieces: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(pieces)
    whole = Screen(12, 5)
    whole.feed(stream)
    parts = Screen(12, 5)
    at = 0
    while at < len(stream):
        size = data.draw(st.integers(1, 9))
        parts.feed(stream[at : at + size])
        at += size
    assert [line.pieces() for line in parts.grid.lines] == [
        line.pieces() for line in whole.grid.lines
    ]
    assert (parts.grid.x, parts.grid.y) == (whole.grid.x, whole.grid.y)


@given(STREAM, st.integers(1, 30), st.integers(1, 12), st.integers(1, 30), st.integers(1, 12))
@settings(max_examples=200)
def test_whatever_comes_the_screen_stays_whole(
    pieces: list[bytes], columns: int, rows: int, columns_then: int, rows_then: int
) -> None:
    left: list[Past] = []
    made = Screen(columns, rows, left.append)
    for number, piece in enumerate(pieces):
        made.feed(piece)
        if number == len(pieces) // 2:
            made.resize(columns_then, rows_then)
            columns, rows = columns_then, rows_then
        whole(made, columns, rows)
    for past in left:
        assert past.text.isprintable()


def whole(made: Screen, columns: int, rows: int) -> None:
    grid = made.grid
    assert len(grid.lines) == rows
    assert 0 <= grid.x <= columns
    assert 0 <= grid.y < rows
    assert 0 <= grid.top <= grid.bottom < rows
    for line in grid.lines:
        assert len(line.chars) == len(line.pens) == columns
        text = "".join(piece for piece, _ in line.pieces())
        assert width(text) == columns
        assert text.isprintable()


@given(st.lists(st.tuples(st.sampled_from("pwidbm"), st.integers(0, 9), st.integers(0, 12))))
def test_a_line_keeps_its_width(edits: list[tuple[str, int, int]]) -> None:
    line = Line(10)
    for kind, at, count in edits:
        match kind:
            case "p":
                line.put(at, "x" * min(count, 10 - at), 1)
            case "w" if at < 9:
                line.put_wide(at, "测", 2)
            case "i":
                line.insert(at, count, 3)
            case "d":
                line.delete(at, count, 4)
            case "b":
                line.blank(at, at + count, 5)
            case "m":
                line.add_mark(at, "\u0301")
        assert width("".join(text for text, _ in line.pieces())) == 10
