"""Every driver with a board to try it on: what the contract suite goes over.

A new driver joins by a `Case` in `CASES`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kvm_board import KvmBoard
from simulated_board import BoardLink, run, running
from xvisor_board import XvisorLine

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.driver import Driver
from hvconsole.hypervisor.jailhouse.driver import JailhouseDriver
from hvconsole.hypervisor.kvm.driver import KvmDriver
from hvconsole.hypervisor.xen.driver import XenDriver
from hvconsole.hypervisor.xvisor.driver import XvisorDriver
from hvconsole.link.protocol import Completed
from hvconsole.link.xvisor import XvisorLink
from hvconsole.sim.hypervisor.jailhouse import SimulatedJailhouse, card, card_files
from hvconsole.sim.hypervisor.xen import SimulatedXen

CELLS = Path(__file__).parents[2] / "cells"


def marker_of(argv: Sequence[str]) -> str:
    """Return the word between the answers to a look; empty where a command is no look."""
    words = list(argv)
    if "-s" in words:
        return words[words.index("-s") + 1]
    return words[1] if words[0] == "echo" else ""


class Ear:
    """A link that notes what goes through it, and hands it on.

    Attributes:
        ran: Commands, looks left out.
        looks: Each look with its answer.
    """

    def __init__(self, link: Any) -> None:
        self._link = link
        self.ran: list[tuple[str, ...]] = []
        self.looks: list[Completed] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)

    async def run(self, argv: Sequence[str], **options: Any) -> Completed:
        done: Completed = await self._link.run(argv, **options)
        if marker_of(argv):
            self.looks.append(done)
        else:
            self.ran.append(tuple(argv))
        return done


class Replay:
    """A link that gives an answer again, in the words of whoever asks now."""

    def __init__(self, answer: Completed, change: Callable[[bytes], bytes] = lambda x: x) -> None:
        self._answer = answer
        self._change = change

    async def run(self, argv: Sequence[str], **_: Any) -> Completed:
        asked, before = map(marker_of, (argv, self._answer.argv))
        said = self._answer.stdout.replace(before.encode(), asked.encode())
        return Completed(tuple(argv), self._answer.status, self._change(said), self._answer.stderr)


class Silence:
    """A link that must not be used."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the board was touched: {name}")


@dataclass(frozen=True, slots=True)
class Case:
    """A driver, and a board on which one guest runs.

    Attributes:
        driver: Makes a driver for a link.
        board: Starts such a board.
        guest: The guest's name.
        create: Makes another guest.
        life: Actions that work there, one after another.
    """

    driver: Callable[[Any], Driver]
    board: Callable[[Path], AbstractAsyncContextManager[Ear]]
    guest: str
    create: do.Create
    life: tuple[do.Action, ...]


@contextlib.asynccontextmanager
async def _xen(_: Path) -> AsyncIterator[Ear]:
    async with running("xen-credit") as board:
        board.attach(SimulatedXen(board.host))
        for path in ("/boot/vmlinuz", "/boot/initramfs-virt.gz"):
            board.tree.write(path, b"simulated")
        board.tree.write("/root/busy.cfg", (CELLS / "xen/busy.cfg").read_bytes())
        made = await run(board, "xl create /root/busy.cfg")
        assert made.status == 0, made.error_text
        yield Ear(BoardLink(board))


@contextlib.asynccontextmanager
async def _jailhouse(_: Path) -> AsyncIterator[Ear]:
    async with running("jailhouse") as board:
        for path, data in card_files().items():
            board.tree.make_folders(path.rpartition("/")[0])
            board.tree.write(path, data)
        board.attach(SimulatedJailhouse(board.host))
        made = await run(
            board,
            f"modprobe jailhouse && jailhouse enable {card.FOLDER}/bananapi.cell && "
            f"jailhouse cell create {card.FOLDER}/bananapi-inmate-moved.cell",
        )
        assert made.status == 0, made.error_text
        yield Ear(BoardLink(board))


