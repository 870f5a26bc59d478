"""Xen's own console: what it says at boot, the ring that `xl dmesg` shows, its last words."""

from __future__ import annotations

from typing import Final

from hvconsole.sim.hypervisor.host import Host
from hvconsole.sim.machine.ticks import HZ

BUILD_DATE: Final = "Mon Nov 23 05:26:38 UTC 2026"
BUILD_ID: Final = "976457503ce27cfa87402a71e176a3f50f3028ea"
COMPILER: Final = "arm-linux-gnueabihf-gcc (Debian 12.2.0-14) 12.2.0"
LONG_NAMES: Final = {
    "credit": "SMP Credit Scheduler (credit)",
    "credit2": "SMP Credit Scheduler rev2 (credit2)",
    "rtds": "SMP RTDS Scheduler (rtds)",
    "null": "null Scheduler (null)",
}
_BEGINS: Final = {
    "credit": [],
    "credit2": ["Initializing Credit2 scheduler"],
    "rtds": [
        "Initializing RTDS scheduler",
        "WARNING: This is experimental software in development.",
        "Use at your own risk.",
    ],
    "null": ["Initializing null scheduler"],
}
_RING_BYTES: Final = 16 * 1024
REBOOT_AFTER_S: Final = 5.0


def command_line(asked: str) -> str:
    """Return Xen's command line, as `xl info` shows it."""
    return (
        f"dom0_mem=512M sched={asked} loglvl=all guest_loglvl=all console=dtuart "
        "dtuart=/soc/serial@1c28000 "
    )


def begins(scheduler: str) -> list[str]:
    """Return what a scheduler says when a pool of it is made."""
    return _BEGINS[scheduler]


def boot_lines(scheduler: str, asked: str, cpus: int) -> list[str]:
    """Return what Xen writes before Linux starts, without its prefix.

    Args:
        scheduler: Of Pool-0.
        asked: What the command line asked for; the build may lack it.
        cpus: How many the board has.
    """
    lacking = [f"Could not find scheduler: {asked}", f"Using '{LONG_NAMES[scheduler]}'"]
    lacking[1] = lacking[1].replace(" (", "' (", 1).removesuffix("'")
    return [
        "Checking for initrd in /chosen",
        "RAM: 0000000040000000 - 000000007fffffff",
        "",
        "MODULE[0]: 0000000049ff5000 - 000000004a113290 Xen         ",
        "MODULE[1]: 000000004c000000 - 000000004c005b6d Device Tree ",
        "MODULE[2]: 0000000049000000 - 0000000049545200 Kernel      ",
        "",
        (
            "CMDLINE[0000000049000000]:chosen console=hvc0 root=/dev/mmcblk0p1 rw rootwait "
            "clk_ignore_unused"
        ),
        "",
        f"Command line: {command_line(asked)}",
        "Xen heap: 000000007e000000-0000000080000000 (8192 pages)",
        "Dom heap: 253952 pages",
        "Domain heap initialised",
        "Booting using Device Tree",
        "Platform: Allwinner A20",
        'Looking for dtuart at "/soc/serial@1c28000", options ""',
        f"Xen version 4.17.5 (Debian ) (@) ({COMPILER}) debug=n {BUILD_DATE}",
        f"build-id: {BUILD_ID}",
        'Processor: 410fc074: "ARM Limited", variant: 0x0, part 0xc07,rev 0x4',
        "32-bit Execution:",
        "  Processor Features: 00001131:00011011",
        "    Instruction Sets: AArch32 A32 Thumb Thumb-2 ThumbEE Jazelle",
        "    Extensions: GenericTimer Security",
        "  Debug Features: 02010555",
        "  Auxiliary Features: 00000000",
        "  Memory Model Features: 10101105 40000000",
        "                         01240000 02102211",
        "  ISA Features: 02101110 13112111 21232041",
        "                11112131 10011142 00000000",
        "Using SMC Calling Convention v1.0",
        "Using PSCI v0.1",
        f"SMP: Allowing {cpus} CPUs",
        "Generic Timer IRQ: phys=30 hyp=26 virt=27 Freq: 24000 KHz",
        "GICv2 initialization:",
        "        gic_dist_addr=0000000001c81000",
        "        gic_cpu_addr=0000000001c82000",
        "        gic_hyp_addr=0000000001c84000",
        "        gic_vcpu_addr=0000000001c86000",
        "        gic_maintenance_irq=25",
        f"GICv2: 160 lines, {cpus} cpus (IID 0100143b).",
        "XSM Framework v1.0.1 initialized",
        "Initialising XSM SILO mode",
        *(lacking if asked != scheduler else []),
        f"Using scheduler: {LONG_NAMES[scheduler]}",
        *begins(scheduler),
        "Allocated console ring of 16 KiB.",
        "VFP implementer 0x41 architecture 2 part 0x30 variant 0x7 rev 0x4",
        "CPU0: Guest atomics will try 1 times before pausing the domain",
        *(
            line
            for cpu in range(1, cpus)
            for line in (
                f"Bringing up CPU{cpu}",
                f"CPU{cpu}: Guest atomics will try 1 times before pausing the domain",
                f"CPU {cpu} booted.",
            )
        ),
        f"Brought up {cpus} CPUs",
        "I/O virtualisation disabled",
        "P2M: 40-bit IPA",
        "P2M: 3 levels with order-1 root, VTCR 0x80003558",
        "Scheduling granularity: cpu, 1 CPU per sched-resource",
        *begins(scheduler),
        *(f"Logical CPU {cpu} in Pool-0 (Scheduler id: -1)." for cpu in range(cpus)),
        "*** LOADING DOMAIN 0 ***",
        "Loading d0 kernel from boot module @ 0000000049000000",
        "Allocating 1:1 mappings totalling 512MB for dom0:",
        "BANK[0] 0x00000050000000-0x00000070000000 (512MB)",
        "Grant table range: 0x00000049ff5000-0x0000004a035000",
        "Allocating PPI 16 for event channel interrupt",
        "d0: extended regions not supported for 32-bit guests",
        "Loading zImage from 0000000049000000 to 0000000057a00000-0000000057f45200",
        "Loading d0 DTB to 0x0000000058000000-0x0000000058005b6c",
        "Initial low memory virq threshold set at 0x4000 pages.",
        "Scrubbing Free RAM in background",
        "Std. Loglevel: All",
        "Guest Loglevel: All",
        "*** Serial input to DOM0 (type 'CTRL-a' three times to switch input)",
        "Freed 336kB init memory.",
        "d0v0 Unhandled SMC/HVC: 0x8600ff01",
        *(f"d0v0: vGICD: unhandled word write 0xffffffff to ICACTIVER{n}" for n in (4, 8, 12, 16)),
        *(f"d0v{n}: vGICD: unhandled word write 0xffffffff to ICACTIVER0" for n in range(cpus)),
    ]


