"""Xvisor's small commands, and the table of all."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Final

from hvconsole.sim.hypervisor.xvisor.call import Call, Command, atoi
from hvconsole.sim.hypervisor.xvisor.core import FAILED, NOT_AVAILABLE
from hvconsole.sim.hypervisor.xvisor.guest_command import guest
from hvconsole.sim.hypervisor.xvisor.host_command import host
from hvconsole.sim.hypervisor.xvisor.texts import COMMANDS, VERSION, listed, usage
from hvconsole.sim.hypervisor.xvisor.vcpu_command import vcpu
from hvconsole.sim.hypervisor.xvisor.vfs_command import vfs
from hvconsole.sim.hypervisor.xvisor.vserial_command import vserial
from hvconsole.sim.machine import HZ

_HEAP: Final = """\
Base Virtual Addr  : 0x10800000
Base Physical Addr : 0x0000000040400000
House-Keeping Size : 2816.000 KB
Used Space Size    : 1047.562 KB
Free Space Size    : 18664.437 KB
Total Size         : 22528.000 KB
"""
_BORN: Final = dt.datetime(2026, 11, 23, 7, 10, 35, tzinfo=dt.UTC)
"""What the board's clock says when Xvisor begins: simulated time has no date of its own."""


async def _help(call: Call) -> int:
    if not call.arguments:
        for name, about in COMMANDS.items():
            call.out(f"{name:<12} - {about}\n")
        return 0
    for name in call.arguments:
        if name not in COMMANDS:
            call.out(f"Cannot find command {name}\n")
            return NOT_AVAILABLE
        call.out(f"{name:<12} - {COMMANDS[name]}\n{usage(name)}\n")
    return 0


async def _version(call: Call) -> int:
    call.out(f"{VERSION}\n")
    return 0


async def _echo(call: Call) -> int:
    call.out("".join(f"{word} " for word in call.arguments) + "\n")
    return 0


async def _sleep(call: Call) -> int:
    if len(call.arguments) != 1:
        return call.usage()
    await call.sleep(max(atoi(call.arguments[0]), 0))
    return 0


async def _reset(call: Call) -> int:
    """Restart the board, with whatever arguments."""
    call.out("Stopping Hypervisor Timer\nIssuing System Reset\n")
    call.restart()
    await asyncio.Event().wait()
    return 0


async def _shutdown(call: Call) -> int:
    call.out("Stopping Hypervisor Timer\nIssuing System Shutdown\n")
    call.power_off()
    await asyncio.Event().wait()
    return 0


async def _thread(call: Call) -> int:
    match call.arguments:
        case ["help"]:
            return call.usage(0)
        case ["list"]:
            pass
        case _:
            return call.usage()
    rows = []
    for each in call.core.vcpus.values():
        if each.guest is None and each.name.partition("/")[0] not in {"idle", "ipi"}:
            state = "Running" if each.name == "mterm" else "Sleeping"
            rows.append(f" {each.number:<6} {each.priority:<7} {state:<10} {each.name:<53}")
    call.out(listed(f" {'ID':<6} {'Prio':<7} {'State':<10} {'Name':<53}", rows, dashes=80))
    return 0


async def _stdio(call: Call) -> int:
    match call.arguments:
        case ["help"]:
            return call.usage(0)
        case ["device"]:
            call.out(f"Current Device: {call.place.stdio}\n")
        case ["loglevel"]:
            call.out("Current Log Level : 6\n")
        case _:
            return call.usage()
    return 0


async def _chardev(call: Call) -> int:
    match call.arguments:
        case ["help"]:
            return call.usage(0)
        case ["list"]:
            name = call.place.stdio
            row = f" {name:<24} {f'/{name}':<53}"
            call.out(listed(f" {'Name':<24} {'Device Path':<53}", [row], dashes=80))
        case _:
            return call.usage()
    return 0


async def _wallclock(call: Call) -> int:
    match call.arguments:
        case ["help"]:
            return call.usage(0)
        case ["get_time"]:
            now = _BORN + dt.timedelta(seconds=call.core.now // HZ)
            clock = f"{now.hour}:{now.minute}:{now.second}"
            call.out(f"{now:%a} {now:%b} {now.day:>2} {clock} UTC {now.year}\n")
        case _:
            return call.usage()
    return 0


async def _heap(call: Call) -> int:
    match call.arguments:
        case ["help"]:
            return call.usage(0)
        case ["info"]:
            call.out(_HEAP)
        case _:
            return call.usage()
    return 0


async def _shmem(call: Call) -> int:
    match call.arguments:
        case ["help"]:
            return call.usage(0)
        case ["create", _, *_]:
            call.out("Created default shared memory\n")
        case ["list"]:
            head = (
                f"{'Name':<16} {'Physical Address':<18} {'Physical Size':<18} "
                f"{'Align Order':<12} {'Ref Count':<12}"
            )
            row = f"{'default':<16} 0x{0x42000000:016x} 0x{0x1000000:016x} {21:<12} {3:<12}"
            call.out(listed(head, [row], dashes=80))
        case _:
            return call.usage()
    return 0


async def _vsdaemon(call: Call) -> int:
    match call.arguments:
        case ["help"]:
            return call.usage(0)
        case ["list"]:
            head = f" {'#':<4} {'Daemon Name':<24} {'Transport Name':<24} {'Vserial Name':<24}"
            call.out(listed(head, [], dashes=80))
        case ["transport_list"]:
            rows = [f" {number:<4} {name:<24}" for number, name in enumerate(("mterm", "chardev"))]
            call.out(listed(f" {'#':<4} {'Transport Name':<24}", rows, dashes=30))
        case _:
            return call.usage()
    return 0


async def _unknown(call: Call) -> int:
    """Of the rest the simulated Xvisor knows the names only."""
    return call.usage(0 if call.arguments == ["help"] else FAILED)


_TABLE: Final[dict[str, Command]] = {
    "help": _help,
    "version": _version,
    "echo": _echo,
    "sleep": _sleep,
    "reset": _reset,
    "shutdown": _shutdown,
    "guest": guest,
    "vcpu": vcpu,
    "vserial": vserial,
    "vsdaemon": _vsdaemon,
    "host": host,
    "thread": _thread,
    "stdio": _stdio,
    "chardev": _chardev,
    "wallclock": _wallclock,
    "heap": _heap,
    "shmem": _shmem,
    "vfs": vfs,
}


def command_of(name: str) -> Command | None:
    """Return what a command does; None where there is none of that name."""
    return _TABLE.get(name, _unknown if name in COMMANDS else None)
