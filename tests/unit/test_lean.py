"""Fewer bytes that paint the same: judged by a terminal's own screen."""

from __future__ import annotations

from hypothesis import given, strategies as st
from rich.color import ColorSystem
from rich.style import Style

from hvconsole.ui.lean import lean
from hvconsole.wire.vt_screen import Screen

COLOURS = st.sampled_from(
    ["#102030", "#a0b0c0", "red", "bright_blue", "color(200)", "default", None]
)
STYLES = st.builds(
    Style,
    color=COLOURS,
    bgcolor=COLOURS,
    bold=st.booleans(),
    dim=st.booleans(),
    reverse=st.booleans(),
    underline=st.booleans(),
)
MOVES = st.tuples(st.integers(1, 5), st.integers(1, 20)).map(lambda at: f"\x1b[{at[0]};{at[1]}H")
RUNS = st.tuples(st.text("ab ⣿", min_size=1, max_size=6), STYLES).map(
    lambda run: run[1].render(run[0], color_system=ColorSystem.TRUECOLOR)
)
ERASES = st.sampled_from(["\x1b[K", "\x1b[2J", "\x1b[?25l", "\n", "x"])
FRAMES = st.lists(st.one_of(RUNS, RUNS, RUNS, MOVES, ERASES), max_size=30).map("".join)


def painted(*frames: str) -> list[object]:
    screen = Screen(20, 5)
    for frame in frames:
        screen.feed(frame.encode())
    return [screen.grid.pen, *((line.text, tuple(line.pens)) for line in screen.grid.lines)]


@given(FRAMES, FRAMES)
def test_the_screen_looks_the_same(one: str, other: str) -> None:
    assert painted(lean(one), lean(other)) == painted(one, other)


@given(FRAMES)
def test_a_style_that_was_left_behind_colours_nothing(frame: str) -> None:
    if frame.count("\x1b[0m") > 1 and frame.startswith("\x1b["):
        left = "\x1b[1;31;44m"
        assert painted(left, lean("\x1b[0m" + frame)) == painted(left, "\x1b[0m" + frame)


def test_a_row_of_a_chart_takes_less_than_half() -> None:
    ground = "#10131a"
    row = "".join(
        Style(color=f"#{n % 7 * 30:02x}80ff", bgcolor=ground).render(
            "⣿⣿⣿", color_system=ColorSystem.TRUECOLOR
        )
        for n in range(50)
    )
    assert len(lean(row).encode()) < 0.62 * len(row.encode())
    assert painted(lean(row)) == painted(row)


def test_runs_of_one_style_become_one() -> None:
    style = Style(color="#ffffff", bgcolor="#000000", bold=True)
    run = style.render("a", color_system=ColorSystem.TRUECOLOR)
    assert lean(run * 3) == "\x1b[0;1;38;2;255;255;255;48;2;0;0;0maaa\x1b[0m"


def test_what_is_not_known_is_left_alone() -> None:
    for text in ("\x1b[1mx\x1b[22my\x1b[0mz\x1b[0m", "\x1b[38;2;1mx\x1b[0m\x1b[0m", "plain"):
        assert lean(text) == text


def test_more_colours_than_are_remembered() -> None:
    def frame(first: int) -> str:
        return "".join(
            f"\x1b[38;2;{n % 256};{n // 256 % 256};{n // 65536}mx\x1b[0m"
            for n in range(first, first + 700)
        )

    for first in range(0, 7000, 700):
        assert painted(lean(frame(first))) == painted(frame(first))
