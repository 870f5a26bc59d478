"""The kernel's messages of a boot, as far as somebody reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hvconsole.sim.board.modes import BUILD, KERNEL

if TYPE_CHECKING:
    from hvconsole.sim.board.board import Board


def boot_log(board: Board) -> list[str]:
    """Return the lines of dmesg after a boot, with their times."""
    mode = board.mode
    if mode.hypervisor == "xvisor":
        return _guest_log(board)
    xen = mode.hypervisor == "xen"
    early = [
        "Booting Linux on physical CPU 0x0",
        f"Linux version {KERNEL} (simulated@hvconsole) {BUILD}",
        "CPU: ARMv7 Processor [410fc074] revision 4 (ARMv7), cr=30c5387d",
        "OF: fdt: Machine model: LeMaker Banana Pi",
        *(["Xen 4.17 support found", "Grant table initialized"] if xen else []),
        f"Kernel command line: {mode.cmdline}",
        f"Memory: {mode.memory_kib}K/{(mode.ram_end - 0x40000000) >> 10}K available",
        f"arch_timer: cp15 timer(s) running at 24.00MHz ({'virt' if xen else 'phys'}).",
    ]
    middle = [
        "CPU: Testing write buffer coherency: ok",
        "CPU1: thread -1, cpu 1, socket 0, mpidr 80000001",
        "smp: Brought up 1 node, 2 CPUs",
        "SMP: Total of 2 processors activated (96.00 BogoMIPS).",
        "CPU: All CPU(s) started in SVC mode." if xen else "CPU: All CPU(s) started in HYP mode.",
        *([] if xen else ["CPU: Virtualization extensions available."]),
    ]
    late = [
        "1c28000.serial: ttyS0 at MMIO 0x1c28000 (irq = 45, base_baud = 1500000) is a 16550A",
        "sunxi-mmc 1c0f000.mmc: initialized, max. request size: 16384 KB",
        "mmcblk0: mmc0:aaaa SL16G 14.8 GiB",
        "EXT4-fs (mmcblk0p1): mounted filesystem with ordered data mode. Quota mode: none.",
        "sun7i-dwmac 1c50000.ethernet eth0: Link is Up - 1Gbps/Full - flow control rx/tx",
    ]
    times = [
        *(0.0 for _ in early),
        *(0.08 + 0.004 * index for index in range(len(middle))),
        *(1.1 + 0.7 * index for index in range(len(late))),
    ]
    return _timed(times, [*early, *middle, *late])


def _guest_log(board: Board) -> list[str]:
    """Return what a guest of Xvisor's says."""
    mode = board.mode
    lines = [
        "Booting Linux on physical CPU 0x0",
        f"Linux version {KERNEL} (simulated@hvconsole) {BUILD}",
        "CPU: ARMv7 Processor [410fc074] revision 4 (ARMv7), cr=30c5387d",
        "OF: fdt: Machine model: Virt-v7",
        f"Kernel command line: {mode.cmdline}",
        f"Memory: {mode.memory_kib}K/{(mode.ram_end - 0x40000000) >> 10}K available",
        "arch_timer: cp15 timer(s) running at 24.00MHz (virt).",
        "smp: Brought up 1 node, 1 CPU",
        "CPU: All CPU(s) started in SVC mode.",
        "9000000.pl011: ttyAMA0 at MMIO 0x9000000 (irq = 33, base_baud = 0) is a PL011 rev1",
        "hvcounter: counter open to user space on 1 CPU",
        "Freeing unused kernel image (initmem) memory: 1024K",
        "Run /init as init process",
    ]
    return _timed([0.03 * number for number in range(len(lines))], lines)


def _timed(times: list[float], lines: list[str]) -> list[str]:
    return [f"[{when:12.6f}] {line}" for when, line in zip(times, lines, strict=True)]
