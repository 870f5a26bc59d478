"""What xl prints, as values. Pure, and lenient: a row that is no row is skipped, never an error.

Formats are those of tools/xl of Xen 4.11 to 4.20 (xl_list.c, xl_vcpu.c, xl_cpupool.c, xl_sched.c).
Columns are padded, not separated, and names may hold anything, so rows are read from the right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hvconsole.hypervisor.masks import parse_mask

_LIST = re.compile(
    r"(?P<name>.*?)\s+(?P<id>\d+)\s+(?P<memory>\d+)\s+(?P<vcpus>\d+)\s+"
    # `-c` appends the pool, padded to 16 characters, without a blank of its own.
    r"(?P<state>[-r][-b][-p][-s].[-d])\s+(?P<time>\d+\.\d)(?:\s*(?P<pool>\S.*))?"
)
_VCPU = re.compile(
    r"(?P<name>.*?)\s+(?P<id>\d+)\s+(?P<vcpu>\d+)\s+(?P<cpu>\d+|-)\s+(?P<state>[-r][-b][-p])\s+"
    r"(?P<time>\d+\.\d)\s+(?P<hard>\S+) / (?P<soft>\S+)"
)
_POOL = re.compile(r"(?P<name>.*?)\s+(?P<cpus>\d+)\s+(?P<scheduler>\S+)\s+[yn]\s+(?P<domains>\d+)")
_POOL_HEAD = re.compile(r"Cpupool (?P<pool>.*): (?P<values>\S.*)")
_POOL_VALUE = re.compile(r"(?P<name>[\w-]+)=(?P<value>-?\d+)(?:ms|us)?")
_WEIGHT = re.compile(r"(?P<name>.*?)\s+(?P<id>\d+)\s+(?P<weight>\d+)\s+(?P<cap>\d+)")
_RTDS = re.compile(
    r"(?P<name>.*?)\s+(?P<id>\d+)(?:\s+(?P<vcpu>\d+))?\s+(?P<period>\d+)\s+(?P<budget>\d+)\s+"
    r"(?P<extra>yes|no)"
)
_INFO = re.compile(r"(?P<key>[a-z_]+)\s*:(?: (?P<value>.*))?")


@dataclass(frozen=True, slots=True)
class DomainRow:
    """A row of ``xl list -c``: memory in MiB, time in seconds of CPU; without ``-c`` no pool."""

    name: str
    domain: int
    memory_mib: int
    vcpus: int
    state: str
    time_s: float
    pool: str


@dataclass(frozen=True, slots=True)
class VcpuRow:
    """A row of ``xl vcpu-list``; `cpu` is None while it is offline, a mask None for all."""

    domain: int
    vcpu: int
    cpu: int | None
    state: str
    time_s: float
    hard: frozenset[int] | None
    soft: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class PoolRow:
    """A row of ``xl cpupool-list``."""

    name: str
    cpus: int
    scheduler: str
    domains: int


@dataclass(frozen=True, slots=True)
class SchedRow:
    """A row of ``xl sched-…``: the values of a domain, or of one of its vCPUs."""

    domain: int
    vcpu: int | None
    values: dict[str, int]


@dataclass(frozen=True, slots=True)
class Schedule:
    """What ``xl sched-…`` says: values of pools by name, and rows in order."""

    pools: dict[str, dict[str, int]]
    rows: list[SchedRow]


def parse_list(text: str) -> list[DomainRow]:
    """Read ``xl list``."""
    return [
        DomainRow(
            row["name"],
            int(row["id"]),
            int(row["memory"]),
            int(row["vcpus"]),
            row["state"],
            float(row["time"]),
            row["pool"] or "",
        )
        for row in _rows(_LIST, text)
    ]


def parse_vcpus(text: str) -> list[VcpuRow]:
    """Read ``xl vcpu-list``."""
    return [
        VcpuRow(
            int(row["id"]),
            int(row["vcpu"]),
            None if row["cpu"] == "-" else int(row["cpu"]),
            row["state"],
            float(row["time"]),
            parse_mask(row["hard"]),
            parse_mask(row["soft"]),
        )
        for row in _rows(_VCPU, text)
    ]


def parse_pools(text: str) -> list[PoolRow]:
    """Read ``xl cpupool-list``."""
    return [
        PoolRow(row["name"], int(row["cpus"]), row["scheduler"], int(row["domains"]))
        for row in _rows(_POOL, text)
    ]


def parse_pool_cpus(text: str, names: list[str]) -> dict[str, frozenset[int]]:
    """Read ``xl cpupool-list -c`` for pools whose names are known from the other listing.

    A pool without CPUs has nothing behind its name, and a name may end in digits: so the names
    decide where a row's list begins.
    """
    found: dict[str, frozenset[int]] = {}
    rows = text.splitlines()
    for name in names:
        for row in rows:
            rest = row.removeprefix(name)
            if rest == row or (rest and not rest[0].isspace()):
                continue
            cpus = rest.strip()
            if not cpus or re.fullmatch(r"[\d,-]+", cpus):
                found[name] = parse_mask(cpus) or frozenset() if cpus else frozenset()
                break
    return found


def parse_schedule(text: str) -> Schedule:
    """Read ``xl sched-credit``, ``sched-credit2`` or ``sched-rtds [-v all]``."""
    pools: dict[str, dict[str, int]] = {}
    rows: list[SchedRow] = []
    for line in text.splitlines():
        if head := _POOL_HEAD.fullmatch(line.rstrip()):
            values = _POOL_VALUE.finditer(head["values"])
            pools[head["pool"]] = {one["name"]: int(one["value"]) for one in values}
        elif row := _RTDS.fullmatch(line.rstrip()):
            vcpu = None if row["vcpu"] is None else int(row["vcpu"])
            values_of = {
                "period": int(row["period"]),
                "budget": int(row["budget"]),
                "extratime": int(row["extra"] == "yes"),
            }
            rows.append(SchedRow(int(row["id"]), vcpu, values_of))
        elif row := _WEIGHT.fullmatch(line.rstrip()):
            rows.append(
                SchedRow(
                    int(row["id"]), None, {"weight": int(row["weight"]), "cap": int(row["cap"])}
                )
            )
    return Schedule(pools, rows)


def parse_info(text: str) -> dict[str, str]:
    """Read ``xl info``."""
    return {row["key"]: (row["value"] or "").strip() for row in _rows(_INFO, text)}


def _rows(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    for line in text.splitlines():
        if row := pattern.fullmatch(line.rstrip()):
            yield row
