"""cpupools by xl, lying exit codes included: adding and removing CPUs always 'works'."""

from __future__ import annotations

import posixpath
from typing import Final, get_args

from hvconsole.model.problem import BoardProblem
from hvconsole.sim.hypervisor.cpus import parse_ranges
from hvconsole.sim.hypervisor.words import for_ever
from hvconsole.sim.hypervisor.xen.call import Call, Command, RefusedError
from hvconsole.sim.hypervisor.xen.config import Config, ConfigError, parse, text_of
from hvconsole.sim.hypervisor.xen.log import begins
from hvconsole.sim.machine.changes import CreatePool, DestroyPool, MoveCpu, SchedulerName
from hvconsole.sim.machine.pool import Pool
from hvconsole.sim.machine.xen import FIRST_POOL

# Those that xl can spell; the build of Xen may lack some.
_SPELT: Final = ("sedf", "credit", "credit2", "arinc653", "rtds", "null")
_MODELLED: Final[tuple[SchedulerName, ...]] = get_args(SchedulerName)


def _list(call: Call) -> int | None:
    cpus = bool(call.options("c", ["cpus"]))
    pools = call.state.pools
    if call.words:
        found = call.state.find_pool(call.words[0])
        if found is None:
            raise RefusedError(f"Pool '{call.words[0]}' does not exist\n")
        pools = [found]
    call.line(f"{'Name':<19}" + ("CPU list" if cpus else "CPUs   Sched     Active   Domain count"))
    for one in pools:
        if cpus:
            call.line(f"{one.name:<19}{','.join(map(str, one.cpus))}")
            continue
        count = len(call.state.in_pool(one))
        call.line(
            f"{one.name:<19}{len(one.cpus):>3} {one.scheduler.name:>9}       y       {count:>4}"
        )
    return 0


def read_config(call: Call, path: str | None, words: list[str]) -> tuple[Config, str]:
    """Read a configuration file and settings from the command line; return its name as well.

    Raises:
        RefusedError: Told as xl tells it.
    """
    text, source = "", "command line"
    if path is not None:
        source = path
        try:
            text = call.read(path)
        except OSError as error:
            said = f"Failed to read config file: {path}: {error.strerror}\n"
            raise RefusedError(said, 3 if call.name == "create" else 1) from None
    config: Config = {}
    wrong: list[str] = []
    # Settings on the command line follow the file, and are counted on from an empty first line.
    pieces = [(text, 1, source)] if path is not None else []
    pieces += [(word, at + 2, "command line") for at, word in enumerate(words)]
    for piece, line, where in pieces:
        try:
            config |= parse(piece, line)
        except ConfigError as error:
            wrong.append(error.said(where))
    if wrong:
        for line_said in wrong:
            call.complain(line_said)
        status = 3 if call.name == "create" else 1
        raise RefusedError("Failed to parse config file: Invalid argument\n", status)
    return config, source


def _create(call: Call) -> int | None:
    flags = call.options("nf:", ["defconfig=", "dryrun"])
    path = flags.get("-f") or flags.get("--defconfig")
    words = call.words
    if path is None and words and "=" not in words[0]:
        path, words = words[0], words[1:]
    if path is None and not words:
        raise RefusedError("'xl cpupool-create' requires at least 1 argument.\n\n", 2)
    config, source = read_config(call, path, words)
    name = text_of(config, "name") or posixpath.basename(source)
    if name in call.state.xen.pools:
        raise RefusedError(f'Pool name "{name}" already exists\n')
    scheduler = text_of(config, "sched", call.state.xen.pools[FIRST_POOL].scheduler.name)
    if scheduler not in _SPELT:
        raise RefusedError("Unknown scheduler\n")
    cpus = _cpus(call, config)
    call.line(f'Using config file "{source}"')
    call.line(f"cpupool name:   {name}")
    call.line(f"scheduler:      {scheduler}")
    call.line(f"number of cpus: {len(cpus)}")
    if "-n" in flags or "--dryrun" in flags:
        return 0
    known = next((one for one in _MODELLED if one == scheduler), None)
    if known is None or known not in call.state.schedulers:
        call.complain(
            "libxl: error: libxl_cpupool.c:157:libxl_cpupool_create: Could not create cpupool"
        )
        raise RefusedError("error on creating cpupool\n")
    state = call.state
    free = next(n for n in range(len(state.pool_ids) + 1) if n not in state.pool_ids.values())
    state.host.apply(CreatePool(name, known, tuple(sorted(cpus))))
    state.pool_ids[name] = free
    call.log.say(*begins(scheduler))
    return 0


def _cpus(call: Call, config: Config) -> frozenset[int]:
    free = call.state.free_cpus
    value = config.get("cpus")
    if value is None:
        if not free:
            raise RefusedError("no free cpu found\n")
        return free
    if isinstance(value, str):
        value = value.split(",")
    wanted: set[int] = set()
    for word in value:
        try:
            wanted |= parse_ranges(word) or frozenset()
        except ValueError:
            raise RefusedError(f"parse_range: Invalid range: {word}\n") from None
    for cpu in sorted(wanted):
        if cpu not in free:
            raise RefusedError(f"cpu {cpu} illegal or not free\n")
    return frozenset(wanted)


