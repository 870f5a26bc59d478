"""From a theme's file to what Textual and our own painting need."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import msgspec
from rich.color import Color, blend_rgb
from rich.color_triplet import ColorTriplet
from rich.style import Style
from textual.theme import Theme

from hvconsole.config.themes import ThemeFile, Themes, is_hex
from hvconsole.model.problem import UsageProblem
from hvconsole.ui.chart.cells import RAMP_STEPS, Role
from hvconsole.ui.plainer import has_few_characters

NO_COLOUR_THEME = "mono"
DEFAULT_THEME = "dark"
_FEW_COLOURS_THEME = "ansi16"

_BAND_STRENGTH = 0.5
_LEAST_CONTRAST = 4.5
_HALF_LIGHT = 0.18  # as far from white as from black


@dataclass(frozen=True, slots=True)
class Palette:
    """A style for every role.

    Attributes:
        body: Indexed by role, on the theme's background; see `Role` for what follows them.
        bar: The same on the background of header and footer.
    """

    body: tuple[Style, ...]
    bar: tuple[Style, ...]


def palette(file: ThemeFile) -> Palette:
    """Return the styles of a theme, indexed by role."""
    colours = file.colors
    written = msgspec.structs.asdict(file.roles)
    derived = _derived(file)
    roles = [_style(written[role.name.lower()] or derived[role.name.lower()]) for role in Role]
    lengths = [_style(text) for text in _steps(file.ramp)]
    quiet = [_style(text) for text in _steps(file.band or _towards(file.ramp, colours.background))]
    styles = [*roles, *lengths, *quiet]
    styles += [_selected(style, roles[Role.SELECTED]) for style in styles]
    body = _style(f"{colours.foreground} on {colours.background}")
    bar = body + roles[Role.HEADER]
    return Palette(tuple(body + style for style in styles), tuple(bar + style for style in styles))


def textual_theme(name: str, file: ThemeFile) -> Theme:
    """Return the theme as Textual registers it; its own widgets (palette, help) follow it."""
    colours = msgspec.structs.asdict(file.colors)
    return Theme(
        name=name,
        dark=file.dark,
        ansi=file.ansi,
        variables=_variables(file),
        **colours,
    )


def chosen_theme(themes: Themes, name: str | None) -> str:
    """Return the name of the theme to begin with.

    Raises:
        UsageProblem: No theme has that name.
    """
    if not name:
        # A Linux console has sixteen colours: mixed ones would come out as any of them.
        return _FEW_COLOURS_THEME if has_few_characters() else DEFAULT_THEME
    if name in themes.files:
        return name
    if any(name == path.stem for path in themes.broken):
        return DEFAULT_THEME  # told as a notification
    near = get_close_matches(name, themes.files, n=1)
    known = "themes: " + ", ".join(sorted(themes.files))
    raise UsageProblem(
        f"no theme is named '{name}'",
        hint=f"did you mean '{near[0]}'?" if near else known,
    )


def _variables(file: ThemeFile) -> dict[str, str]:
    colours = file.colors
    own = {
        "border": colours.primary,
        "border-blurred": colours.panel,
        "block-cursor-background": colours.primary,
        "block-cursor-foreground": colours.background,
        "block-cursor-text-style": "bold",
        "input-selection-background": colours.panel,
        "scrollbar-background": colours.surface,
        "scrollbar-background-hover": colours.surface,
        "scrollbar-background-active": colours.surface,
    }
    if not file.ansi:
        return own
    # Where the terminal decides on colours, only reversal is sure to be seen.
    plain: dict[str, str] = {
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "boost": "ansi_default",
        "block-cursor-background": "ansi_default",
        "block-cursor-foreground": "ansi_default",
        "block-cursor-text-style": "reverse",
        "block-cursor-blurred-text-style": "reverse",
        "input-cursor-text-style": "reverse",
        "input-selection-background": "ansi_default",
        "input-selection-foreground": "ansi_default",
        "screen-selection-background": "ansi_default",
        "screen-selection-foreground": "ansi_default",
        "border": colours.primary,
        "border-blurred": "ansi_default",
        "scrollbar": colours.primary,
        "scrollbar-hover": colours.primary,
        "scrollbar-active": colours.primary,
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
        "footer-key-foreground": colours.primary,
        "link-color": colours.primary,
    }
    return plain


def _derived(file: ThemeFile) -> dict[str, str]:
    """Return a style for each role out of the theme's ten colours."""
    c = file.colors

    def faint(share: float) -> str:
        return "dim" if file.ansi else _mix(c.foreground, c.background, share)

    def block(colour: str) -> str:
        return f"{colour} reverse bold" if file.ansi else f"{c.background} on {colour} bold"

    return {
        "text": "",
        "muted": faint(0.4),
        "strong": "bold",
        "title": "bold",
        "frame": faint(0.75),
        "focus": c.primary,
        "label": faint(0.4),
        "axis": faint(0.65),
        "grid": faint(0.88),
        "blind": faint(0.75),
        "threshold": c.secondary,
        "cursor": f"{c.foreground} bold",
        "rate": c.secondary,
        "area": f"{c.secondary} dim" if file.ansi else _mix(c.secondary, c.background, 0.6),
        "mark": faint(0.35),
        "good": c.success,
        "warn": c.warning,
        "bad": f"{c.error} bold",
        "key": f"{c.primary} bold",
        "brand": f"{c.primary} bold",
        "chip": block(c.accent),
        "rec": f"{c.error} bold",
        "selected": "reverse" if file.ansi else f"on {c.panel}",
        "header": f"{c.foreground} on {c.surface}",
        "banner": block(c.accent),
        "alert": block(c.error),
    }


