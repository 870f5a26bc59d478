"""Reasons why Jailhouse refuses something, and how each is told from what was said. Data alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something failed, and what to do about it; both in a person's words.

    Attributes:
        cause: Why.
        fix: What helps; empty where nothing is needed.
        evidence: The line of the kernel's log or of the hypervisor's console that says so.
    """

    cause: str
    fix: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One failure: where each of the given patterns is found, this is the reason.

    Attributes:
        said: In what the command wrote.
        log: In the newest line of the kernel's log that is about Jailhouse. Only in that one: an
            older line belongs to an earlier failure.
        ring: In the newest line of the hypervisor's console.
        cause: May hold the names of groups of the patterns.
        fix: Likewise.
    """

    said: str
    cause: str
    fix: str = ""
    log: str = ""
    ring: str = ""


_RESERVE = "keep memory free for it (mem=) by booting: hvconsole boot BOARD jailhouse"
_BUILD = "build it again for this board's revision: hvconsole cell build FILE.toml"
_BACK = "bring it back on the board: echo 1 > /sys/devices/system/cpu/cpuN/online"
LOG = "the newest lines of the kernel's log (dmesg) may tell more"

# The first that fits is told, so what names a line of the log stands before what has none.
RULES: tuple[Rule, ...] = (
    Rule(
        r"opening /dev/jailhouse: No such file",
        "Jailhouse's driver is not loaded",
        "on the board, as root: modprobe jailhouse",
    ),
    Rule(
        r"opening /dev/jailhouse: Permission denied",
        "Jailhouse's device is root's",
        "connect as root, or set sudo = true for the board",
    ),
    Rule(
        r"opening (?P<file>\S.*): No such file",
        "{file} is not on the board",
        "say its whole path",
    ),
    Rule(
        r"modprobe: FATAL: Module jailhouse not found|module jailhouse not found",
        "the running kernel has no Jailhouse driver",
        "build it against this kernel: Documentation/setup-on-banana-pi-arm-board.md of Jailhouse",
    ),
    Rule(
        r"JAILHOUSE_ENABLE: Invalid argument",
        "the memory that the configuration gives to the hypervisor is not free: Linux has it",
        _RESERVE,
        log=r"request_mem_region failed|Did you reserve the memory",
    ),
    Rule(
        r"JAILHOUSE_(?:ENABLE|CELL_CREATE): Invalid argument",
        "the configuration is of another revision than this hypervisor",
        _BUILD,
        log=r"Configuration revision mismatch",
    ),
    Rule(
        r"JAILHOUSE_(?:ENABLE|CELL_CREATE): Invalid argument",
        "the configuration is for another kind of machine",
        "is it one for 32-bit ARM?",
        log=r"Configuration architecture mismatch",
    ),
    Rule(
        r"JAILHOUSE_ENABLE: Invalid argument",
        "the file is no system configuration",
        "'enable' takes a system's; a cell's is for 'create'",
        log=r"Not a system configuration",
    ),
    Rule(
        r"JAILHOUSE_CELL_CREATE: Invalid argument",
        "the file is no cell configuration, or is cut off",
        "'create' takes a cell's; a system's is for 'enable'",
        log=r"Not a cell configuration",
    ),
    Rule(
        r"JAILHOUSE_ENABLE:",
        "the hypervisor's image is not on the board",
        "copy jailhouse.bin, built with the driver, to /lib/firmware",
        log=r"Missing hypervisor image",
    ),
    Rule(
        r"JAILHOUSE_ENABLE:",
        "the kernel was not started in HYP mode",
        "in U-Boot: setenv bootm_boot_mode nonsec; saveenv; then boot again",
        log=r"HYP mode not available",
    ),
    Rule(
        r"JAILHOUSE_",
        "CPU {cpu} did not come back to Linux",
        "restart the board: hvconsole boot BOARD jailhouse",
        log=r"failed to bring CPU (?P<cpu>\d+) back online",
    ),
    Rule(
        r"JAILHOUSE_ENABLE: Invalid argument",
        "the configuration has more CPUs than are online",
        f"{_BACK}; or enable a configuration with fewer CPUs",
        ring=r"CPU \d+\.\.\. OK",
    ),
    Rule(
        r"JAILHOUSE_ENABLE: Device or resource busy",
        "it is enabled already",
        "'disable' first, to enable another configuration",
    ),
    Rule(
        r"JAILHOUSE_ENABLE: No such device",
        "it needs at least two CPUs that are online, and HYP mode",
        _BACK,
    ),
    Rule(
        r"JAILHOUSE_ENABLE: Invalid argument",
        "the hypervisor refused the configuration or the board's state without a word",
        "compare them: hvconsole cell check FILE --board BOARD",
    ),
    Rule(
        r"JAILHOUSE_DISABLE: Device or resource busy",
        "a CPU that the root cell owns is offline; the other cells are gone already",
        _BACK,
    ),
    Rule(r"JAILHOUSE_\w+: Operation not permitted|EPERM",
          "a cell is locked, or does not let itself be shut down",
          "end it from within, or wait until it unlocks itself"),
    Rule(r"JAILHOUSE_DISABLE: Invalid argument", "Jailhouse is not enabled"),
    Rule(
        r"JAILHOUSE_CELL_CREATE: Device or resource busy",
        "the place of its shared-memory device is taken by another cell",
        "give the device (ivshmem) of '{cell}' another shmem_dev_id, or another bdf",
        # Only once Linux has given the CPU up does the hypervisor look at the devices.
        log=r"CPU\d+ killed",
        ring=r'Adding virtual PCI device \S+ to cell "(?P<cell>[^"]*)"',
    ),
    Rule(
        r"JAILHOUSE_CELL_CREATE: Device or resource busy",
        "a CPU of the configuration is not the root cell's: another cell has it, it is not there, "
        "or it is the last",
        "choose other CPUs in the configuration, or destroy the cell that has them",
    ),
    Rule(
        r"JAILHOUSE_CELL_CREATE: File exists",
        "a cell of that name exists",
        "destroy it first, or give the configuration another name",
    ),
    Rule(
        r"JAILHOUSE_CELL_CREATE: Invalid argument",
        "the configuration names no CPU, or Jailhouse is not enabled",
        "look at it: hvconsole cell show FILE",
    ),
    Rule(
        r"JAILHOUSE_CELL_LOAD: Invalid argument",
        "an image does not fit into a region that may be loaded, or the root cell is meant",
        "which regions are loadable: hvconsole cell show FILE; say the address as FILE@0x…",
    ),
    Rule(r"JAILHOUSE_CELL_\w+: Invalid argument", "the root cell is meant: it can only be ended "
          "by 'disable'", "name another cell: hvconsole hv BOARD list"),
    Rule(
        r"JAILHOUSE_CELL_\w+: No such file|reading stats: No such file",
        "there is no such cell",
        "look at the list: hvconsole hv BOARD list",
    ),
    Rule(
        r"JAILHOUSE_\w+: Cannot allocate memory",
        "the hypervisor's or Linux's memory for it is used up",
        "vmalloc=512M on the kernel's command line, or more memory in the system configuration",
    ),
    Rule(
        r"read\(console\): Resource temporarily unavailable",
        "the hypervisor has said nothing yet",
        "it does once it was enabled",
    ),
    Rule(
        r"JAILHOUSE_",
        "Jailhouse gave no reason",
        LOG,
    ),
)  # fmt: skip

QUIETLY = Reason(
    "the command said it was done, but nothing changed",
    "is the configuration for this kind of machine? Jailhouse ignores others without a word",
)
OTHER_MACHINE = Reason(
    "the configuration is for another kind of machine; Jailhouse ignored it and said it was done",
    "is it one for 32-bit ARM?",
)
PARKED_AT_ONCE = Reason(
    "a CPU of the cell was parked at once: it touched what its configuration does not give it",
    "the lines before say the address: hvconsole hv BOARD console",
)
NOT_RUNNING = Reason(
    "the cell was started and does not run: its inmate ended, or was built for another Jailhouse",
    "its state in words: hvconsole hv BOARD list --json; what was said: hvconsole hv BOARD console",
)
STILL = Reason(
    "its CPUs do nothing, though its state is 'running'",
    "read the hypervisor's console (hvconsole hv BOARD console): is a CPU parked? Else try again",
)
