"""A domU's Linux on the simulated board: small, with a shell on its console, and its own counter.

It is a `Board` without a machine: time, CPUs and samplers are those of the board that it runs on,
as its domain sees them. Its virtual counter began with the domain, as Xen's CNTVOFF has it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Final

from hvconsole.sim.board.board import Board
from hvconsole.sim.board.linux.fill import fill
from hvconsole.sim.board.linux.live import fixed
from hvconsole.sim.board.modes import BootMode
from hvconsole.sim.board.shell.call import CommandFunction
from hvconsole.sim.terminal import TerminalShell, stty

_CMDLINE: Final = "console=hvc0 quiet rdinit=/bin/busybox"
_MODE: Final = BootMode("domU", "none", _CMDLINE, 55_000, 0x44000000)
_NOT_THERE: Final = frozenset({"cc", "make", "sudo"})
_SAID: Final = 16 << 10


class GuestLinux(Board):
    """The Linux of one domain.

    Args:
        host: The board that it runs on.
        domain: Its number.
        began_tick: Tick of the machine at which its virtual counter began.
    """

    def __init__(self, host: Board, domain: int, began_tick: int) -> None:
        super().__init__(seed=host.seed + domain, speed=host.speed)
        self.timekeeper = host.timekeeper
        self.domain, self.began_tick = domain, began_tick
        self._identity = f"{host.boot_id} {domain} {began_tick}"
        self.mode, self.boots = _MODE, 1
        fill(self)
        self.install({"stty": stty})
        self.tree.place("/sys/hypervisor/type", fixed("xen\n"), parents=True)

    @property
    def boot_id(self) -> str:
        """Differs for each domain that ever was."""
        text = hashlib.sha256(self._identity.encode()).hexdigest()
        return "-".join((text[:8], text[8:12], f"4{text[12:15]}", f"a{text[15:18]}", text[18:30]))

    def commands(self) -> dict[str, CommandFunction]:
        """Return the commands that there are: no compiler among them."""
        every = super().commands().items()
        return {path: do for path, do in every if path.rpartition("/")[2] not in _NOT_THERE}


class LinuxConsole:
    """A guest's Linux on its console (a `GuestConsole`).

    Args:
        host: The board.
        domain: The guest's number.
        name: Its name, for the prompt.
        since_tick: See `GuestLinux`.
    """

    def __init__(self, host: Board, domain: int, name: str, since_tick: int) -> None:
        self._linux = GuestLinux(host, domain, since_tick)
        self._said = bytearray()
        self._writes: list[Callable[[bytes], None]] = []
        self._gone = asyncio.Event()
        self._shell = TerminalShell(self._linux, self._say, lambda: False, name)
        self._life = asyncio.create_task(self._live(), name=f"domain {domain}")

    def attach(self, write: Callable[[bytes], None]) -> Callable[[], None]:
        """Hand on what it says from now on, what nobody has read first; return what ends that."""
        write(bytes(self._said))
        self._said.clear()
        self._writes.append(write)
        return lambda: self._writes.remove(write)

    def feed(self, data: bytes) -> None:
        """Type something."""
        self._shell.feed(data)

    async def ended(self) -> None:
        """Wait until the guest is gone."""
        await self._gone.wait()

    def power_off(self) -> None:
        """The guest is gone, and all that ran in it."""
        self._gone.set()
        self._life.cancel()
        self._linux.processes.kill_all()

    async def _live(self) -> None:
        machine = self._linux.machine
        while self._linux.machine is machine:  # a reboot of the board ends its guests
            await self._shell.run()
            self._shell = TerminalShell(self._linux, self._say, lambda: False)
        self._gone.set()

    def _say(self, data: bytes) -> None:
        if not self._writes:  # its terminal keeps that, as far as there is room
            self._said += data
            del self._said[:-_SAID]
        for write in tuple(self._writes):
            write(data)
