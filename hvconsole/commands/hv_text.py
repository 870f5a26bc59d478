"""A survey of a hypervisor as text for a terminal, and as a document for ``--json``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hvconsole.model.hypervisor import Guest, Survey, Vcpu
from hvconsole.model.text import plain, width

_NAME = 32


def render(survey: Survey) -> str:
    """Return what there is: guests with their vCPUs, pools, schedulers, notes."""
    title = f"{survey.system} {plain(survey.version, 40)}".strip()
    if not survey.active:
        title += ", not enabled"
    parts = [f"{title} · CPUs {_cpus(survey.cpus, survey)}"]
    parts.append(table(_GUESTS, [_guest(guest, survey) for guest in survey.guests]))
    vcpus = [_vcpu(guest, vcpu, survey) for guest in survey.guests for vcpu in guest.vcpus]
    if vcpus:
        parts.append(table(_VCPUS, vcpus))
    if survey.pools:
        rows = [
            (plain(one.name, _NAME), one.scheduler, _cpus(one.cpus, survey), _values(one.values))
            for one in survey.pools
        ]
        parts.append(table(("pool", "scheduler", "CPUs", "values"), rows))
    missing = [f"{one.name}: {one.missing}" for one in survey.schedulers if one.missing]
    notes = [*survey.notes, *missing, *(f"not read: {one}" for one in survey.incomplete)]
    if notes:
        parts.append("\n".join(f"· {plain(note, 200)}" for note in notes))
    return "\n\n".join(part for part in parts if part)


def as_document(survey: Survey) -> dict[str, Any]:
    """Return the survey as JSON can hold it; sets of CPUs become sorted lists."""
    return {
        "system": survey.system,
        "version": survey.version,
        "active": survey.active,
        "cpus": sorted(survey.cpus),
        "guests": [_guest_document(guest) for guest in survey.guests],
        "pools": [
            {
                "name": pool.name,
                "scheduler": pool.scheduler,
                "cpus": sorted(pool.cpus),
                "values": dict(pool.values),
            }
            for pool in survey.pools
        ],
        "schedulers": {one.name: one.missing or "available" for one in survey.schedulers},
        "governors": {str(cpu): name for cpu, name in survey.governors.items()},
        "abilities": dict(survey.abilities),
        "notes": list(survey.notes),
        "incomplete": list(survey.incomplete),
        "cost_s": round(survey.cost_s, 6),
    }


def _guest_document(guest: Guest) -> dict[str, Any]:
    return {
        "key": guest.key,
        "name": guest.name,
        "role": guest.role,
        "state": guest.state,
        "words": guest.words,
        "cpus": sorted(guest.cpus),
        "failed_cpus": sorted(guest.failed),
        "memory_kib": guest.memory_kib,
        "pool": guest.pool,
        "time_s": guest.time_s,
        "values": dict(guest.values),
        "counters": dict(guest.counters),
        "consoles": list(guest.consoles),
        "vcpus": [
            {
                "index": one.index,
                "cpu": one.cpu,
                "online": one.online,
                "state": one.state,
                "hard": None if one.hard is None else sorted(one.hard),
                "soft": None if one.soft is None else sorted(one.soft),
                "time_s": one.time_s,
                "values": dict(one.values),
            }
            for one in guest.vcpus
        ],
    }


_GUESTS = ("id", "name", "state", "memory", "pool", "CPUs", "failed CPUs", "CPU time", "values")
_VCPUS = ("guest", "vCPU", "CPU", "state", "hard", "soft", "CPU time", "values")


def _guest(guest: Guest, survey: Survey) -> tuple[str, ...]:
    return (
        plain(guest.key, 8),
        plain(guest.name, _NAME),
        guest.state,
        "" if guest.memory_kib is None else f"{guest.memory_kib / 1024:,.0f} MiB",
        plain(guest.pool, 20),
        _cpus(guest.cpus, survey),
        ",".join(map(str, sorted(guest.failed))),
        _time(guest.time_s),
        _values(guest.values),
    )


def _vcpu(guest: Guest, vcpu: Vcpu, survey: Survey) -> tuple[str, ...]:
    return (
        plain(guest.name, _NAME),
        str(vcpu.index),
        "–" if vcpu.cpu is None else str(vcpu.cpu),
        "offline" if not vcpu.online else plain(vcpu.state, 12),
        _cpus(vcpu.hard, survey),
        _cpus(vcpu.soft, survey),
        _time(vcpu.time_s),
        _values(vcpu.values),
    )


def _cpus(cpus: frozenset[int] | None, survey: Survey) -> str:
    if cpus is None or (cpus == survey.cpus and len(cpus) > 1):
        return "all"
    return ",".join(map(str, sorted(cpus))) or "none"


def _time(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:,.1f} s"


def _values(values: Mapping[str, int]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items())


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return aligned columns; a column that is empty in every row is left out."""
    rows = list(rows)
    if not rows:
        return ""
    kept = [at for at in range(len(head)) if any(row[at] for row in rows)]
    lines = [[head[at] for at in kept], *([row[at] for at in kept] for row in rows)]
    widths = [max(width(line[at]) for line in lines) for at in range(len(kept))]
    return "\n".join(
        "  ".join(
            cell + " " * (wide - width(cell)) for cell, wide in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )
