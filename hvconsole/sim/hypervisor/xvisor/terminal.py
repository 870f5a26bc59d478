"""Xvisor's terminal: lines of commands, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from hvconsole.sim.hypervisor.xvisor.call import Call
from hvconsole.sim.hypervisor.xvisor.card import Card
from hvconsole.sim.hypervisor.xvisor.core import Core
from hvconsole.sim.hypervisor.xvisor.lines import LineEditor
from hvconsole.sim.hypervisor.xvisor.other_commands import command_of
from hvconsole.sim.hypervisor.xvisor.place import Place
from hvconsole.sim.hypervisor.xvisor.texts import PROMPT

_SEPARATOR: Final = ";"


class Terminal:
    """The management terminal, which is the thread `mterm`.

    Args:
        core: Xvisor's manager.
        place: The board as Xvisor knows it.
        card: The files that it has.
        out: Prints; a line's end becomes CR LF behind it.
        sleep: Lets simulated seconds pass.
        restart: Restarts the board.
        power_off: Switches it off.
    """

    def __init__(
        self,
        core: Core,
        place: Place,
        card: Card,
        out: Callable[[str], None],
        *,
        sleep: Callable[[float], Awaitable[None]],
        restart: Callable[[], None],
        power_off: Callable[[], None],
    ) -> None:
        self._core, self._place, self._card = core, place, card
        self._out = out
        self._sleep, self._restart, self._power_off = sleep, restart, power_off
        self._keys: asyncio.Queue[str] = asyncio.Queue()
        self._editor = LineEditor(out)

    def feed(self, data: bytes) -> None:
        """Take what was typed."""
        self._core.typed += len(data)
        for key in data.decode("latin-1"):
            self._keys.put_nowait(key)

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            self._out(PROMPT)
            while (line := self._editor.feed(await self._keys.get())) is None:
                pass
            await self.execute(line)

    async def execute(self, line: str) -> bool:
        """Execute commands between semicolons; the first that fails ends the line."""
        for text in line.split(_SEPARATOR):
            words = text.split()
            if words and not await self._one(words):
                return False
        return True

    async def _one(self, words: list[str]) -> bool:
        name = words[0]
        command = command_of(name)
        if command is None:
            self._out(f"Error: unknown command {name}\n")
            return False
        code = await command(self._call(words))
        if code:
            self._out(f"Error: command {name} failed (code {code})\n")
        return not code

    def _call(self, words: list[str]) -> Call:
        return Call(
            words,
            self._core,
            self._place,
            self._card,
            self._out,
            key=self._keys.get,
            pressed=self._pressed,
            sleep=self._sleep,
            execute=self.execute,
            restart=self._restart,
            power_off=self._power_off,
        )

    def _pressed(self) -> str:
        return "" if self._keys.empty() else self._keys.get_nowait()