def _selected(style: Style, chosen: Style) -> Style:
    """Return a style for the selected row.

    Where that is reversed, a colour would become a patch of background and dim words fade into it:
    such a row keeps what makes words bold or underlined, and is one bar.
    """
    if not chosen.reverse:
        return _legible(style + chosen, style)
    return Style(bold=style.bold, italic=style.italic, underline=style.underline) + chosen


def _legible(style: Style, before: Style) -> Style:
    """Move a colour away from a background that it was not chosen for, until it can be read.

    What has a background of its own (a chip, an alarm) keeps that.
    """
    if before.bgcolor is not None:
        return style + Style(bgcolor=before.bgcolor)
    if style.color is None or style.bgcolor is None or style.bgcolor.is_default:
        return style
    front, back = (one.get_truecolor() for one in (style.color, style.bgcolor))
    far = ColorTriplet(255, 255, 255) if _light(back) < _HALF_LIGHT else ColorTriplet(0, 0, 0)
    shown, share = front, 0.0
    while _contrast(shown, back) < _LEAST_CONTRAST and share < 1:
        share += 0.1
        shown = blend_rgb(front, far, share)
    return style + Style(color=Color.from_triplet(shown)) if share else style


def _contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """Return how far apart two colours are, 1 to 21 (WCAG 2.1, contrast ratio)."""
    dark, light = sorted((_light(one), _light(other)))
    return (light + 0.05) / (dark + 0.05)


def _light(colour: ColorTriplet) -> float:
    """Return a colour's relative luminance, 0 to 1 (WCAG 2.1)."""
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004  # sRGB


def _style(text: str) -> Style:
    """Read our words for a style as Rich does: its colours are called without ``ansi_``."""
    return Style.parse(text.replace("ansi_", ""))


def _steps(stops: tuple[str, ...]) -> list[str]:
    """Spread stops over the ramp's steps, blending where they are plain colours."""
    if len(stops) == 1 or not all(is_hex(stop) for stop in stops):
        return [stops[step * len(stops) // RAMP_STEPS] for step in range(RAMP_STEPS)]
    out = []
    for step in range(RAMP_STEPS):
        place = step * (len(stops) - 1) / (RAMP_STEPS - 1)
        index = min(int(place), len(stops) - 2)
        out.append(_mix(stops[index], stops[index + 1], place - index))
    return out


def _towards(stops: tuple[str, ...], background: str) -> tuple[str, ...]:
    """Return quieter stops: nearer to the background, dim where the terminal decides."""
    if not is_hex(background):
        return tuple(f"{stop} dim" for stop in stops)
    return tuple(
        _mix(stop, background, 1 - _BAND_STRENGTH) if is_hex(stop) else stop for stop in stops
    )


def _mix(colour: str, other: str, share: float) -> str:
    """Return a colour that lies `share` of the way (0 to 1) from one to the other."""
    pairs: Any = zip(bytes.fromhex(colour[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)
