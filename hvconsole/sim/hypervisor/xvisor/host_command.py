"""Xvisor's command ``host``: CPUs, interrupts, memory."""

from __future__ import annotations

from typing import Final

from hvconsole.sim.hypervisor.xvisor.call import Call
from hvconsole.sim.hypervisor.xvisor.monitor import VAPOOL_KIB
from hvconsole.sim.hypervisor.xvisor.texts import listed
from hvconsole.sim.machine import HZ

_PAGE: Final = 4096
_FREE_SHARE: Final = (191_029, 262_144)
_FREE_PAGES: Final = 8_679
# Interrupts for each second in which guests have a CPU: slices, and the guests' own timers.
_SLICES_HZ: Final = 100
_IRQ_SHARE: Final = 0.1
_BOOT_IRQS: Final = 40
_SECOND_CPU: Final = 13
_ASPACE: Final = """\
Memmap Free Entry   : 8169 (0x00001fe9)
Memmap Total Entry  : 8192 (0x00002000)

Pool Page Tables
    Used  : 5
    Free  : 259
    Total : 264
    Size  : 1056 KB

Stage1 Page Tables
    Level2 : 1
    Level1 : 1
    Level0 : 4
    Total  : 6

Stage2 Page Tables
    Level2 : 2
    Level1 : 2
    Level0 : 2
    Total  : 6

"""
_PAGEPOOL: Final = """\
Entry Count      : 1 (0x00000001)
Hugepage Count   : 1 (0x00000001)
Avail Page Count : 329 (0x00000149)
Total Page Count : 512 (0x00000200)
Total Space      : 2048.000 KB
"""


async def host(call: Call) -> int:
    """Tell of the board."""
    match call.arguments:
        case ["help"]:
            return call.usage(0)
        case ["info"]:
            _info(call)
        case ["cpu", "info"]:
            _cpu_info(call)
        case ["cpu", "stats"]:
            _cpu_stats(call)
        case ["irq", "stats"]:
            _irq_stats(call)
        case ["ram", "info"]:
            _ram(call)
        case ["vapool", "info"]:
            _vapool(call)
        case ["aspace", "info"]:
            call.out(_ASPACE)
        case ["pagepool", "info"]:
            call.out(_PAGEPOOL)
        case _:
            return call.usage()
    return 0


def _info(call: Call) -> None:
    facts = {
        "Host Name": call.place.model,
        "Boot CPU Hardware ID": "0x0",
        "Total Online CPUs": str(call.core.cpus),
        "Total VAPOOL": f"{VAPOOL_KIB >> 10} MB",
        "Total RAM": f"{call.place.ram[1] >> 20} MB",
    }
    for name, value in facts.items():
        call.out(f"{name:<25}: {value}\n")


def _cpu_info(call: Call) -> None:
    cpus = call.core.cpus
    facts = {"CPU Type": "arm32ve"}
    facts |= {f"CPU {what} Count": str(cpus) for what in ("Present", "Possible", "Online")}
    for name, value in facts.items():
        call.out(f"{name:<25}: {value}\n")
    call.out("\n")
    for cpu in range(cpus):
        call.out(f"{f'CPU{cpu} Hardware ID':<25}: 0x{cpu:x}\n")
        call.out(f"{f'CPU{cpu} Estimated Speed':<25}: {call.place.speeds[cpu]} MHz\n\n")


def _cpu_stats(call: Call) -> None:
    core = call.core
    head = (
        f" {'CPU#':>4} {'HWID':>14} {'Speed (MHz)':>15} {'Util. (%)':>13} "
        f"{'IRQs (%)':>12} {'Active VCPUs':>16}"
    )
    rows = []
    for cpu in range(core.cpus):
        share = core.usage.share(cpu, core.now)
        active = sum(vcpu.cpu == cpu and vcpu.is_active for vcpu in core.vcpus.values())
        active += 1 + (cpu == core.terminal_cpu)  # idle, and the terminal that asks
        rows.append(
            f" {cpu:>4} {f'0x{cpu:x}':>14} {call.place.speeds[cpu]:>15} {100 * share:>13.1f} "
            f"{_IRQ_SHARE * share:>12.1f} {active:>15} "
        )
    call.out(listed(head, rows, dashes=80))


def _irq_stats(call: Call) -> None:
    core, now = call.core, call.core.now
    cpus = range(core.cpus)
    guests = {cpu: core.usage.seconds(cpu, now) for cpu in cpus}
    hz = core.host.machine.setup.guest.hz
    up = int(now / HZ)
    zeros = dict.fromkeys(cpus, 0)
    lines: list[tuple[int, str, dict[int, int]]] = [
        (0, "IPI", {cpu: _SECOND_CPU * cpu for cpu in cpus}),
        (25, "VGIC", zeros),
        (
            26,
            "gen-hyp-timer",
            {cpu: _BOOT_IRQS + 2 * up + int(guests[cpu] * (_SLICES_HZ + hz)) for cpu in cpus},
        ),
        (27, "gen-virt-timer", {cpu: int(guests[cpu] * hz) for cpu in cpus}),
        (30, "gen-phys-timer", zeros),
        (33, call.place.stdio, {cpu: 0 if cpu else call.core.typed for cpu in cpus}),
        (34 if call.place.rtc.startswith("pl031") else 56, call.place.rtc, zeros),
    ]
    head = f" {'IRQ#':<7} {'HWIRQ#':<7} {'Name':<20} {'Chip':<16}"
    head += "".join(f" {f'CPU{cpu}':<10}" for cpu in cpus)
    rows = [
        f" {irq:<7} {irq:<7} {name:<20} {'GIC':<16}"
        + "".join(f" {counts[cpu]:<10}" for cpu in cpus)
        for irq, name, counts in lines
    ]
    call.out(listed(head, rows, dashes=54 + 11 * core.cpus))


def _ram(call: Call) -> None:
    begin, size = call.place.ram
    count = size // _PAGE
    free = count * _FREE_SHARE[0] // _FREE_SHARE[1]
    call.out(
        f"Frame Size        : {_PAGE} (0x{_PAGE:08x})\n"
        "Color Operations  : default\n"
        "Color Order       : 16 (0x00000010)\n"
        "Color Count       : 4294967295 (0xffffffff)\n"
        "Bank Count        : 1 (0x00000001)\n"
        f"Total Free Frames : {free} (0x{free:08x})\n"
        f"Total Frame Count : {count} (0x{count:08x})\n\n"
        f"Bank00 Start      : 0x{begin:016x}\n"
        f"Bank00 Size       : 0x{size:016x}\n"
        f"Bank00 Free Frames: {free} (0x{free:08x})\n"
        f"Bank00 Frame Count: {count} (0x{count:08x})\n"
    )


def _vapool(call: Call) -> None:
    pages = VAPOOL_KIB * 1024 // _PAGE
    call.out(
        "Base Address : 0x10000000\n"
        f"Page Size    : {_PAGE} (0x{_PAGE:08x})\n"
        f"Free Pages   : {_FREE_PAGES} (0x{_FREE_PAGES:08x})\n"
        f"Total Pages  : {pages} (0x{pages:08x})\n"
    )
