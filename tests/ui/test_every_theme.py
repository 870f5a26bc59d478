"""Every screen in every theme and size: the same layout, and nothing that cannot be read.

The text of each screen is a snapshot of its own. What a theme changes are colours alone: they are
a snapshot for each theme, and are judged by what the theme promises, cell by cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from contrast import contrast
from desks import NotedDesk
from looks import looks
from rich.color import ColorType
from rich.segment import Segment
from serial_desk import Tty
from sessions import make_session, run_values
from shelf import NotedDoors, draw, opened, press
from sides import CHECKS, LOOK, NotedSide, board
from test_screens_pictures import StillCampaigns, places, recordings  # noqa: F401  # a fixture
from test_serial_pictures import BOOT, PROMPT, SHELL
from textual.screen import ModalScreen

from hvconsole.ui.campaigns import Progress, Said
from hvconsole.ui.screens.help import HelpScreen
from hvconsole.ui.screens.measure import MeasureScreen
from hvconsole.ui.screens.serial_base import SerialBase

SIZES = [(80, 24), (160, 48), (300, 80)]
WAYS = {"measure": "f2", "hypervisor": "f3", "boards": "f5", "sessions": "f6", "board": "f7",
        "log": "f8", "compare": "f9", "campaigns": "f10", "help": "question_mark",
        "serial": "f4"}  # fmt: skip
FIXED = ("dark", "light", "high-contrast", "colour-blind")
THEMES = (*FIXED, "ansi16", "mono")


@pytest.mark.parametrize("size", SIZES, ids=[f"{w}x{h}" for w, h in SIZES])
async def test_every_screen_in_every_theme(size: tuple[int, int], snapshot, tmp_path) -> None:
    recordings()
    for number in range(4):
        condition = ("native", "xen-credit")[number % 2]
        values = run_values(each=(400, 800)[number % 2], seed=number)
        make_session(tmp_path / "four" / f"{number}.hvs", [values], [condition])
    said = (Said(1_893_492_000.0, "run", "native", 4),)
    folder = Path("/home/me/n.hvc")
    now = Progress(folder, "night", "bpi", 16, 3, "running", "native", 400.0, said)
    one = board(NotedSide(replace(LOOK, checks=CHECKS, checked=1_893_500_000.0)))
    one.advance(11.0)
    one.hypervisor = NotedDesk()
    one.serial_console = Tty(scrollback=BOOT + SHELL + PROMPT)
    campaigns = StillCampaigns(now, folder)
    async with opened(NotedDoors(), one, size=size, theme="dark", campaigns=campaigns) as driver:
        driver.app.happenings._clock = lambda: 1_893_492_000.0
        driver.app.happenings._kept.clear()
        driver.app.happenings._before = None
        driver.app._watch()
        bad: set[tuple[str, ...]] = set()
        driver.app.compared = tuple(sorted((tmp_path / "four").iterdir()))
        for name, way in WAYS.items():
            if isinstance(driver.app.screen, HelpScreen):
                await press(driver, "escape")
            await press(driver, way)
            await driver.app.workers.wait_for_complete()
            await shown(driver)
            text, seen = driver.text, {}
            lines = "\n".join(map(str.rstrip, text.splitlines()))
            assert lines == snapshot(name=f"{name} {size[0]}x{size[1]}")
            for theme in THEMES:
                driver.app.theme = theme
                await shown(driver)
                assert driver.text == text, f"{name}: {theme} has a layout of its own"
                legend, places = looks(driver.app.screen._compositor.render_strips())
                where = "as in " + seen.setdefault(places, theme)
                look = f"{legend}\n{places if where.endswith(theme) else where}"
                assert look == snapshot(name=f"{name} {size[0]}x{size[1]} {theme}")
                wrong = {(one.text, misses(theme, one)) for one in cells(driver)}
                bad |= {(name, theme, *one) for one in wrong if one[1]}
        assert not bad


async def shown(driver) -> None:
    """Draw figures, too, whatever the clock says."""
    for screen in driver.app.screen_stack:
        if isinstance(screen, MeasureScreen):
            screen._figures_at = 0.0
        if isinstance(screen, SerialBase):
            screen.terminal.settle_all()
            screen.paint()
    await draw(driver.pilot)


def cells(driver) -> Iterator[Segment]:
    """Yield what is on the screen, with its colours; of a dialog, nothing that is below it."""
    screen = driver.app.screen
    part = screen.region
    if isinstance(screen, ModalScreen):
        part = screen.query_one("#help-scroll").region
    for strip in screen._compositor.render_strips()[part.y : part.bottom]:
        yield from strip.crop(part.x, part.right)


def misses(theme: str, segment: Segment) -> str:
    """Say what a piece of the screen has that its theme rules out; empty if nothing."""
    style = segment.style
    letters = any(char.isalnum() for char in segment.text)
    if style is None:
        return ""
    colours = [colour for colour in (style.color, style.bgcolor) if colour is not None]
    if theme == "mono":
        return "is coloured" if any(c.type is not ColorType.DEFAULT for c in colours) else ""
    if theme == "ansi16":
        known = (ColorType.DEFAULT, ColorType.STANDARD)
        return "has a colour of its own" if any(c.type not in known for c in colours) else ""
    if not letters or len(colours) < 2:
        return "" if not letters else "has no colours"
    front, back = (colour.get_truecolor().hex for colour in colours)
    found = contrast(front, back)
    return f"can hardly be read: {found:.1f}" if found < 2.4 else ""
