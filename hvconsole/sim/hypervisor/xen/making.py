"""Making a domain, and what libxl says where that fails."""

from __future__ import annotations

import uuid
from typing import Final

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.hypervisor.cpus import parse_ranges
from hvconsole.sim.hypervisor.xen import guest
from hvconsole.sim.hypervisor.xen.call import Call, RefusedError
from hvconsole.sim.hypervisor.xen.config import Config, number_of, text_of
from hvconsole.sim.hypervisor.xen.state import MIB, CpuSet, Domain, State
from hvconsole.sim.machine.changes import CreateDomain, SetParameters, SetVcpus
from hvconsole.sim.machine.ticks import MS
from hvconsole.sim.machine.xen import FIRST_POOL

FAILED: Final = 3
_MOST_VCPUS: Final = 128
_HYPERCALL_S: Final = 0.3
# Budgets so short that Xen does little else than deal them out: dom0 hardly gets on.
_STARVING: Final = MS // 2
_STARVED_S: Final = 90.0


def is_starved(state: State) -> bool:
    """Say whether dom0 shares its pool with a busy vCPU of a very short RTDS period."""
    pool = state.pool_of(state.domains[0])
    if pool.scheduler.name != "rtds":
        return False
    return any(unit.burning and not unit.paused and unit.period < _STARVING for unit in pool.units)


async def hypercall(call: Call) -> None:
    """Let pass the time that making or ending a domain takes."""
    await call.tool.sleep(_STARVED_S if is_starved(call.state) else _HYPERCALL_S)


def new_domain(call: Call, config: Config) -> Domain:
    """Make a domain, or say what libxl says.

    Raises:
        RefusedError: It cannot be made.
    """
    state = call.state
    number_ = state.new_number()
    name = text_of(config, "name")
    if state.named(name) is not None:
        raise _failed(call, number_, [
            (f"libxl_domain.c:81:libxl__domain_rename: Domain {number_}:"
            f'Domain with name "{name}" already exists.'),
            f"libxl_create.c:1296:initiate_domain_create: Domain {number_}:cannot make domain: -6",
            (f"libxl_xshelp.c:206:libxl__xs_read_mandatory: xenstore read failed: "
            f"`/libxl/{number_}/type': No such file or directory"),
            (f"warning: libxl_dom.c:49:libxl__domain_type: unable to get domain type for "
            f"domid={number_}, assuming HVM"),
        ])  # fmt: skip
    _check_kernel(call, config, number_)
    memory = number_of(config, "memory", 32) * MIB
    if not 0 < memory <= state.free_mib * MIB:
        call.complain(
            "xc: error: panic: xg_dom_boot.c:119: xc_dom_boot_mem_init: "
            "can't allocate low memory for domain: Out of memory"
        )
        raise _failed(call, number_, [
            "libxl_dom.c:586:libxl__build_dom: xc_dom_boot_mem_init failed: Cannot allocate memory",
            _rebuild(number_, -3),
        ])  # fmt: skip
    vcpus = min(max(number_of(config, "maxvcpus", number_of(config, "vcpus", 1)), 1), _MOST_VCPUS)
    mask = _mask(config.get("cpus"))
    pool = state.find_pool(text_of(config, "pool", FIRST_POOL))
    if pool is None or not pool.cpus or (mask is not None and not mask & set(pool.cpus)):
        raise _failed(call, number_, [
            f"libxl_create.c:1296:initiate_domain_create: Domain {number_}:cannot make domain: -3",
        ])  # fmt: skip
    domain = Domain(
        number_, name, memory, memory + MIB, uuid.uuid5(uuid.NAMESPACE_OID, f"{number_} {name}"),
        [mask] * vcpus, [None] * vcpus, min(number_of(config, "vcpus", 1), vcpus),
        state.host.uptime_s, config=config, console=guest.boot_text(config),
    )  # fmt: skip
    try:
        state.create(domain, CreateDomain(
            number_, vcpus, busy=guest.is_busy(config), cpus=mask, pool=pool.name,
        ))  # fmt: skip
        state.host.apply(SetVcpus(number_, domain.online))
        _scheduling(state, domain, config)
    except BoardProblem:
        if number_ in state.domains:
            state.destroy(domain)
        raise _failed(call, number_, [_rebuild(number_, -3)]) from None
    return domain


def _check_kernel(call: Call, config: Config, number_: int) -> None:
    kernel = text_of(config, "kernel")
    for path in filter(None, (kernel, text_of(config, "ramdisk"))):
        try:
            call.state.host.read(path)
        except OSError:
            break
    else:
        if kernel:
            return
        path = ""
    call.complain(
        f"xc: error: panic: xg_dom_core.c:205: failed to open file '{path}': "
        "No such file or directory: Internal error"
    )
    which = "kernel" if path == kernel else "ramdisk"
    raise _failed(call, number_, [
        (f"libxl_dom.c:909:libxl__domain_firmware: xc_dom_{which}_file failed: "
        "No such file or directory"),
        "libxl_dom.c:1075:libxl__build_hvm: initializing domain firmware failed",
        _rebuild(number_, -1),
    ])  # fmt: skip


def _rebuild(number_: int, code: int) -> str:
    return (
        f"libxl_create.c:1640:domcreate_rebuild_done: Domain {number_}:"
        f"cannot (re-)build domain: {code}"
    )


def _failed(call: Call, number_: int, lines: list[str]) -> RefusedError:
    for line in [*lines, *gone(number_)]:
        level = "" if line.startswith("warning: ") else "error: "
        call.complain(f"libxl: {level}{line}")
    return RefusedError("", FAILED)


def gone(number_: int | str) -> list[str]:
    """Return what libxl says when it ends a domain that is not there."""
    return [
        f"libxl_domain.c:1183:libxl__destroy_domid: Domain {number_}:Non-existant domain",
        f"libxl_domain.c:1137:domain_destroy_callback: Domain {number_}:Unable to destroy guest",
        f"libxl_domain.c:1064:domain_destroy_cb: Domain {number_}:Destruction of domain failed",
    ]


def _mask(value: str | list[str] | None) -> CpuSet:
    if value is None:
        return None
    try:
        return parse_ranges(",".join(value) if isinstance(value, list) else value)
    except ValueError:
        raise RefusedError(f"parse_range: Invalid range: {value}\n", FAILED) from None


def _scheduling(state: State, domain: Domain, config: Config) -> None:
    state.host.apply(SetParameters(
        domain.number,
        weight=number_of(config, "cpu_weight", 256),
        cap=number_of(config, "cap", 0),
        period_us=number_of(config, "period", 10_000),
        budget_us=number_of(config, "budget", 4_000),
    ))  # fmt: skip
