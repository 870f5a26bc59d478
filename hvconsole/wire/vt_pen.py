"""Select graphic rendition: from figures to the pen that characters are drawn with."""

from __future__ import annotations

from hvconsole.wire import vt_line
from hvconsole.wire.vt import Parameters
from hvconsole.wire.vt_line import COLOUR_BITS, COLOUR_MASK, FLAGS_AT, TRUE_COLOUR

_ON = {
    1: vt_line.BOLD,
    2: vt_line.DIM,
    3: vt_line.ITALIC,
    4: vt_line.UNDERLINE,
    7: vt_line.REVERSE,
    8: vt_line.HIDDEN,
    9: vt_line.STRIKE,
    21: vt_line.UNDERLINE,
}
_OFF = {
    22: vt_line.BOLD | vt_line.DIM,
    23: vt_line.ITALIC,
    24: vt_line.UNDERLINE,
    27: vt_line.REVERSE,
    28: vt_line.HIDDEN,
    29: vt_line.STRIKE,
}
_FLAGS = 0x7F << FLAGS_AT
_BACKGROUND = COLOUR_MASK << COLOUR_BITS
_RGB, _INDEXED = 2, 5


def draw_with(pen: int, figures: Parameters) -> int:
    """Return the pen after a sequence ``CSI … m``."""
    at = 0
    while at < max(len(figures), 1):
        figure = figures.value(at)
        at += 1
        if figure in (38, 48):
            colour, at = _extended(figures, at)
            if colour:
                pen = _coloured(pen, colour, background=figure == 48)  # noqa: PLR2004
        else:
            pen = _changed(pen, figure)
    return pen


def _changed(pen: int, figure: int) -> int:
    if figure == 0:
        return 0
    if figure in _ON:
        return pen | _ON[figure]
    if figure in _OFF:
        return pen & ~_OFF[figure]
    tens, ones = divmod(figure, 10)
    if tens in (3, 4, 9, 10) and ones <= 9:  # noqa: PLR2004
        if tens in (9, 10):
            return _coloured(pen, 9 + ones, background=tens == 10) if ones < 8 else pen  # noqa: PLR2004
        if ones < 8 or ones == 9:  # noqa: PLR2004
            return _coloured(pen, 0 if ones == 9 else 1 + ones, background=tens == 4)  # noqa: PLR2004
    return pen


def _coloured(pen: int, colour: int, *, background: bool) -> int:
    if background:
        return pen & ~_BACKGROUND | colour << COLOUR_BITS
    return pen & ~COLOUR_MASK | colour


def _extended(figures: Parameters, at: int) -> tuple[int, int]:
    """Read ``5;n`` or ``2;r;g;b``; return the colour, 0 if it is none, and what follows it."""
    if figures.value(at) == _INDEXED:
        return 1 + min(figures.value(at + 1), 255), at + 2
    if figures.value(at) == _RGB:
        red, green, blue = (min(figures.value(at + n), 255) for n in (1, 2, 3))
        return TRUE_COLOUR | red << 16 | green << 8 | blue, at + 4
    return 0, at + 1
