"""Why Jailhouse refused something: its errno, the kernel's log and its own console, understood.

The command prints an ioctl's name and an errno and nothing more. The driver puts the reason into
the kernel's log, sometimes; the hypervisor's console shows how far it came. Pure: text in, a
cause and a fix out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hvconsole.hypervisor.plan import Step
from hvconsole.link.protocol import Completed
from hvconsole.model.problem import BoardProblem
from hvconsole.model.text import plain
from hvconsole.wire.console import shown

_SHOWN_LINES = 6
# Taking a CPU from Linux for a cell is said in the kernel's own words.
_OURS = re.compile(r"jailhouse|CPU\d+ killed", re.IGNORECASE)
_PARKED = re.compile(r"Parking CPU \d+")
_STAMP = re.compile(r"\[ *(?P<seconds>\d{1,10}\.\d{1,9})\]", re.ASCII)
# Commands fail within seconds; what is older belongs to another failure.
_RECENT_S = 10.0


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
class _Rule:
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
_LOG = "the newest lines of the kernel's log (dmesg) may tell more"

# The first that fits is told, so what names a line of the log stands before what has none.
_RULES: tuple[_Rule, ...] = (
    _Rule(
        r"opening /dev/jailhouse: No such file",
        "Jailhouse's driver is not loaded",
        "on the board, as root: modprobe jailhouse",
    ),
    _Rule(
        r"opening /dev/jailhouse: Permission denied",
        "Jailhouse's device is root's",
        "connect as root, or set sudo = true for the board",
    ),
    _Rule(
        r"opening (?P<file>\S.*): No such file",
        "{file} is not on the board",
        "say its whole path",
    ),
    _Rule(
        r"modprobe: FATAL: Module jailhouse not found|module jailhouse not found",
        "the running kernel has no Jailhouse driver",
        "build it against this kernel: Documentation/setup-on-banana-pi-arm-board.md of Jailhouse",
    ),
    _Rule(
        r"JAILHOUSE_ENABLE: Invalid argument",
        "the memory that the configuration gives to the hypervisor is not free: Linux has it",
        _RESERVE,
        log=r"request_mem_region failed|Did you reserve the memory",
    ),
    _Rule(
        r"JAILHOUSE_(?:ENABLE|CELL_CREATE): Invalid argument",
        "the configuration is of another revision than this hypervisor",
        _BUILD,
        log=r"Configuration revision mismatch",
    ),
    _Rule(
        r"JAILHOUSE_(?:ENABLE|CELL_CREATE): Invalid argument",
        "the configuration is for another kind of machine",
        "is it one for 32-bit ARM?",
        log=r"Configuration architecture mismatch",
    ),
    _Rule(
        r"JAILHOUSE_ENABLE: Invalid argument",
        "the file is no system configuration",
        "'enable' takes a system's; a cell's is for 'create'",
        log=r"Not a system configuration",
    ),
    _Rule(
        r"JAILHOUSE_CELL_CREATE: Invalid argument",
        "the file is no cell configuration, or is cut off",
        "'create' takes a cell's; a system's is for 'enable'",
        log=r"Not a cell configuration",
    ),
    _Rule(
        r"JAILHOUSE_ENABLE:",
        "the hypervisor's image is not on the board",
        "copy jailhouse.bin, built with the driver, to /lib/firmware",
        log=r"Missing hypervisor image",
    ),
    _Rule(
        r"JAILHOUSE_ENABLE:",
        "the kernel was not started in HYP mode",
        "in U-Boot: setenv bootm_boot_mode nonsec; saveenv; then boot again",
        log=r"HYP mode not available",
    ),
    _Rule(
        r"JAILHOUSE_",
        "CPU {cpu} did not come back to Linux",
        "restart the board: hvconsole boot BOARD jailhouse",
        log=r"failed to bring CPU (?P<cpu>\d+) back online",
    ),
    _Rule(
        r"JAILHOUSE_ENABLE: Invalid argument",
        "the configuration has more CPUs than are online",
        f"{_BACK}; or enable a configuration with fewer CPUs",
        ring=r"CPU \d+\.\.\. OK",
    ),
    _Rule(
        r"JAILHOUSE_ENABLE: Device or resource busy",
        "it is enabled already",
        "'disable' first, to enable another configuration",
    ),
    _Rule(
        r"JAILHOUSE_ENABLE: No such device",
        "it needs at least two CPUs that are online, and HYP mode",
        _BACK,
    ),
    _Rule(
        r"JAILHOUSE_ENABLE: Invalid argument",
        "the hypervisor refused the configuration or the board's state without a word",
        "compare them: hvconsole cell check FILE --board BOARD",
    ),
    _Rule(
        r"JAILHOUSE_DISABLE: Device or resource busy",
        "a CPU that the root cell owns is offline; the other cells are gone already",
        _BACK,
    ),
    _Rule(r"JAILHOUSE_\w+: Operation not permitted|EPERM",
          "a cell is locked, or does not let itself be shut down",
          "end it from within, or wait until it unlocks itself"),
    _Rule(r"JAILHOUSE_DISABLE: Invalid argument", "Jailhouse is not enabled"),
    _Rule(
        r"JAILHOUSE_CELL_CREATE: Device or resource busy",
        "the place of its shared-memory device is taken by another cell",
        "give the device (ivshmem) of '{cell}' another shmem_dev_id, or another bdf",
        # Only once Linux has given the CPU up does the hypervisor look at the devices.
        log=r"CPU\d+ killed",
        ring=r'Adding virtual PCI device \S+ to cell "(?P<cell>[^"]*)"',
    ),
    _Rule(
        r"JAILHOUSE_CELL_CREATE: Device or resource busy",
        "a CPU of the configuration is not the root cell's: another cell has it, it is not there, "
        "or it is the last",
        "choose other CPUs in the configuration, or destroy the cell that has them",
    ),
    _Rule(
        r"JAILHOUSE_CELL_CREATE: File exists",
        "a cell of that name exists",
        "destroy it first, or give the configuration another name",
    ),
    _Rule(
        r"JAILHOUSE_CELL_CREATE: Invalid argument",
        "the configuration names no CPU, or Jailhouse is not enabled",
        "look at it: hvconsole cell show FILE",
    ),
    _Rule(
        r"JAILHOUSE_CELL_LOAD: Invalid argument",
        "an image does not fit into a region that may be loaded, or the root cell is meant",
        "which regions are loadable: hvconsole cell show FILE; say the address as FILE@0x…",
    ),
    _Rule(r"JAILHOUSE_CELL_\w+: Invalid argument", "the root cell is meant: it can only be ended "
          "by 'disable'", "name another cell: hvconsole hv BOARD list"),
    _Rule(
        r"JAILHOUSE_CELL_\w+: No such file|reading stats: No such file",
        "there is no such cell",
        "look at the list: hvconsole hv BOARD list",
    ),
    _Rule(
        r"JAILHOUSE_\w+: Cannot allocate memory",
        "the hypervisor's or Linux's memory for it is used up",
        "vmalloc=512M on the kernel's command line, or more memory in the system configuration",
    ),
    _Rule(
        r"read\(console\): Resource temporarily unavailable",
        "the hypervisor has said nothing yet",
        "it does once it was enabled",
    ),
    _Rule(
        r"JAILHOUSE_",
        "Jailhouse gave no reason",
        _LOG,
    ),
)  # fmt: skip

_QUIETLY = Reason(
    "the command said it was done, but nothing changed",
    "is the configuration for this kind of machine? Jailhouse ignores others without a word",
)
_OTHER_MACHINE = Reason(
    "the configuration is for another kind of machine; Jailhouse ignored it and said it was done",
    "is it one for 32-bit ARM?",
)
_PARKED_AT_ONCE = Reason(
    "a CPU of the cell was parked at once: it touched what its configuration does not give it",
    "the lines before say the address: hvconsole hv BOARD console",
)
_NOT_RUNNING = Reason(
    "the cell was started and does not run: its inmate ended, or was built for another Jailhouse",
    "its state in words: hvconsole hv BOARD list --json; what was said: hvconsole hv BOARD console",
)
_STILL = Reason(
    "its CPUs do nothing, though its state is 'running'",
    "read the hypervisor's console (hvconsole hv BOARD console): is a CPU parked? Else try again",
)


def reason(said: str, log: Sequence[str] = (), ring: Sequence[str] = ()) -> Reason | None:
    """Return why a command of Jailhouse failed; None if nothing of it is known.

    Args:
        said: What the command wrote to its outputs.
        log: The kernel's log, newest line last.
        ring: The hypervisor's own console, newest line last.
    """
    about = next((line for line in reversed(log) if _OURS.search(line)), "")
    last = next((line for line in reversed(ring) if line.strip()), "")
    for rule in _RULES:
        pairs = [
            (pattern, text)
            for pattern, text in ((rule.said, said), (rule.log, about), (rule.ring, last))
            if pattern
        ]
        found = [re.search(pattern, text) for pattern, text in pairs]
        if all(found):
            evidence = last if rule.ring else about if rule.log else ""
            return _filled(rule, [one for one in found if one is not None], evidence)
    return None


def recent(log: Sequence[str], uptime: str) -> list[str]:
    """Return the lines of a kernel's log that are a few seconds old; those without a time too.

    Args:
        log: Its lines, each with its time since boot.
        uptime: What /proc/uptime says now.
    """
    now = re.match(r"\d{1,10}\.\d{1,9}", uptime)
    if now is None:
        return list(log)
    since = float(now[0]) - _RECENT_S
    stamps = [(line, _STAMP.match(line)) for line in log]
    return [line for line, stamp in stamps if stamp is None or float(stamp["seconds"]) >= since]


def explain(
    step: Step, done: Completed, log: Sequence[str], ring: Sequence[str] = ()
) -> BoardProblem:
    """Turn a step that failed into a problem with cause and fix; the words are kept.

    Args:
        step: What was tried.
        done: How the command ended.
        log: The newest lines of the kernel's log.
        ring: The newest lines of the hypervisor's console.
    """
    said = [line for line in f"{done.text}\n{done.error_text}".splitlines() if line.strip()]
    ours = [line for line in log if _OURS.search(line)]
    why = _of_success(step, ours, ring) if done.status == 0 else reason("\n".join(said), log, ring)
    if why is None:
        why = Reason("the board gave no reason", _LOG)
    kept = [*said[-_SHOWN_LINES:], *([why.evidence] if why.evidence else ours[-1:])]
    lines = [shown(line.encode("utf-8", "replace")) for line in kept]
    wanted = [f"expected: {step.expect.text}"] if step.expect is not None else []
    return BoardProblem(
        f"could not {step.about}: {why.cause}", detail="\n".join([*lines, *wanted]), hint=why.fix
    )


def _of_success(step: Step, ours: Sequence[str], ring: Sequence[str]) -> Reason:
    """Return why a command that reported success had no effect."""
    parked = next((line for line in reversed(ring) if _PARKED.search(line)), "")
    if "start" in step.argv:
        return replace(_PARKED_AT_ONCE, evidence=parked) if parked else _NOT_RUNNING
    newest = ours[-1] if ours else ""
    if "create" in step.argv and "architecture mismatch" in newest:
        return _OTHER_MACHINE
    return _STILL if "linux" in step.argv else _QUIETLY


def _filled(rule: _Rule, found: Sequence[re.Match[str]], evidence: str) -> Reason:
    """Put what the patterns caught into the words; it comes from the board."""
    caught = {
        name: plain(text, 60)
        for match in found
        for name, text in match.groupdict().items()
        if text is not None
    }
    return Reason(rule.cause.format_map(caught), rule.fix.format_map(caught), evidence)