# What 4.17.5 writes when the last CPU leaves an rtds pool; only the processor's words are this
# board's.
_PANIC: Final = """\
Data Abort Trap. Syndrome=0x6
Walking Hypervisor VA 0xc on CPU0 via TTBR 0x000000004012a000
1ST[0x000] = 0x0000000040129f7f
2ND[0x000] = 0x0000000000000000
CPU0: Unexpected Trap: Data Abort
----[ Xen-4.17.5  arm32  debug=n  Not tainted ]----
CPU:    0
PC:     00239434 rt.c#move_repl_timer+0x44/0xc0
CPSR:   600b00da MODE:Hypervisor
     R0: 41ffbb70 R1: 00000002 R2: 00000002 R3: 00000000
     R4: 00000002 R5: 41ffbb70 R6: 0028c000 R7: 00000001
     R8: 0031b004 R9: 00000000 R10:41ffb6e0 R11:0028c01c R12:00020002
HYP: SP: 4000fe44 LR: 00239578

  VTCR_EL2: 80003558
 VTTBR_EL2: 0001000049546000

 SCTLR_EL2: 30cd187f
   HCR_EL2: 807c663f
 TTBR0_EL2: 000000004012a000

   ESR_EL2: 94000006
 HPFAR_EL2: 00080000
     HDFAR: 0000000c
     HIFAR: 57a00000

Xen stack trace from sp=4000fe44:
   94000006 41ffbb70 200b005a 00000001 00000001 0031b004 00239578 00000002
   002e8090 0028c000 002432ec 00000000 002e9310 4003e5b8 002935c0 002e930c
   002f00d8 0023cfc0 00000000 41ffbb70 200b005a 002e8028 002e8090 00000000
   002e8028 002e8090 00000000 002f0098 41fe8fb0 00000000 00293518 00000001
Xen call trace:
   [<00239434>] rt.c#move_repl_timer+0x44/0xc0 (PC)
   [<00239578>] rt.c#rt_deinit_pdata+0x50/0x54 (LR)


****************************************
Panic on CPU 0:
CPU0: Unexpected Trap: Data Abort
****************************************

Reboot in five seconds..."""


class XenLog:
    """Xen's console: a ring that `xl dmesg` reads, and the serial line.

    Args:
        host: The board.
        lines: What was said at boot.
    """

    def __init__(self, host: Host, lines: list[str]) -> None:
        self._host = host
        self._lines = [f"(XEN) {line}" for line in lines]

    def say(self, *lines: str) -> None:
        """Write lines, without their prefix, into the ring and onto the serial line."""
        for line in lines:
            self._lines.append(f"(XEN) {line}")
            self._host.console(f"(XEN) {line}\r\n")
        size = sum(len(line) + 1 for line in self._lines)
        while size > _RING_BYTES:
            size -= len(self._lines.pop(0)) + 1

    def read(self) -> list[str]:
        """Return what the ring holds."""
        return list(self._lines)

    def clear(self) -> None:
        """Empty the ring."""
        self._lines.clear()

    def now_ns(self) -> int:
        """Return Xen's time."""
        return self._host.machine.now * 1_000_000_000 // HZ

    def panic(self) -> None:
        """Die of a taken-away rtds pool; the board restarts itself."""
        self.say(*_PANIC.splitlines())
        self._host.crash(reboot_after_s=REBOOT_AFTER_S)
