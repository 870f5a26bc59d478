"""`xl sched-rtds`: budgets and periods, of domains and of single vCPUs."""

from __future__ import annotations

from typing import Final

from hvconsole.sim.hypervisor.xen.call import Call, Command, RefusedError, number
from hvconsole.sim.hypervisor.xen.state import Domain
from hvconsole.sim.machine.changes import SetParameters
from hvconsole.sim.machine.pool import Pool
from hvconsole.sim.machine.ticks import US

# What Xen takes; libxl lets 1 to 9 through, and then only says that it failed.
_SHORTEST_US: Final = 10
_LONGEST_US: Final = 10_000_000
_LONG: Final = ("domain=", "period=", "budget=", "vcpuid=", "extratime=", "cpupool=")
_SHORT: Final = {
    "--domain": "-d",
    "--period": "-p",
    "--budget": "-b",
    "--vcpuid": "-v",
    "--extratime": "-e",
    "--cpupool": "-c",
}


def _sched_rtds(call: Call) -> int | None:
    pairs = [(_SHORT.get(name, name), value) for name, value in call.pairs("d:p:b:v:e:c:", _LONG)]
    given = {name: [value for other, value in pairs if other == name] for name, _ in pairs}
    every = "all" in given.get("-v", [])
    vcpus = [number(word, "vcpu") for word in given.get("-v", []) if word != "all"]
    if "-c" in given and len(given) > 1:
        raise RefusedError("Specifying a cpupool is not allowed with other options.\n")
    sets = given.keys() & {"-p", "-b", "-e"}
    if "-d" not in given and (sets or vcpus):
        raise RefusedError("Must specify a domain.\n")
    if sets and not (vcpus or every):
        raise RefusedError("Must specify VCPU.\n")
    if vcpus and every:
        raise RefusedError("Incorrect VCPU IDs.\n")
    counts = [len(given.get(name, [])) for name in ("-p", "-b", "-e")]
    if len(set(counts)) > 1 or (sets and counts[0] != (len(vcpus) or 1)):
        raise RefusedError("Incorrect number of period, budget and extratime\n")
    if "-d" not in given:
        _list_all(call, given.get("-c", [None])[-1], each=every)
        return 0
    domain = call.domain(given["-d"][-1])
    if not sets:
        _list_one(call, domain, vcpus, each=every)
        return 0
    values = list(zip(*(map(number, given[name]) for name in ("-p", "-b", "-e")), strict=True))
    chosen = vcpus or list(range(len(domain.hard)))
    if every:
        values *= len(chosen)
    _set(call, domain, list(zip(chosen, values, strict=True)), every=every)
    return 0


def _list_all(call: Call, pool: str | None, *, each: bool) -> None:
    only: Pool | None = None
    if pool is not None:
        only = call.state.find_pool(pool)
        if only is None:
            raise RefusedError(f"unknown cpupool '{pool}'\n")
    for one in call.state.pools:
        if one.scheduler.name == "rtds" and only in (None, one):
            call.line(f"Cpupool {one.name}: sched=RTDS")
            call.line(_header(each=each))
            for domain in call.state.in_pool(one):
                _rows(call, domain, range(len(domain.hard)), each=each)


def _list_one(call: Call, domain: Domain, vcpus: list[int], *, each: bool) -> None:
    each = each or bool(vcpus)
    call.line(_header(each=each))
    has = call.state.pool_of(domain).scheduler.name
    if has != "rtds" and each:
        what = "_all" if not vcpus else ""
        call.complain(
            f"libxl: error: libxl_sched.c:964:libxl_vcpu_sched_params_get{what}: "
            "per-VCPU parameter getting not supported for this scheduler"
        )
        raise RefusedError(f"libxl_vcpu_sched_params_get{what} failed.\n")
    if has != "rtds":
        raise RefusedError(f"libxl_domain_sched_params_get returned {has} not rtds.\n")
    wrong = [vcpu for vcpu in vcpus if vcpu >= len(domain.hard)]
    if wrong:
        raise _no_vcpu(call, domain, wrong[0], "get")
    _rows(call, domain, vcpus or range(len(domain.hard)), each=each)


def _header(*, each: bool) -> str:
    vcpu = f" {'VCPU':>4}" if each else ""
    return f"{'Name':<33} {'ID':>4}{vcpu} {'Period':>9} {'Budget':>9} {'Extratime':>10}"


def _rows(call: Call, domain: Domain, vcpus: range | list[int], *, each: bool) -> None:
    for vcpu in vcpus if each else [0]:
        unit = call.state.units(domain)[vcpu]
        number_of = f" {vcpu:>4}" if each else ""
        extra = "yes" if unit.extratime else "no"
        call.line(
            f"{domain.name:<33} {domain.number:>4}{number_of} {unit.period // US:>9} "
            f"{unit.budget // US:>9} {extra:>10}"
        )


def _set(
    call: Call, domain: Domain, wanted: list[tuple[int, tuple[int, ...]]], *, every: bool
) -> None:
    for vcpu, (period, budget, extratime) in wanted:
        if vcpu >= len(domain.hard):
            raise _no_vcpu(call, domain, vcpu, "set")
        wrong = _wrong(period, budget, extratime)
        if wrong:
            call.complain(f"libxl: error: libxl_sched.c:489:sched_rtds_validate_params: {wrong}")
        has = call.state.pool_of(domain).scheduler.name
        if wrong or has != "rtds" or min(period, budget) < _SHORTEST_US or period > _LONGEST_US:
            raise RefusedError(f"libxl_vcpu_sched_params_set{'_all' if every else ''} failed.\n")
    for vcpu, (period, budget, extratime) in wanted:
        change = SetParameters(
            domain.number, vcpu, period_us=period, budget_us=budget, extratime=bool(extratime)
        )
        call.state.host.apply(change)


def _wrong(period: int, budget: int, extratime: int) -> str:
    if period < 1:
        return "Invalid VCPU period of " + str(period) + " (it should be at least 1)"
    if budget < 1:
        return "Invalid VCPU budget of " + str(budget) + " (it should be at least 1)"
    if budget > period:
        return f"VCPU budget must be smaller than or equal to period, but {budget} > {period}"
    return "" if extratime in (0, 1) else "Invalid extratime"


def _no_vcpu(call: Call, domain: Domain, vcpu: int, what: str) -> RefusedError:
    call.complain(
        f"libxl: error: libxl_sched.c:627:sched_rtds_vcpu_{what}: Domain {domain.number}:"
        f"Invalid VCPU {vcpu}: valid range is [0, {len(domain.hard) - 1}]"
    )
    return RefusedError(f"libxl_vcpu_sched_params_{what} failed.\n")


COMMANDS: Final[dict[str, Command]] = {"sched-rtds": _sched_rtds}
