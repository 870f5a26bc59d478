"""Make the README's pictures from real runs: ``python docs/pictures/make.py``.

The console measures for some seconds and exports its screen: this machine, with a load that comes
and goes, and the simulated board, on which a guest is created and switched to another scheduler.
Nothing is drawn by hand.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

from hvconsole.commands.sessions import live_session
from hvconsole.config.boards import find_board
from hvconsole.config.resources import resource_dir
from hvconsole.hypervisor import actions as do
from hvconsole.model.run import RunSettings
from hvconsole.sim.options import SimOptions
from hvconsole.sim.start import simulated_board
from hvconsole.ui.app import HvconsoleApp

HERE = Path(__file__).parent
SECONDS = 9.5
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


async def picture(name: str, size: tuple[int, int], theme: str) -> None:
    """Measure, and save one picture."""
    cpu = max(os.sched_getaffinity(0))
    session = live_session(
        find_board("local"), RunSettings(cpus=(cpu,)), record_to=None, start=True
    )
    app = HvconsoleApp(session, theme=theme)
    async with app.run_test(size=size) as pilot:
        while session.status.run != "running":
            await pilot.pause(0.1)
        await pilot.pause(SECONDS / 2)
        words = ("taskset", "-c", str(cpu), sys.executable, "-c", BUSY)
        busy = await asyncio.create_subprocess_exec(*words)
        await pilot.pause(SECONDS / 2)
        await busy.wait()
        await pilot.pause(0.6)
        _save(app, name, "hvconsole connect local")
        await session.close()


async def hypervisor(name: str, size: tuple[int, int], theme: str) -> None:
    """Create a busy guest beside dom0 on the simulated board, then give it a pool of its own."""
    guest = resource_dir("cells") / "xen" / "busy.cfg"
    async with simulated_board(SimOptions(mode="xen-credit", seed=3)) as profile:
        settings = RunSettings(cpus=(0,))
        session = live_session(profile, settings, record_to=None, start=True)
        app = HvconsoleApp(session, theme=theme)
        async with app.run_test(size=size) as pilot:
            while session.status.run != "running":
                await pilot.pause(0.1)
            await pilot.press("f3")
            desk = session.hypervisor
            while desk.state.survey is None:
                await pilot.pause(0.1)
            await pilot.pause(3.0)
            await desk.do(do.Create(config=guest.read_bytes(), source=str(guest)))
            await desk.do(do.Pin(guest="busy", hard=frozenset({0})))
            await pilot.pause(5.0)
            await desk.do(do.Pin(guest="busy", hard=frozenset({0, 1})))
            values = {"period": 10_000, "budget": 4_000}
            await desk.do(do.SwitchScheduler(guest="busy", scheduler="rtds", values=values))
            await pilot.pause(5.0)
            _save(app, name, "hvconsole connect sim")
            await session.close()


def _save(app: HvconsoleApp, name: str, title: str) -> None:
    # The pictures bring no address of a font server along: a viewer has fonts of its own.
    svg = _FONTS.sub("", app.export_screenshot(title=title))
    svg = svg.replace("font-family: Fira Code", "font-family: 'Fira Code'")
    (HERE / f"{name}.svg").write_text(svg)


BUSY = "import time; until = time.time() + 1.5\nwhile time.time() < until: pass"


async def main() -> None:
    """Make all pictures."""
    await picture("console", (140, 42), "dark")
    await picture("console-small", (80, 24), "light")
    await hypervisor("hypervisor", (140, 42), "dark")


if __name__ == "__main__":
    asyncio.run(main())
