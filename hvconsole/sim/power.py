"""The board's life: power, U-Boot, boots, crashes, and what its serial line shows of them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable

from hvconsole.sim.board.board import Board
from hvconsole.sim.board.modes import HOSTNAME, MODES
from hvconsole.sim.board.shell.interactive import Interactive
from hvconsole.sim.board.shell.streams import Call, Pipe, Streams
from hvconsole.sim.hypervisor.host import ToolCall
from hvconsole.sim.hypervisor.jailhouse import SimulatedJailhouse, card_files
from hvconsole.sim.hypervisor.xen import SimulatedXen
from hvconsole.sim.line import PtyLine
from hvconsole.sim.terminal import Discipline, for_terminal
from hvconsole.sim.uboot import SPL, UBoot, Wish

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


class Power:
    """Switches the board on, and keeps it going through restarts.

    Args:
        board: What is booted.
        line: Its serial line.
        up: Called when Linux answers on the network.
        down: Called when it does so no more.
    """

    def __init__(
        self,
        board: Board,
        line: PtyLine,
        up: Callable[[], Awaitable[None]],
        down: Callable[[], Awaitable[None]],
    ) -> None:
        self.board = board
        self._line = line
        self._up, self._down = up, down
        self._saved = dict(_ENVIRONMENT)
        self._keys: Callable[[bytes], None] = lambda _data: None
        self._discipline: Discipline | None = None
        self._life: asyncio.Task[None] | None = None
        self._login: asyncio.Task[int] | None = None
        line.take = self._typed
        board.on_reboot = self.restart
        board.on_power_off = self._switched_off
        board.on_crash = self._crashed

    def _typed(self, data: bytes) -> None:
        self._keys(data)

    async def on(self, mode: str) -> None:
        """Have the board up in a mode at once, as if it had been booted a while ago."""
        self._saved[MODE_VARIABLE] = mode
        self._boot(mode)
        self.board.timekeeper.start()
        for text in self.board.log.lines:
            self._line.write(f"{text}\r\n")
        self._listen()
        await self._up()

    async def off(self) -> None:
        """End everything."""
        await self._end_tasks()
        self.board.processes.kill_all()
        await self._down()
        await self.board.timekeeper.stop()

    def restart(self, after_s: float = 0.0) -> None:
        """Begin again with the SPL, after a while."""
        before, self._life = self._life, None
        if before is not None and before is not asyncio.current_task():
            before.cancel()
        self._life = asyncio.create_task(self._live(after_s), name="board: power")

    async def _live(self, after_s: float) -> None:
        self._keys = lambda _data: None
        await self._silence()
        await self._wait(after_s or _SHUTDOWN_S)
        variables = dict(self._saved)
        while True:
            for text in SPL:
                self._line.write(f"{text}\r\n")
                await self._wait(_SPL_LINE_S)
            if await self._countdown() and await self._uboot(variables) == "reset":
                continue
            mode = variables.get(MODE_VARIABLE, "native")
            if mode not in MODES:
                self._line.write(f"no boot mode is named {mode}: {', '.join(MODES)}\r\n")
                await self._uboot(variables)
                continue
            break
        await self._start(mode)

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
            self._saved = dict(variables)

        uboot = UBoot(variables, self._line.write, leave, save)
        self._keys = uboot.feed
        uboot.prompt()
        wish = await left
        self._keys = lambda _data: None
        return wish

    async def _start(self, mode: str) -> None:
        self._line.write("\r\nStarting kernel ...\r\n\r\n")
        self._boot(mode)
        hypervisor = self.board.hypervisor
        lines = [*(hypervisor.boot_lines() if hypervisor else []), *self.board.log.lines]
        for text in lines:
            self._line.write(f"{text}\r\n")
            await self._wait(_BOOT_LOG_S / max(len(lines), 1))
        self._listen()
        await self._up()

    def _boot(self, mode: str) -> None:
        first = self.board.boots == 0
        self.board.boot(mode)
        if first:
            for path, data in (_CARD | card_files()).items():
                self.board.tree.make_folders(path.rpartition("/")[0] or "/")
                self.board.tree.write(path, data)
        if self.board.machine.xen is not None:
            self.board.attach(SimulatedXen(self.board.host))
        else:
            jailhouse = SimulatedJailhouse(self.board.host)
            self.board.attach(jailhouse)
            self.board.on_device_read = jailhouse.touched
        self.board.install({"stty": self._stty})
        self.board.log.listener = self._line.write

    def _listen(self) -> None:
        """Ask for a login on the line, again after each."""
        self._login = asyncio.create_task(self._log_in(), name="board: serial login")

    async def _log_in(self) -> int:
        while True:
            typed: asyncio.Queue[bytes] = asyncio.Queue()
            again = functools.partial(typed.put_nowait, b"")
            self._discipline = Discipline(self._line.write, typed.put_nowait, again, again)
            self._keys = self._discipline.feed
            self._line.write(f"\r\nDebian GNU/Linux 12 {HOSTNAME} ttyS0\r\n\r\n")
            name = b""
            while not name:
                self._line.write(f"{HOSTNAME} login: ")
                name = await typed.get()
            if name == b"root":
                await self._shell()
            else:
                self._discipline.echo = False
                self._line.write("Password: ")
                await typed.get()
                self._line.write("\r\nLogin incorrect\r\n")

    async def _shell(self) -> None:
        pipe = Pipe()

        def out(data: bytes) -> None:
            self._line.write(for_terminal(data))

        def line(data: bytes) -> None:
            with contextlib.suppress(BrokenPipeError):
                pipe.write(data + b"\n")

        streams = Streams(pipe, Call(out), Call(out))
        person = Interactive(self.board.shell("-sh", streams=streams))
        self._discipline = Discipline(self._line.write, line, person.interrupt, pipe.end)
        self._keys = self._discipline.feed
        await person.run()
        self._line.write("logout\r\n")

    async def _stty(self, call: ToolCall) -> int:
        """Switch the serial line's echo: all that is asked of stty."""
        if self._discipline is not None:
            for word in call.words[1:]:
                if word in {"echo", "-echo", "sane"}:
                    self._discipline.echo = word != "-echo"
        return 0

    def _switched_off(self) -> None:
        self._life = asyncio.create_task(self._silence(), name="board: off")

    def _crashed(self, after_s: float | None) -> None:
        if after_s is not None:
            self.restart(after_s)
        else:
            self._life = asyncio.create_task(self._silence(), name="board: crashed")

    async def _silence(self) -> None:
        """Nobody answers any more, on the network or at the line."""
        login, self._login = self._login, None
        if login is not None:
            login.cancel()
        self.board.unreachable = True
        await self._down()
        self.board.processes.kill_all()

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds / max(self.board.speed, 1.0))

    async def _end_tasks(self) -> None:
        for task in (self._life, self._login):
            if task is not None:
                task.cancel()
        ended = [task for task in (self._life, self._login) if task is not None]
        await asyncio.gather(*ended, return_exceptions=True)
