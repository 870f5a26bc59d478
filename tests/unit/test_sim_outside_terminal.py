"""The simulated board's terminals, pure: line discipline and stty; damage to bytes."""

from __future__ import annotations

import asyncio
import base64
import gzip
import os
import select
import tty
import zlib
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from simulated_board import run, running

from hvconsole.sim.board.board import Board
from hvconsole.sim.line import PtyLine
from hvconsole.sim.ssh import Corruption
from hvconsole.sim.terminal import Discipline, TerminalShell


class Terminal:
    """A discipline and what came of it."""

    def __init__(self) -> None:
        self.shown = b""
        self.read = b""
        self.signals: list[int] = []
        self.ends = 0
        self.discipline = Discipline(self._out, self._arrived, self.signals.append, self._end)

    def feed(self, data: bytes) -> Terminal:
        self.discipline.feed(data)
        return self

    def _out(self, data: bytes) -> None:
        self.shown += data

    def _arrived(self, data: bytes) -> None:
        self.read += data

    def _end(self) -> None:
        self.ends += 1


@pytest.mark.parametrize(
    ("typed", "read", "shown"),
    [
        (b"ls\r", b"ls\n", b"ls\r\n"),
        (b"ls\n", b"ls\n", b"ls\r\n"),
        (b"lx\x7fs\r", b"ls\n", b"lx\x08 \x08s\r\n"),
        (b"\x08\r", b"\n", b"\r\n"),
        (b"abc\x15d\r", b"d\n", b"abc" + b"\x08 \x08" * 3 + b"d\r\n"),
        (b"abc", b"", b"abc"),
        (b"abc\x03d\r", b"d\n", b"abc^Cd\r\n"),
    ],
)
def test_whole_lines_are_read_and_shown(typed: bytes, read: bytes, shown: bytes) -> None:
    terminal = Terminal().feed(typed)
    assert (terminal.read, terminal.shown) == (read, shown)


def test_keys_that_send_signals_and_the_end() -> None:
    terminal = Terminal().feed(b"\x03\x1cab\x04\r\x04")
    assert terminal.signals == [2, 3]
    assert terminal.ends == 1
    assert terminal.discipline.stty(["-isig"]) == ""
    terminal.feed(b"\x03\r")
    assert terminal.signals == [2, 3]
    assert terminal.read == b"ab\n\x03\n"


def test_raw_bytes_are_read_as_they_are_typed() -> None:
    terminal = Terminal().feed(b"half")
    assert terminal.discipline.stty(["raw", "-echo"]) == ""
    assert terminal.read == b"half"
    terminal.feed(bytes(range(256)))
    assert terminal.read == b"half" + bytes(range(256))
    assert terminal.shown == b"half"
    terminal.discipline.output(b"a\nb")
    assert terminal.shown == b"halfa\nb"


def test_settings_are_kept_and_come_back() -> None:
    terminal = Terminal()
    saved = terminal.discipline.stty(["-g"])
    assert saved is not None
    words = ["-echo", "-icanon", "-onlcr", "-ixon", "min", "1", "time", "0"]
    assert terminal.discipline.stty(words) == ""
    assert terminal.discipline.stty(["-g"]) != saved
    assert "-icanon" in (terminal.discipline.stty(["-a"]) or "")
    assert terminal.discipline.stty([saved.strip()]) == ""
    assert terminal.discipline.stty(["-g"]) == saved


@given(st.lists(st.text(max_size=12) | st.sampled_from(["echo", "-echo", "min", "raw", "1:0"])))
def test_words_that_mean_nothing_change_nothing(words: list[str]) -> None:
    terminal = Terminal()
    before = terminal.discipline.stty(["-g"])
    if terminal.discipline.stty(words) is None:
        assert terminal.discipline.stty(["-g"]) == before


def test_a_line_without_an_end_is_cut() -> None:
    terminal = Terminal().feed(b"x" * 10_000 + b"\r")
    assert terminal.read == b"x" * 4095 + b"\n"


