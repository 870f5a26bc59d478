"""Pictures of the Measure screen; look at them before accepting new ones.

The board is a seeded generator and no clock is read, so a picture changes only with the code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from synthetic import BOARD, SyntheticConsole, SyntheticPlayback
from textual.pilot import Pilot

from hvconsole.model.problem import LinkProblem
from hvconsole.ui.app import HvconsoleApp
from hvconsole.ui.screens.measure import MeasureScreen
from hvconsole.ui.source import Status

SMALL, LARGE = (80, 24), (160, 48)
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x48"])

Compare = Callable[..., bool]


def app(
    theme: str = "dark", *, status: Status = BOARD, seconds: float = 12.0, **changed: Any
) -> HvconsoleApp:
    board = SyntheticConsole(status=status, **changed)
    if seconds:
        board.advance(seconds)
    return HvconsoleApp(board, theme=theme, frames_per_second=1)


def after(*keys: str, seconds: float = 0.0) -> Callable[[Pilot], Any]:
    """Return what presses keys, lets time pass on the board, and draws what is due."""

    async def run(pilot: Pilot) -> None:
        await pilot.pause()
        await settle(pilot)
        await pilot.press(*keys)
        if seconds:
            pilot.app.source.advance(seconds)
        await settle(pilot)

    async def settle(pilot: Pilot) -> None:
        for _ in range(2):
            await pilot.pause()
            for screen in pilot.app.screen_stack:
                if isinstance(screen, MeasureScreen):
                    screen._figures_at = 0.0
                    screen.tick()
        await pilot.pause()

    return run


@SIZES
@pytest.mark.parametrize("theme", ["dark", "light", "mono"])
def test_measuring(snap_compare: Compare, theme: str, size: tuple[int, int]) -> None:
    assert snap_compare(app(theme), terminal_size=size, run_before=after())


@pytest.mark.parametrize("theme", ["high-contrast", "ansi16"])
def test_other_themes(snap_compare: Compare, theme: str) -> None:
    assert snap_compare(app(theme), terminal_size=SMALL, run_before=after())


def test_no_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(app("light"), terminal_size=SMALL, run_before=after("p"))


@SIZES
def test_paused(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app(), terminal_size=size, run_before=after("p", "left", seconds=3.0))


@SIZES
def test_nothing_yet(snap_compare: Compare, size: tuple[int, int]) -> None:
    empty = app(status=replace(BOARD, run="idle", recording=None), seconds=0)
    assert snap_compare(empty, terminal_size=size, run_before=after())


@SIZES
def test_a_problem_over_a_lost_link(snap_compare: Compare, size: tuple[int, int]) -> None:
    problem = LinkProblem(
        "the link to bpi is lost",
        detail="no answer for 10 s\nlast heard of at 12.0 s",
        hint="look at power and cable; hvconsole doctor bpi",
    )
    lost = replace(BOARD, link="lost", link_detail="no answer for 10 s", problem=problem)
    assert snap_compare(app(status=lost), terminal_size=size, run_before=after())


@SIZES
def test_help(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app(), terminal_size=size, run_before=after("question_mark"))


def test_a_recording(snap_compare: Compare) -> None:
    status = replace(BOARD, link="replay", run="ended", recording=None)
    replayed = app(status=status, playback=SyntheticPlayback())
    assert snap_compare(replayed, terminal_size=SMALL, run_before=after())


def test_linear_lengths_of_one_lane_with_a_cursor(snap_compare: Compare) -> None:
    assert snap_compare(app(), terminal_size=(100, 30), run_before=after("2", "y", "x"))


def test_a_maximised_histogram(snap_compare: Compare) -> None:
    assert snap_compare(app(), terminal_size=(100, 30), run_before=after("tab", "tab", "m"))


def test_many_lanes_in_little_room(snap_compare: Compare) -> None:
    many = app(cpus=tuple(range(12)))
    assert snap_compare(many, terminal_size=SMALL, run_before=after("7"))


def test_a_very_small_terminal(snap_compare: Compare) -> None:
    assert snap_compare(app(), terminal_size=(46, 14), run_before=after())
