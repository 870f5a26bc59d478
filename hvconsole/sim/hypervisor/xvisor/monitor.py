"""``vcpu monitor``: the same picture each second until q is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hvconsole.sim.hypervisor.xvisor.call import Call
    from hvconsole.sim.hypervisor.xvisor.core import Core

VAPOOL_KIB: Final = 65_536
_VAPOOL_USED_KIB: Final = 30_852
_RAM_USED_KIB: Final = 350_028


async def monitor(call: Call, table: Callable[[Core], str]) -> int:
    """Show CPUs, memory and vCPUs. A q is looked for once a second."""
    core = call.core
    ram = call.place.ram[1] >> 10
    left = False
    while True:
        now = core.now
        shares = [f"CPU{cpu}: {100 * core.usage.share(cpu, now):.1f}%" for cpu in range(core.cpus)]
        call.out(f"\x1b[H\x1b[J{'  '.join(shares)}  \n")
        call.out(_memory("VAPOOL", VAPOOL_KIB, _VAPOOL_USED_KIB))
        call.out(_memory("RAM", ram, _RAM_USED_KIB))
        call.out(table(core))
        if left:
            return 0
        await call.sleep(1.0)
        while key := call.pressed():
            left = left or key == "q"


def _memory(name: str, total: int, used: int) -> str:
    return f"{name}: free {total - used}KiB  used {used}KiB  total {total}KiB\n"
