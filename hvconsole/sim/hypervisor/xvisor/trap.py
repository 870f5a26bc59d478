"""A guest that did what Xvisor cannot let pass: what is printed, whenever it happens."""

from __future__ import annotations

from typing import Final

from hvconsole.sim.hypervisor.xvisor.core import Core
from hvconsole.sim.hypervisor.xvisor.guest import Guest
from hvconsole.sim.hypervisor.xvisor.registers import core_registers, stack_of

_DATA_ABORT: Final = 0x24
_STATUS: Final = 0x45
_ADDRESS: Final = 0x4401AFF0
_PC: Final = 0xD4
_CPSR: Final = 0x800001D3
_GENERAL: Final = {0: 0x0001AFF0, 1: 0x4401B000, 2: 0x0001B000, 6: 0xBC000000}


def trap(core: Core, guest: Guest) -> str:
    """Let a guest trap: its first vCPU is halted. Return what appears on the terminal."""
    vcpu = guest.vcpus[0]
    core.halt(vcpu)
    stack = stack_of(vcpu)
    where = f"0x{_ADDRESS:08X}{stack - 0x7C:08X}"
    head = f"do_hyp_trap: ec=0x{_DATA_ABORT:x}, il=0x0, iss=0x{_STATUS:x}, fipa={where}, error=0"
    registers = core_registers({"SP": stack, "LR": 0, "PC": _PC, "CPSR": _CPSR}, _GENERAL)
    return f"\n{head}\n\n{registers}"
