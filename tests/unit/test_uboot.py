"""U-Boot's shell: quoting against a model of both its parsers, and the driver of its prompt."""

import asyncio
import re

import pytest
from hypothesis import given, strategies as st

from hvconsole.board.uboot import UBoot
from hvconsole.board.uboot_text import at_prompt, command_line, counts_down, parse_variable, quote
from hvconsole.link.serial_protocol import SerialState
from hvconsole.model.problem import BoardProblem, UsageProblem

words = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40)
hostile = st.text(st.sampled_from("ab '\\\";$&|#{}()<>`?*!="), max_size=12)


def hush(line: str, *, modern: bool) -> list[str]:
    """Split a line as U-Boot's shell does: the words of its first command, without variables.

    The old parser keeps backslashes while it reads, also those in single quotes, and drops them
    when a word is done; the modern one takes single quotes literally.
    """
    words: list[str] = []
    raw, begun, at = "", False, 0
    while at < len(line):
        char = line[at]
        at += 1
        if char == "\\":
            raw, begun = raw + "\\" + line[at], True
            at += 1
        elif char == "'":
            end = line.index("'", at)
            inside = line[at:end]
            raw += inside.replace("\\", "\\\\") if modern else inside
            begun, at = True, end + 1
        elif char == " ":
            words += [raw] if begun else []
            raw, begun = "", False
        elif char in ';&|"$' or (char == "#" and not begun):
            raise AssertionError(f"{char} stands outside of quotes")
        else:
            raw, begun = raw + char, True
    words += [raw] if begun else []
    return [re.sub(r"\\(.)", r"\1", word) for word in words]


@given(st.lists(words | hostile, max_size=6), st.booleans())
def test_words_survive_both_parsers(arguments: list[str], modern: bool) -> None:
    assert hush(command_line(["echo", *arguments])[:500], modern=modern) == ["echo", *arguments]


@pytest.mark.parametrize(
    ("word", "quoted"),
    [("rtds", "rtds"), ("", "''"), ("a b", "'a b'"), ("it's", r"'it'\''s'"), ("a\\", r"'a'\\")],
)
def test_quoting_is_no_more_than_needed(word: str, quoted: str) -> None:
    assert quote(word) == quoted


@pytest.mark.parametrize("word", ["a\nb", "a\rb", "\x03", "\t", "é", "\x7f"])
def test_what_cannot_be_typed_is_refused(word: str) -> None:
    with pytest.raises(UsageProblem, match="cannot be typed"):
        quote(word)


@pytest.mark.parametrize("argv", [[], [""], ["echo;reset"], ["$x"], ["echo", "x" * 600]])
def test_no_command(argv: list[str]) -> None:
    with pytest.raises(UsageProblem):
        command_line(argv)


@pytest.mark.parametrize(
    "text",
    [
        b"Hit any key to stop autoboot:  2 ",
        b"Press SPACE to abort autoboot in 2 seconds",
        b"Autoboot in 3 seconds",
    ],
)
def test_countdowns(text: bytes) -> None:
    assert counts_down(text)
    assert not counts_down(text[:10])


def test_prompts_stand_at_the_beginning_of_a_line() -> None:
    assert at_prompt(b"\r\n=> ", b"=> ")
    assert at_prompt(b"=> ", b"=> ")
    assert not at_prompt(b"a => ", b"=> ")
    assert not at_prompt(b"=> x", b"=> ")


def test_variables_are_read_whole() -> None:
    assert parse_variable("x", "x=a=b c\n") == "a=b c"
    assert parse_variable("x", "x=two\nlines\n") == "two\nlines"
    assert parse_variable("x", '## Error: "x" not defined\n') is None


