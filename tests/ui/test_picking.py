"""Ranges of time, lanes apart, pictures of lengths and the table of runs, by key and mouse."""

from __future__ import annotations

from typing import Any

import pytest
from driving import Driver, console
from synthetic import SyntheticConsole, values
from textual.events import MouseDown, MouseMove, MouseUp

from hvconsole.ui.screens.picking import PickedScreen
from hvconsole.ui.widgets.charts import CurvePanel, HistogramPanel, RatePanel, TimelinePanel

WIDE = (160, 48)


def three_runs() -> SyntheticConsole:
    """Return a console on which two runs were measured before."""
    board = SyntheticConsole()
    board.stream.call_runs(["native", "xen [credit]\x1b[31m"])
    for seconds, seed in ((4.0, 1), (6.0, 2)):
        for batch in values(seconds, board.cpus, seed):
            board.stream.feed(batch)
    return board


def told(
    kind: type[Any], panel: Any, at: tuple[int, int], *, button: int = 0, ctrl: bool = False
) -> Any:
    """Return what Textual makes of the mouse at a cell of a panel."""
    x, y = at
    return kind(
        panel, x=x, y=y, delta_x=0, delta_y=0, button=button, shift=False, meta=False, ctrl=ctrl,
        screen_x=x, screen_y=y,
    )  # fmt: skip


async def drag(driver: Driver, panel: Any, columns: tuple[int, int], **how: Any) -> None:
    """Drag over a chart as a terminal tells it: down, some moves, up."""
    first, last = columns
    button, ctrl = how.get("button", 1), how.get("ctrl", False)

    def at(kind: type[Any], x: int) -> Any:
        return told(kind, panel, (x, 4), button=button, ctrl=ctrl)

    panel.post_message(at(MouseDown, first))
    await driver.pilot.pause()
    for x in range(first + 4, last + 1, 4):
        panel.post_message(at(MouseMove, x))
        await driver.pilot.pause()
    panel.post_message(at(MouseUp, last))
    await driver.pilot.pause()
    await driver.settle()


async def test_a_range_is_begun_ended_and_let_go() -> None:
    async with console() as driver:
        whole = driver.line("0 all")
        await driver.press("x", "a", "shift+left", "shift+left", "shift+left")
        assert "figures of 8." in driver.text
        assert driver.line("0 all") != whole
        shown = driver.screen.timeline.part_s
        assert shown == driver.screen.look.part.ends(driver.screen.timeline.set_cursor_s)
        await driver.press("a", "shift+left")  # its end is fixed: the cursor goes on alone
        fixed = driver.line("figures of")
        await driver.press("shift+left")
        assert driver.line("figures of") == fixed
        await driver.press("a")
        assert driver.screen.look.part is None
        assert driver.line("0 all") == whole


async def test_the_figures_of_a_range_are_those_of_its_switches() -> None:
    async with console() as driver:
        await driver.press("x", "a", "shift+left", "shift+left", "shift+left", "a")
        part = driver.screen.look.part
        assert part is not None
        low, high = part.ends(None)
        found = driver.screen._part_of((low, high))
        seen = [g for g in found.longest if low <= g.at_s <= high]
        assert found.exact
        assert found.totals.received == len(seen) > 0
        assert found.totals.max_ns == seen[0].length_ns == max(g.length_ns for g in seen)
        assert str(found.totals.received) in driver.line("0 all")


async def test_a_range_without_length_is_none() -> None:
    async with console() as driver:
        await driver.press("a", "a")
        assert driver.screen.look.part.to_s is None
        assert "move the cursor to the other end first" in driver.text
        await driver.press("Z")
        assert "no part of time is picked out" in driver.text
        await driver.press("escape")
        assert driver.screen.look.part is None
        assert driver.screen.timeline.set_cursor_s is not None
        await driver.press("escape")
        assert driver.screen.timeline.set_cursor_s is None


async def test_zooming_to_a_range() -> None:
    async with console() as driver:
        await driver.press("x", "a", *["shift+left"] * 4, "a", "Z")
        low, high = driver.screen.look.part.ends(None)
        window = driver.screen.look.window
        assert window.start_s <= low
        assert high <= window.start_s + window.span_s
        assert window.span_s < 3 * (high - low)


async def test_a_range_is_listed_with_its_longest_switches() -> None:
    async with console() as driver:
        await driver.press("x", "a", "shift+left", "shift+left", "a", "i")
        assert isinstance(driver.app.screen, PickedScreen)
        lines = driver.text.splitlines()
        (head,) = (at for at, line in enumerate(lines) if "longest at" in line)
        assert "2.82 ms" in lines[head + 1]
        await driver.press("c")
        assert "longest at" in driver.app.clipboard
        await driver.press("escape")
        assert driver.app.screen is driver.screen


