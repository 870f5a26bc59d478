"""From a terminal's pens to styles that fit the theme."""

from __future__ import annotations

from rich.color import Color, ColorType
from rich.color_triplet import ColorTriplet
from rich.style import Style

from hvconsole.ui.chart.cells import Role
from hvconsole.ui.theme import Palette
from hvconsole.wire import vt_line
from hvconsole.wire.vt_line import TRUE_COLOUR, pen_colours

_MOST_STYLES = 4096
_LEAST_CONTRAST = 2.0
_LEAST_ON_COLOUR = 3.0
_WHITE = ColorTriplet(255, 255, 255)
_NAMED = 16
# Red, green, yellow, blue, magenta and cyan are what they mean to a theme.
_ROLES = (Role.BAD, Role.GOOD, Role.WARN, Role.KEY, Role.CHIP, Role.RATE)
_BRIGHTER = 0.35
_QUIETER = 0.45


class Pens:
    """Styles of pens on one theme. Themes without colours get none; attributes stay.

    Args:
        palette: The theme's styles.
    """

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        body = palette.body[Role.TEXT]
        self._body = body
        self._front = _triplet(body.color)
        self._back = _triplet(body.bgcolor)
        self._colourless = not any(_has_colour(palette.body[role]) for role in _ROLES)
        self._sixteen = self._named()
        self._styles: dict[int, Style] = {0: body}

    def style(self, pen: int) -> Style:
        """Return the style of a pen."""
        style = self._styles.get(pen)
        if style is None:
            if len(self._styles) >= _MOST_STYLES:  # a board that tries all colours
                self._styles = {0: self._body}
            style = self._styles[pen] = self._made(pen)
        return style

    def _made(self, pen: int) -> Style:
        front, back = pen_colours(pen)
        reverse = bool(pen & vt_line.REVERSE)
        colour, ground = None, None
        if self._colourless:
            reverse ^= _light_ground(front, back)
        else:
            bright = bool(pen & vt_line.BOLD) and 1 <= front <= 8  # noqa: PLR2004  # bold is bright, as ever
            ground = self._ground(back)
            colour = self._readable(self._colour(front + 8 if bright else front), ground)
        return self._body + Style(
            color=colour,
            bgcolor=ground,
            bold=bool(pen & vt_line.BOLD) or None,
            dim=bool(pen & vt_line.DIM) or None,
            italic=bool(pen & vt_line.ITALIC) or None,
            underline=bool(pen & vt_line.UNDERLINE) or None,
            strike=bool(pen & vt_line.STRIKE) or None,
            reverse=reverse or None,
        )

    def _colour(self, code: int) -> Color | None:
        if code == 0:
            return None
        if code >= TRUE_COLOUR:
            return Color.from_rgb(code >> 16 & 255, code >> 8 & 255, code & 255)
        number = code - 1
        if number < _NAMED:
            return self._sixteen[number]
        if self._front is None:
            return Color.from_ansi(number)  # the terminal decides on this theme's colours
        return Color.from_triplet(_indexed(number))

    def _ground(self, code: int) -> Color | None:
        """Return a background: on a dark theme the named ones are kept dark as well."""
        colour, back = self._colour(code), self._back
        if back is None or self._front is None or _luminance(back) > _luminance(self._front):
            return colour
        triplet = _triplet(colour)
        if triplet is not None and 2 <= code <= 7:  # noqa: PLR2004  # red to cyan
            return Color.from_triplet(_mix(triplet, back, _QUIETER))
        return colour

    def _named(self) -> list[Color]:
        if self._front is None or self._back is None:
            return [Color.from_ansi(number) for number in range(_NAMED)]
        dark, light = sorted((self._front, self._back), key=_luminance)
        roles = [self._of(role) for role in _ROLES]
        low = [_mix(dark, light, 0.12), *roles, _mix(light, dark, 0.2)]
        towards = self._front
        high = [_mix(dark, light, 0.5), *(_mix(c, towards, _BRIGHTER) for c in roles), light]
        return [Color.from_triplet(triplet) for triplet in (*low, *high)]

    def _of(self, role: Role) -> ColorTriplet:
        style = self.palette.body[role]
        block = role is Role.CHIP
        triplet = _triplet(style.bgcolor if block else style.color)
        return triplet or self._front or ColorTriplet(128, 128, 128)

    def _readable(self, colour: Color | None, ground: Color | None) -> Color | None:
        """Bring a colour away from what is behind it where it would hardly be seen."""
        front = _triplet(colour) or self._front
        behind = _triplet(ground) or self._back
        if front is None or behind is None or self._front is None or self._back is None:
            return colour
        if ground is None:
            best, least = self._front, _LEAST_CONTRAST
        else:
            best = max(self._front, self._back, key=lambda one: _contrast(one, behind))
            least = _LEAST_ON_COLOUR
        share, mixed = 0.0, front
        while share < 1.0 and _contrast(mixed, behind) < least:
            share += 0.25
            mixed = _mix(front, best, share)
        return colour if share == 0 else Color.from_triplet(mixed)


def _light_ground(front: int, back: int) -> bool:
    """Whether the background is the lighter one, as it is on a terminal with colours."""
    if back == 0:
        return False
    shown = _usual(front) if front else _WHITE
    return _luminance(_usual(back)) > _luminance(shown)


def _usual(code: int) -> ColorTriplet:
    """Return a colour as most terminals have it."""
    if code >= TRUE_COLOUR:
        return ColorTriplet(code >> 16 & 255, code >> 8 & 255, code & 255)
    number = code - 1
    if number >= _NAMED:
        return _indexed(number)
    level = 255 if number >= 8 else 192  # noqa: PLR2004
    return ColorTriplet(*(level if number >> bit & 1 else 0 for bit in range(3)))


def _has_colour(style: Style) -> bool:
    return any(
        colour is not None and colour.type is not ColorType.DEFAULT
        for colour in (style.color, style.bgcolor)
    )


def _triplet(colour: Color | None) -> ColorTriplet | None:
    return None if colour is None else colour.triplet


def _indexed(number: int) -> ColorTriplet:
    """Return one of the 256 colours: from 16 on a 6 × 6 × 6 cube, from 232 on greys."""
    if number >= 232:  # noqa: PLR2004
        grey = 8 + 10 * (number - 232)
        return ColorTriplet(grey, grey, grey)
    red, green, blue = ((number - 16) // step % 6 for step in (36, 6, 1))
    return ColorTriplet(*(0 if level == 0 else 55 + 40 * level for level in (red, green, blue)))


def _mix(colour: ColorTriplet, other: ColorTriplet, share: float) -> ColorTriplet:
    return ColorTriplet(
        *(round(a + (b - a) * min(share, 1.0)) for a, b in zip(colour, other, strict=True))
    )


def _luminance(colour: ColorTriplet) -> float:
    """Return the relative luminance, 0 to 1, as WCAG 2 defines it."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
        for part in (value / 255 for value in colour)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """Return the contrast ratio, 1 to 21, as WCAG 2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)
