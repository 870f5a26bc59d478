"""Make the README's pictures from real runs: ``python docs/pictures/make.py``.

The console measures this machine for some seconds, with a load that comes and goes, and exports its
screen. Nothing is drawn by hand.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

from hvconsole.commands.sessions import live_session
from hvconsole.config.boards import find_board
from hvconsole.model.run import RunSettings
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
        busy = subprocess.Popen(["taskset", "-c", str(cpu), sys.executable, "-c", BUSY])
        await pilot.pause(SECONDS / 2)
        busy.wait()
        await pilot.pause(0.6)
        # The pictures bring no address of a font server along: a viewer has fonts of its own.
        svg = _FONTS.sub("", app.export_screenshot(title="hvconsole connect local"))
        svg = svg.replace("font-family: Fira Code", "font-family: 'Fira Code'")
        (HERE / f"{name}.svg").write_text(svg)
        await session.close()


BUSY = "import time; until = time.time() + 1.5\nwhile time.time() < until: pass"


async def main() -> None:
    """Make all pictures."""
    await picture("console", (140, 42), "dark")
    await picture("console-small", (80, 24), "light")


if __name__ == "__main__":
    asyncio.run(main())
