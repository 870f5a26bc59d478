"""The simulated board without its connections: one boot after the other, files, commands."""

from __future__ import annotations

import errno
import functools
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from hvconsole.sim.board.commands.catalogue import commands
from hvconsole.sim.board.commands.running import shell_for
from hvconsole.sim.board.linux.bootlog import boot_log
from hvconsole.sim.board.linux.counter import CounterModule
from hvconsole.sim.board.linux.fill import fill, show_commands
from hvconsole.sim.board.linux.online import online
from hvconsole.sim.board.modes import MODES, NATIVE, BootMode
from hvconsole.sim.board.nodes import Executable, File, Folder, Live
from hvconsole.sim.board.processes import Process, Processes
from hvconsole.sim.board.programs import program_of
from hvconsole.sim.board.shell.call import CommandFunction, Invocation, to_text
from hvconsole.sim.board.shell.shell import PATH, Shell
from hvconsole.sim.board.shell.streams import Streams
from hvconsole.sim.board.timekeeper import Timekeeper
from hvconsole.sim.board.tree import Tree, failed
from hvconsole.sim.hypervisor.host import GuestConsole, Host, Hypervisor, Tool
from hvconsole.sim.machine import Machine
from hvconsole.sim.machine.changes import Change

ENVIRONMENT: Final = {
    "HOME": "/root",
    "LOGNAME": "root",
    "PATH": PATH,
    "SHELL": "/bin/sh",
    "USER": "root",
}
_BOOT_S: Final = 5.0
"""Linux has been up for so long when the board answers."""


@dataclass(slots=True)
class KernelLog:
    """What dmesg shows, and the serial console gets as well.

    Attributes:
        lines: With their times.
        listener: Takes what appears on the serial console, line ends included (CR LF).
    """

    lines: list[str] = field(default_factory=list)
    listener: Callable[[str], None] = lambda _text: None


