"""xl's listings. Formats are those of tools/xl in Xen 4.17, checked against real transcripts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from hvconsole.sim.hypervisor.cpus import ranges
from hvconsole.sim.hypervisor.words import identifier
from hvconsole.sim.hypervisor.xen.call import Call, Command, RefusedError
from hvconsole.sim.hypervisor.xen.log import BUILD_DATE, BUILD_ID, COMPILER, command_line
from hvconsole.sim.hypervisor.xen.state import BOARD_MIB, MIB, CpuSet, Domain
from hvconsole.sim.machine.unit import Unit
from hvconsole.sim.machine.xen import FIRST_POOL

_HEADER: Final = "Name                                        ID   Mem VCPUs\tState\tTime(s)"
_VCPU_HEADER: Final = (
    "Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)"
)


def state_of(call: Call, domain: Domain) -> tuple[bool, bool, bool]:
    """Return whether a domain runs, is blocked, is paused. dom0 runs: xl runs in it."""
    units = call.state.units(domain)
    runs = domain.number == 0 or any(unit.cpu is not None and not unit.paused for unit in units)
    waits = any(unit.runnable for unit in units)
    return runs, not (runs or waits or domain.paused), domain.paused


def _letters(call: Call, domain: Domain) -> str:
    runs, blocked, paused = state_of(call, domain)
    return f"{'r' if runs else '-'}{'b' if blocked else '-'}{'p' if paused else '-'}---"


def _list(call: Call) -> int | None:
    flags = call.options("lvhZcn", ["long", "verbose", "help", "context", "cpupool", "numa"])
    domains = call.state.ordered()
    if call.words:
        word = call.words[0]
        if identifier(word) is not None and call.find(word) is None:
            raise RefusedError(f"Error: Domain '{word}' does not exist.\n")
        domains = [call.domain(word)]
    if "-l" in flags or "--long" in flags:
        call.tool.out(json.dumps([_configuration(call, one) for one in domains], indent=4) + "\n")
        return 0
    verbose = "-v" in flags or "--verbose" in flags
    context = "-Z" in flags or "--context" in flags
    pools = "-c" in flags or "--cpupool" in flags
    numa = "-n" in flags or "--numa" in flags
    call.line(
        _HEADER
        + ("   UUID                            Reason-Code\tSecurity Label" if verbose else "")
        + ("   Security Label" if context and not verbose else "")
        + ("         Cpupool" if pools else "")
        + (" NODE Affinity" if numa else "")
    )
    for one in domains:
        call.line(
            f"{one.name:<40} {one.number:>5} {one.memory_kib // MIB:>5} {one.online:>5}"
            f"     {_letters(call, one)}  {call.state.seconds(one):>8.1f}"
            + (f" {one.identity} {'-':>8}" if verbose else "")
            + (f" {'-':>16}" if verbose or context else "")
            + (f"{call.state.pool_of(one).name:>16}" if pools else "")
            + (" all" if numa else "")
        )
    return 0


def _configuration(call: Call, domain: Domain) -> dict[str, object]:
    """Return what `xl list -l` tells: configuration, neither state nor time."""
    build: dict[str, object] = {
        "max_vcpus": len(domain.hard),
        "avail_vcpus": list(range(domain.online)),
        "max_memkb": domain.most_kib,
        "target_memkb": domain.memory_kib,
        "sched_params": {},
    }
    kernel = domain.config.get("kernel")
    if isinstance(kernel, str):
        build |= {"kernel": kernel, "cmdline": domain.config.get("extra", "")}
    made = {
        "type": "pv" if domain.number == 0 else "pvh",
        "name": domain.name,
        "uuid": str(domain.identity),
        "run_hotplug_scripts": "True",
        "pool_name": call.state.pool_of(domain).name,
    }
    return {"domid": domain.number, "config": {"c_info": made, "b_info": build}}


def _vcpu_list(call: Call) -> int | None:
    domains = [call.domain(word) for word in call.words] or call.state.ordered()
    call.line(_VCPU_HEADER)
    for domain in domains:
        units = call.state.units(domain)
        here = _where_xl_runs(units) if domain.number == 0 else None
        for vcpu, unit in enumerate(units):
            call.line(_vcpu_row(call, domain, vcpu, runs=vcpu == here or unit.cpu is not None))
    return 0


def _where_xl_runs(units: Sequence[Unit]) -> int | None:
    """Return the vCPU of dom0 that shows as running because xl looks: none if another one does."""
    return None if any(unit.cpu is not None for unit in units) else 0


def _vcpu_row(call: Call, domain: Domain, vcpu: int, *, runs: bool) -> str:
    state = call.state
    unit = state.units(domain)[vcpu]
    head = f"{domain.name:<32} {domain.number:>5} {vcpu:>5}"
    cpus = state.pool_of(domain).cpus
    cpu = unit.cpu if unit.cpu is not None else unit.home
    if cpu not in cpus:  # it left the pool; the vCPU follows when it next runs
        cpu = min(cpus, default=0)
    if vcpu >= domain.online:
        head += f"{'-':>5} {'-':>3}-p "
    else:
        blocked = not runs and not unit.runnable and not unit.paused
        head += f"{cpu:>5} {'r' if runs else '-':>3}{'b' if blocked else '-'}- "
    hard, soft = (_mask(call, masks[vcpu]) for masks in (domain.hard, domain.soft))
    return f"{head}{state.seconds(domain, vcpu):>9.1f}  {hard} / {soft}"


def _mask(call: Call, mask: CpuSet) -> str:
    if mask is None or mask >= frozenset(range(call.state.cpus)):
        return "all"
    return ranges(mask) or "none"


def info(call: Call) -> list[tuple[str, str]]:
    """Return what `xl info` tells, in its order."""
    state = call.state
    release, version = _kernel(call)
    scheduler = state.xen.pools[FIRST_POOL].scheduler.name
    return [
        ("host", _file(call, "/proc/sys/kernel/hostname") or "bananapi"),
        ("release", release),
        ("version", version),
        ("machine", "armv7l"),
        ("nr_cpus", str(state.cpus)),
        ("max_cpu_id", str(state.cpus - 1)),
        ("nr_nodes", "1"),
        ("cores_per_socket", "1"),
        ("threads_per_core", "1"),
        ("cpu_mhz", "24.000"),
        ("hw_caps", ":".join(["00000000"] * 8)),
        ("virt_caps", "hvm hap vpmu gnttab-v1"),
        ("total_memory", str(BOARD_MIB)),
        ("free_memory", str(state.free_mib)),
        ("sharing_freed_memory", "0"),
        ("sharing_used_memory", "0"),
        ("outstanding_claims", "0"),
        ("free_cpus", str(len(state.free_cpus))),
        ("xen_major", "4"),
        ("xen_minor", "17"),
        ("xen_extra", ".5"),
        ("xen_version", "4.17.5"),
        ("xen_caps", "xen-3.0-armv7l "),
        ("xen_scheduler", scheduler),
        ("xen_pagesize", "4096"),
        ("platform_params", "virt_start=0x200000"),
        ("xen_changeset", ""),
        ("xen_commandline", command_line(call.state.asked)),
        ("cc_compiler", COMPILER),
        ("cc_compile_by", ""),
        ("cc_compile_domain", ""),
        ("cc_compile_date", BUILD_DATE),
        ("build_id", BUILD_ID),
        ("xend_config_format", "4"),
    ]


def _kernel(call: Call) -> tuple[str, str]:
    words = _file(call, "/proc/version").split()
    sign = next((at for at, word in enumerate(words) if word.startswith("#")), len(words))
    return (words[2] if len(words) > 2 else "", " ".join(words[sign:]))  # noqa: PLR2004  # Linux version R


def _file(call: Call, path: str) -> str:
    try:
        return call.read(path).strip()
    except OSError:
        return ""


def _info(call: Call) -> int | None:
    flags = call.options("n", ["numa"])
    rows = info(call)
    if call.words:
        found = dict(rows).get(call.words[0])
        if found is None:
            return 1
        call.line(found)
        return 0
    for name, value in rows:
        call.line(f"{name:<23}: {value}")
    if flags:
        call.line("cpu_topology           :")
        call.line("cpu:    core    socket     node")
        for cpu in range(call.state.cpus):
            call.line(f"{cpu:>3}:    {0:>4}     {cpu:>4}     {0:>4}")
        call.line(
            "device topology        :\ndevice           node\nNo device topology data available"
        )
        call.line("numa_info              :\nnode:    memsize    memfree    distances")
        call.line(f"{0:>4}:    {BOARD_MIB:>6}     {call.state.free_mib:>6}      10")
    return 0


def _uptime(call: Call) -> int | None:
    short = "-s" in call.options("s", ["short"])
    domains = [call.domain(word) for word in call.words] or call.state.ordered()
    if not short:
        call.line("Name                                ID Uptime")
    for one in domains:
        call.line(f"{one.name:<33} {one.number:>4} {_span(call.state.host.uptime_s - one.since_s)}")
    return 0


def _span(seconds: float) -> str:
    whole = int(seconds)
    days, rest = divmod(whole, 86_400)
    clock = f"{rest // 3600:>2}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} day{'s' if days > 1 else ''}, {clock}" if days else clock


def _domid(call: Call) -> int | None:
    call.need(1)
    found = call.state.named(call.words[0])
    if found is None:
        raise RefusedError(
            f"Can't get domid of domain name '{call.words[0]}', maybe this domain does not exist.\n"
        )
    call.line(str(found.number))
    return 0


def _domname(call: Call) -> int | None:
    call.need(1)
    word = call.words[0]
    if identifier(word) is None:
        raise RefusedError(f"Invalid domain id '{word}'.\n\n")
    found = call.find(word)
    if found is None:
        raise RefusedError(
            f"Can't get domain name of domain id '{word}', maybe this domain does not exist.\n"
        )
    call.line(found.name)
    return 0


COMMANDS: Final[dict[str, Command]] = {
    "list": _list,
    "vcpu-list": _vcpu_list,
    "info": _info,
    "uptime": _uptime,
    "domid": _domid,
    "domname": _domname,
}
