"""What Jailhouse's command and hypervisor say, word for word."""

from __future__ import annotations

from typing import Final

VERSION: Final = "v0.12"
LONG_VERSION: Final = "v0.12 (324-ge57d1eff)"
USAGE: Final = """\
Usage: jailhouse { COMMAND | --help | --version }

Available commands:
   enable SYSCONFIG
   disable
   console [-f | --follow]
   cell create CELLCONFIG
   cell list
   cell load { ID | [--name] NAME } { IMAGE | { -s | --string } "STRING" }
             [-a | --address ADDRESS] ...
   cell start { ID | [--name] NAME }
   cell shutdown { ID | [--name] NAME }
   cell destroy { ID | [--name] NAME }
   cell linux [-h] [-d DTB] [-i INITRD] [-c "CMDLINE"] [-w PARAMS_FILE]
              [-a ARCH] [-k FACTOR]
              CELLCONFIG KERNEL
   cell stats { ID | [--name] NAME }
   config create [-h] [-g] [-r ROOT] [-t TEMPLATE_DIR] [-c CONSOLE]
                 [--mem-inmates MEM_INMATES] [--mem-hv MEM_HV]
                 FILE
   config collect FILE.TAR
   config check [-h] SYSCONFIG [CELLCONFIG [CELLCONFIG ...]]
   hardware check 
"""  # noqa: W291  # the real text ends with a blank
LINUX_USAGE: Final = """\
usage: jailhouse cell linux [-h] [-d DTB] [-i INITRD] [-c "CMDLINE"]
                            [-w PARAMS_FILE] [-a ARCH] [-k FACTOR]
                            CELLCONFIG KERNEL
"""
LINUX_HELP: Final = f"""\
{LINUX_USAGE}
Boot Linux in a non-root cell.

positional arguments:
  CELLCONFIG            cell configuration file
  KERNEL                image of the kernel to be booted

options:
  -h, --help            show this help message and exit
  -d DTB, --dtb DTB     device tree for the kernel [arm/arm64 only]
  -i INITRD, --initrd INITRD
                        initrd/initramfs for the kernel
  -c "CMDLINE", --cmdline "CMDLINE"
                        kernel command line
  -w PARAMS_FILE, --write-params PARAMS_FILE
                        only parse cell configuration, write out parameters
                        into the specified file and print required jailhouse
                        cell commands to boot Linux to the console
  -a ARCH, --arch ARCH  target architecture
  -k FACTOR, --kernel-decomp-factor FACTOR
                        decompression factor of the kernel image, used to
                        reserve space between the kernel and the initramfs
"""
CHECK_USAGE: Final = "usage: jailhouse config check [-h] SYSCONFIG [CELLCONFIG ...]\n"
CHECK_HELP: Final = f"""\
{CHECK_USAGE}
Check system and cell configurations.

positional arguments:
  SYSCONFIG   system configuration file
  CELLCONFIG  cell configuration file

options:
  -h, --help  show this help message and exit
"""
STATS_USAGE: Final = "usage: jailhouse cell stats { ID | [--name] NAME }\n"

NO_FIRMWARE: Final = """\
 jailhouse: firmware: failed to load jailhouse.bin (-2)
firmware_class: See https://wiki.debian.org/Firmware for information about missing firmware
 jailhouse: Direct firmware load for jailhouse.bin failed with error -2"""

_REGISTERS: Final = """\
r0=0xcf99c000 r1=0x00c5a208 r2=0x00002264 r3=0xea00000d 
r4=0xea000005 r5=0xea000005 r6=0xea000005 r7=0x00000001 
r8=0xea000005 r9=0xea000005 r10=0xcf99c000 r11=0xc1545e70 
r12=0xea000018 r13=0xc1545e60 r14=0xea000005 """  # noqa: W291  # the real lines end with blanks


def bad_access(kind: str, address: int, size: int, cpu: int, cell: str) -> list[str]:
    """Return what is said when a CPU touches what its cell does not have: it is parked.

    Args:
        kind: ``read`` or ``write``.
        address: Where.
        size: Bytes.
        cpu: Whose CPU.
        cell: Its cell.
    """
    syndrome = 0x93820007 if kind == "read" else 0x90000047
    return [
        f"Unhandled data {kind} at {address:#x}({size})",
        "FATAL: unhandled trap (exception class 0x24)",
        f"pc=0xc036c1c0 cpsr=0x200f0013 hsr={syndrome:#x}",
        *_REGISTERS.splitlines(),
        f'Parking CPU {cpu} (Cell: "{cell}")',
    ]


def bad_instruction(address: int, cpu: int, cell: str) -> list[str]:
    """Return what is said when a CPU's next instruction lies where its cell has nothing."""
    return [
        f"FATAL: instruction abort at {address:#x}",
        "FATAL: forbidden access (exception class 0x20)",
        "pc=0xbf0006f8 cpsr=0x600f0013 hsr=0x80000006",
        *_REGISTERS.splitlines(),
        f'Parking CPU {cpu} (Cell: "{cell}")',
    ]
