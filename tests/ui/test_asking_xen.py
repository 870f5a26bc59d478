"""Asking the hypervisor from the screen, and the load in its table."""

from __future__ import annotations

from dataclasses import replace

from desks import NotedDesk
from driving import Driver, console
from synthetic import SyntheticConsole

from hvconsole.hypervisor.state import DeskState
from hvconsole.model.hypervisor import Survey
from hvconsole.ui.screens.hypervisor import HypervisorScreen
from hvconsole.ui.screens.reasons import ReasonsScreen
from hvconsole.ui.screens.said import AskScreen, SaidScreen


async def go(driver: Driver) -> None:
    await driver.press("f3")
    await draw(driver)


async def draw(driver: Driver) -> None:
    await driver.pilot.pause()
    for screen in driver.app.screen_stack:
        if isinstance(screen, HypervisorScreen):
            screen.tick()
    await driver.pilot.pause()


async def test_the_log_is_asked_for_read_and_copied() -> None:
    desk = NotedDesk()
    async with console(SyntheticConsole(hypervisor=desk), size=(100, 30)) as driver:
        await go(driver)
        await driver.press("i")
        await driver.pilot.pause()
        assert isinstance(driver.app.screen, AskScreen)
        assert "what Xen said" in driver.line("dmesg")
        await driver.press("j", "enter")
        await driver.settle()
        assert isinstance(driver.app.screen, SaidScreen)
        assert desk.asked == ["dmesg"]
        assert "(XEN) line 79 [b]not bold[/b]" in driver.text, "the newest first in sight"
        assert "line 0 " not in driver.text
        await driver.press("g")
        await driver.settle()
        assert "(XEN) line 0 " in driver.text
        await driver.press("pagedown")
        await driver.settle()
        assert "(XEN) line 0 " not in driver.text
        await driver.press("c")
        assert driver.app.clipboard.count("\n") == 80
        await driver.press("escape")
        assert isinstance(driver.app.screen, HypervisorScreen)


async def test_escape_asks_nothing() -> None:
    desk = NotedDesk()
    async with console(SyntheticConsole(hypervisor=desk), size=(80, 24)) as driver:
        await go(driver)
        await driver.press("i", "escape")
        await driver.pilot.pause()
        assert isinstance(driver.app.screen, HypervisorScreen)
        assert desk.asked == []


async def test_a_system_that_tells_nothing_more_is_not_asked() -> None:
    desk = NotedDesk(state=DeskState(survey=Survey(system="native")))
    async with console(SyntheticConsole(hypervisor=desk), size=(80, 24)) as driver:
        await go(driver)
        await driver.press("i")
        await driver.pilot.pause()
        assert isinstance(driver.app.screen, HypervisorScreen)


async def test_the_load_and_its_cost_stand_in_the_table() -> None:
    desk = NotedDesk()
    desk.state = replace(desk.state, load={"0": 12.3, "2": 98.5}, load_cost="xentop 1.1 % of a CPU")
    async with console(SyntheticConsole(hypervisor=desk), size=(100, 30)) as driver:
        await go(driver)
        assert "12.3 %" in driver.line("Domain-0 (here)")
        assert "98.5 %" in driver.line("dom1")
        assert "xentop 1.1 % of a CPU" in driver.text


async def test_an_answer_is_as_large_as_it_is_and_loses_nothing() -> None:
    async with console(SyntheticConsole(hypervisor=NotedDesk()), size=(100, 30)) as driver:
        await go(driver)
        lines = ["short", "a" * 150 + "  end"]
        driver.app.push_screen(SaidScreen("asked", lines))
        await driver.settle()
        await driver.pilot.pause()
        box = driver.app.screen.query_one("#said-box")
        assert box.outer_size.height == 5
        assert box.outer_size.width == 100
        assert "  end" in driver.text
        await driver.press("escape")
        driver.app.push_screen(ReasonsScreen("verdict", [("p", "0.2"), ("", "few " * 60)]))
        await driver.settle()
        await driver.pilot.pause()
        assert driver.app.screen.query_one("#said-box").outer_size.height < 10
