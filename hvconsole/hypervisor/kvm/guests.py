"""One virtual machine, from what virsh, lkvm and Linux say of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hvconsole.hypervisor.kvm import text
from hvconsole.hypervisor.kvm.command import LKVM
from hvconsole.hypervisor.kvm.schedulers import CGROUP, POOL, THREAD
from hvconsole.model.hypervisor import Guest, GuestState, Vcpu

_STATES: Mapping[str, GuestState] = {
    "running": "running",
    "idle": "running",
    "blocked": "running",
    "paused": "paused",
    "pmsuspended": "paused",
    "in shutdown": "shutting down",
    "shut off": "defined",
    "crashed": "crashed",
}
_VCPU_STATES = {0: "offline", 1: "running", 2: "blocked"}
_NS = 1e9
_USUAL = {one.name: one.default for one in (*CGROUP, *THREAD)}
# virsh takes a number, a UUID or a name, in this order: such a name can be taken for neither.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.+-]{0,63}", re.ASCII)
_LIKE_UUID = re.compile(r"[0-9a-fA-F-]{32,}", re.ASCII)
_TIME = re.compile(r"(?P<seconds>\d{1,12}(?:\.\d{1,9})?)s", re.ASCII)
_KIB = re.compile(r"(?P<kib>\d{1,15}) KiB", re.ASCII)

Said = Mapping[str, Sequence[str]]


def key_of(name: str, uuid: str) -> str:
    """Return what a domain's commands take: its name, or its UUID where the name might mislead."""
    plain = _NAME.fullmatch(name) and not _LIKE_UUID.fullmatch(name)
    return name if plain else uuid


def domain(
    uuid: str,
    said: Said,
    threads: Sequence[text.Thread],
    debug: Mapping[str, int],
    cpus: frozenset[int],
) -> Guest:
    """Return libvirt's domain of that UUID.

    Args:
        uuid: Its UUID.
        said: Lines of ``dominfo`` (info), ``domstate`` (state), ``domstats`` (stats), ``schedinfo``
            (sched) and ``vcpupin`` (pin).
        threads: Its vCPUs' threads; none while it is shut off.
        debug: KVM's counters for it in debugfs, for a QEMU that does not tell them itself.
        cpus: All CPUs of the board.
    """
    info = text.fields(said["info"])
    name = info["Name"]
    words = next((line.strip() for line in said["state"] if line.strip()), info.get("State", ""))
    stats = text.stats(said["stats"])
    counts = text.vcpu_stats(stats)
    told = text.values(said["sched"])
    # Of a domain that is shut off, 0 means: whatever is usual.
    values = {one.name: told[one.name] for one in CGROUP if told.get(one.name)}
    used = stats.get("vcpu.current", "")
    uses = int(used) if re.fullmatch(r"[0-9]{1,4}", used) else None
    vcpus = _vcpus(text.pins(said["pin"]), counts, threads, cpus, uses)
    time = _TIME.fullmatch(info.get("CPU time", ""))
    memory = _KIB.fullmatch(info.get("Used memory", "")) or _KIB.fullmatch(
        info.get("Max memory", "")
    )
    return Guest(
        key=key_of(name, uuid),
        name=name,
        state=_STATES.get(words.partition(" (")[0], "unknown"),
        words=words,
        cpus=_allowed(vcpus, cpus),
        memory_kib=int(memory["kib"]) if memory else None,
        pool=POOL,
        time_s=float(time["seconds"]) if time else None,
        values=_unusual_first(values | _common(vcpus, threads)),
        vcpus=vcpus,
        counters=_counters(counts) or text.exit_counters(debug),
    )


def lkvm_guest(
    row: text.LkvmRow,
    threads: Sequence[text.Thread],
    debug: Mapping[str, int],
    cpus: frozenset[int],
) -> Guest:
    """Return a guest that lkvm runs; the arguments as for `domain`."""
    vcpus = _vcpus({}, {}, threads, cpus)
    state: GuestState = {"running": "running", "paused": "paused"}.get(row.state, "defined")  # type: ignore[assignment]  # both are states
    return Guest(
        key=f"{LKVM}{row.name}",
        name=row.name,
        state=state,
        words=row.state,
        cpus=_allowed(vcpus, cpus),
        pool=POOL,
        values=_common(vcpus, threads),
        vcpus=vcpus,
        counters=text.exit_counters(debug),
    )


def _vcpus(
    pins: Mapping[int, frozenset[int]],
    counts: Mapping[int, Mapping[str, int]],
    threads: Sequence[text.Thread],
    cpus: frozenset[int],
    uses: int | None = None,
) -> tuple[Vcpu, ...]:
    by_vcpu = {one.vcpu: one for one in threads}
    found = []
    for index in sorted({*(one for one in pins if one >= 0), *counts, *by_vcpu}):
        on = by_vcpu.get(index)
        count = counts.get(index, {})
        hard = pins.get(index, on.allowed if on is not None else None)
        found.append(
            Vcpu(
                index=index,
                cpu=on.cpu if on is not None else None,
                online=on is not None if threads else uses is None or index < uses,
                state=_vcpu_state(count, on),
                hard=None if hard is None or hard == cpus else hard,
                time_s=count["time"] / _NS if "time" in count else None,
                values=_thread_values(on),
                thread=on.tid if on is not None else None,
            )
        )
    return tuple(found)


def _unusual_first(values: Mapping[str, int]) -> dict[str, int]:
    """Return values in the order in which they matter: what somebody has set comes first."""
    return dict(sorted(values.items(), key=lambda one: one[1] == _USUAL.get(one[0])))


def _allowed(vcpus: Sequence[Vcpu], cpus: frozenset[int]) -> frozenset[int]:
    """Return the CPUs that any of the vCPUs may run on."""
    return frozenset().union(*(cpus if one.hard is None else one.hard for one in vcpus))


def _vcpu_state(count: Mapping[str, int], on: text.Thread | None) -> str:
    state = _VCPU_STATES.get(count.get("state", -1), "")
    odd = on is not None and on.policy not in {"OTHER", "FIFO"}
    return f"{state} {on.policy} {on.priority}".strip() if on is not None and odd else state


def _thread_values(on: text.Thread | None) -> dict[str, int]:
    if on is None:
        return {}
    return {"nice": on.nice, "fifo": on.priority if on.policy == "FIFO" else 0}


def _common(vcpus: Sequence[Vcpu], threads: Sequence[text.Thread]) -> dict[str, int]:
    """Return what all threads have in common of their priority."""
    told = [_thread_values(one) for one in threads]
    if not vcpus or not told or any(one != told[0] for one in told):
        return {}
    return told[0]


def _counters(counts: Mapping[int, Mapping[str, int]]) -> dict[str, int]:
    """Return exits of the whole guest by cause, and of each vCPU: ``wfi``, ``vcpu0 wfi``."""
    found: dict[str, int] = {}
    for vcpu, own in counts.items():
        for name, value in text.exit_counters(own).items():
            found[name] = found.get(name, 0) + value
            found[f"vcpu{vcpu} {name}"] = value
    return found
