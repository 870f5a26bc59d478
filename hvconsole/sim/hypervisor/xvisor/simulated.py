"""Xvisor on the simulated board: its boot, its terminal on the serial line, its guests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hvconsole.sim.hypervisor.host import Host
from hvconsole.sim.hypervisor.xvisor.boot import boot_log
from hvconsole.sim.hypervisor.xvisor.card import BOOT_SCRIPT, Card
from hvconsole.sim.hypervisor.xvisor.core import Core, SystemOf
from hvconsole.sim.hypervisor.xvisor.guest import Guest, GuestSystem, Nothing
from hvconsole.sim.hypervisor.xvisor.pieces import Pieces
from hvconsole.sim.hypervisor.xvisor.place import BANANA_PI
from hvconsole.sim.hypervisor.xvisor.terminal import Terminal
from hvconsole.sim.hypervisor.xvisor.trap import trap
from hvconsole.sim.hypervisor.xvisor.vcpu import State


class SimulatedXvisor:
    """Xvisor for one boot of the board.

    Args:
        host: The board; its machine runs Xvisor.
        write: Takes what appears on the serial line.
        system_of: Makes what runs in a guest, by its image.
        seed: The board's.
        sleep: Lets simulated seconds pass.
        restart: Restarts the board.
        power_off: Switches it off.
    """

    def __init__(
        self,
        host: Host,
        write: Callable[[bytes], None],
        system_of: SystemOf,
        *,
        seed: int,
        sleep: Callable[[float], Awaitable[None]],
        restart: Callable[[], None],
        power_off: Callable[[], None],
    ) -> None:
        self._system_of = system_of
        self.core = Core(host, self._system)
        self._write = write
        self._place = BANANA_PI
        self._pieces = Pieces(write, seed)
        self._said: list[str] | None = None
        self._stopped = False
        self._terminal = Terminal(
            self.core,
            self._place,
            Card(),
            self._say,
            sleep=sleep,
            restart=restart,
            power_off=power_off,
        )

    @property
    def backlog(self) -> int:
        """How much output waits for the line, in bytes."""
        return self._pieces.backlog

    async def boot(self) -> list[str]:
        """Boot, its script included; return what is printed meanwhile, piece by piece."""
        said: list[str] = []
        self._said = said
        lines = boot_log(self._place, self.core.cpus)
        for command in (f"vfs run {BOOT_SCRIPT}", "vfs cat /system/banner.txt"):
            said.append(f"INIT: bootcmd: {command}\n")
            await self._terminal.execute(command)
        self._said = None
        return lines + [text.replace("\n", "\r\n") for text in said]

    def feed(self, data: bytes) -> None:
        """Take what was typed on the serial line."""
        self._terminal.feed(data)

    async def run(self) -> None:
        """Answer until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pieces.run(), name="xvisor: output")
            tasks.create_task(self._terminal.run(), name="xvisor: terminal")

    def stop(self) -> None:
        """The board goes down: guests are gone, and what was printed is out."""
        self._stopped = True
        self._pieces.flush()
        for guest in self.core.guests.values():
            guest.system.stop()

    def begin_again(self, guest: Guest) -> None:
        """A guest asked for a restart."""
        if self._stopped:
            return
        self.end(guest)
        self.core.kick(guest.vcpus[0])

    def end(self, guest: Guest) -> None:
        """A guest asked to be switched off: it is reset, and waits to be kicked."""
        for vcpu in guest.vcpus:
            self.core.reset(vcpu)

    def runs(self) -> Guest | None:
        """Return the first guest whose first vCPU may run."""
        if self._stopped:
            return None
        guests = self.core.guests.values()
        return next((g for g in guests if g.vcpus[0].state is State.READY), None)

    def _system(self, guest: Guest) -> GuestSystem:
        if guest.image:
            return self._system_of(guest)
        return Nothing(lambda: self._trap_of(guest))

    def _trap_of(self, guest: Guest) -> None:
        if not self._stopped and guest.vcpus[0].state is State.READY:
            self._pieces.interject(trap(self.core, guest))

    def trap(self, *, inside: bool = False) -> None:
        """Let the first guest that runs trap, whatever is being printed.

        Args:
            inside: Not now, but in the middle of the next output that has a middle.
        """

        def text() -> str:
            guest = self.runs()
            return trap(self.core, guest) if guest is not None else ""

        if inside:
            self._pieces.inside(text)
        else:
            self._pieces.interject(text())

    def _say(self, text: str) -> None:
        if self._said is not None:
            self._said.append(text)
        else:
            self._pieces.say(text)
