"""Recorded sessions of real Xvisor, and the simulated terminal to hold against them."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import itertools
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from hvconsole.sim.hypervisor.xvisor.card import BOOT_SCRIPT, FIRMWARE_LIST, Card
from hvconsole.sim.hypervisor.xvisor.core import Core
from hvconsole.sim.hypervisor.xvisor.guest import Guest, GuestSystem, Nothing
from hvconsole.sim.hypervisor.xvisor.place import Place
from hvconsole.sim.hypervisor.xvisor.terminal import Terminal
from hvconsole.sim.machine import SECOND, Machine, Setup
from hvconsole.sim.machine.changes import Change
from hvconsole.sim.machine.profile import FIRMWARE
from hvconsole.sim.xvisor_guest import firmware

DATA = Path(__file__).parent / "data" / "xvisor"
PROMPT = "XVisor# "
# The board of the recordings: QEMU's virt.
VIRT = Place(
    model="linux,dummy-virt",
    stdio="pl011@9000000",
    rtc="pl031@9010000",
    ram=(0x40000000, 1 << 30),
    speeds=("1194.764", "1770.888"),
)
_ROW = re.compile(r"\s*[\d.]+ (?P<way>[<>]) (?P<data>b.*)")
_SCRIPT = "\n".join(
    f"guest create {name}\nvfs guest_load_list {name} {FIRMWARE_LIST}"
    for name in ("guest0", "guest1")
)


@dataclass
class Session:
    """What was typed, and what came back."""

    rows: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def typed(self) -> list[bytes]:
        """What was typed, as it was sent."""
        return [data for way, data in self.rows if way == ">"]

    @property
    def said(self) -> bytes:
        """What came back."""
        return b"".join(data for way, data in self.rows if way == "<")

    @property
    def commands(self) -> list[str]:
        """The commands whose Enter was sent on its own, in order."""
        pairs = itertools.pairwise(self.typed)
        return [typed.decode() for typed, enter in pairs if enter == b"\r" and typed[-1:] != enter]

    @property
    def answers(self) -> dict[str, list[str]]:
        """What those were answered with, without the prompt behind it."""
        found: dict[str, list[str]] = {}
        parts: list[tuple[bytes, bytes]] = []
        for way, data in self.rows:
            if way == ">":
                parts.append((data, b""))
            elif parts:
                parts[-1] = (parts[-1][0], parts[-1][1] + data)
        for (command, _), (enter, said) in itertools.pairwise(parts):
            if enter == b"\r" and not command.endswith(b"\r"):
                rest, _, answer = said.decode("latin-1").partition("\r\n")
                assert command.decode().endswith(rest)  # of the echo, some came late
                found.setdefault(command.decode(), []).append(answer.removesuffix(PROMPT))
        return found


def recorded(name: str) -> Session:
    """Read a recording."""
    session = Session()
    for line in (DATA / f"{name}.txt").read_text().splitlines():
        row = _ROW.fullmatch(line)
        if row is not None:
            session.rows.append((row["way"], ast.literal_eval(row["data"])))
    return session


class MachineHost:
    """As much of a board as Xvisor's manager needs."""

    def __init__(self, cpus: int) -> None:
        self.machine = Machine(Setup(hypervisor="xvisor", cpus=cpus, guest=FIRMWARE), seed=1)
        self.crashes: list[float | None] = []

    @property
    def uptime_s(self) -> float:
        return self.machine.now / SECOND

    def apply(self, change: Change) -> None:
        self.machine.apply(change)

    def pass_time(self, seconds: float) -> None:
        self.machine.advance(self.machine.now + round(seconds * SECOND))

    def read(self, path: str) -> bytes:
        raise FileNotFoundError(path)

    def offer(
        self, path: str, read: Callable[[], bytes], write: Callable[[bytes], None] | None = None
    ) -> None:
        raise NotImplementedError

    def withdraw(self, path: str) -> None:
        raise NotImplementedError

    def guest(self, domain: int, name: str, since_tick: int) -> None:
        del domain, name, since_tick

    def kernel(self, line: str) -> None:
        raise NotImplementedError

    def console(self, text: str) -> None:
        raise NotImplementedError

    def crash(self, *, reboot_after_s: float | None) -> None:
        self.crashes.append(reboot_after_s)


class Simulated:
    """The simulated terminal on a board like that of the recordings, output collected.

    Attributes:
        restarts: How often the board was restarted.
        offs: How often it was switched off.
    """

    def __init__(self, cpus: int = 2) -> None:
        self.host = MachineHost(cpus)
        self.core = Core(self.host, self._system)
        self.said = ""
        self.restarts = self.offs = 0
        self.card = Card(files={BOOT_SCRIPT: _SCRIPT})
        self.terminal = Terminal(
            self.core,
            VIRT,
            self.card,
            self._take,
            sleep=self._sleep,
            restart=self._restart,
            power_off=self._off,
        )

    def _system(self, guest: Guest) -> GuestSystem:
        return firmware(guest.ports[0].receive) if guest.image else Nothing()

    def _take(self, text: str) -> None:
        self.said += text.replace("\n", "\r\n")

    async def _sleep(self, seconds: float) -> None:
        self.host.pass_time(seconds)
        await asyncio.sleep(0)

    def _restart(self) -> None:
        self.restarts += 1

    def _off(self) -> None:
        self.offs += 1

    async def type(self, data: bytes | str) -> str:
        """Type something; return what is said until nothing more happens."""
        before = len(self.said)
        self.terminal.feed(data.encode("latin-1") if isinstance(data, str) else data)
        for _ in range(3 * len(data) + 20):
            await asyncio.sleep(0)
        return self.said[before:]

    async def answer(self, command: str) -> str:
        """Type a command and Enter; return its answer, without echo and prompt."""
        said = await self.type(f"{command}\r")
        assert said.startswith(f"{command}\r\n"), said
        return said.removeprefix(f"{command}\r\n").removesuffix(PROMPT)


@contextlib.asynccontextmanager
async def simulated(cpus: int = 2) -> AsyncIterator[Simulated]:
    """Have a terminal whose guests are made, and not yet kicked."""
    board = Simulated(cpus)
    await board.terminal.execute(f"vfs run {BOOT_SCRIPT}")
    board.said = ""
    task = asyncio.create_task(board.terminal.run())
    await board.type("")
    try:
        yield board
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


Prepare = Callable[[Simulated], Awaitable[object]]


def masked(text: str) -> str:
    """Return an answer without what differs between any two boards or moments."""
    text = re.sub(r"\d:\d\d:\d\d:\d{3}", "h:mm:ss:mmm", text)
    text = re.sub(
        r"(SP|LR|PC|CPSR|R\d\d|VTTBR|VBAR|SPSR|MPIDR|MIDR|CTR)=0x[0-9a-f]+", r"\1=…", text
    )
    text = re.sub(r"\b(PFR\d|DFR\d|MMFR\d|C[CS]SID\d\d|SCTLR)=0x[0-9a-f]+", r"\1=…", text)
    text = re.sub(r"(GIC              )(\d+ +)+", r"\1…", text)
    text = re.sub(r"fipa=0x[0-9A-F]+", "fipa=…", text)
    text = re.sub(r"iss=0x[0-9a-f]+", "iss=…", text)
    return text.replace("at LAB/xvisor/", "at /build/xvisor/")


def active(text: str) -> str:
    """Return a list in which it makes no difference which of the active vCPUs has the CPU."""
    return re.sub(r"(Running|Ready)  +(?=guest)", "Active ", text)
