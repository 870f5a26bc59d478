"""The board's life: power, U-Boot, boots, crashes, and what its serial line shows of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine

from hvconsole.sim.board.board import Board
from hvconsole.sim.board.modes import MODES
from hvconsole.sim.hypervisor.jailhouse import SimulatedJailhouse, card_files
from hvconsole.sim.hypervisor.xen import SimulatedXen
from hvconsole.sim.hypervisor.xvisor import Guest, GuestSystem, SimulatedXvisor
from hvconsole.sim.line import PtyLine
from hvconsole.sim.login import SerialLogin
from hvconsole.sim.network import Network
from hvconsole.sim.terminal import stty
from hvconsole.sim.uboot import SPL, UBoot, Wish
from hvconsole.sim.xvisor_guest import LinuxGuest, Talker, firmware

MODE_VARIABLE = "bootmode"
_ENVIRONMENT = {
    "arch": "arm",
    "board": "sunxi",
    "bootcmd": "boot",
    "bootdelay": "2",
    "fdtfile": "sun7i-a20-bananapi.dtb",
    "soc": "sunxi",
    MODE_VARIABLE: "native",
}
# What guests' configurations name: kernel and ramdisk are there, and have nothing in them.
_CARD = {"/boot/vmlinuz": b"simulated\n", "/boot/initramfs-virt.gz": b"simulated\n"}
# How long things take to show, in seconds of our time at speed 1: nobody wants to wait as long as
# a real board makes one wait.
_SPL_LINE_S = 0.02
_COUNTDOWN_S = 2.0
_BOOT_LOG_S = 1.6
_SHUTDOWN_S = 0.4


def _nobody(_data: bytes) -> None:
    """Read what is typed where nothing reads."""


class Power:
    """Switches the board on, and keeps it going through restarts.

    Args:
        board: What is booted.
        line: Its serial line.
        network: Its network, which is there while Linux is.
    """

    def __init__(self, board: Board, line: PtyLine, network: Network) -> None:
        self.board = board
        self.xvisor: SimulatedXvisor | None = None
        self._guest_linux: Board | None = None
        self._line, self._network = line, network
        self._keys: Callable[[bytes], None] = _nobody
        self._life: asyncio.Task[None] | None = None
        self._login: asyncio.Task[None] | None = None
        line.take = self._typed
        board.uboot_variables = dict(_ENVIRONMENT)
        board.on_reboot = self.restart
        board.on_power_off = self._switched_off
        board.on_crash = self._crashed

    @property
    def linux(self) -> Board:
        """The board as its Linux has it; under Xvisor that is the one of its guest."""
        return self._guest_linux if self._guest_linux is not None else self.board

    def _typed(self, data: bytes) -> None:
        self._keys(data)

    async def on(self, mode: str) -> None:
        """Have the board up in a mode at once, as if it had been booted a while ago."""
        self.board.uboot_variables[MODE_VARIABLE] = mode
        self._boot(mode)
        self.board.timekeeper.start()
        for text in await self._boot_lines():
            self._line.write(text)
        await self._network.up()  # it has its address, whether anybody answers there or not
        await self._answer()

    async def off(self) -> None:
        """End everything."""
        tasks = [task for task in (self._life, self._login) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._silence()
        await self.board.timekeeper.stop()

    def reboot(self) -> None:
        """Let it restart by itself: Linux does that, where it has the board."""
        if self.xvisor is not None:
            self.restart()
        else:
            self.board.reboot()

    def restart(self) -> None:
        """Begin again with the SPL, at once: Linux asks for it, or somebody presses reset."""
        self._live_on(self._live(0.0))

    def _switched_off(self) -> None:
        self._live_on(self._silence())

    def _crashed(self, after_s: float | None) -> None:
        """Hang: nothing answers, and nobody is told. Then restart, or stay like this."""
        self._still()
        self._network.hang()
        if after_s is not None:
            self._live_on(self._live(after_s))

    def _live_on(self, life: Coroutine[None, None, None]) -> None:
        before, self._life = self._life, None
        if before is not None and before is not asyncio.current_task():
            before.cancel()
        self._life = asyncio.create_task(life, name="board: power")

    async def _live(self, after_s: float) -> None:
        await self._wait(after_s)
        await self._silence()
        await self._wait(_SHUTDOWN_S)
        while not (mode := await self._boot_loader()):
            pass  # it was reset
        self._line.write("\r\nStarting kernel ...\r\n\r\n")
        self._boot(mode)
        lines = await self._boot_lines()
        for text in lines:
            self._line.write(text)
            await self._wait(_BOOT_LOG_S / max(len(lines), 1))
        await self._answer()

    async def _boot_loader(self) -> str:
        """Go through SPL and U-Boot; return the mode to be booted, nothing after a reset."""
        variables = dict(self.board.uboot_variables)
        for text in SPL:
            self._line.write(f"{text}\r\n")
            await self._wait(_SPL_LINE_S)
        asked = await self._countdown()
        while True:
            if asked and await self._uboot(variables) == "reset":
                return ""
            mode = variables.get(MODE_VARIABLE, "native")
            if mode in MODES:
                return mode
            self._line.write(f"no boot mode is named {mode}: {', '.join(MODES)}\r\n")
            asked = True

    async def _countdown(self) -> bool:
        """Count down; return whether a key stopped it."""
        pressed = asyncio.Event()
        self._keys = lambda _data: pressed.set()
        self._line.write("Hit any key to stop autoboot:  2 ")
        for left in (1, 0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_COUNTDOWN_S / 2 / max(self.board.speed, 1.0)):
                    await pressed.wait()
            if pressed.is_set():
                self._line.write("\x08\x08\x08 0 \r\n")
                return True
            self._line.write(f"\x08\x08\x08 {left} ")
        self._line.write("\r\n")
        return False

    async def _uboot(self, variables: dict[str, str]) -> Wish:
        """Wait at the prompt until it is left."""
        left: asyncio.Future[Wish] = asyncio.get_running_loop().create_future()

        def leave(wish: Wish) -> None:
            if not left.done():
                left.set_result(wish)

        def save() -> None:
            self.board.uboot_variables = dict(variables)

        uboot = UBoot(variables, self._line.write, leave, save)
        self._keys = uboot.feed
        uboot.prompt()
        wish = await left
        self._keys = _nobody
        return wish

    def _boot(self, mode: str) -> None:
        first = self.board.boots == 0
        self.board.boot(mode)
        if first:
            for path, data in (_CARD | card_files()).items():
                self.board.tree.make_folders(path.rpartition("/")[0] or "/")
                self.board.tree.write(path, data)
        self.xvisor = self._guest_linux = None
        if self.board.machine.xvisor is not None:
            self._boot_xvisor()
        elif self.board.machine.xen is not None:
            self.board.attach(SimulatedXen(self.board.host))
        else:
            jailhouse = SimulatedJailhouse(self.board.host)
            self.board.attach(jailhouse)
            self.board.on_device_read = jailhouse.touched
        self.board.install({"stty": stty})
        self.board.log.listener = self._line.write

    def _boot_xvisor(self) -> None:
        xvisor = SimulatedXvisor(
            self.board.host,
            self._line.write,
            lambda guest: self._system_of(xvisor, guest),
            seed=self.board.seed,
            sleep=self.board.timekeeper.sleep,
            restart=self.restart,
            power_off=self._switched_off,
        )
        self.xvisor = xvisor

    def _system_of(self, xvisor: SimulatedXvisor, guest: Guest) -> GuestSystem:
        """Return what an image is when it runs."""
        out = guest.ports[0].receive
        if guest.image == "linux" and not guest.number:
            linux = LinuxGuest(
                self.board,
                out,
                lambda: xvisor.backlog,
                lambda: xvisor.begin_again(guest),
                lambda: xvisor.end(guest),
            )
            self._guest_linux = linux.board
            return linux
        return Talker(out) if guest.image == "busy" else firmware(out)

    async def _boot_lines(self) -> list[str]:
        """Return what the serial line shows of a boot, in pieces with their line ends."""
        if self.xvisor is not None:
            return await self.xvisor.boot()
        hypervisor = self.board.hypervisor
        lines = [*(hypervisor.boot_lines() if hypervisor else []), *self.board.log.lines]
        return [f"{text}\r\n" for text in lines]

    async def _answer(self) -> None:
        """Let who was booted be there: on the serial line, and Linux on the network as well."""
        if self.xvisor is not None:
            self._keys = self.xvisor.feed
            self._login = asyncio.create_task(self.xvisor.run(), name="board: Xvisor")
            await self._network.down()
            return
        login = SerialLogin(self.board, self._line)
        self._keys = login.feed
        self._login = asyncio.create_task(login.run(), name="board: serial login")
        await self._network.up()

    async def _silence(self) -> None:
        """Let Linux be gone: connections are reset, and nothing reads the line."""
        self._still()
        await self._network.down()

    def _still(self) -> None:
        """Let nothing run any more."""
        login, self._login = self._login, None
        if login is not None:
            login.cancel()
        if self.xvisor is not None:
            self.xvisor.stop()
        self._keys = _nobody
        self.board.unreachable = True
        self.board.processes.kill_all()

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds / max(self.board.speed, 1.0))