class Board:
    """What is there when the power is on. `boot` has to come first.

    It is the `System` of its shells and the `Host` of its hypervisor's tools.

    Args:
        seed: Of everything random.
        speed: Simulated seconds a second.
        inside: The board in whose guest this one's Linux runs: the machine and its time are that
            one's.

    Attributes:
        unreachable: It does not answer any more; only another boot helps.
        on_reboot: Called when Linux asks for a reboot.
        on_power_off: Called when Linux asks for the power to be switched off.
        on_device_read: Called before Linux reads a device's register, with address and size: a
            root cell that does not cover it would have the CPU parked.
        on_crash: Called when everything stops, with the seconds after which the board restarts
            itself, or None.
        refuse_modules: The kernel takes signed modules only.
        domain: Which domain its Linux is; 0 for dom0, and without Xen.
        began_tick: Tick of the machine at which its Linux's virtual counter began.
        make_guest: Makes the Linux of a guest, with the guest's number, name and first tick; None
            where guests have none.
        uboot_variables: What U-Boot keeps on the card; ``fw_setenv`` writes them.
    """

    def __init__(self, *, seed: int = 0, speed: float = 1.0, inside: Board | None = None) -> None:
        self.seed = seed
        self._inside = inside
        self._began_s = 0.0
        self.tree = Tree()
        self.log = KernelLog()
        self.processes = Processes()
        self.mode: BootMode = NATIVE
        self.boots = 0
        self.modules: dict[str, int] = {}
        self.tainted = False
        self.counter: CounterModule | None = None
        self.hypervisor: Hypervisor | None = None
        self.rt_runtime_us = 950_000
        self.refuse_modules = False
        self.unreachable = False
        self._installed: dict[str, Tool] = {}
        self.uboot_variables: dict[str, str] = {}
        self.domain = 0
        self.began_tick = 0
        self.make_guest: Callable[[int, str, int], GuestConsole] | None = None
        self.on_reboot: Callable[[], None] = lambda: None
        self.on_power_off: Callable[[], None] = lambda: None
        self.on_crash: Callable[[float | None], None] = lambda _after_s: None
        self.on_device_read: Callable[[int, int], None] = lambda _address, _size: None
        self.timekeeper: Timekeeper = (
            inside.timekeeper
            if inside is not None
            else Timekeeper(Machine(NATIVE.setup, seed=seed), speed)
        )

    @property
    def speed(self) -> float:
        """Simulated seconds a second."""
        return self.timekeeper.speed

    @property
    def host(self) -> Host:
        """What the tools of a hypervisor need of the board."""
        return self

    @property
    def machine(self) -> Machine:
        """This boot's machine, as of now; changed through `apply` only."""
        return self.timekeeper.machine

    @property
    def uptime_s(self) -> float:
        """Simulated seconds since Linux was started."""
        return self.timekeeper.uptime_s - self._began_s + _BOOT_S

    @property
    def boot_id(self) -> str:
        """Differs after each boot, and is the same for the same seed."""
        text = hashlib.sha256(f"{self.seed} {self.boots}".encode()).hexdigest()
        return "-".join((text[:8], text[8:12], f"4{text[12:15]}", f"a{text[15:18]}", text[18:30]))

    def boot(self, mode: str = "native") -> None:
        """Begin another boot; the heat of the one before and the files on the card stay.

        All is there at once: `log.lines` holds the kernel's messages of the boot, which the
        listener is not told.

        Raises:
            KeyError: There is no such mode.
        """
        self.mode = MODES[mode]
        before = self.machine.celsius if self.boots else None
        self.boots += 1
        self.processes.kill_all()
        seed = self.seed + self.boots - 1
        if self._inside is None:
            self.timekeeper.replace(Machine(self.mode.setup, seed=seed, temperature_c=before))
        else:
            self.tree = Tree()  # it has nothing but memory
            self._began_s = self.timekeeper.uptime_s
            self.began_tick = self.machine.now
        self.modules, self.tainted = {}, False
        self.counter = self.hypervisor = None
        self.rt_runtime_us = 950_000
        self.unreachable = False
        fill(self)
        self.log.lines[:] = boot_log(self)

    def attach(self, hypervisor: Hypervisor) -> None:
        """Let a hypervisor be there for the rest of this boot; its tools become commands."""
        self.hypervisor = hypervisor
        show_commands(self)

    def install(self, tools: Mapping[str, Tool]) -> None:
        """Have tools on the card in each boot, for where no hypervisor brings its own."""
        self._installed = dict(tools)
        show_commands(self)

    def shell(
        self,
        *arguments: str,
        streams: Streams | None = None,
        environment: dict[str, str] | None = None,
    ) -> Shell:
        """Return a shell of root's, in root's home.

        Args:
            arguments: ``$0``, ``$1`` and so on; without, ``sh``.
            streams: What it reads from and writes to.
            environment: Variables besides the usual ones.
        """
        variables = {**ENVIRONMENT, **(environment or {})}
        shell = Shell(self, list(arguments) or ["sh"], variables, streams=streams)
        shell.pid = self.processes.number()
        return shell

    def say(self, text: str) -> None:
        """Write a line into the kernel's log, and onto the serial console."""
        line = f"[{self.uptime_s:12.6f}] {text}"
        self.log.lines.append(line)
        self.log.listener(f"{line}\r\n")

    def reboot(self) -> None:
        """Linux restarts the board."""
        self.say("reboot: Restarting system")
        self.on_reboot()

    def power_off(self) -> None:
        """Linux switches the board off."""
        self.say("reboot: Power down")
        self._freeze()
        self.on_power_off()

    def touch(self, address: int, size: int) -> None:
        """Linux reads a device's register: a root cell may not cover it."""
        self.on_device_read(address, size)

    def commands(self) -> dict[str, CommandFunction]:
        """Return the commands that there are, by path."""
        brought = self.hypervisor.tools if self.hypervisor is not None else {}
        return commands(self, {**self._installed, **brought})

    # What the shell needs of the board.

    def program(self, path: str) -> CommandFunction:
        """Return what an executable file does. Raises `OSError` where it is none."""
        node = self.tree.find(path)
        if isinstance(node, Executable):
            return node.run
        if isinstance(node, Folder | Live) or not isinstance(node, File) or not node.mode & 0o111:
            raise failed(errno.EACCES, path)
        data = bytes(node.data)
        program = program_of(path, data)
        if program is not None:
            return functools.partial(program, self)
        if b"\0" in data:
            raise failed(errno.ENOEXEC, path)
        return _script(to_text(data))

    async def execute(self, function: CommandFunction, call: Invocation) -> int:
        """Run a program as a process of its own; return its status."""

        async def run(process: Process) -> int:
            call.process = process
            result = function(call)
            return result if isinstance(result, int) else await result

        return await self.processes.run(call.words, run)

    def spawn(self, words: list[str], work: Callable[[], Awaitable[int]]) -> int:
        """Run something in the background; return its process number."""
        return self.processes.spawn(words, work).pid

    async def finished(self, pid: int | None) -> int:
        """Wait for a process in the background, or for all; return its status."""
        return await self.processes.finished(pid)

    # What the tools of a hypervisor need of it.

    def apply(self, change: Change) -> None:
        """Change the machine now. Raises `BoardProblem` where it cannot be done."""
        before = set(online(self))
        self.timekeeper.apply(change)
        if self.counter is not None:
            for cpu in set(online(self)) - before:
                self.counter.cpu_online(cpu)  # CPU hotplug, by whomever

    def read(self, path: str) -> bytes:
        """Return a file's content. Raises `OSError` as the board's kernel would."""
        return self.tree.read(path)

    def offer(
        self, path: str, read: Callable[[], bytes], write: Callable[[bytes], None] | None = None
    ) -> None:
        """Show a file whose content is made when it is read."""
        mode = 0o444 if write is None else 0o644
        self.tree.place(path, Live(read, write, mode), parents=True)

    def withdraw(self, path: str) -> None:
        """Remove a file or a whole folder; nothing happens where there is none."""
        try:
            self.tree.remove_all(path)
        except FileNotFoundError:
            return

    def guest(self, domain: int, name: str, since_tick: int) -> GuestConsole | None:
        """Return the console of a guest's Linux that begins now; None where there is none."""
        return self.make_guest(domain, name, since_tick) if self.make_guest is not None else None

    def kernel(self, line: str) -> None:
        """Say a line as Linux's kernel."""
        self.say(line)

    def console(self, text: str) -> None:
        """Write onto the serial console as the hypervisor itself, line ends included."""
        self.log.listener(text)

    def crash(self, *, reboot_after_s: float | None) -> None:
        """Stop the whole board at once; then it restarts itself, or never."""
        self._freeze()
        self.on_crash(reboot_after_s)

    def _freeze(self) -> None:
        """Answer no more. A guest's Linux does not take the machine with it."""
        self.unreachable = True
        if self._inside is None:
            self.timekeeper.freeze()


def _script(text: str) -> CommandFunction:
    async def run(call: Invocation) -> int:
        shell = shell_for(call)
        shell.arguments = list(call.words)
        return await shell.execute(text)

    return run
