"""Pens of the terminal on every theme: readable, and without colours where there are none."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from rich.color import ColorType
from rich.style import Style

from hvconsole.config.resources import resource_dir
from hvconsole.config.themes import read_themes
from hvconsole.ui.theme import palette
from hvconsole.ui.widgets.terminal_style import Pens
from hvconsole.wire import vt_line
from hvconsole.wire.vt_line import COLOUR_BITS, TRUE_COLOUR

THEMES = read_themes((resource_dir("themes"),)).files
PENS = st.builds(
    lambda front, back, flags: front | back << COLOUR_BITS | flags << vt_line.FLAGS_AT,
    st.one_of(st.integers(0, 256), st.integers(TRUE_COLOUR, TRUE_COLOUR + 0xFFFFFF)),
    st.one_of(st.integers(0, 256), st.integers(TRUE_COLOUR, TRUE_COLOUR + 0xFFFFFF)),
    st.integers(0, 127),
)


def luminance(style: Style, *, back: bool) -> float:
    colour = style.bgcolor if back else style.color
    assert colour is not None
    assert colour.triplet is not None
    parts = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in colour.triplet.normalized
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("name", ["dark", "light", "high-contrast"])
@given(pen=PENS)
def test_what_is_written_can_be_read(name: str, pen: int) -> None:
    style = Pens(palette(THEMES[name])).style(pen)
    low, high = sorted((luminance(style, back=False), luminance(style, back=True)))
    assert (high + 0.05) / (low + 0.05) >= 1.9


@given(PENS)
def test_a_theme_without_colours_stays_so(pen: int) -> None:
    style = Pens(palette(THEMES["mono"])).style(pen)
    for colour in (style.color, style.bgcolor):
        assert colour is None or colour.type is ColorType.DEFAULT


def test_without_colours_light_grounds_are_reversed() -> None:
    pens = Pens(palette(THEMES["mono"]))
    black_on_cyan, white_on_red = 1 | 7 << COLOUR_BITS, 8 | 2 << COLOUR_BITS
    assert pens.style(black_on_cyan).reverse
    assert not pens.style(white_on_red).reverse
    assert not pens.style(black_on_cyan | vt_line.REVERSE).reverse


def test_the_terminals_own_colours_are_left_to_it() -> None:
    style = Pens(palette(THEMES["ansi16"])).style(2)
    assert style.color is not None
    assert style.color.type is ColorType.STANDARD
    assert style.color.number == 1


def test_styles_are_few() -> None:
    pens = Pens(palette(THEMES["dark"]))
    for pen in range(10_000):
        pens.style(TRUE_COLOUR | pen)
    assert len(pens._styles) <= 4096
