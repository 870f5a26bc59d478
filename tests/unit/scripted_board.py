"""A board that plays by a script: U-Boot and Linux on one console, SSH beside it, faults on order.

It keeps the order of events of a real one, in hundredths of its time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hvconsole.link.protocol import Capability, Completed
from hvconsole.model.board import BoardProfile, SshAddress
from hvconsole.model.boot import BootMode, BootProof
from hvconsole.model.problem import LinkProblem

MODES = {
    "native": BootMode(
        about="Linux alone",
        uboot=("setenv mode native", "run bootcmd"),
        proof=BootProof(hypervisor="none", cmdline=("mode=native",)),
    ),
    "xen-rtds": BootMode(
        about="Xen with RTDS",
        uboot=("setenv mode xen-rtds", "run bootcmd"),
        proof=BootProof(hypervisor="xen", scheduler="rtds", cmdline=("mode=xen-rtds",)),
    ),
    "xen-credit": BootMode(
        uboot=("setenv mode xen-credit", "run bootcmd"),
        proof=BootProof(hypervisor="xen", scheduler="credit"),
    ),
    "once": BootMode(
        about="Xen with RTDS, this once",
        linux=(("next-mode", "xen-rtds"),),
        proof=BootProof(hypervisor="xen", scheduler="rtds"),
    ),
}
PROFILE = BoardProfile(
    name="bpi", ssh=SshAddress(host="192.0.2.7"), serial="/dev/ttyUSB0", modes=MODES
)
_STEP_S = 0.01
_COUNTDOWN_S = 0.25


@dataclass
class Faults:
    """What goes wrong.

    Attributes:
        keys_ignored: How many countdowns do not listen.
        becomes: What comes up instead of a mode.
        refuses: Commands on Linux that fail.
        no_effect: Commands on Linux that succeed and do nothing.
        dies: What the kernel says, then nothing more, in these modes.
        reborn: After dying the board restarts into native.
        ssh: SSH answers once Linux is up.
        unbootable: Modes that U-Boot does not find.
        garbage: Sent with everything.
        drops: U-Boot's UART loses every so many-th character.
        xl_fails: How often xl does not answer yet.
    """

    keys_ignored: int = 0
    becomes: dict[str, str] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    no_effect: set[str] = field(default_factory=set)
    dies: dict[str, bytes] = field(default_factory=dict)
    reborn: bool = False
    ssh: bool = True
    unbootable: set[str] = field(default_factory=set)
    garbage: bytes = b""
    drops: int = 0
    xl_fails: int = 0


class ScriptedBoard:
    """The board, its serial port and its console, all in one.

    Attributes:
        state: ``linux``, ``login``, ``mute``, ``spl``, ``countdown``, ``prompt``, ``off``.
        mode: What is running.
        boots: How often it has booted.
        said: What was run on its Linux, command by command.
        typed: Lines that came to U-Boot's shell.
    """

    name = "scripted"

    def __init__(
        self, faults: Faults | None = None, *, state: str = "linux", breaks: bool = False
    ) -> None:
        self.faults = faults or Faults()
        self.state = state
        self.mode = "native"
        self.boots = 1
        self.said: list[str] = []
        self.typed: list[str] = []
        self.next_mode = ""
        self.links: list[FakeLink] = []
        self.is_open = True
        self._breaks = breaks
        self._line = b""
        self._sysrq = False
        self._count = 0
        self._env: dict[str, str] = {}
        self._stop = asyncio.Event()
        self._listeners: list[Callable[[bytes], None]] = []
        self._task: asyncio.Task[None] | None = None

    # The console, as a boot sees it.
    @property
    def port(self) -> ScriptedBoard:
        return self

    @property
    def scrollback(self) -> bytes:
        return b""

    def subscribe(self, callback: Callable[[bytes], None]) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def plug_in(self, line: int) -> None:
        """Speak and listen at our end of a pty."""
        self.subscribe(lambda data: os.write(line, data))

        def typed() -> None:
            for byte in os.read(line, 4096):
                self._key(bytes([byte]))

        asyncio.get_running_loop().add_reader(line, typed)

    # The port.

    async def send(self, data: bytes, *, pace_s: float = 0.0) -> None:  # noqa: ARG002  # a port's signature
        for byte in data:
            self._key(bytes([byte]))
        await asyncio.sleep(0)

    async def send_break(self, seconds: float = 0.25) -> None:  # noqa: ARG002  # likewise
        if not self._breaks:
            raise LinkProblem("scripted cannot send a break", detail="raw bytes only")
        self._sysrq = True

    # SSH.
    async def connect(self) -> FakeLink:
        await asyncio.sleep(0)
        if self.state != "linux" or not self.faults.ssh:
            raise LinkProblem("root@192.0.2.7 does not answer")
        link = FakeLink(self)
        self.links.append(link)
        return link

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def say(self, data: bytes) -> None:
        for listener in tuple(self._listeners):
            listener(self.faults.garbage + data)

    def press_reset(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.state = "spl"
        for link in self.links:
            link.lose()
        self._env.clear()
        self._stop.clear()
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.get_running_loop().create_task(self._power_on())

    async def _power_on(self) -> None:
        await asyncio.sleep(_STEP_S)
        self.say(b"\r\nU-Boot SPL 2023.01\r\nTrying to boot from MMC1\r\n\r\nU-Boot 2023.01\r\n")
        await asyncio.sleep(_STEP_S)
        self.state = "countdown"
        self.say(b"Hit any key to stop autoboot:  2 ")
        listens = self.faults.keys_ignored <= 0
        self.faults.keys_ignored -= 1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_COUNTDOWN_S):
                await self._stop.wait()
        self.say(b"\b\b\b 0 \r\n")
        if self._stop.is_set() and listens:
            self.state = "prompt"
            self.say(b"=> ")
            return
        await self._boot(self.next_mode or "native")

    async def _boot(self, mode: str) -> None:
        self.state, self.next_mode = "off", ""
        await asyncio.sleep(_STEP_S)
        if mode in self.faults.unbootable:
            self.say(b"** File not found /boot/xen **\r\n## Error: nothing to boot\r\n")
            self.state = "prompt"
            self.say(b"=> ")
            return
        mode = self.faults.becomes.get(mode, mode)
        self.say(b"\r\nStarting kernel ...\r\n\r\n")
        if mode.startswith("xen"):
            self.say(b"(XEN) Xen version 4.17.5\r\n(XEN) Initializing scheduler\r\n")
        self.say(b"[    0.0] Booting Linux on physical CPU 0x0\r\n[    0.0] Linux version 6.1\r\n")
        await asyncio.sleep(5 * _STEP_S)
        if mode in self.faults.dies:
            self.say(self.faults.dies[mode])
            if self.faults.reborn:
                await asyncio.sleep(5 * _STEP_S)
                self.restart()
            return
        self.mode, self.state = mode, "linux"
        self.boots += 1
        self.say(b"lab: ready\r\n# ")

    def _key(self, key: bytes) -> None:
        if self._sysrq:
            self._sysrq = False
            self.said.append(f"sysrq {key.decode()}")
            if key == b"b":
                self.restart()
            return
        if self.state in {"countdown", "spl"}:
            self._stop.set()
        elif self.state == "prompt":
            self._uboot_key(key)
        elif self.state == "linux" or (self.state == "login" and key == b"\r"):
            self._linux_key(key)

    def _linux_key(self, key: bytes) -> None:
        if key != b"\r":
            self._line += key
            self.say(key)
            return
        line, self._line = self._line.decode(), b""
        self.say(b"\r\n")
        if self.state == "login":
            self.say(b"bananapi login: ")
            return
        if line:
            self._shell(line)
        if self.state == "linux":
            self.say(b"# ")

    def _shell(self, line: str) -> None:
        for part in line.replace(";", "||").split("||"):
            command = part.strip()
            if command.startswith("echo"):
                self.say(command[5:].replace("'", "").encode() + b"\r\n")
            elif self.run(command) == 0 and command != "sync":
                return

    def _uboot_key(self, key: bytes) -> None:
        if key == b"\x03":
            self._line = b""
            self.say(b"<INTERRUPT>\r\n=> ")
        elif key == b"\r":
            line, self._line = self._line.decode(), b""
            self.say(b"\r\n")
            self._hush(line)
        else:
            self._count += 1
            if self.faults.drops and self._count % self.faults.drops == 0:
                return
            self._line += key
            self.say(key)

    def _hush(self, line: str) -> None:
        command, _, echo = line.partition("; echo ")
        self.typed.append(command)
        name, *words = command.split() or [""]
        status = 0
        if name == "setenv":
            self._env[words[0]] = " ".join(words[1:])
        elif name == "reset":
            self.restart()
            return
        elif name in {"run", "boot"}:
            mode = self._env.get("mode") or "native"
            self._task = asyncio.get_running_loop().create_task(self._boot(mode))
            return
        elif name:
            status = 1
            self.say(f"Unknown command '{name}' - try 'help'\r\n".encode())
        if echo:
            self.say(echo.replace("$?", str(status)).encode() + b"\r\n")
        self.say(b"=> ")

    def run(self, command: str) -> int:
        """Run a command on Linux; return its status."""
        self.said.append(command)
        command = command.removeprefix("sudo -n ")
        if command in self.faults.refuses:
            return 127
        if command in self.faults.no_effect:
            return 0
        if command.startswith("next-mode "):
            self.next_mode = command.split()[1]
        elif command.endswith(("reboot", "reboot -f")):
            self.say(b"[  100.0] reboot: Restarting system\r\n")
            self.restart()
        return 0


class FakeLink:
    """SSH into one boot of the board."""

    capabilities = Capability.RUN
    name = "root@192.0.2.7"

    def __init__(self, board: ScriptedBoard) -> None:
        self._board = board
        self._boot = board.boots
        self._lost = asyncio.get_running_loop().create_future()
        self.closings = 0

    def lose(self) -> None:
        if not self._lost.done():
            self._lost.set_result(LinkProblem("the link to root@192.0.2.7 was lost"))

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",  # noqa: ARG002  # a link's signature
        timeout: float = 30.0,  # noqa: ARG002  # likewise
    ) -> Completed:
        await asyncio.sleep(0)
        if self._lost.done():
            raise LinkProblem("the link to root@192.0.2.7 was lost")
        words = tuple(argv[2:]) if argv[0] == "sudo" else tuple(argv)
        if words[:2] == ("sh", "-s"):
            return Completed(words, 0, self._facts(words[2]), b"")
        if words[0] == "cat":
            return Completed(words, 0, f"boot-{self._boot}\n".encode(), b"")
        if words[0] == "xl":
            return self._xl(words)
        if words[0] == "ls":
            return Completed(words, 2, b"", b"ls: no such file")
        status = self._board.run(" ".join(argv))
        if self._lost.done():
            raise LinkProblem("the link to root@192.0.2.7 was lost")
        said = f"sh: {words[0]}: not found".encode() if status else b""
        return Completed(words, status, b"", said)

    async def closed(self) -> Exception | None:
        result: Exception | None = await asyncio.shield(self._lost)
        return result

    async def close(self) -> None:
        self.closings += 1
        if not self._lost.done():
            self._lost.set_result(None)

    def _xl(self, words: tuple[str, ...]) -> Completed:
        if self._board.faults.xl_fails > 0:
            self._board.faults.xl_fails -= 1
            return Completed(words, 1, b"", b"libxl: error: cannot open xenstore")
        scheduler = self._board.mode.removeprefix("xen-").encode()
        return Completed(words, 0, scheduler + b"\n", b"")

    def _facts(self, token: str) -> bytes:
        sections = {
            "machine": "armv7l",
            "uid": "0",
            "boot_id": f"boot-{self._boot}",
            "cmdline": f"console=ttyS0 mode={self._board.mode} quiet",
        }
        if self._board.mode.startswith("xen"):
            sections["hypervisor"] = "xen"
        return "".join(f"@{token} {name}\n{text}\n" for name, text in sections.items()).encode()


class ScriptedLink:
    """A link as a session makes it: opened later, one boot long."""

    name = FakeLink.name
    capabilities = FakeLink.capabilities

    def __init__(self, board: ScriptedBoard) -> None:
        self._board = board
        self._link: FakeLink | None = None

    async def open(self) -> None:
        self._link = await self._board.connect()

    async def run(self, argv: Sequence[str], **options: Any) -> Completed:
        if self._link is None:
            raise LinkProblem("it is not open")
        return await self._link.run(argv, **options)

    async def closed(self) -> Exception | None:
        return await self._link.closed() if self._link is not None else None

    async def close(self) -> None:
        if self._link is not None:
            await self._link.close()
