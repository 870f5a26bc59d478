"""A run's progress on stderr: a bar on a terminal, a few lines elsewhere."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from hvconsole.stream.snapshot import View

if TYPE_CHECKING:
    from hvconsole.session.session import Session

_TOTALS = View(columns=1)


async def follow(session: Session, seconds: float | None) -> None:
    """Show how far a run has come, until cancelled."""
    if not sys.stderr.isatty():
        hello = session.snapshot(_TOTALS).hello
        if hello is not None:
            cpus = ", ".join(str(lane.cpu) for lane in hello.lanes)
            length = f"{seconds:g} s" if seconds else "until stopped"
            sys.stderr.write(f"measuring CPU {cpus} by {hello.counter}, {length}\n")
        return
    from rich.console import Console  # only a terminal needs it
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("measuring"),
        BarColumn(),
        TextColumn("{task.completed:.1f} s  {task.fields[switches]:>9,} switches"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("run", total=seconds, switches=0)
        while True:
            seen = session.snapshot(_TOTALS)
            switches = seen.totals.received + seen.totals.dropped
            progress.update(task, completed=seen.now_s, switches=switches)
            await asyncio.sleep(0.2)