class Board:
    """The far end of a line: U-Boot's line editor and two commands, with what may go wrong."""

    name = "board"
    state = SerialState.OPEN

    def __init__(self, *, lose: int = 0, fifo: int = 10_000) -> None:
        self.uboot: UBoot
        self.variables: dict[str, str] = {}
        self.typed = b""
        self.lose = lose
        self.fifo = fifo
        self.booting = False

    async def send(self, data: bytes, *, pace_s: float = 0.0) -> None:
        assert pace_s == 0.0
        kept = data[: self.fifo]
        if self.lose and len(kept) > 1:
            self.lose -= 1
            kept = kept[:-1]
        for byte in kept:
            self.key(bytes([byte]))
        await asyncio.sleep(0)

    def key(self, key: bytes) -> None:
        if self.booting:
            self.booting = False
            self.uboot.feed(b"0\r\n=> ")
        elif key == b"\x03":
            self.typed = b""
            self.uboot.feed(b"<INTERRUPT>\r\n=> ")
        elif key == b"\r":
            line, self.typed = self.typed.decode(), b""
            self.uboot.feed(b"\r\n" + self.execute(line).replace("\n", "\r\n").encode() + b"=> ")
        else:
            self.typed += key
            self.uboot.feed(key)

    def execute(self, line: str) -> str:
        command, _, echo = line.rpartition("; echo ")
        name, *arguments = hush(command or line, modern=False)
        status, output = 0, ""
        if name == "setenv":
            self.variables[arguments[0]] = arguments[1]
        elif name == "printenv" and arguments[0] in self.variables:
            output = f"{arguments[0]}={self.variables[arguments[0]]}\n"
        else:
            status, output = 1, f"Unknown command '{name}' - try 'help'\n"
        return output + (echo.replace("$?", str(status)) + "\n" if echo else "")

    def write(self, data: bytes) -> None:
        raise NotImplementedError

    async def open(self) -> None: ...

    async def send_break(self, seconds: float = 0.25) -> None: ...

    async def closed(self) -> Exception | None:
        return None

    async def close(self) -> None: ...


def connected(board: Board) -> UBoot:
    board.uboot = UBoot(board)
    return board.uboot


async def test_variables_go_round() -> None:
    uboot = connected(Board())
    await uboot.setenv("args", "a 'b' \\ ; $c")
    assert await uboot.getenv("args") == "a 'b' \\ ; $c"
    assert await uboot.getenv("other") is None
    with pytest.raises(UsageProblem, match="cannot name"):
        await uboot.getenv("-a")


async def test_a_lost_character_is_seen_and_the_line_typed_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hvconsole.board.uboot._ECHO_S", 0.05)
    uboot = connected(Board(lose=1))
    reply = await uboot.run(["nonsense", "a"])
    assert (reply.status, reply.output) == (1, "Unknown command 'nonsense' - try 'help'\n")


async def test_a_fifo_of_one_byte_still_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hvconsole.board.uboot._ECHO_S", 0.05)
    uboot = connected(Board(fifo=1))
    await uboot.setenv("sched", "rtds")


async def test_autoboot_is_stopped_also_without_a_countdown() -> None:
    board = Board()
    uboot = connected(board)
    board.booting = True
    uboot.feed(b"\r\nU-Boot 2023.01 (Jun 22 2026)\r\n\r\nDRAM: 1 GiB\r\n")
    await uboot.interrupt(2.0)


async def test_a_board_without_uboot_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    uboot = connected(Board())
    uboot.feed(b"[    0.0] Booting Linux\x1b[2J")
    with pytest.raises(BoardProblem, match="did not come up") as caught:
        await uboot.interrupt(0.05)
    assert "Booting Linux[2J" in caught.value.detail


async def test_a_line_that_never_echoes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hvconsole.board.uboot._ECHO_S", 0.02)
    board = Board()
    uboot = connected(board)
    await uboot.sync()
    monkeypatch.setattr(board, "lose", 1)
    monkeypatch.setattr(board, "key", lambda key: uboot.feed(b"=> ") if key == b"\x03" else None)
    with pytest.raises(BoardProblem, match="does not repeat"):
        await uboot.run(["version"])
