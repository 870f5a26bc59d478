"""The Hypervisor screen by key and mouse: what is chosen is done, what is dangerous is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from desks import NotedDesk, xen
from driving import Driver, console
from sides import NotedBoots
from synthetic import BOARD, SyntheticConsole
from textual.widgets import Input, OptionList, Select

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.plan import Progress, Step
from hvconsole.hypervisor.state import DeskState
from hvconsole.model.problem import BoardProblem
from hvconsole.model.text import width
from hvconsole.ui.screens.boot import AgreeScreen, ModesScreen
from hvconsole.ui.screens.doing import FormScreen, MenuScreen
from hvconsole.ui.screens.hypervisor import HypervisorScreen
from hvconsole.ui.view.guests import items, notes_rows, step_rows


def board(desk: NotedDesk | None = None) -> SyntheticConsole:
    return SyntheticConsole(hypervisor=desk or NotedDesk())


async def go(driver: Driver) -> HypervisorScreen:
    await driver.press("f3")
    await draw(driver)
    assert isinstance(driver.app.screen, HypervisorScreen)
    return driver.app.screen


async def draw(driver: Driver) -> None:
    await driver.pilot.pause()
    for screen in driver.app.screen_stack:
        if isinstance(screen, HypervisorScreen):
            screen.tick()
    await driver.pilot.pause()


async def choose(driver: Driver, words: str) -> None:
    """Open the menu and choose the action that begins with these words."""
    await driver.press("enter")
    await driver.pilot.pause()
    menu = driver.app.screen
    assert isinstance(menu, MenuScreen)
    options = menu.query_one(OptionList)
    at = next(n for n in range(options.option_count) if words in str(options.options[n].prompt))
    options.highlighted = at
    await driver.press("enter")
    await driver.pilot.pause()


async def test_guests_pools_and_cpus_are_seen() -> None:
    async with console(board(), size=(100, 30)) as driver:
        await go(driver)
        assert "xen 4.17.5" in driver.text
        assert "Domain-0 (here)" in driver.text
        assert "period=10000 budget=4000" in driver.line("dom1")
        assert "rtds" in driver.line("◆ fast")
        assert "120 ms each" in driver.text


async def test_pause_from_the_keyboard() -> None:
    desk = NotedDesk()
    async with console(board(desk), size=(100, 30)) as driver:
        await go(driver)
        await driver.press("down", "down", "down")
        await choose(driver, "pause")
        assert "$ xl pause 2" in driver.text
        await driver.press("enter")
        await driver.pilot.pause()
        assert desk.done == [do.Pause(guest="2")]


async def test_a_dangerous_action_begins_on_cancel() -> None:
    desk = NotedDesk()
    async with console(board(desk), size=(100, 30)) as driver:
        await go(driver)
        await driver.press("down", "down", "down")
        await choose(driver, "destroy 'dom1'")
        assert "danger: domain 'dom1' ends at once" in driver.text
        await driver.press("enter")
        await driver.pilot.pause()
        assert desk.done == []
        await choose(driver, "destroy 'dom1'")
        await driver.press("tab", "enter")
        await driver.pilot.pause()
        assert desk.done == [do.Destroy(guest="2")]


async def test_values_are_checked_while_they_are_typed() -> None:
    desk = NotedDesk()
    async with console(board(desk), size=(100, 40)) as driver:
        await go(driver)
        await driver.press("down", "down", "down")
        await choose(driver, "set rtds's values")
        form = driver.app.screen
        assert isinstance(form, FormScreen)
        form.query_one("#f-budget", Input).value = "20000"
        await driver.pilot.pause()
        assert "does not fit into a period" in driver.text
        await driver.press("enter")
        assert desk.done == []
        form.query_one("#f-budget", Input).value = "2000"
        await driver.pilot.pause()
        assert "-b 2000" in driver.text
        form.query_one("#f-budget", Input).focus()
        await driver.press("enter")
        await driver.pilot.pause()
        assert desk.done == [do.Schedule(guest="2", values={"budget": 2000})]


async def test_schedulers_that_are_missing_say_why() -> None:
    survey = xen()
    missing = tuple(
        replace(one, missing="this Xen was built without null") if one.name == "null" else one
        for one in survey.schedulers
    )
    desk = NotedDesk(DeskState(survey=replace(survey, schedulers=missing)))
    async with console(board(desk), size=(100, 40)) as driver:
        await go(driver)
        await driver.press("down", "down", "down")
        await choose(driver, "switch 'dom1'")
        select = driver.app.screen.query_one(Select)
        assert "null" not in [value for _, value in select._options]
        assert "not null: this Xen was built without null" in driver.text


async def test_what_cannot_be_done_is_there_with_the_reason() -> None:
    async with console(board(), size=(100, 40)) as driver:
        await go(driver)
        await driver.press("enter")
        await driver.pilot.pause()
        assert "no CPU is free, and Pool-0 must keep its last" in driver.text


async def test_a_failure_is_told_and_the_screen_goes_on() -> None:
    desk = NotedDesk(problem=BoardProblem("could not pause", detail="xl said no"))
    async with console(board(desk), size=(100, 30)) as driver:
        await go(driver)
        await driver.press("down", "down", "down")
        await choose(driver, "pause")
        await driver.press("enter")
        await driver.pilot.pause()
        await draw(driver)
        assert "could not pause" in driver.text
        await driver.press("escape")
        await draw(driver)
        assert "could not pause" not in driver.text
        assert isinstance(driver.app.screen, HypervisorScreen)


async def test_steps_are_shown_as_they_come() -> None:
    step = Step(about="take CPU 1 out of pool 'Pool-0'", argv=("xl",))
    state = DeskState(survey=xen(), doing="make pool 'fast'", progress=(Progress(step, "done"),))
    async with console(board(NotedDesk(state)), size=(160, 48)) as driver:
        await go(driver)
        assert "doing: make pool 'fast'" in driver.text
        assert "✓ take CPU 1 out" in driver.text
        await driver.press("enter")
        assert isinstance(driver.app.screen, HypervisorScreen)  # one action at a time


async def test_names_from_a_board_are_text_and_nothing_else() -> None:
    name = "\x1b[31mred[/]\x1b]0;title\x07[bold]x"
    async with console(board(NotedDesk(DeskState(survey=xen(name)))), size=(120, 40)) as driver:
        await go(driver)
        assert "red[/][bold]x" in driver.text
        await driver.press("down", "down", "down")
        await driver.press("enter")
        await driver.pilot.pause()
        assert "pause 'red[/][bold]x'" in driver.text
        assert "\x1b" not in driver.text


async def test_no_hypervisor_says_why() -> None:
    reason = BoardProblem("no hypervisor runs on the board")
    async with console(board(NotedDesk(DeskState(problem=reason)))) as driver:
        await go(driver)
        assert "no hypervisor runs on the board" in driver.text
        await driver.press("escape")
        assert driver.app.current_mode == "measure"


async def test_what_needs_another_boot_offers_it() -> None:
    """dom0 never leaves Pool-0: its scheduler is switched by booting the mode that has it."""
    desk = NotedDesk()
    boots = NotedBoots()
    there = SyntheticConsole(hypervisor=desk, boots=boots)
    async with console(there, size=(100, 36)) as driver:
        await go(driver)
        await choose(driver, "switch 'Domain-0' to another scheduler")
        await draw(driver)
        assert "needs another boot: xen-credit2" in driver.text
        driver.app.screen.query_one("#do").press()
        await driver.pilot.pause()
        assert isinstance(driver.app.screen, AgreeScreen | ModesScreen)
        assert desk.done == []


async def test_nothing_is_offered_on_a_read_only_board() -> None:
    source = SyntheticConsole(hypervisor=NotedDesk(), status=replace(BOARD, read_only=True))
    async with console(source, size=(100, 40)) as driver:
        await go(driver)
        await driver.press("enter")
        await driver.pilot.pause()
        menu = driver.app.screen.query_one(OptionList)
        assert menu.option_count
        assert all(option.disabled for option in menu.options)
        assert "connect without --read-only" in driver.line("nothing is changed")


async def test_pages_and_ends_of_the_list() -> None:
    async with console(board(), size=(100, 30)) as driver:
        screen = await go(driver)
        there = items(screen._state.survey)
        await driver.press("G")
        assert screen._item == there[-1]
        await driver.press("home")
        assert screen._item == there[0]
        await driver.press("ctrl+d")
        assert (
            screen._item == there[min(screen.query_one("#guests").size.height - 3, len(there) - 1)]
        )
        await driver.press("pagedown", "pagedown", "ctrl+u", "ctrl+u", "ctrl+u")
        assert screen._item == there[0]


async def test_guests_and_pools_are_copied_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(board(), size=(100, 30)) as driver:
        await go(driver)
        copied: list[tuple[str, str]] = []
        monkeypatch.setattr(driver.app, "copy", lambda text, what: copied.append((text, what)))
        await driver.press("c")
        ((text, what),) = copied
        assert what == "guests and pools"
        assert "period=10000 budget=4000 extratime=1" in text
        assert "Domain-0/0,1" in text.splitlines()[-3]
        assert all(line == line.rstrip() for line in text.splitlines())


async def test_what_the_lists_do_not_need_is_the_timelines() -> None:
    async with console(board(), size=(160, 48)) as driver:
        screen = await go(driver)
        await draw(driver)
        upper = screen.query_one("#upper").size.height
        assert upper < screen.query_one("#timeline").size.height
        assert upper >= len(items(screen._state.survey)) - 4 + 2
        await driver.pilot.resize_terminal(100, 40)
        await draw(driver)
        assert screen.query_one("#guests").size.height > 2


def test_notes_are_told_to_their_end() -> None:
    survey = replace(xen(), notes=("virsh is not on the board; on Debian: apt install libvirt",))
    rows = notes_rows(survey, 30, 10)
    said = " ".join("".join(text for text, _ in row).strip("· ") for row in rows)
    assert "on Debian: apt install libvirt" in said


def test_steps_are_told_to_their_end() -> None:
    about = "set period 10000, budget 4000, extratime 1 for domain 'busy'"
    steps = tuple(
        Progress(Step(about=about, argv=("xl",)), state, detail)
        for state, detail in (("done", ""), ("failed", "xl said: no"))
    )
    rows = step_rows(DeskState(progress=steps), 40, 10)
    said = ["".join(text for text, _ in row).rstrip() for row in rows]
    assert " ".join(said[:2]).replace("   ", " ").startswith(f"✓ {about}")
    assert said[-1].strip() == "xl said: no"
    assert all(sum(width(text) for text, _ in row) == 40 for row in rows)
    assert len(step_rows(DeskState(progress=steps), 40, 1)) == 1
