"""Xen during one boot of the simulated board: its tools, its files, its console."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Final

from hvconsole.sim.hypervisor.host import Host, Tool, ToolCall
from hvconsole.sim.hypervisor.xen import (
    keys,
    lifecycle,
    listing,
    pools,
    rtds,
    scheduling,
    store,
    top,
    usage,
)
from hvconsole.sim.hypervisor.xen.call import Call, Command, RefusedError
from hvconsole.sim.hypervisor.xen.log import XenLog, boot_lines
from hvconsole.sim.hypervisor.xen.state import SCHEDULERS, State
from hvconsole.sim.machine.xen import FIRST_POOL

STOCK: Final = ("credit", "credit2")
"""The schedulers that Debian's armhf package has."""
_ONE_CALL_S: Final = 0.05
_COMMANDS: Final[dict[str, Command]] = {
    **listing.COMMANDS,
    **scheduling.COMMANDS,
    **rtds.COMMANDS,
    **pools.COMMANDS,
    **lifecycle.COMMANDS,
    **keys.COMMANDS,
}
_NO_XEN: Final = "ERROR:  Can't find hypervisor information in sysfs!\n"


class SimulatedXen:
    """Xen 4.17 below the board's Linux, which is dom0 (a `Hypervisor`).

    Args:
        host: The board, whose machine was booted under Xen.
        asked: The scheduler that Xen's command line names; None for the one it runs.
        schedulers: Which ones this build has; `STOCK` for Debian's package.
        panics: Whether the last CPU that leaves an rtds pool brings Xen down, as 4.17 does.
    """

    def __init__(
        self,
        host: Host,
        asked: str | None = None,
        *,
        schedulers: Sequence[str] = SCHEDULERS,
        panics: bool = True,
    ) -> None:
        machine = host.machine
        if machine.xen is None:
            raise ValueError("the machine was not booted under Xen")
        scheduler = machine.xen.pools[FIRST_POOL].scheduler.name
        self._boot_lines = boot_lines(scheduler, asked or scheduler, machine.setup.cpus)
        self._log = XenLog(host, self._boot_lines)
        self._state = State(host, schedulers, asked or scheduler, panics=panics)
        self._offer_files(host)

    @property
    def tools(self) -> dict[str, Tool]:
        """Commands that it brings, by name."""
        return {
            "xl": self._xl,
            "xentop": lambda call: top.xentop(self._state, call),
            "xenstore-ls": lambda call: store.ls(self._state, call),
            "xenstore-read": lambda call: store.read(self._state, call),
            "xenstore-list": lambda call: store.names(self._state, call),
            "xenhypfs": self._hypfs,
        }

    def boot_lines(self) -> list[str]:
        """What Xen writes onto the serial console before Linux starts."""
        return [f"(XEN) {line}" for line in self._boot_lines]

    def module_loaded(self, name: str) -> None:
        """No module of Linux concerns Xen."""

    def module_unloaded(self, name: str) -> None:
        """No module of Linux concerns Xen."""

    async def _xl(self, call: ToolCall) -> int:
        words = list(call.words[1:])
        while words and words[0].startswith("-") and words[0] != "-h":
            words.pop(0)  # -v, -f, -t and the like
        name, *rest = words or ["help"]
        if name in ("help", "-h"):
            call.out(usage.of(rest[0]) if rest and rest[0] in usage.TEXT else usage.everything())
            return 0 if words else 1
        command = _found(name)
        if command is None:
            call.err("command not implemented\n")
            return 1
        name, run = command
        if rest[:1] in (["-h"], ["--help"]):
            call.out(usage.of(name))
            return 0
        await call.sleep(_ONE_CALL_S)
        try:
            result = run(Call(self._state, self._log, call, name, rest))
            status = await result if inspect.isawaitable(result) else result
        except RefusedError as refused:
            call.err(refused.said)
            return refused.status
        return status or 0

    async def _hypfs(self, call: ToolCall) -> int:
        """Answer `xenhypfs cat /buildinfo/config`, which tells the schedulers of the build."""
        if list(call.words[1:]) != ["cat", "/buildinfo/config"]:
            call.err(f"{call.words[0]}: No such file or directory\n")
            return 1
        for one in SCHEDULERS:
            name = f"CONFIG_SCHED_{one.upper()}"
            call.out(f"{name}=y\n" if one in self._state.schedulers else f"# {name} is not set\n")
        return 0

    @staticmethod
    def _offer_files(host: Host) -> None:
        texts = {
            "/proc/xen/capabilities": "control_d",
            "/sys/hypervisor/type": "xen",
            "/sys/hypervisor/uuid": "00000000-0000-0000-0000-000000000000",
            "/sys/hypervisor/guest_type": "PVH",
            "/sys/hypervisor/version/major": "4",
            "/sys/hypervisor/version/minor": "17",
            "/sys/hypervisor/version/extra": ".5",
            "/sys/hypervisor/properties/capabilities": "xen-3.0-armv7l ",
            "/sys/hypervisor/properties/pagesize": "4096",
            "/sys/hypervisor/properties/virtual_start": "0x200000",
        }
        for path, text in texts.items():
            host.offer(path, lambda text=text: f"{text}\n".encode())  # type: ignore[misc]  # bound now


def _found(name: str) -> tuple[str, Command] | None:
    """Return a command by its name, or by a beginning that only it has."""
    if name in _COMMANDS:
        return name, _COMMANDS[name]
    fitting = [one for one in _COMMANDS if one.startswith(name)]
    return (fitting[0], _COMMANDS[fitting[0]]) if len(fitting) == 1 else None


def tools_without_xen() -> dict[str, Tool]:
    """Return the tools as they answer where Linux was not booted under Xen."""

    async def no_hypervisor(call: ToolCall) -> int:
        call.err(_NO_XEN)
        return 1

    async def no_store(call: ToolCall) -> int:
        call.err(f"{call.words[0]}: xs_open: No such file or directory\n")
        return 1

    return {
        "xl": no_hypervisor,
        "xentop": no_hypervisor,
        "xenstore-ls": no_store,
        "xenstore-read": no_store,
        "xenstore-list": no_store,
    }
