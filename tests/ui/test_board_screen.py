"""The Board screen by key: facts, doctor, module, boot modes, frequency and temperature."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st
from msgspec import structs
from shelf import draw, opened, press, settled
from sides import CHECKS, FACTS, LOOK, MODES, NotedSide, board
from synthetic import BOARD, SyntheticConsole, SyntheticPlayback

from hvconsole.board.look import BoardLook
from hvconsole.board.vitals import Vitals, parse_vitals
from hvconsole.model.problem import BoardProblem
from hvconsole.model.text import width
from hvconsole.ui.screens.board import BoardScreen
from hvconsole.ui.screens.boot import AgreeScreen
from hvconsole.ui.view.board import (
    check_rows,
    doctor_info,
    fact_rows,
    mode_rows,
)
from hvconsole.ui.view.vitals import spark, vital_rows

WIDE = (160, 48)


async def go(driver) -> BoardScreen:
    await press(driver, "f7")
    screen = driver.app.screen
    assert isinstance(screen, BoardScreen)
    return screen


async def test_what_is_known_of_the_board_is_seen() -> None:
    async with opened(board=board(), size=WIDE) as driver:
        await go(driver)
        assert "LeMaker Banana Pi" in driver.line("model")
        assert "module not loaded" in driver.line("counter")
        assert "real-time tasks: 950000 of 1000000 µs" in driver.text
        assert "768 MHz" in driver.line("CPU 0 ")
        assert "schedutil" in driver.line("CPU 0")
        assert "°C" in driver.line("cpu ")
        assert "asked 40×, 60.0 ms each  over 3:15" in driver.text
        assert "connected" in driver.text


async def test_the_doctor_checks_again() -> None:
    side = NotedSide()
    async with opened(board=board(side), size=WIDE) as driver:
        await go(driver)
        assert "d checks the board" in driver.text
        await press(driver, "d")
        await settled(driver)
        assert side.calls == ["doctor"]
        assert "CNTPCT is closed" in driver.line("counter ")
        assert "→ load the counter module" in driver.text
        assert "1 ok" in driver.text
        assert "1 failed" in driver.text
        done = [one for one in driver.app.happenings if one.kind == "did"]
        assert done[-1].command == ("hvconsole", "doctor", "bpi")


async def test_the_module_is_loaded_and_unloaded() -> None:
    side = NotedSide()
    async with opened(board=board(side), size=WIDE) as driver:
        await go(driver)
        await press(driver, "u")  # nothing to unload yet
        assert side.calls == []
        await press(driver, "i")
        await settled(driver)
        assert "module loaded: installed on the board; unloaded when" in driver.text
        await press(driver, "i", "u")
        await settled(driver)
        assert side.calls == ["load_module", "unload_module"]


async def test_a_module_of_somebody_else_stays() -> None:
    side = NotedSide(replace(LOOK, module="was loaded before"))
    async with opened(board=board(side)) as driver:
        await go(driver)
        await press(driver, "u", "i")
        assert side.calls == []


async def test_a_failure_is_told_and_the_screen_goes_on() -> None:
    side = NotedSide(problem=BoardProblem("there is no module", hint="use CNTVCT"))
    async with opened(board=board(side)) as driver:
        await go(driver)
        await press(driver, "i")
        await settled(driver)
        assert "there is no module" in driver.text
        await press(driver, "escape")
        assert "there is no module" not in driver.text
        assert isinstance(driver.app.screen, BoardScreen)
        assert any("there is no module" in one.text for one in driver.app.happenings)


async def test_nothing_is_changed_on_a_read_only_board() -> None:
    side = NotedSide()
    async with opened(board=board(side, read_only=True), read_only=True) as driver:
        await go(driver)
        ids = {one.id for one in driver.app.screen.bound()}
        assert not ids & {"board.load_module", "board.unload_module", "board.boot_into"}
        await press(driver, "i", "u")
        assert side.calls == []


async def test_booting_into_the_selected_mode_is_asked() -> None:
    async with opened(board=board(), size=WIDE) as driver:
        await go(driver)
        await press(driver, "enter")  # the facts are in focus: nothing to boot into
        assert isinstance(driver.app.screen, BoardScreen)
        await press(driver, "tab", "tab", "down", "enter")
        assert isinstance(driver.app.screen, AgreeScreen)
        assert "xen-rtds" in driver.text
        await press(driver, "escape")
        assert isinstance(driver.app.screen, BoardScreen)


async def test_asking_again_and_copying() -> None:
    side = NotedSide()
    async with opened(board=board(side)) as driver:
        await go(driver)
        await press(driver, "r", "c")
        assert side.calls == ["look"]
        assert "LeMaker Banana Pi" in driver.app.clipboard


async def test_a_panel_in_focus_gets_the_room_on_a_small_screen() -> None:
    async with opened(board=board()) as driver:
        screen = await go(driver)
        assert "memory" in driver.text
        await press(driver, "tab", "tab")
        assert screen.rows_panel.id == "modes"
        assert screen.rows_panel.size.height > 6
        assert "memory" not in driver.text


async def test_a_recording_has_no_board() -> None:
    status = replace(BOARD, link="replay", run="ended")
    replay = SyntheticConsole(status=status, playback=SyntheticPlayback()).advance(1.0)
    async with opened(board=replay) as driver:
        await go(driver)
        assert "a recording has no board to ask" in driver.text


async def test_while_the_link_is_gone_the_last_stays_and_the_board_is_left_alone() -> None:
    class Watched(NotedSide):
        asked = 0

        @property
        def state(self) -> BoardLook:
            self.asked += 1
            return LOOK

        @state.setter
        def state(self, _look: BoardLook) -> None: ...

    side = Watched()
    console = board(side)
    async with opened(board=console) as driver:
        await go(driver)
        assert side.asked
        console.status = replace(console.status, link="lost", link_detail="cable")
        asked = side.asked
        await draw(driver.pilot)
        assert side.asked == asked
        assert "LeMaker Banana Pi" in driver.text
        assert "LINK LOST" in driver.text


async def test_what_the_board_says_is_text_and_nothing_else() -> None:
    hostile = "\x1b]0;t\x07[red]x[/]\x1b[2J"
    look = replace(LOOK, facts=FACTS.__class__(machine="x", model=hostile, cmdline=hostile))
    async with opened(board=board(NotedSide(look)), size=WIDE) as driver:
        await go(driver)
        assert "[red]x[/]" in driver.text
        assert "\x1b" not in driver.text


def cells(row: list[tuple[str, int]]) -> int:
    return sum(width(text) for text, _ in row)


@given(st.integers(4, 200))
def test_rows_fill_any_width(across: int) -> None:
    lines = [
        *fact_rows(LOOK, across),
        *check_rows(CHECKS, across),
        *vital_rows(LOOK, across),
        *mode_rows({}, "", across),
    ]
    assert all(cells(row) == across for _, row in lines)


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=50),
    st.integers(1, 80),
)
def test_a_course_has_one_bar_a_cell_and_keeps_its_peak(
    points: list[tuple[float, float]], across: int
) -> None:
    series = sorted(points)
    (bars,) = spark(series, across)
    assert len(bars) == across
    values = [value for _, value in series]
    if max(values) - min(values) > 1e-3:
        assert "█" in bars


@given(st.text(max_size=300))
def test_any_answer_is_vitals(answer: str) -> None:
    vitals = parse_vitals(answer, 1.0)
    assert all(isinstance(khz, int) for khz in vitals.khz.values())


def test_vitals_are_read() -> None:
    answer = "cpu\t0\t960000\ncpu\t1\t\nmodule\tloaded\t1\nzone\tcpu thermal\t41500\nzone\tx\tno\n"
    vitals = parse_vitals(answer, 2.0)
    assert vitals.khz == {0: 960_000}
    assert vitals.millicelsius == {"cpu thermal": 41_500}
    assert vitals.counter_module


async def test_a_board_that_tells_no_frequencies_says_so() -> None:
    side = NotedSide(replace(LOOK, vitals=(Vitals(0.0), Vitals(5.0)), looks=2))
    async with opened(board=board(side), size=WIDE) as driver:
        await go(driver)
        assert "the board shows neither frequencies nor temperatures" in driver.text


async def test_a_module_that_is_of_no_use_is_not_offered() -> None:
    side = NotedSide(replace(LOOK, facts=structs.replace(FACTS, machine="x86_64")))
    async with opened(board=board(side), size=WIDE) as driver:
        await go(driver)
        assert "board.load_module" not in {one.id for one in driver.app.screen.bound()}
        await press(driver, "i")
        assert side.calls == []


def test_long_facts_and_checks_are_told_to_their_end() -> None:
    facts = structs.replace(
        FACTS, cmdline="console=ttyS0,115200 root=/dev/mmcblk0p2 rw quiet isolcpus=1"
    )
    rows = fact_rows(replace(LOOK, facts=facts), 44)
    assert "isolcpus=1" in "".join("".join(text for text, _ in row) for _, row in rows)
    assert len({key for key, _ in rows}) == len(rows)
    told = doctor_info(replace(LOOK, checks=(*CHECKS, CHECKS[1])))
    assert "2 warnings" in [text for text, _ in told]


def test_a_course_takes_the_room_that_there_is() -> None:
    series = [(0.0, 0.0), (1.0, 8.0), (2.0, 16.0)]
    assert spark(series, 3) == ["▁▅█"]
    assert spark(series, 3, 2) == [" ▁█", "▁██"]
    assert spark([(0.0, 5.0)], 4, 2) == ["    ", "   █"]
    low, high = vital_rows(LOOK, 80), vital_rows(LOOK, 80, 17)
    assert len(low) == 3
    assert len(high) == 15  # three courses of four rows, each with a blank one
    assert len({key for key, _ in high}) == len(high)
    assert all(sum(width(text) for text, _ in row) == 80 for _, row in high)
    assert len(vital_rows(LOOK, 80, 2)) == 3


@pytest.mark.parametrize("current", ["", *MODES])
def test_the_mode_that_the_board_is_in_is_marked(current: str) -> None:
    rows = mode_rows(MODES, current, 60)
    marks = {name: "".join(text for text, _ in row)[0] for name, row in rows}
    assert marks == {name: "●" if name == current else "○" for name in MODES}
