"""`xl dmesg` and `xl debug-keys`: Xen's own words about itself."""

from __future__ import annotations

from typing import Final

from hvconsole.sim.hypervisor.cpus import ranges
from hvconsole.sim.hypervisor.words import for_ever
from hvconsole.sim.hypervisor.xen.call import Call, Command
from hvconsole.sim.hypervisor.xen.log import LONG_NAMES, REBOOT_AFTER_S
from hvconsole.sim.machine.pool import Pool
from hvconsole.sim.machine.sched.credit import Credit
from hvconsole.sim.machine.ticks import HZ, MS, US
from hvconsole.sim.machine.unit import Unit

_NS: Final = 1_000_000_000
_HELP: Final = (
    "'h' pressed -> showing installed handlers",
    " key '%' (ascii '25') => trap to xendbg",
    " key '*' (ascii '2a') => print all diagnostics",
    " key 'C' (ascii '43') => trigger a crashdump",
    " key 'H' (ascii '48') => dump heap info",
    " key 'R' (ascii '52') => reboot machine",
    " key 'a' (ascii '61') => dump timer queues",
    " key 'd' (ascii '64') => dump registers",
    " key 'h' (ascii '68') => show this message",
    " key 'q' (ascii '71') => dump domain (and guest debug) info",
    " key 'r' (ascii '72') => dump run queues",
    " key 't' (ascii '74') => display multi-cpu clock info",
)


def _dmesg(call: Call) -> int | None:
    clear = bool(call.options("c", ["clear"]))
    for line in call.log.read():
        call.line(line)
    if clear:
        call.log.clear()
    return 0


async def _debug_keys(call: Call) -> int | None:
    call.need(1)
    for key in call.words[0]:
        if key in "RC":
            if key == "C":
                call.log.say("'C' pressed -> triggering crashdump")
            call.log.say("Resetting with PSCI SYSTEM_RESET")
            call.state.host.crash(reboot_after_s=0.0 if key == "R" else REBOOT_AFTER_S)
            await for_ever()
        call.log.say(*_answer(call, key))
    return 0


def _answer(call: Call, key: str) -> list[str]:
    match key:
        case "r":
            return _run_queues(call)
        case "q":
            return _domains(call)
        case "h":
            return list(_HELP)
        case "t":
            return ["Synced stime skew: max=0ns avg=0ns samples=1 current=0ns",
                    "Synced cycles skew: max=0 avg=0 samples=1 current=0"]  # fmt: skip
        case "a":
            cpus = call.state.cpus
            heads = [f"CPU{cpu:02}:" for cpu in range(cpus)]
            return ["Dumping timer queues:", *heads]
        case _:
            return []


def _domains(call: Call) -> list[str]:
    lines = [f"'q' pressed -> dumping domain info (now = {call.log.now_ns()})"]
    for domain in call.state.ordered():
        lines += [
            f"General information for domain {domain.number}:",
            f"    refcnt=3 dying=0 pause_count={int(domain.paused)}",
            (
                f"    nr_pages={domain.memory_kib // 4} xenheap_pages=2 dirty_cpus={{}} "
                f"max_pages={domain.most_kib // 4}"
            ),
            f"    handle={domain.identity} vm_assist=00000020",
            f"VCPU information and callbacks for domain {domain.number}:",
        ]
        for index, unit in enumerate(call.state.units(domain)):
            runs = "T" if unit.cpu is not None else "F"
            lines.append(
                f"    VCPU{index}: CPU{unit.home} [has={runs}] poll=0 upcall_pend=00 upcall_mask=00"
            )
    return lines


def _run_queues(call: Call) -> list[str]:
    lines = [
        "sched_smt_power_savings: disabled",
        f"NOW={call.log.now_ns()}",
        f"Online Cpus: {ranges(range(call.state.cpus))}",
    ]
    for pool in call.state.pools:
        lines += [
            f"Cpupool {call.state.pool_ids[pool.name]}:",
            f"Cpus: {ranges(pool.cpus)}",
            "Scheduling granularity: cpu, 1 CPU per sched-resource",
            f"Scheduler: {LONG_NAMES[pool.scheduler.name]}",
            *_of_scheduler(call, pool),
            "CPUs info:",
        ]
        for cpu in pool.cpus:
            unit = pool.current[cpu]
            who = f"d[IDLE]v{cpu}" if unit is None else f"d{unit.domain}v{unit.index}"
            lines.append(f"CPU[{cpu:02}] current={who}, curr={who}, prev=NULL")
    return lines


def _of_scheduler(call: Call, pool: Pool) -> list[str]:
    if isinstance(pool.scheduler, Credit):
        return _credit(pool, pool.scheduler)
    if pool.scheduler.name == "rtds":
        lines = ["Global RunQueue info:", "Global DepletedQueue info:",
                 "Global Replenishment Events info:", "Domain info:"]  # fmt: skip
        for domain in call.state.in_pool(pool):
            lines.append(f"\tdomain: {domain.number}")
            for unit in call.state.units(domain):
                lines += _reservation(unit, pool)
        return lines
    return ["Domain info:"]


def _credit(pool: Pool, scheduler: Credit) -> list[str]:
    active = [unit for unit in pool.units if unit.runnable]
    rows = [
        f"\t{at:>3}: [{unit.domain}.{unit.index}] pri={-unit.priority} flags=0 cpu={unit.home} "
        f"credit={unit.credit * 10 // MS} [w={unit.weight},cap={unit.cap}]"
        for at, unit in enumerate(active, 1)
    ]
    return [
        "info:",
        f"\tncpus              = {len(pool.cpus)}",
        f"\tmaster             = {min(pool.cpus, default=0)}",
        f"\tcredit             = {len(pool.cpus) * scheduler.tslice * 10 // MS}",
        f"\tcredit balance     = {sum(unit.credit for unit in active) * 10 // MS}",
        f"\tweight             = {sum(unit.weight for unit in active)}",
        "\trunq_sort          = 0",
        "\tdefault-weight     = 256",
        f"\ttslice             = {scheduler.tslice // MS}ms",
        f"\tratelimit          = {scheduler.ratelimit // US}us",
        "\tcredits per msec   = 10",
        "\tticks per tslice   = 3",
        "\tmigration delay    = 0us",
        f"idlers: {ranges(cpu for cpu in pool.cpus if pool.current[cpu] is None)}",
        "active units:",
        *rows,
    ]


def _reservation(unit: Unit, pool: Pool) -> list[str]:
    mask = ranges(unit.affinity if unit.affinity is not None else pool.cpus)
    return [
        (
            f"[ {unit.domain:>4}.{unit.index:<2}] cpu {unit.home}, "
            f"({_ns(unit.period)}, {_ns(unit.budget)}), cur_b={_ns(max(unit.quota, 0))} "
            f"cur_d={_ns(unit.deadline)} last_start={_ns(unit.dispatched)}"
        ),
        f" \t\t priority_level={unit.level} has_extratime={int(unit.extratime)}",
        (
            f" \t\t onQ={int(unit.runnable and unit.cpu is None)} runnable={int(unit.runnable)} "
            f"flags={int(unit.cpu is not None) * 2} effective hard_affinity={mask}"
        ),
    ]


def _ns(ticks: int) -> int:
    return ticks * _NS // HZ


COMMANDS: Final[dict[str, Command]] = {"dmesg": _dmesg, "debug-keys": _debug_keys}
