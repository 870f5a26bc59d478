"""U-Boot's part of a boot: its autoboot stopped in time, the mode's lines typed at its prompt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from hvconsole.board.boot_ear import BootEar, Console
from hvconsole.board.boot_problem import BootStopped
from hvconsole.board.boot_report import BootReport
from hvconsole.board.uboot import UBoot
from hvconsole.model.board import BoardProfile
from hvconsole.model.boot import BootStep
from hvconsole.model.problem import BoardProblem, LinkProblem

_ADAPTER_S = 0.1
_LINE_S = 60.0  # a line before the last may load files from a slow card


class BootPrompt:
    """A board's U-Boot during one boot.

    Args:
        profile: The board: its prompt, and the keys that stop autoboot.
        console: Its console, open.
        ear: Hears the same console.
        report: Makes the problems.
    """

    def __init__(
        self, profile: BoardProfile, console: Console, ear: BootEar, report: BootReport
    ) -> None:
        self._profile = profile
        self._ear = ear
        self._report = report
        self._console = console
        self._uboot = self._fresh()
        self._stopping: asyncio.Task[None] | None = None

    def listen(self) -> Callable[[], None]:
        """Begin to hear the console; return what ends that."""

        def hear(data: bytes) -> None:
            self._ear.feed(data)
            self._uboot.feed(data)

        return self._console.subscribe(hear)

    async def expect(self, seconds: float) -> None:
        """Press keys from U-Boot's first line on: its countdown may be over before it is read."""
        await self.give_up()
        self._uboot = self._fresh()  # the banner of the boot before is none of this one's
        self._stopping = asyncio.create_task(self._interrupt(seconds), name="autoboot")

    async def give_up(self) -> None:
        """Press no more keys."""
        task, self._stopping = self._stopping, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def up(self) -> None:
        """Wait until U-Boot has come up, or something after it."""
        stopping = self._expected()
        await self._ear.until(lambda: self._ear.uboot or self._ear.system or stopping.done())

    async def stopped(self) -> bool:
        """Wait for U-Boot's prompt; return False if it booted on instead.

        Raises:
            BootStopped: Its prompt does not come, or does not answer.
        """
        stopping = self._expected()
        booted = asyncio.create_task(self._ear.until(lambda: self._ear.system))
        try:
            await asyncio.wait({stopping, booted}, return_when=asyncio.FIRST_COMPLETED)
            if not stopping.done():
                return False
            await stopping
        except BoardProblem as problem:
            raise self._report.uboot_trouble(BootStep.PROMPT, problem) from problem
        finally:
            booted.cancel()
            await self.give_up()
        return True

    async def type(self, lines: Sequence[str]) -> None:
        """Type a mode's lines; all but the last have to succeed, the last one boots.

        Raises:
            BootStopped: One failed, or what is typed does not come back.
        """
        self._ear.uboot = True  # its banner may be long past
        try:
            for line in lines[:-1]:
                reply = await self._uboot.line(line, _LINE_S)
                if reply.status != 0:
                    raise self._report.line_failed(line, reply.status, reply.output)
            self._ear.alarms.clear()  # of the boot before
            await self._uboot.start(lines[-1])
        except BoardProblem as problem:
            if isinstance(problem, BootStopped):
                raise
            raise self._report.uboot_trouble(BootStep.TYPE, problem) from problem

    def _fresh(self) -> UBoot:
        return UBoot(
            self._console.port,
            prompt=self._profile.uboot_prompt.encode(),
            stop_keys=self._profile.uboot_stop.encode(),
        )

    async def _interrupt(self, seconds: float) -> None:
        """Stop autoboot; an adapter that the board feeds comes back with it."""
        while True:
            try:
                await self._uboot.interrupt(seconds)
            except LinkProblem:
                await asyncio.sleep(_ADAPTER_S)
            else:
                return

    def _expected(self) -> asyncio.Task[None]:
        if self._stopping is None:
            raise RuntimeError("U-Boot has not been expected")
        return self._stopping
