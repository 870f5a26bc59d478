"""The seam between the simulated board and the hypervisors' tools on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from hvconsole.sim.machine import Machine
from hvconsole.sim.machine.changes import Change


class GuestConsole(Protocol):
    """A guest's Linux as it is met on its console."""

    def attach(self, write: Callable[[bytes], None]) -> Callable[[], None]:
        """Hand on what it says from now on, what nobody has read first; return what ends that."""

    def feed(self, data: bytes) -> None:
        """Type something."""

    async def ended(self) -> None:
        """Wait until the guest is gone."""

    def power_off(self) -> None:
        """The guest is gone, and all that ran in it."""


class Host(Protocol):
    """What the tools of a hypervisor need of the board that they run on."""

    @property
    def machine(self) -> Machine:
        """This boot's machine, as of now; to be changed through `apply` only."""

    @property
    def uptime_s(self) -> float:
        """Simulated seconds since this boot."""

    def apply(self, change: Change) -> None:
        """Change the machine now.

        Raises:
            BoardProblem: It cannot be done.
        """

    def read(self, path: str) -> bytes:
        """Return a file's content. Raises `OSError` as the board's kernel would."""

    def offer(
        self, path: str, read: Callable[[], bytes], write: Callable[[bytes], None] | None = None
    ) -> None:
        """Show a file whose content is made when it is read (sysfs, proc, a device).

        `write` may raise `OSError`; without it the file cannot be written.
        """

    def withdraw(self, path: str) -> None:
        """Remove a file or a whole folder; nothing happens where there is none."""

    def guest(self, domain: int, name: str, since_tick: int) -> GuestConsole | None:
        """Return the console of a guest's Linux that begins now; None where guests have none.

        Args:
            domain: Its number.
            name: Its name.
            since_tick: Tick of the machine at which its virtual counter began.
        """

    def kernel(self, line: str) -> None:
        """Say a line as Linux's kernel: dmesg and the serial console."""

    def console(self, text: str) -> None:
        """Write onto the serial console as the hypervisor itself, line ends included."""

    def crash(self, *, reboot_after_s: float | None) -> None:
        """Stop the whole board at once: nothing answers any more; then restart it, or never."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool.

    Attributes:
        words: Its name and arguments.
        cwd: The caller's folder, absolute.
        out: Writes to standard output.
        err: Writes to standard error.
        read: Waits for standard input; returns b"" at its end.
        sleep: Lets simulated seconds pass.
        on_terminal: Its input and output are a terminal.
    """

    words: Sequence[str]
    cwd: str
    out: Callable[[str], None]
    err: Callable[[str], None]
    read: Callable[[], Awaitable[bytes]]
    sleep: Callable[[float], Awaitable[None]]
    on_terminal: bool = False


Tool = Callable[[ToolCall], Awaitable[int]]


class Hypervisor(Protocol):
    """What runs below or beside Linux during one boot of the board."""

    @property
    def tools(self) -> dict[str, Tool]:
        """Commands that it brings, by name."""

    def boot_lines(self) -> list[str]:
        """What the hypervisor itself writes onto the serial console before Linux starts."""

    def module_loaded(self, name: str) -> None:
        """Linux loaded a kernel module (``jailhouse``)."""

    def module_unloaded(self, name: str) -> None:
        """Linux unloaded one. Raises `OSError` where it is in use."""
