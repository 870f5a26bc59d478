"""`xl sched-credit`, `sched-credit2`, `sched-rtds`, `vcpu-pin`: parameters that act at once."""

from __future__ import annotations

from typing import Final

from hvconsole.sim.hypervisor.cpus import parse_ranges
from hvconsole.sim.hypervisor.words import identifier
from hvconsole.sim.hypervisor.xen.call import Call, Command, RefusedError, number
from hvconsole.sim.hypervisor.xen.state import CpuSet, Domain
from hvconsole.sim.machine.changes import PinVcpu, SetParameters, SetPool
from hvconsole.sim.machine.pool import Pool
from hvconsole.sim.machine.sched.credit import Credit
from hvconsole.sim.machine.sched.credit2 import Credit2
from hvconsole.sim.machine.ticks import MS, US
from hvconsole.sim.machine.xen import FIRST_POOL

_HEAVIEST: Final = 65_535
_LONGEST_SLICE_MS: Final = 1_000
_RATELIMITS_US: Final = (100, 500_000)


def _pool_line(pool: Pool) -> str:
    scheduler = pool.scheduler
    if isinstance(scheduler, Credit):
        return (
            f"Cpupool {pool.name}: tslice={scheduler.tslice // MS}ms "
            f"ratelimit={scheduler.ratelimit // US}us migration-delay=0us"
        )
    if isinstance(scheduler, Credit2):
        return f"Cpupool {pool.name}: ratelimit={scheduler.ratelimit // US}us"
    return f"Cpupool {pool.name}: sched=RTDS"


def _weights(kind: str) -> Command:
    def run(call: Call) -> int | None:
        flags = call.options("d:w:c:p:t:r:m:s", _LONG_OF_CREDIT)
        flags = {_SHORT.get(name, name): value for name, value in flags.items()}
        domain = flags.keys() & {"-d", "-w", "-c"}
        pool = flags.keys() & {"-s", "-p"}
        if domain and pool:
            raise RefusedError(
                "Specifying a cpupool or schedparam is not allowed with domain options.\n"
            )
        if domain and "-d" not in flags:
            raise RefusedError("Must specify a domain.\n")
        if flags.keys() & {"-t", "-r", "-m"} and "-s" not in flags:
            raise RefusedError("Must specify schedparam to set schedule parameter values.\n")
        if "-s" in flags:
            _of_pool(call, kind, flags)
        elif domain:
            _of_domain(call, kind, flags)
        else:
            _list_weights(call, kind, flags.get("-p"))
        return 0

    return run


_LONG_OF_CREDIT: Final = (
    "domain=", "weight=", "cap=", "schedparam", "tslice_ms=", "ratelimit_us=", "cpupool=",
    "migration_delay_us=",
)  # fmt: skip
_SHORT: Final = {
    "--domain": "-d",
    "--weight": "-w",
    "--cap": "-c",
    "--schedparam": "-s",
    "--tslice_ms": "-t",
    "--ratelimit_us": "-r",
    "--cpupool": "-p",
    "--migration_delay_us": "-m",
}


def _pool_named(call: Call, word: str) -> Pool:
    pool = call.state.find_pool(word)
    if pool is None:
        raise RefusedError(f"unknown cpupool '{word}'\n")
    return pool


def _list_weights(call: Call, kind: str, pool: str | None) -> None:
    only = None if pool is None else _pool_named(call, pool)
    for one in call.state.pools:
        if one.scheduler.name == kind and only in (None, one):
            call.line(_pool_line(one))
            _weight_rows(call, call.state.in_pool(one))


def _weight_rows(call: Call, domains: list[Domain]) -> None:
    call.line(f"{'Name':<33} {'ID':>4} {'Weight':>6} {'Cap':>4}")
    for one in domains:
        unit = call.state.units(one)[0]
        call.line(f"{one.name:<33} {one.number:>4} {unit.weight:>6} {unit.cap:>4}")


def _of_domain(call: Call, kind: str, flags: dict[str, str]) -> None:
    domain = call.domain(flags["-d"])
    has = call.state.pool_of(domain).scheduler.name
    if not flags.keys() & {"-w", "-c"}:
        _weight_rows(call, [])
        if has != kind:
            raise RefusedError(f"libxl_domain_sched_params_get returned {has} not {kind}.\n")
        call.tool.out(_rows_only(call, domain))
        return
    weight = number(flags["-w"]) if "-w" in flags else None
    cap = number(flags["-c"]) if "-c" in flags else None
    wrong = ""
    if has != kind:
        wrong = f"Setting domain sched {kind}: Invalid argument"
    elif weight is not None and not 1 <= weight <= _HEAVIEST:
        wrong = f"Cpu weight out of range, valid values are within range from 1 to {_HEAVIEST}"
    elif cap is not None and not 0 <= cap <= (most := 100 * len(domain.hard)):
        wrong = (
            f"Cpu cap out of range, valid range is from 0 to {most} for specified number of vcpus"
        )
    if wrong:
        call.complain(
            f"libxl: error: libxl_sched.c:302:sched_{kind}_domain_set: "
            f"Domain {domain.number}:{wrong}"
        )
        raise RefusedError("libxl_domain_sched_params_set failed.\n")
    call.state.host.apply(SetParameters(domain.number, weight=weight, cap=cap))


