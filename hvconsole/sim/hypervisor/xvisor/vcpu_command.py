"""Xvisor's command ``vcpu``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from hvconsole.sim.hypervisor.xvisor.call import Call, atoi
from hvconsole.sim.hypervisor.xvisor.core import FAILED, INVALID, Core, RefusedError
from hvconsole.sim.hypervisor.xvisor.monitor import monitor
from hvconsole.sim.hypervisor.xvisor.registers import dump_registers
from hvconsole.sim.hypervisor.xvisor.texts import listed
from hvconsole.sim.hypervisor.xvisor.vcpu import State, Vcpu, clock

_MOST_CPUS: Final = 8
"""For which Xvisor was built."""

_DO: Final[dict[str, tuple[str, Callable[[Core, Vcpu], None]]]] = {
    "reset": ("Reset", Core.reset),
    "kick": ("Kicked", Core.kick),
    "pause": ("Paused", Core.pause),
    "resume": ("Resumed", Core.kick),
    "halt": ("Halted", Core.halt),
}
_ONE_ARGUMENT: Final = {*_DO, "dumpreg", "dumpstat"}
# Time in which Xvisor works for a guest, such as for its serial port. Not measured.
_SYSTEM_SHARE: Final = 50


async def vcpu(call: Call) -> int:
    """List vCPUs, change their states and places, and look at them."""
    verb, *rest = call.arguments or [""]
    if verb == "help" and not rest:
        return call.usage(0)
    if verb in {"list", "normal_list", "orphan_list"} and not rest:
        call.out(table(call.core, verb))
        return 0
    if verb == "monitor" and len(rest) <= 1:
        return await monitor(call, table)
    fits = len(rest) == 1 if verb in _ONE_ARGUMENT else len(rest) >= 2  # noqa: PLR2004  # id, CPU
    if not fits or verb not in {*_ONE_ARGUMENT, "set_hcpu", "set_affinity"}:
        return call.usage()
    found = call.core.vcpus.get(atoi(rest[0]))
    if found is None:
        call.out("Failed to find vcpu\n")
        return FAILED
    return await _do(call, found, verb, rest[1:])


def table(core: Core, which: str = "list") -> str:
    """Return a list of vCPUs as ``vcpu list`` and its likes print it."""
    rows = [
        f" {vcpu.number:<6} {vcpu.cpu:<6} {vcpu.priority:<7} {core.shown(vcpu).word:<10} "
        f"{vcpu.name:<17} {{{','.join(map(str, sorted(vcpu.affinity)))}}}"
        for vcpu in core.vcpus.values()
        if which == "list" or (vcpu.guest is None) == (which == "orphan_list")
    ]
    head = (
        f" {'ID':<6} {'CPU':<6} {'Prio':<7} {'State':<10} {'Name':<17} "
        "Affinity                          "
    )
    return listed(head, rows)


async def _do(call: Call, found: Vcpu, verb: str, rest: list[str]) -> int:
    if verb in _DO:
        if found.name == "mterm" and verb in {"reset", "pause", "halt"}:
            await asyncio.Event().wait()  # the terminal's own thread: nobody answers any more
        return _change(call, found, verb)
    if verb == "dumpreg":
        dump_registers(call.out, call.core, found)
        return 0
    if verb == "dumpstat":
        _statistics(call, found)
        return 0
    if verb == "set_hcpu":
        return _set_cpu(call, found, atoi(rest[0]))
    return _set_affinity(call, found, [atoi(word) for word in rest])


def _change(call: Call, found: Vcpu, verb: str) -> int:
    done, change = _DO[verb]
    try:
        change(call.core, found)
    except RefusedError as refused:
        call.refuse(refused)
        call.out(f"{found.name}: Failed to {verb}\n")
        return INVALID
    call.out(f"{found.name}: {done}\n")
    return 0


def _set_cpu(call: Call, found: Vcpu, cpu: int) -> int:
    if cpu not in found.affinity:
        call.out(f"{found.name}: Failed to set host CPU{cpu}\n")
        return INVALID
    call.core.move(found, cpu)
    call.out(f"{found.name}: Host CPU{cpu} set\n")
    return 0


def _set_affinity(call: Call, found: Vcpu, cpus: list[int]) -> int:
    for cpu in cpus:
        if not 0 <= cpu < _MOST_CPUS:
            call.out(f"Invalid host CPU{cpu} (>= {_MOST_CPUS})\n")
            return INVALID
        if cpu >= call.core.cpus:
            call.out(f"Host CPU{cpu} not online\n")
            return INVALID
    both = found.affinity & set(cpus)
    if not both:  # a new mask must overlap the old one
        call.out(f"{found.name}: Failed to set affinity\n")
        return INVALID
    if found.cpu not in both:
        call.core.move(found, min(both))
    found.affinity = frozenset(cpus)
    call.out(f"{found.name}: Set affinity done\n")
    return 0


def _statistics(call: Call, found: Vcpu) -> None:
    core, now = call.core, call.core.now
    active = found.time_in(State.READY, now)
    running = min(core.ran(found) - found.ran_before, active)
    if found.guest is None:
        running, active = _thread_time(core, found, now)
    paused, halted = (found.time_in(state, now) for state in (State.PAUSED, State.HALTED))
    if found.guest is None:
        paused = now - found.reset_at - active
    times = {
        "Ready Time": active - running,
        "Running Time": running,
        "Paused Time": paused,
        "Halted Time": halted,
        "Total Time": active + paused + halted,
        "System Time": running // _SYSTEM_SHARE,
    }
    facts = {
        "Name": found.name,
        "State": core.shown(found).word,
        "Priority": str(found.priority),
        "Host CPU": str(found.cpu),
        "": "",
        **{name: clock(ticks) for name, ticks in times.items()},
        " ": "",
        "Reset Count": str(found.resets),
        "Last Reset Since": clock(now - found.reset_at),
    }
    for name, value in facts.items():
        call.out(f"{name:<16} : {value}\n" if name.strip() else "\n")
    call.out("\n")


def _thread_time(core: Core, found: Vcpu, now: int) -> tuple[int, int]:
    """Return running and active time of a thread of Xvisor's: idle has what guests leave."""
    passed = now - found.reset_at
    if not found.name.startswith("idle/"):
        return 0, 0
    return passed - core.usage.ticks(found.cpu, now), passed