@contextlib.asynccontextmanager
async def _kvm(folder: Path) -> AsyncIterator[Ear]:
    board = KvmBoard(folder, "busy")
    assert (await board.run(["virsh", "-c", "qemu:///system", "start", "busy"])).status == 0
    yield Ear(board)


@contextlib.asynccontextmanager
async def _xvisor(_: Path) -> AsyncIterator[Ear]:
    line = XvisorLine(made={"guest0": 1}, nodes={"guest1": 1})
    link = XvisorLink(line)
    await link.open()
    assert (await link.run(("guest", "kick", "guest0"))).status == 0
    try:
        yield Ear(link)
    finally:
        await link.close()


_INMATE = "bananapi-inmate-moved"
_DEMOS = "/usr/local/libexec/jailhouse/demos"

CASES = {
    "jailhouse": Case(
        driver=JailhouseDriver,
        board=_jailhouse,
        guest=_INMATE,
        create=do.Create(config=b"", source=f"{card.FOLDER}/{_INMATE}.cell", on_board=True),
        life=(
            do.Load(guest=_INMATE, images=((f"{_DEMOS}/gic-demo.bin", None),)),
            do.Start(guest=_INMATE),
            do.Stop(guest=_INMATE),
            do.Destroy(guest=_INMATE),
        ),
    ),
    "xen": Case(
        driver=XenDriver,
        board=_xen,
        guest="busy",
        create=do.Create(config=(CELLS / "xen/idle.cfg").read_bytes(), source="idle.cfg"),
        life=(
            do.Pause(guest="busy"),
            do.Resume(guest="busy"),
            do.Schedule(guest="busy", values={"weight": 512}),
            do.Pin(guest="busy", hard=frozenset({0})),
            do.Destroy(guest="busy"),
        ),
    ),
    "kvm": Case(
        driver=KvmDriver,
        board=_kvm,
        guest="busy",
        create=do.Create(config=(CELLS / "kvm/idle.xml").read_bytes(), source="idle.xml"),
        life=(
            do.Pause(guest="busy"),
            do.Resume(guest="busy"),
            do.Schedule(guest="busy", values={"cpu_shares": 512, "nice": 5}),
            do.Pin(guest="busy", hard=frozenset({0})),
            do.Destroy(guest="busy"),
            do.Destroy(guest="busy"),
        ),
    ),
    "xvisor": Case(
        driver=XvisorDriver,
        board=_xvisor,
        guest="guest0",
        create=do.Create(config=b"", source="guest1", on_board=True),
        life=(
            do.Pause(guest="guest0"),
            do.Resume(guest="guest0"),
            do.Pin(guest="guest0", hard=frozenset({0})),
            do.Stop(guest="guest0"),
            do.Start(guest="guest0"),
            do.Restart(guest="guest0"),
            do.Destroy(guest="guest0"),
        ),
    ),
}


def one_of_each(case: Case, guest: str) -> list[do.Action]:
    """Return an action of each kind, about a guest of that name."""
    return [
        do.Enable(config="/etc/jailhouse/bananapi.cell"),
        do.Disable(),
        case.create,
        *(make(guest=guest) for make in (do.Start, do.Stop, do.Restart, do.Pause, do.Resume)),
        do.Destroy(guest=guest),
        do.Load(guest=guest, images=(("/boot/vmlinuz", None),)),
        do.Schedule(guest=guest, values={"cpu_shares": 512}),
        do.Schedule(guest=guest, values={"weight": 512}),
        do.SwitchScheduler(guest=guest, scheduler="credit2"),
        do.Pin(guest=guest, hard=frozenset({0})),
        do.SetVcpus(guest=guest, count=1),
        do.MakePool(name="fast", scheduler="credit", cpus=frozenset({1})),
        do.DestroyPool(name="Pool-0"),
        do.AddCpu(pool="Pool-0", cpu=1),
        do.RemoveCpu(pool="Pool-0", cpu=1),
        do.Move(guest=guest, pool="Pool-0"),
    ]