class Person:
    """Somebody at a login shell."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.shown = bytearray()
        self._at = 0
        self.shell = TerminalShell(board, self.shown.extend, lambda: False)

    async def sees(self, wanted: bytes) -> None:
        """Wait for what comes behind what was waited for before."""
        async with asyncio.timeout(20):
            while (found := self.shown.find(wanted, self._at)) < 0:
                await asyncio.sleep(0.002)
        self._at = found + len(wanted)

    async def until_runs(self, name: str) -> None:
        async with asyncio.timeout(20):
            while not self._board.processes.named(name):
                await asyncio.sleep(0.002)


async def test_ctrl_c_ends_what_runs_but_not_who_traps_it() -> None:
    async with running() as board, asyncio.TaskGroup() as tasks:
        person = Person(board)
        login = tasks.create_task(person.shell.run())
        await person.sees(b"# ")
        person.shell.feed(b"sh -c 'trap : INT; sleep 1000; echo still $?; read -r l; echo $l'\r")
        await person.until_runs("sleep")
        person.shell.feed(b"\x03")
        await person.sees(b"still 130\r\n")
        person.shell.feed(b"more\r")
        await person.sees(b"more\r\nmore\r\n")
        await person.sees(b"# ")
        person.shell.feed(b"sleep 1000; echo no\r")
        await person.until_runs("sleep")
        person.shell.feed(b"\x03")
        await person.sees(b"# ")
        person.shell.feed(b"echo $?\r")
        await person.sees(b"\r\n130\r\n")
        person.shell.feed(b"exit 7\r")
        assert await login == 7
        assert b"\r\nno\r\n" not in person.shown
        assert board.processes.running == {}


@given(st.binary(max_size=3000), st.lists(st.integers(1, 700)), st.integers(0, 99))
def test_damage_is_the_same_for_the_same_seed_in_any_portions(
    data: bytes, cuts: list[int], seed: int
) -> None:
    whole, parts = Corruption(seed), Corruption(seed)
    whole.share = parts.share = 0.05
    damaged, rest = b"", data
    for cut in [*cuts, len(data)]:
        damaged += parts.apply(rest[:cut])
        rest = rest[cut:]
    assert whole.apply(data) == damaged
    assert len(damaged) == len(data)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 1.0])
def test_so_many_bytes_are_damaged(share: float) -> None:
    corruption = Corruption(1)
    corruption.share = share
    data = bytes(200_000)
    changed = sum(byte != 0 for byte in corruption.apply(data))
    assert changed == pytest.approx(share * len(data), rel=0.25)


async def test_a_line_keeps_the_newest_where_nobody_reads() -> None:
    line = PtyLine()
    line.open()
    theirs = os.open(line.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(theirs)
    try:
        for number in range(40_000):
            line.write(f"{number:07}\n")
        seen = b""
        async with asyncio.timeout(20):
            while not seen.endswith(b"0039999\n"):
                if select.select([theirs], [], [], 0)[0]:
                    seen += os.read(theirs, 1 << 16)
                await asyncio.sleep(0)
        assert len(seen) < 150_000
        assert not line.clogged
        took: list[bytes] = []
        line.take = took.append
        os.write(theirs, b"typed")
        async with asyncio.timeout(20):
            while b"".join(took) != b"typed":
                await asyncio.sleep(0.001)
    finally:
        line.close()
        os.close(theirs)
    assert not Path(line.path).exists()


async def test_encodings_are_those_of_the_real_tools() -> None:
    data = os.urandom(5_000)
    async with running() as board:
        encoded = await run(board, "base64", data)
        assert encoded.stdout == base64.encodebytes(data)
        assert (await run(board, "base64 -w 0", data)).stdout == base64.b64encode(data)
        assert (await run(board, "base64 -d", encoded.stdout)).stdout == data
        assert (await run(board, "base64 -d", b"a*b")).status == 1
        assert (await run(board, "gzip -dc", gzip.compress(data))).stdout == data
        assert zlib.decompress((await run(board, "gzip -9", data)).stdout, 31) == data
        assert (await run(board, "gunzip", b"no")).status == 1
        assert (await run(board, "gunzip", gzip.compress(data)[:-9])).status == 1
        # POSIX.1-2017's cksum of nothing, and of "123456789".
        assert (await run(board, "cksum")).text == "4294967295 0\n"
        written = await run(board, "printf 123456789 > f; cksum f none")
        assert written.text == "930766865 9 f\n"
        assert written.status == 1
