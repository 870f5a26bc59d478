"""Whatever a board writes on its serial line, the screen stays whole and keys arrive."""

from __future__ import annotations

import re

import pytest
from driving import Driver, console
from hypothesis import HealthCheck, given, settings, strategies as st
from rich.cells import cell_len
from serial_desk import Tty, board, draw, go, menu, press

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")

HOSTILE = {
    "title": b"\x1b]0;" + b"t" * 200_000 + b"\x07",
    "title without an end": b"\x1b]2;" + b"t" * 60_000,
    "device string": b"\x1bP" + b"q#0;2;0;0;0~" * 5_000,
    "repeat": b"x\x1b[999999999b" * 50,
    "scroll": b"\x1b[999999999S\x1b[999999999T" * 50,
    "parameters": b"\x1b[" + b"1;" * 30_000 + b"m",
    "clipboard": b"\x1b]52;c;cm0gLXJmIC8K\x07",
    "invalid UTF-8": b"\xff\xc3\x28\xe2\x82\xf0\x9f" * 500,
    "marks": ("z" + "\u0301\u0302\u0303" * 2_000).encode(),
    "wide": "测".encode() * 1_000,
    "direction": "abc\u202egnp.exe\u2066x".encode(),
    "tiny region": b"\x1b[3;4r\x1b[?6h\x1b[99;99H" + b"x\n" * 200,
    "colours": b"".join(b"\x1b[38;2;%d;%d;%dm." % (n % 256, n // 256, 7) for n in range(6_000)),
    "markup": b"[bold red]x[/] [/] [@click=app.quit]y",
    "mouse and focus": b"\x1b[?1000h\x1b[?1003h\x1b[?1006h\x1b[?1004h\x1b[?9h",
}


def check(driver: Driver, size: tuple[int, int] = (80, 24)) -> None:
    lines = driver.text.splitlines()
    assert len(lines) == size[1]
    assert not CONTROL.search("".join(lines))
    assert [cell_len(line) for line in lines] == [size[0]] * size[1]
    assert "hvconsole" in lines[0]
    assert "serial · ttyUSB0" in lines[2]


async def still_works(driver: Driver, tty: Tty) -> None:
    """Both directions work after all that."""
    tty.said(b"\x18\x1b\\\x1bc\r\nall is well")
    await draw(driver)
    assert "all is well" in driver.text
    tty.typed.clear()
    await press(driver, "o", "k")
    assert tty.typed == b"ok"


@pytest.mark.parametrize("name", HOSTILE)
async def test_the_screen_stays_whole(name: str) -> None:
    tty = Tty()
    async with console(board(tty)) as driver:
        await go(driver)
        data = HOSTILE[name]
        for at in range(0, len(data), 30_000):
            tty.said(data[at : at + 30_000])
            await draw(driver)
            check(driver)
        assert driver.app.title == "hvconsole"
        assert driver.app.clipboard == ""
        await still_works(driver, tty)


async def test_invalid_bytes_may_be_cut_anywhere() -> None:
    said = "é测\U0001f3c1".encode() + b"\x1b[1;31mx\x1b[0m\xc3\xff\x1b]0;t\x07\x1b[2Cy"
    tty = Tty(scrollback=b"")
    async with console(board(tty)) as driver:
        screen = await go(driver)
        seen = set()
        for at in range(len(said) + 1):
            tty.said(b"\x1bc" + said[:at])
            await draw(driver)
            check(driver)
            tty.said(said[at:])
            await draw(driver)
            check(driver)
            seen.add(screen.terminal.lines[0].text)
        assert seen == {"é测🏁x\ufffd\ufffd  y"}


PIECES = st.lists(
    st.one_of(
        st.binary(max_size=200),
        st.sampled_from([data[:3_000] for data in HOSTILE.values()]),
        st.builds(
            lambda figures, final: b"\x1b[" + b";".join(b"%d" % n for n in figures) + final,
            st.lists(st.integers(0, 200), max_size=4),
            st.integers(0x40, 0x7E).map(lambda n: bytes([n])),
        ),
    ),
    max_size=12,
)


@given(PIECES, st.sampled_from(["", "v", "p", "a", "k", "y", "r"]))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_arbitrary_bytes_through_the_whole_screen(pieces: list[bytes], key: str) -> None:
    tty = Tty()
    async with console(board(tty), seconds=0) as driver:
        screen = await go(driver)
        for piece in pieces:
            tty.said(piece)
        await draw(driver)
        check(driver)
        if key:
            await menu(driver, key)
            check(driver)
            await press(driver, "escape")
            if screen.look.paused:
                await menu(driver, "p")
        await still_works(driver, tty)
