"""What Xvisor's terminal answers, as values. Pure; whatever makes no sense is left out.

Tables stand between rules of dashes; their columns are padded to a width that names may exceed, so
rows are read by what their fields look like and not by where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hvconsole.wire.xvisor import VCPU_ROW

_GUEST = re.compile(r" ?(?P<id>\d{1,6}) +(?P<name>.+?) +(?P<endian>little|big) +(?P<path>/.*?) *")
_PORT = re.compile(r" ?(?P<name>[^\s-].*?) *")
_HOST_CPU = re.compile(
    r" *(?P<cpu>\d{1,4}) +(?P<hwid>0x[0-9a-fA-F]+) +(?P<mhz>\d+\.\d+) +(?P<busy>\d+\.\d+) +"
    r"(?P<irqs>\d+\.\d+) +(?P<vcpus>\d{1,6}) *"
)
_IRQ = re.compile(
    r" ?(?P<irq>\d{1,6}) +(?P<hwirq>\d{1,6}) +(?P<name>\S.*?) {1,}(?P<chip>\S+) +"
    r"(?P<counts>\d{1,20}(?: +\d{1,20})*) *"
)
_FIELD = re.compile(r"(?P<key>[A-Z][\w #()-]*?) *: (?P<value>.*)")
_TIME = re.compile(r"(?P<h>\d{1,7}):(?P<m>\d\d):(?P<s>\d\d):(?P<ms>\d{3})")
_VERSION = re.compile(r"Xvisor (?P<version>v\S+)(?: \((?P<built>[^)]*)\))?")
_MOST_CPUS = 4096

STATES = ("Reset", "Ready", "Running", "Paused", "Halted", "Unknown")


@dataclass(frozen=True, slots=True)
class GuestRow:
    """A row of ``guest list``: it tells no state."""

    id: int
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class VcpuRow:
    """A row of ``vcpu list``.

    Attributes:
        id: Counted over all vCPUs and the hypervisor's own threads, in the order of their making.
        cpu: The CPU that it is on.
        prio: 0 to 7; the highest that is ready runs.
        state: One of `STATES`.
        name: ``guest0/vcpu0``; of the hypervisor's own threads ``idle/0``, ``mterm``.
        affinity: CPUs that it may run on.
    """

    id: int
    cpu: int
    prio: int
    state: str
    name: str
    affinity: frozenset[int]


@dataclass(frozen=True, slots=True)
class HostCpu:
    """A row of ``host cpu stats``: shares in percent since the look before, vCPUs that run or wait.

    Its speed is left out: it is an estimate by a delay loop, and wrong in an emulator.
    """

    cpu: int
    busy: float
    irqs: float
    vcpus: int


@dataclass(frozen=True, slots=True)
class Irq:
    """A row of ``host irq stats``: how often an interrupt came, by CPU."""

    irq: int
    hwirq: int
    name: str
    chip: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class VcpuTimes:
    """What ``vcpu dumpstat`` tells since the vCPU's last reset; seconds.

    ``running`` is time on a CPU, ``ready`` time that it waited for one.
    """

    name: str
    state: str
    ready: float
    running: float
    paused: float
    halted: float
    resets: int


def guests(lines: Iterable[str]) -> list[GuestRow]:
    """Read ``guest list``."""
    found = filter(None, (_GUEST.fullmatch(line) for line in lines))
    return [GuestRow(int(one["id"]), one["name"], one["path"]) for one in found]


def vcpus(lines: Iterable[str]) -> list[VcpuRow]:
    """Read ``vcpu list``, ``vcpu normal_list`` or ``vcpu orphan_list``."""
    found = filter(None, (VCPU_ROW.fullmatch(line) for line in lines))
    return [
        VcpuRow(
            id=int(one["id"]),
            cpu=int(one["cpu"]),
            prio=int(one["prio"]),
            state=one["state"] if one["state"] in STATES else "Unknown",
            name=one["name"],
            affinity=cpus(one["affinity"]),
        )
        for one in found
    ]


def cpus(text: str) -> frozenset[int]:
    """Read a list of CPUs: ``0,1``."""
    numbers = (part.strip() for part in text.split(","))
    return frozenset(int(one) for one in numbers if one.isdecimal() and len(one) < 5) & frozenset(  # noqa: PLR2004  # no board has more
        range(_MOST_CPUS)
    )


def ports(lines: Iterable[str]) -> list[str]:
    """Read ``vserial list``: guests' consoles, ``guest0/uart0``."""
    found = filter(None, (_PORT.fullmatch(line) for line in lines))
    return [one["name"] for one in found if "/" in one["name"]]


