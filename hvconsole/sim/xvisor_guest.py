"""What runs in the guests of the simulated board's Xvisor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from hvconsole.sim.board.board import Board
from hvconsole.sim.board.linux.counter import NAME as COUNTER_MODULE, CounterModule
from hvconsole.sim.board.modes import XVISOR
from hvconsole.sim.terminal import TerminalShell, stty

_MODULE_BYTES: Final = 16_384
_BOOT_S: Final = 1.2
_CLOGGED: Final = 1 << 13
_BUSY: Final = b"busy: burning CPU0 (simulated)\r\n"
_FIRMWARE: Final = b"ARM Virt-v7 Basic Firmware\r\n\r\nautoboot: disabled\r\n\r\nbasic# "


class Talker:
    """A guest that says something when it starts, and then only what is typed to it, if at all.

    Args:
        out: Its side of the serial port.
        greeting: What it says.
        prompt: What it answers each line with; empty where nobody reads.
    """

    def __init__(
        self, out: Callable[[bytes], None], greeting: bytes = _BUSY, prompt: bytes = b""
    ) -> None:
        self._out, self._greeting, self._prompt = out, greeting, prompt
        self._runs = False
        self._line = b""
        self._typed = b""

    def start(self) -> None:
        """Say it."""
        self._runs = True
        self._line = self._typed = b""
        self._out(self._greeting)

    def stop(self) -> None:
        """Be gone."""
        self._runs = False

    def hold(self, *, held: bool) -> None:
        """Stand still, or go on with what was typed meanwhile."""
        self._runs = not held
        typed, self._typed = self._typed, b""
        if typed and self._runs:
            self.feed(typed)

    def feed(self, data: bytes) -> None:
        """Echo, and answer each line."""
        if not self._prompt:
            return
        if not self._runs:
            self._typed += data
            return
        for key in data:
            if key in b"\r\n":
                line, self._line = self._line, b""
                self._out(b"\r\n" + (b"Unknown command\r\n" if line else b"") + self._prompt)
            else:
                self._line += bytes([key])
                self._out(bytes([key]))


def firmware(out: Callable[[bytes], None]) -> Talker:
    """Return Xvisor's own test guest, as far as it knows no command."""
    return Talker(out, _FIRMWARE, b"basic# ")


class LinuxGuest:
    """A small Linux whose console is the guest's serial port, with a shell of root's on it.

    Args:
        host: The board that Xvisor has.
        out: Its side of the serial port.
        backlog: How many bytes wait for the line at present.
        again: Called when it asks Xvisor to restart it.
        ended: Called when it asks Xvisor to end it.

    Attributes:
        board: Its files, processes and kernel.
    """

    def __init__(
        self,
        host: Board,
        out: Callable[[bytes], None],
        backlog: Callable[[], int],
        again: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        self.board = Board(seed=host.seed, speed=host.speed, inside=host)
        self.board.on_reboot = again
        self.board.on_power_off = ended
        self.board.on_crash = self._crashed
        self._again = again
        self._out, self._backlog = out, backlog
        self._shell: TerminalShell | None = None
        self._life: asyncio.Task[None] | None = None
        self._held = False
        self._starts = 0
        self._typed = bytearray()
        self._said = bytearray()

    def start(self) -> None:
        """Boot."""
        self.stop()
        self._held = False
        self.board.boot(XVISOR.name)
        self.board.install({"stty": stty})
        self.board.modules[COUNTER_MODULE] = _MODULE_BYTES
        self.board.counter = CounterModule(self.board, cycles=False)
        start = self._starts

        def say(data: bytes) -> None:
            if start == self._starts:  # what is cancelled would still say its last words
                self._say(data)

        self.board.log.listener = lambda text: say(text.encode())
        self._life = asyncio.create_task(self._live(say), name="guest: Linux")

    def stop(self) -> None:
        """Be gone at once."""
        self._starts += 1
        life, self._life, self._shell = self._life, None, None
        if life is not None:
            life.cancel()
        self.board.unreachable = True
        self.board.processes.kill_all()
        self._typed.clear()
        self._said.clear()

    def hold(self, *, held: bool) -> None:
        """Stand still, or go on: what was typed and what was to be said comes then."""
        self._held = held
        if not held:
            said, self._said = bytes(self._said), bytearray()
            typed, self._typed = bytes(self._typed), bytearray()
            if said:
                self._out(said)
            if typed:
                self.feed(typed)

    def feed(self, data: bytes) -> None:
        """Take what was typed."""
        if self._held:
            self._typed += data
        elif self._shell is not None:
            self._shell.feed(data)

    async def _live(self, say: Callable[[bytes], None]) -> None:
        lines = list(self.board.log.lines)
        for line in lines:
            say(f"{line}\r\n".encode())
            await self.board.timekeeper.sleep(_BOOT_S / len(lines))
        while True:
            self._shell = TerminalShell(self.board, say, self._clogged, XVISOR.hostname)
            say(b"\r\n")
            await self._shell.run()

    def _say(self, data: bytes) -> None:
        if self._held:
            self._said += data
        else:
            self._out(data)

    def _clogged(self) -> bool:
        return self._held or self._backlog() > _CLOGGED

    def _crashed(self, after_s: float | None) -> None:
        """Hang; a panic with a restart behind it asks Xvisor for that."""
        self.stop()
        if after_s is not None:
            asyncio.get_running_loop().call_later(after_s / self.board.speed, self._again)
