"""The first frame: which board, and that it is being reached, while the charts are still loaded."""

from __future__ import annotations

import asyncio
import importlib
from typing import ClassVar

from textual.app import ComposeResult

from hvconsole.ui.screens.base import ConsoleScreen
from hvconsole.ui.source import Status
from hvconsole.ui.view.opening import opening
from hvconsole.ui.widgets.bars import Lines

_NEXT = "measure"


class OpeningScreen(ConsoleScreen):
    """Stands until the screens that draw are there."""

    CSS_PATH: ClassVar = ["base.tcss", "opening.tcss"]

    def body(self) -> ComposeResult:
        """Yield the one line there is to say."""
        yield Lines(id="opening")

    def on_mount(self) -> None:
        """Go on as soon as this is on the terminal."""
        super().on_mount()
        self.call_after_refresh(self._drawn)

    def _drawn(self) -> None:
        self.tick()
        self.call_after_refresh(lambda: self.run_worker(self._go_on(), exit_on_error=False))

    def frame(self, status: Status) -> None:
        """Say which board."""
        self.query_one("#opening", Lines).show(opening(status, self.size.width))

    async def _go_on(self) -> None:
        await asyncio.to_thread(importlib.import_module, f"hvconsole.ui.screens.{_NEXT}")
        if self.is_current:
            await self.app.switch_mode(_NEXT)