def host_cpus(lines: Iterable[str]) -> list[HostCpu]:
    """Read ``host cpu stats``."""
    found = filter(None, (_HOST_CPU.fullmatch(line) for line in lines))
    return [
        HostCpu(int(one["cpu"]), float(one["busy"]), float(one["irqs"]), int(one["vcpus"]))
        for one in found
    ]


def irqs(lines: Sequence[str]) -> list[Irq]:
    """Read ``host irq stats``; rows that have not a count for each CPU are left out."""
    head = next((line for line in lines if line.lstrip().startswith("IRQ#")), "")
    columns = len(re.findall(r"\bCPU\d+\b", head))
    out = []
    for one in filter(None, (_IRQ.fullmatch(line) for line in lines)):
        counts = tuple(map(int, one["counts"].split()))
        if len(counts) == columns:
            out.append(Irq(int(one["irq"]), int(one["hwirq"]), one["name"], one["chip"], counts))
    return out


def fields(lines: Iterable[str]) -> dict[str, str]:
    """Read ``Key : value`` lines; of the same key, the first."""
    out: dict[str, str] = {}
    for one in filter(None, (_FIELD.fullmatch(line.rstrip()) for line in lines)):
        out.setdefault(one["key"], one["value"].strip())
    return out


def times(lines: Sequence[str]) -> VcpuTimes | None:
    """Read ``vcpu dumpstat``; None where it is not whole."""
    told = fields(lines)
    found = [
        seconds(told.get(f"{what} Time", "")) for what in ("Ready", "Running", "Paused", "Halted")
    ]
    resets = told.get("Reset Count", "")
    name = told.get("Name", "")
    if not name or None in found or not re.fullmatch(r"\d{1,9}", resets):
        return None
    ready, running, paused, halted = (one or 0.0 for one in found)
    state = told.get("State", "")
    return VcpuTimes(
        name=name,
        state=state if state in STATES else "Unknown",
        ready=ready,
        running=running,
        paused=paused,
        halted=halted,
        resets=int(resets),
    )


def seconds(text: str) -> float | None:
    """Read a time ``h:mm:ss:mmm``; None where it is none."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    whole = int(match["h"]) * 3600 + int(match["m"]) * 60 + int(match["s"])
    return whole + int(match["ms"]) / 1000


def version(lines: Iterable[str]) -> tuple[str, str]:
    """Read ``version``: the version and when it was built; empty where it is not told."""
    match = next(filter(None, (_VERSION.fullmatch(line.strip()) for line in lines)), None)
    return (match["version"], match["built"] or "") if match is not None else ("", "")


def guest_text(lines: Iterable[str], port: str) -> list[str]:
    """Return what a guest wrote from what ``vserial dump`` prints of it.

    Each line begins with the console's name, after a return as after a newline; so a guest that
    ends its lines with both leaves an empty one behind each.

    Args:
        lines: The answer, cut at returns and newlines.
        port: The console.
    """
    tag = f"[{port}] "
    own = [line.removeprefix(tag).removeprefix(tag.rstrip()) for line in lines]
    runs: list[list[str]] = []
    for line in own:
        if line or not runs:
            runs.append([line])
        else:
            runs[-1].append(line)
    inner = [len(run) - 1 for run in runs[:-1]]
    both = bool(inner) and all(count % 2 for count in inner)
    out: list[str] = []
    for run in runs:
        blanks = (len(run) - 1) // 2 if both else len(run) - 1
        out += [run[0], *[""] * blanks]
    while out and not out[-1]:
        out.pop()
    return out