def _rows_only(call: Call, domain: Domain) -> str:
    unit = call.state.units(domain)[0]
    return f"{domain.name:<33} {domain.number:>4} {unit.weight:>6} {unit.cap:>4}\n"


def _of_pool(call: Call, kind: str, flags: dict[str, str]) -> None:
    pool = _pool_named(call, flags.get("-p", FIRST_POOL))
    scheduler = pool.scheduler
    if scheduler.name != kind:
        call.complain(
            f"libxl: error: libxl_sched.c:221:libxl_sched_{kind}_params_get: "
            f"getting Cpupool {pool.name} scheduler {kind} param: Invalid argument"
        )
        raise RefusedError(f"libxl_sched_{kind}_params_get failed.\n")
    if not flags.keys() & {"-t", "-r", "-m"}:
        call.line(_pool_line(pool))
        return
    slice_ms = number(flags["-t"]) if "-t" in flags else None
    ratelimit = number(flags["-r"]) if "-r" in flags else None
    low, high = _RATELIMITS_US
    wrong = ""
    if slice_ms is not None and (kind != "credit" or not 1 <= slice_ms <= _LONGEST_SLICE_MS):
        wrong = f"Time slice out of range, valid range is from 1 to {_LONGEST_SLICE_MS}"
    elif ratelimit is not None and ratelimit and not low <= ratelimit <= high:
        wrong = f"Ratelimit out of range, valid range is from {low} to {high}"
    elif isinstance(scheduler, Credit):
        slice_us = scheduler.tslice // US if slice_ms is None else slice_ms * 1000
        if (scheduler.ratelimit // US if ratelimit is None else ratelimit) > slice_us:
            wrong = "Ratelimit cannot be greater than timeslice"
    if wrong:
        call.complain(f"libxl: error: libxl_sched.c:272:libxl_sched_{kind}_params_set: {wrong}")
        raise RefusedError(f"libxl_sched_{kind}_params_set failed.\n")
    call.state.host.apply(SetPool(pool.name, tslice_ms=slice_ms, ratelimit_us=ratelimit))


def _vcpu_pin(call: Call) -> int | None:
    call.options("f", ["force"])
    call.need(3)
    domain = call.domain(call.words[0])
    which = call.words[1]
    if which != "all" and identifier(which) is None:
        raise RefusedError(f"Error: Invalid argument {which} as VCPU.\n")
    hard, soft = _wanted(call.words[2]), _wanted(call.words[3] if len(call.words) > 3 else "-")  # noqa: PLR2004
    vcpus = range(len(domain.hard)) if which == "all" else [int(which)]
    cpus = frozenset(call.state.pool_of(domain).cpus)
    failed = False
    for vcpu in vcpus:
        if vcpu >= len(domain.hard) or any(mask is not None and not mask & cpus for mask in hard):
            call.complain(
                "libxl: error: libxl_sched.c:62:libxl__set_vcpuaffinity: "
                f"Domain {domain.number}:Setting vcpu affinity: Invalid argument"
            )
            if which == "all":
                call.complain(
                    "libxl: warning: libxl_sched.c:165:libxl_set_vcpuaffinity_all: "
                    f"Domain {domain.number}:Failed to set affinity for {vcpu}"
                )
                failed = True
                continue
            raise RefusedError(f"Could not set affinity for vcpu `{vcpu}'.\n")
        for mask in hard:
            domain.hard[vcpu] = mask
            call.state.host.apply(PinVcpu(domain.number, vcpu, mask))
        for mask in soft:
            domain.soft[vcpu] = mask
    if failed:
        call.complain("Could not set affinity.")  # and the command ends well
    return 0


def _wanted(word: str) -> tuple[CpuSet, ...]:
    """Return one mask (None for all CPUs), or nothing where it is to stay as it is."""
    if word == "-":
        return ()
    try:
        return (parse_ranges(word),)
    except ValueError:
        raise RefusedError(f"parse_range: Invalid range: {word}\n") from None


COMMANDS: Final[dict[str, Command]] = {
    "sched-credit": _weights("credit"),
    "sched-credit2": _weights("credit2"),
    "vcpu-pin": _vcpu_pin,
}
