"""Registers: what ``vcpu dumpreg`` and a trap print. The values are made up, the names are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from hvconsole.sim.hypervisor.xvisor.core import Core
from hvconsole.sim.hypervisor.xvisor.vcpu import State, Vcpu

_FIXED: Final = """\
VFP Identification Registers
   FPSID=0x410430f0   MVFR0=0x10110222   MVFR1=0x11111111
VFP System Registers
   FPEXC=0x00000000   FPSCR=0x00000000  FPINST=0x00000000
 FPINST2=0x00000000
VFP Data Registers
{doubles}\
CP14 ThumbEE Registers
   TEECR=0x00000000  TEEHBR=0x00000000
CP15 Identification Registers
    MIDR=0x410fc074   MPIDR=0x8000000{index}     CTR=0x84448003
    PFR0=0x00001131    PFR1=0x00011011    DFR0=0x02010555
    AFR0=0x00000000   MMFR0=0x10101105   MMFR1=0x40000000
   MMFR2=0x01240000   MMFR3=0x02102211   ISAR0=0x02101110
   ISAR1=0x13112111   ISAR2=0x21232041   ISAR3=0x11112131
   ISAR4=0x10011142   ISAR5=0x00000000 CSSID00=0x700fe01a
 CCSID01=0x203fe009 CCSID02=0x707fe07a CCSID03=0x00000000
 CCSID04=0x00000000 CCSID05=0x00000000 CCSID06=0x00000000
 CCSID07=0x00000000 CCSID08=0x00000000 CCSID09=0x00000000
 CCSID10=0x00000000 CCSID11=0x00000000 CCSID12=0x00000000
 CCSID13=0x00000000 CCSID14=0x00000000 CCSID15=0x00000000
    CLID=0x0a200023   CSSEL=0x00000000
CP15 Control Registers
   SCTLR=0x00c51078   CPACR=0x00000000    VBAR=0x00000000
 FCSEIDR=0x00000000 CNTXIDR=0x00000000
CP15 MMU Registers
   TTBR0=0x0000000000000000   TTBR1=0x0000000000000000
   TTBCR=0x00000000    DACR=0x00000000    PRRR=0x00000000
    NMRR=0x00000000
CP15 Fault Status Registers
    IFSR=0x00000000    DFSR=0x00000000   AIFSR=0x00000000
   ADFSR=0x00000000    IFAR=0x00000000    DFAR=0x00000000
CP15 Address Translation Registers
     PAR=0x00000000   PAR64=0x0000000000000000
CP15 Cache Lockdown Registers
  CILOCK=0x00000000  CDLOCK=0x00000000
CP15 Performance Monitor Control Registers
    PMCR=0x00000000 PMCNTEN=0x00000000  PMOVSR=0x00000000
 PMXEVTY=0x00000000 PMUSREN=0x00000000 PMINTEN=0x00000000
CP15 Thread Local Storage Registers
 TPIDURW=0x00000000 TPIDURO=0x00000000 TPIDPRW=0x00000000
"""
_MODES: Final = ("Supervisor", "Abort", "Undefined", "IRQ", "FIQ")
_STACKS: Final = 0x10B98FE0
_STACK_STEP: Final = 0x2000
_IDLE: Final = {"SP": 0x10B5CFC0, "LR": 0x1003CDB8, "PC": 0x1003CDC8, "CPSR": 0x6000011A}


def core_registers(values: Mapping[str, int], general: Mapping[int, int]) -> str:
    """Return the block that ``vcpu dumpreg`` and a trap begin with."""
    text = "Core Registers\n"
    text += "".join(f"{name:>8}=0x{values[name]:08x}" for name in ("SP", "LR", "PC"))
    text += f"\n    CPSR=0x{values['CPSR']:08x}\nGeneral Purpose Registers\n"
    cells = [f"     R{number:02}=0x{general.get(number, 0):08x}" for number in range(13)]
    return text + _in_rows(cells, 3)


def stack_of(vcpu: Vcpu) -> int:
    """Return where the stack of a guest's vCPU ends."""
    return _STACKS + vcpu.index * _STACK_STEP


def dump_registers(out: Callable[[str], None], core: Core, vcpu: Vcpu) -> None:
    """Print a vCPU's registers."""
    if vcpu.guest is None:
        out(core_registers(_IDLE, {0: 0x11E000A4, 2: 0x10B1F7C0, 3: 0xFFFFFFFF, 11: 0x10B5CFDC}))
        return
    running = vcpu.state is not State.RESET
    values = {"SP": stack_of(vcpu), "LR": 0, "PC": 0, "CPSR": 0x1D3}
    if running:  # somewhere in the guest, another place each time
        values |= {"PC": 0xC0101000 + core.now % 0x4000 * 4, "CPSR": 0x20000013}
    out(core_registers(values, {}))
    out("Hypervisor Registers\n     HCR=0x0078623b   HCPTR=0x0010bfff    HSTR=0x00038200\n")
    out(f"   VTTBR=0x{0x40000000 + vcpu.guest.number * 0x4000:016x}\n")
    out("User Mode Registers (Banked)\n      SP=0x00000000      LR=0x00000000\n")
    for mode in _MODES:
        out(f"{mode} Mode Registers (Banked)\n")
        out("      SP=0x00000000      LR=0x00000000    SPSR=0x00000000\n")
    out(_in_rows([f"     R{number:02}=0x00000000" for number in range(8, 13)], 3))
    doubles = _in_rows([f"     D{number:02}=0x{0:016x}" for number in range(32)], 2)
    out(_FIXED.format(doubles=doubles, index=vcpu.index))


def _in_rows(cells: list[str], columns: int) -> str:
    rows = [cells[at : at + columns] for at in range(0, len(cells), columns)]
    return "".join(f"{''.join(row)}\n" for row in rows)
