"""KVM in the Hypervisor screen: the same screen, on a board that answers as real libvirt does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from driving import Driver, console
from kvm_board import KvmBoard
from synthetic import SyntheticConsole
from textual.widgets import Input, OptionList

from hvconsole.board.facts import BoardFacts
from hvconsole.session.hypervisor import HypervisorDesk
from hvconsole.ui.screens.doing import FormScreen, MenuScreen
from hvconsole.ui.screens.hypervisor import HypervisorScreen

_PATIENCE_S = 60.0


@asynccontextmanager
async def kvm(folder: Path) -> AsyncIterator[tuple[Driver, KvmBoard]]:
    """The screen on a board on which one guest runs; that guest is chosen."""
    board = KvmBoard(folder, "busy")
    assert (await board.run(["virsh", "-c", "qemu:///system", "start", "busy"])).status == 0
    desk = HypervisorDesk(lambda _: None)
    desk.attach(board, BoardFacts(machine="aarch64", kvm=True), None)  # type: ignore[arg-type]  # it has no streams
    try:
        async with console(SyntheticConsole(hypervisor=desk), size=(120, 40)) as driver:
            await driver.press("f3")
            await until(driver, lambda: "kvm QEMU" in driver.text)
            await driver.press("down")
            yield driver, board
    finally:
        desk.detach()


async def until(driver: Driver, holds: Callable[[], bool]) -> None:
    """Draw until something is so."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            await driver.pilot.pause(0.05)
            for screen in driver.app.screen_stack:
                if isinstance(screen, HypervisorScreen):
                    screen.tick()
            await driver.pilot.pause()
            if holds():
                return


async def open_menu(driver: Driver) -> list[str]:
    """Open the menu; return what stands in it."""
    await driver.press("enter")
    await until(driver, lambda: isinstance(driver.app.screen, MenuScreen))
    options = driver.app.screen.query_one(OptionList)
    return [str(options.options[n].prompt) for n in range(options.option_count)]


async def choose(driver: Driver, words: str) -> FormScreen:
    there = await open_menu(driver)
    options = driver.app.screen.query_one(OptionList)
    options.highlighted = next(n for n, prompt in enumerate(there) if words in prompt)
    await driver.press("enter")
    await until(driver, lambda: isinstance(driver.app.screen, FormScreen))
    form = driver.app.screen
    assert isinstance(form, FormScreen)
    return form


async def test_guests_values_and_who_is_on_which_cpu(tmp_path: Path) -> None:
    async with kvm(tmp_path) as (driver, _):
        assert "host (here)" in driver.text
        assert "cpu_shares=100" in driver.line("▶ busy")
        assert "linux" in driver.line("◆ host")
        assert "busy/0" in driver.line("╰ CPU 1")


async def test_what_kvm_cannot_do_says_why_in_the_menu(tmp_path: Path) -> None:
    async with kvm(tmp_path) as (driver, _):
        there = "\n".join(await open_menu(driver))
        assert "switch 'busy' to another scheduler" in there
        assert "vCPUs are threads of Linux" in there
        assert "KVM has no pools" in there


async def test_pause_and_quota_from_the_keyboard(tmp_path: Path) -> None:
    async with kvm(tmp_path) as (driver, board):
        await choose(driver, "pause 'busy'")
        await driver.press("enter")
        await until(driver, lambda: board.state["domains"][0]["state"] == "paused")
        await until(driver, lambda: "❚ busy" in driver.text)
        assert "paused" in driver.line("❚ busy")
        form = await choose(driver, "set linux's values of 'busy'")
        form.query_one("#f-vcpu_quota", Input).value = "500"
        await until(driver, lambda: "from 1000 µs on" in driver.text)
        form.query_one("#f-vcpu_quota", Input).value = "20000"
        await until(driver, lambda: "gets 20 % of a CPU" in driver.text)
        form.query_one("#f-vcpu_quota", Input).focus()
        await driver.press("enter")
        await until(driver, lambda: "vcpu_quota=20000" in driver.text)
        assert board.state["domains"][0]["sched"]["vcpu_quota"] == 20_000
