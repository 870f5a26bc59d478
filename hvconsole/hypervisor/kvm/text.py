"""What virsh, lkvm and Linux print about virtual machines, as values. Pure, and lenient.

Formats are those of libvirt 7 to 10 and of kvmtool 3.18. A line that is none is skipped, never an
error: names come from the board and may hold anything but a line's end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hvconsole.hypervisor.masks import parse_mask

NO_QUOTA: Final = -1
UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Linux keeps microseconds of a quota in 44 bits; libvirt says that number where there is no quota,
# cgroup v1 says -1, and older versions say it as an unsigned number.
_LARGEST_QUOTA = 17_592_186_044_415
_MOST_VCPUS = 4096
_FIELD = re.compile(r"(?P<name>[A-Z][A-Za-z()/ ]*):\s+(?P<value>.*)")
_STAT = re.compile(r"\s*(?P<name>[a-z][\w.]{0,120})=(?P<value>\S.*)", re.ASCII)
_VALUE = re.compile(r"(?P<name>[a-z_]{1,40})\s*:\s*(?P<value>-?\d{1,20})", re.ASCII)
_PIN = re.compile(r"\s*(?P<vcpu>\d{1,4}|\*)(?::)?\s+(?P<cpus>[\d,^-]+)\s*", re.ASCII)
_EXITS = re.compile(r"(?:exits|\w{1,40}_exits?|\w{1,40}_exit_stat|mmio_exit_\w{1,40})", re.ASCII)
_VCPU_STAT = re.compile(r"vcpu\.(?P<vcpu>\d{1,4})\.(?P<name>\w{1,80})(?:\.sum)?", re.ASCII)
_LKVM = re.compile(r"\s*(?P<pid>\d{1,9}) (?P<name>.{20,}?) (?P<state>running|paused|shut off)\s*")
_DEBUG = re.compile(
    r"/sys/kernel/debug/kvm/(?P<pid>\d{1,9})-\d{1,9}/(?P<name>\w{1,60}):(?P<value>\d{1,19})",
    re.ASCII,
)
_THREAD = re.compile(r"(?:CPU (?P<qemu>\d{1,4})/(?:KVM|TCG)|kvm-vcpu-(?P<lkvm>\d{1,4}))", re.ASCII)
# Fields of /proc/PID/stat behind the command's name (proc(5) counts from 1, the name being 2).
_NICE, _PROCESSOR, _RT_PRIORITY, _POLICY = 19 - 3, 39 - 3, 40 - 3, 41 - 3
_POLICIES = {0: "OTHER", 1: "FIFO", 2: "RR", 3: "BATCH", 5: "IDLE", 6: "DEADLINE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A vCPU as Linux sees it.

    Attributes:
        pid: Process that it belongs to.
        tid: Its own number.
        comm: Its name: ``CPU 0/KVM``, with lkvm ``kvm-vcpu-0``.
        vcpu: Which vCPU it is.
        cpu: CPU that it ran on last.
        nice: -20 to 19.
        policy: ``OTHER``, ``FIFO``, ``RR``, …
        priority: Of FIFO and RR, 1 to 99; 0 otherwise.
        allowed: CPUs that it may run on; None where not told.
    """

    pid: int
    tid: int
    comm: str
    vcpu: int
    cpu: int
    nice: int
    policy: str
    priority: int
    allowed: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class LkvmRow:
    """A row of ``lkvm list``."""

    pid: int
    name: str
    state: str


def fields(lines: Iterable[str]) -> dict[str, str]:
    """Return what ``dominfo`` and ``version`` say, by name; the first of each counts."""
    found: dict[str, str] = {}
    for line in lines:
        if match := _FIELD.fullmatch(line.rstrip()):
            found.setdefault(match["name"], match["value"])
    return found


def stats(lines: Iterable[str]) -> dict[str, str]:
    """Return what ``domstats`` says of one domain, by name."""
    return {match["name"]: match["value"] for line in lines if (match := _STAT.fullmatch(line))}