async def test_without_a_range_the_view_is_listed() -> None:
    async with console() as driver:
        await driver.press("i")
        assert "6 818" not in driver.text
        assert "longest at" in driver.text


async def test_what_the_ring_forgot_is_said_to_come_from_bins() -> None:
    async with console() as driver:
        for lane in driver.board.stream._lanes.values():
            lane._ring._forgotten, lane._ring._used = 1, 0
        await driver.press("x", "a", "shift+left", "shift+left", "a")
        assert "from bins" in driver.line("figures of")
        assert "–" in driver.line("0 all")
        await driver.press("i")
        assert "Too long ago for single switches" in driver.text


@pytest.mark.parametrize("how", [{"ctrl": True}, {"button": 3}])
async def test_a_range_is_picked_with_the_mouse(how: dict[str, Any]) -> None:
    async with console() as driver:
        for panel in (TimelinePanel, RatePanel):
            await drag(driver, driver.app.screen.query_one(panel), (12, 24), **how)
            low, high = driver.screen.look.part.ends(None)
            assert 0 < low < high
            assert "figures of" in driver.text
            await driver.press("escape")


async def test_dragging_pans_and_the_rate_reads_out() -> None:
    async with console() as driver:
        await drag(driver, driver.screen.query_one(RatePanel), (12, 24))
        assert not driver.screen.look.window.follows
        panel = driver.screen.query_one(RatePanel)
        panel.post_message(told(MouseMove, panel, (14, 2)))
        await driver.settle()
        assert "/s ─╯" in driver.text


async def test_lanes_apart_show_each_cpu() -> None:
    async with console(size=WIDE) as driver:
        await driver.press("w")
        assert "switches by CPU" in driver.text
        marked = [line for line in driver.text.splitlines()[2:24] if "CPU 0" in line]
        assert marked
        both = driver.screen.seen.apart
        whole = driver.screen.seen.columns.count
        assert (both[0].count + both[1].count == whole).all()
        panel = driver.screen.timeline
        panel.post_message(told(MouseMove, panel, (20, 16)))
        await driver.settle()
        assert "─ CPU 1 " in driver.text
        await driver.press("w")
        assert "switches by CPU" not in driver.text


async def test_lanes_apart_that_do_not_fit_follow_the_chosen_one() -> None:
    many = SyntheticConsole(cpus=tuple(range(12)))
    async with console(many) as driver:
        await driver.press("w", "9")
        chart = driver.text.splitlines()[3:12]
        assert any(" CPU 8 " in line for line in chart)
        assert not any(" CPU 0 " in line for line in chart)


async def test_one_cpu_has_no_lanes_to_part() -> None:
    async with console(SyntheticConsole(cpus=(1,))) as driver:
        await driver.press("w")
        assert "only one CPU is measured" in driver.text
        assert not driver.screen.look.apart


async def test_pictures_of_lengths_follow_each_other_in_one_place() -> None:
    async with console() as driver:
        for title in ("share at most so long", "longer than, a second", "lengths"):
            await driver.press("v")
            assert f"─ {title}" in driver.text
        assert driver.screen.query_one(HistogramPanel).display
        assert not driver.screen.query_one(CurvePanel).display


async def test_where_there_is_room_both_pictures_are_seen() -> None:
    async with console(size=WIDE) as driver:
        for title in ("share at most so long", "longer than, a second", "share at most so long"):
            assert f"─ {title}" in driver.text
            assert "─ lengths" in driver.text
            await driver.press("v")


async def test_earlier_runs_lie_under_the_present_one_with_a_legend() -> None:
    async with console(three_runs(), size=WIDE) as driver:
        legend = driver.line("a 1 native")
        assert "b 2 xen [credit]" in legend
        assert "c run 3" in legend
        assert "\x1b" not in driver.text


async def test_the_table_of_runs() -> None:
    async with console(three_runs()) as driver:
        await driver.press("u")
        assert "native" in driver.line("  1  ")
        assert "4 s" in driver.line("  1  ")
        assert "11.9 s" in driver.line("  3  ")
        await driver.press("c")
        rows = [line.split("\t") for line in driver.app.clipboard.splitlines()]
        assert [row[0] for row in rows] == ["run", "1", "2", "3"]
        totals = driver.screen.seen.totals
        assert int(rows[3][3]) == totals.received + totals.dropped
        await driver.press("u")
        assert "─ figures" in driver.text


async def test_an_action_is_named_as_a_cause() -> None:
    from hvconsole.stream.snapshot import Marker

    async with console() as driver:
        await driver.press("x")
        moment = driver.screen.timeline.set_cursor_s
        driver.board.stream.mark(Marker(moment - 0.01, "pause 'dom1'"))
        await driver.press("shift+left", "shift+right")
        assert "with: pause 'dom1'" in driver.text