def _pool(call: Call, word: str) -> Pool:
    found = call.state.find_pool(word)
    if found is None:
        raise RefusedError(f"unknown cpupool '{word}'\n")
    return found


def _would_panic(call: Call, pool: Pool) -> bool:
    """Say whether taking away this pool's last CPU is Xen 4.17's end."""
    return call.state.panics and pool.scheduler.name == "rtds" and bool(pool.cpus)


async def _destroy(call: Call) -> int | None:
    call.need(1)
    pool = _pool(call, call.words[0])
    if pool.name == FIRST_POOL or call.state.in_pool(pool):
        raise RefusedError(f"Can't destroy cpupool '{call.words[0]}'\n")
    if _would_panic(call, pool):
        call.log.panic()
        await for_ever()
    call.state.host.apply(DestroyPool(pool.name))
    del call.state.pool_ids[pool.name]
    return 0


def _numbers(word: str, cpus: int) -> list[int]:
    try:
        wanted = parse_ranges(word.removeprefix("cpus:"))
    except ValueError:
        raise RefusedError(f"parse_range: Invalid range: {word}\n", 1) from None
    return sorted(range(cpus) if wanted is None else wanted)


def _cpu_add(call: Call) -> int | None:
    call.need(2)
    pool = _pool(call, call.words[0])
    failed = False
    for cpu in _numbers(call.words[1], call.state.cpus):
        if cpu in call.state.free_cpus:
            call.state.host.apply(MoveCpu(cpu, pool.name))
            continue
        failed = True
        why = "No such device" if cpu < call.state.cpus else "Invalid argument"
        call.complain(
            "libxl: error: libxl_cpupool.c:302:libxl_cpupool_cpuadd: "
            f"Error moving cpu {cpu} to cpupool: {why}"
        )
    if failed:
        call.complain(f"some cpus may not have been added to {call.words[0]}")
    return 0


async def _cpu_remove(call: Call) -> int | None:
    call.need(2)
    pool = _pool(call, call.words[0])
    failed = False
    for cpu in _numbers(call.words[1], call.state.cpus):
        why = _stays(call, pool, cpu)
        if not why:
            if len(pool.cpus) == 1 and _would_panic(call, pool):
                call.log.panic()
                await for_ever()
            call.state.unpin_from(cpu)
            call.state.host.apply(MoveCpu(cpu, None))
            continue
        failed = True
        call.complain(
            "libxl: error: libxl_cpupool.c:365:libxl_cpupool_cpuremove: "
            f"Error removing cpu {cpu} from cpupool: {why}"
        )
    if failed:
        name = call.words[0]
        call.complain(f"Some cpus may have not or only partially been removed from '{name}'.")
        call.complain(
            f"If a cpu can't be added to another cpupool, add it to '{name}' again and retry."
        )
    return 0


def _stays(call: Call, pool: Pool, cpu: int) -> str:
    """Return the errno's text if a CPU cannot leave its pool."""
    if cpu not in pool.cpus:
        return "No such device" if cpu < call.state.cpus else "Invalid argument"
    if pool.name == FIRST_POOL and cpu == 0:
        return "Invalid argument"
    if len(pool.cpus) == 1 and call.state.in_pool(pool):
        return "Device or resource busy"
    return ""


def _migrate(call: Call) -> int | None:
    call.need(2)
    domain = call.find(call.words[0])
    if domain is None:
        raise RefusedError(f"unknown domain '{call.words[0]}'\n")
    pool = _pool(call, call.words[1])
    refused = domain.number == 0 or not pool.cpus
    if not refused:
        try:
            call.state.move(domain, pool)
        except BoardProblem:
            refused = True
    if refused:
        # libxl hands strerror what xc returned instead of an errno.
        raise RefusedError(
            "libxl: error: libxl_cpupool.c:432:libxl_cpupool_movedomain: "
            f"Domain {domain.number}:Error moving domain to cpupool: Unknown error -1\n"
        )
    return 0


def _rename(call: Call) -> int | None:
    call.need(2)
    raise RefusedError(f"Can't rename cpupool '{_pool(call, call.words[0]).name}'\n")


def _numa_split(call: Call) -> int | None:
    if len(call.state.pools) > 1:
        raise RefusedError("splitting not possible, already cpupools in use\n")
    raise RefusedError("libxl_get_topologyinfo failed\n")


COMMANDS: Final[dict[str, Command]] = {
    "cpupool-list": _list,
    "cpupool-create": _create,
    "cpupool-destroy": _destroy,
    "cpupool-cpu-add": _cpu_add,
    "cpupool-cpu-remove": _cpu_remove,
    "cpupool-migrate": _migrate,
    "cpupool-rename": _rename,
    "cpupool-numa-split": _numa_split,
}