def values(lines: Iterable[str]) -> dict[str, int]:
    """Return what ``schedinfo`` says, by name; a quota that is none is `NO_QUOTA`."""
    found: dict[str, int] = {}
    for line in lines:
        if match := _VALUE.fullmatch(line.strip()):
            value = int(match["value"])
            is_none = match["name"].endswith("_quota") and not 0 <= value < _LARGEST_QUOTA
            found[match["name"]] = NO_QUOTA if is_none else value
    return found


def pins(lines: Iterable[str]) -> dict[int, frozenset[int]]:
    """Return ``vcpupin``'s CPUs by vCPU; of ``emulatorpin`` the one row, as number -1."""
    found: dict[int, frozenset[int]] = {}
    for line in lines:
        if match := _PIN.fullmatch(line):
            vcpu = -1 if match["vcpu"] == "*" else int(match["vcpu"])
            found[vcpu] = parse_mask(match["cpus"]) or frozenset()
    return found


def vcpu_stats(said: Mapping[str, str]) -> dict[int, dict[str, int]]:
    """Return each vCPU's numbers among ``domstats``: ``time``, ``exits``, ``wfi_exit_stat``."""
    found: dict[int, dict[str, int]] = {}
    for name, value in said.items():
        match = _VCPU_STAT.fullmatch(name)
        if match and value.isascii() and value.isdecimal() and int(match["vcpu"]) < _MOST_VCPUS:
            found.setdefault(int(match["vcpu"]), {})[match["name"]] = int(value)
    return found


def exit_counters(counts: Mapping[str, int]) -> dict[str, int]:
    """Return those counts that are exits, by short names: ``total``, ``wfi``, ``mmio user``.

    KVM's own names differ by architecture and grow with it; what says exit is one, but ``halt_…``
    and times are none.
    """
    return {_short(name): value for name, value in counts.items() if _EXITS.fullmatch(name)}


def _short(name: str) -> str:
    if name == "exits":
        return "total"
    name = name.removesuffix("_exit_stat").removesuffix("_exits").removesuffix("_exit")
    return name.replace("_exit_", " ").replace("_", " ")


def debug_counters(lines: Iterable[str]) -> dict[int, dict[str, int]]:
    """Return KVM's counters in debugfs by process; those of several machines of one are added."""
    found: dict[int, dict[str, int]] = {}
    for line in lines:
        if match := _DEBUG.fullmatch(line.strip()):
            own = found.setdefault(int(match["pid"]), {})
            own[match["name"]] = own.get(match["name"], 0) + int(match["value"])
    return found


def lkvm_rows(lines: Iterable[str]) -> list[LkvmRow]:
    """Return the rows of ``lkvm list``."""
    return [
        LkvmRow(int(match["pid"]), match["name"].strip(), match["state"])
        for line in lines
        if (match := _LKVM.fullmatch(line))
    ]


def thread(pid: str, tid: str, lines: Sequence[str]) -> Thread | None:
    """Return a vCPU's thread from its ``stat`` and its CPUs; None if it is none, or gone."""
    stat = lines[0] if lines else ""
    comm = stat[stat.find("(") + 1 : stat.rfind(")")]
    match = _THREAD.fullmatch(comm)
    told = stat[stat.rfind(")") + 2 :].split()
    if match is None or not (pid.isdecimal() and tid.isdecimal()) or len(told) <= _POLICY:
        return None
    if not all(re.fullmatch(r"-?\d{1,20}", word, re.ASCII) for word in told[1:]):
        return None
    return Thread(
        pid=int(pid),
        tid=int(tid),
        comm=comm,
        vcpu=int(match["qemu"] or match["lkvm"]),
        cpu=int(told[_PROCESSOR]),
        nice=int(told[_NICE]),
        policy=_POLICIES.get(int(told[_POLICY]), told[_POLICY]),
        priority=int(told[_RT_PRIORITY]),
        allowed=parse_mask(lines[1].strip()) if len(lines) > 1 and lines[1].strip() else None,
    )
