"""What the doctor looks at: one short function a check, each with what was seen and the fix."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hvconsole.board.deploy import Deployment, usable_place
from hvconsole.board.doctor_kvm import look_at_kvm
from hvconsole.board.doctor_serial import serial_trouble
from hvconsole.board.doctor_xvisor import look_at_xvisor
from hvconsole.board.facts import BoardFacts, gather
from hvconsole.board.journal import Journal, pending
from hvconsole.board.module_build import CROSS
from hvconsole.board.module_text import parse_probe
from hvconsole.board.module_ways import find_way
from hvconsole.link.protocol import Capability, HostKeyProblem, Link
from hvconsole.model.board import BoardProfile
from hvconsole.model.problem import Problem

State = Literal["ok", "warning", "failed", "skipped"]
Answer = tuple[State, str, str]

SAMPLER = "hvsampler"
MIN_LOCKED_KIB = 64 << 10  # the sampler locks its rings and its stacks
WARM_MILLICELSIUS = 70_000  # five degrees under where an A20 begins to throttle

_CAP_IPC_LOCK, _CAP_SYS_NICE = 14, 23
_GOOD_CLOCKS = {"arch_sys_counter", "tsc"}


class CannotCheckError(Exception):
    """A check rests on another one that failed."""


@dataclass
class Visit:
    """What the checks of one visit share.

    Attributes:
        link: The way to the board.
        profile: The board.
        journal: Where changes of this visit are written down.
        state: Folder of journals; None for the user's.
        cache: Folder of builds; None for the user's.
        known: What the board is, once it said so.
        host_key: What is wrong with its host key.
        sampler: Path of the sampler on the board, once it is there.
        opened: Whether the link was opened.
    """

    link: Link
    profile: BoardProfile
    journal: Journal
    state: Path | None = None
    cache: Path | None = None
    known: BoardFacts | None = None
    host_key: Problem | None = None
    sampler: str | None = None
    opened: bool = False

    @property
    def facts(self) -> BoardFacts:
        """What the board is; raises `CannotCheckError` where it did not say."""
        if self.known is None:
            raise CannotCheckError("the board did not say what it is")
        return self.known

    @property
    def has_no_linux(self) -> bool:
        """Whether a hypervisor's own terminal is what answers."""
        return Capability.TERMINAL in self.link.capabilities

    @property
    def is_here(self) -> bool:
        """Whether the board is this machine."""
        return Capability.SAME_MACHINE in self.link.capabilities


Look = Callable[[Visit], Awaitable[Answer]]


async def _link(visit: Visit) -> Answer:
    began = time.monotonic()
    try:
        await visit.link.open()
    except HostKeyProblem as problem:
        visit.host_key = problem
        return "failed", problem.title, problem.hint
    opened = time.monotonic()
    visit.opened = True
    visit.known = await gather(visit.link)
    asked = time.monotonic()
    spent = f"connected in {opened - began:.2f} s, asked in {asked - opened:.2f} s"
    return "ok", f"{visit.link.name}: {spent}", ""


async def _host_key(visit: Visit) -> Answer:
    if visit.is_here:
        return "skipped", "this machine has no host key to check", ""
    if visit.has_no_linux:
        return "skipped", "a serial line has no host key", ""
    if visit.host_key is not None:
        return "failed", f"{visit.host_key.title}\n{visit.host_key.detail}", visit.host_key.hint
    if not visit.opened:
        raise CannotCheckError("there is no connection")
    return "ok", "it is the one that is known", ""


async def _system(visit: Visit) -> Answer:
    facts = visit.facts
    name = facts.model or facts.machine
    if visit.has_no_linux:
        return "ok", f"{name}: {facts.system}, {len(facts.cpus_online)} CPUs", ""
    return "ok", f"{name}: {facts.system or 'unknown system'}, kernel {facts.kernel}", ""


async def _leftovers(visit: Visit) -> Answer:
    left = pending(visit.profile.name, visit.state)
    if not left:
        return "ok", "no earlier console left changes behind", ""
    why = "an earlier console left undone: " + "; ".join(change.text for change in left)
    return "warning", why, "they are undone when a console connects: hvconsole connect"


async def _hypervisor(visit: Visit) -> Answer:
    facts = visit.facts
    if facts.hypervisor == "virtual machine":
        why = "this is a virtual machine: its host takes the CPU away as well"
        return "warning", why, "measure on the board itself, or say so beside the figures"
    if facts.hypervisor == "xvisor":
        return await look_at_xvisor(visit.link)
    if facts.hypervisor:
        role = " (control domain)" if facts.control_domain else ""
        return "ok", f"{facts.hypervisor}{role}", ""
    return "ok", "none shows: this is the native system", ""


async def _kvm(visit: Visit) -> Answer:
    facts = visit.facts
    return await look_at_kvm(visit.link, facts, sudo=visit.profile.sudo and facts.uid != 0)


async def _cpus(visit: Visit) -> Answer:
    facts = visit.facts
    online, allowed = set(facts.cpus_online), set(facts.cpus_allowed)
    shown = f"online {_listed(online)}, allowed {_listed(allowed)}"
    if not allowed:
        raise CannotCheckError("the board does not tell its CPUs")
    if len(allowed) == 1:
        fix = "give it another CPU (taskset, cpuset, or the guest's configuration)"
        return "warning", f"{shown}: sampling and writing share one CPU, so in windows", fix
    if online - allowed:
        return "warning", f"{shown}: some CPUs are kept from us", "widen the cpuset or affinity"
    return "ok", shown, ""


async def _sudo(visit: Visit) -> Answer:
    if visit.facts.uid == 0:
        return "ok", "we are root there", ""
    if not visit.profile.sudo:
        why = f"we are '{visit.facts.user}', and sudo is not to be used"
        return "skipped", why, "to control hypervisors: connect as root, or sudo = true"
    done = await visit.link.run(["sudo", "-n", "true"])
    if done.status == 0:
        return "ok", f"'{visit.facts.user}' becomes root without a password", ""
    fix = "on the board: allow it with NOPASSWD in /etc/sudoers.d, or connect as root"
    return "failed", done.error_text or "sudo -n true failed", fix


async def _room(visit: Visit) -> Answer:
    if visit.is_here:
        return "skipped", "programs run from the cache of this machine", ""
    place = usable_place(visit.facts.places, visit.link.name)
    free = "" if place.free_kib is None else f", {place.free_kib // 1024} MiB free"
    passed = [f"{p.path}: {p.why_not}" for p in visit.facts.places if p.why_not]
    why = "; ".join([f"{place.path}{free}", *passed[:1]])
    return "ok", why, ""


async def _build(visit: Visit) -> Answer:
    deployment = Deployment(visit.link, visit.facts, visit.journal, cache=visit.cache)
    probe = (await deployment.programs([SAMPLER]))[SAMPLER]
    visit.sampler = probe.path
    return "ok", f"by {probe.built_by}, sha256 {probe.sha256[:16]}…", ""


async def _counter(visit: Visit) -> Answer:
    if visit.sampler is None:
        raise CannotCheckError("the sampler could not be built")
    done = await visit.link.run([visit.sampler, "--probe"])
    if done.status != 0:
        why = done.error_text or f"the sampler ended with status {done.status}"
        return "failed", why, "is its folder mounted noexec, or is it built for another machine?"
    reply = parse_probe(done.stdout)
    hz = f" at {reply.nominal_hz} Hz" if reply.nominal_hz else ""
    if reply.cntpct:
        by = ", the counter module is loaded" if visit.facts.counter_module else ""
        return "ok", f"CNTPCT can be read{hz}{by}", ""
    if reply.tsc:
        return "ok", f"the TSC can be read{hz}", ""
    if visit.facts.counter_module:
        why, fix = "the counter module is loaded, but ", "see the kernel log for hvcounter's lines"
    else:
        why, fix = await _module_outlook(visit)
    if reply.cntvct:
        return "warning", f"{why}only CNTVCT can be read{hz}", fix
    return "failed", f"{why}no counter can be read from user space", fix


async def _module_outlook(visit: Visit) -> tuple[str, str]:
    """Tell whether the counter module could be loaded, how it would be had, and what to do."""
    if visit.facts.machine not in CROSS:
        return "", f"the counter module is for {' and '.join(CROSS)}"
    if visit.facts.uid != 0 and not visit.profile.sudo:
        why = "the counter module is not loaded, and loading it needs root: "
        return why, "connect as root, or sudo = true; or keep CNTVCT and its label"
    way = await find_way(visit.link, visit.facts)
    if way is None:
        why = "the counter module is not loaded, and there are no kernel headers for it: "
        return why, "on the board: apt install linux-headers-$(uname -r) make gcc"
    had = "is installed" if way.kind == "installed" else f"would be {way.kind}"
    by = "any run" if way.quick else "a run with --counter cntpct"
    return f"the counter module is not loaded; it {had}: ", f"{by} loads it, and unloads it again"


async def _real_time(visit: Visit) -> Answer:
    facts = visit.facts
    if _capable(facts, _CAP_SYS_NICE) or facts.rt_priority != 0:
        return "ok", "SCHED_FIFO is allowed", ""
    why = f"'{facts.user}' may not use SCHED_FIFO, so --fifo will not work"
    return "warning", why, "connect as root, or on the board: ulimit -r 99 (limits.conf: rtprio 99)"


async def _memory_lock(visit: Visit) -> Answer:
    facts = visit.facts
    if _capable(facts, _CAP_IPC_LOCK) or facts.locked_kib == -1:
        return "ok", "memory can be locked without a limit", ""
    if facts.locked_kib is None:
        raise CannotCheckError("the board does not tell the limit")
    why = f"{facts.locked_kib} KiB can be locked"
    if facts.locked_kib >= MIN_LOCKED_KIB:
        return "ok", why, ""
    fix = "connect as root, or raise memlock in the board's /etc/security/limits.conf"
    return "warning", f"{why}: page faults of the sampler may show up as switches", fix


async def _frequency(visit: Visit) -> Answer:
    clocks = visit.facts.clocks
    if not clocks:
        return "ok", "the frequency is not scaled", ""
    shown = ", ".join(f"CPU {c.cpu}: {c.governor} {c.current_khz // 1000} MHz" for c in clocks)
    if all(clock.pinned for clock in clocks):
        return "ok", shown, ""
    if visit.facts.hypervisor == "jailhouse":
        # A new frequency takes a new voltage, and a root cell without the PMIC's bus is parked.
        fix = "disable Jailhouse, pin one frequency, then enable it again; never while it runs"
    else:
        fix = (
            "as root: echo performance | tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
        )
    return "warning", f"{shown}: it changes while we measure", fix


async def _temperature(visit: Visit) -> Answer:
    zones = visit.facts.thermal
    if zones is None:
        why = "not read under Jailhouse: touching an uncovered sensor parks the CPU"
        return "skipped", why, ""
    if not zones:
        return "skipped", "the board has no sensor that shows", ""
    hottest = max(zones, key=lambda zone: zone.millicelsius)
    why = f"{hottest.millicelsius / 1000:.0f} °C ({hottest.name})"
    if hottest.millicelsius < WARM_MILLICELSIUS:
        return "ok", why, ""
    return "warning", f"{why}: near throttling", "cool the board, or let it rest between runs"


async def _throttle(visit: Visit) -> Answer:
    facts = visit.facts
    if facts.rt_runtime_us is None or not facts.rt_period_us:
        raise CannotCheckError("the kernel does not tell")
    if facts.rt_runtime_us < 0 or facts.rt_runtime_us >= facts.rt_period_us:
        return "ok", "real-time tasks are not throttled", ""
    share = 100 * (1 - facts.rt_runtime_us / facts.rt_period_us)
    why = f"the kernel keeps {share:.0f} % of the time from real-time tasks; --fifo will show it"
    return "warning", why, "as root: sysctl kernel.sched_rt_runtime_us=-1"


async def _clocksource(visit: Visit) -> Answer:
    source = visit.facts.clocksource
    if not source:
        raise CannotCheckError("the kernel does not tell")
    if source in _GOOD_CLOCKS:
        return "ok", source, ""
    why = f"{source}: the kernel does not keep time by the sampled counter"
    return "warning", why, "boot with clocksource=arch_sys_counter (x86: clocksource=tsc)"


async def _serial(visit: Visit) -> Answer:
    if visit.profile.serial is None:
        return "skipped", "no serial console is configured", ""
    trouble = await serial_trouble(visit.profile.serial)
    if trouble is None:
        return "ok", f"{visit.profile.serial} is there", ""
    return "failed", *trouble


CHECKS: tuple[tuple[str, Look], ...] = (
    ("link", _link),
    ("host key", _host_key),
    ("system", _system),
    ("leftovers", _leftovers),
    ("hypervisor", _hypervisor),
    ("virtual machines", _kvm),
    ("CPUs", _cpus),
    ("root", _sudo),
    ("room", _room),
    ("sampler", _build),
    ("counter", _counter),
    ("real time", _real_time),
    ("memory lock", _memory_lock),
    ("frequency", _frequency),
    ("temperature", _temperature),
    ("throttling", _throttle),
    ("clocksource", _clocksource),
    ("serial console", _serial),
)


# What can be looked at where Xvisor's terminal answers in place of a Linux.
UNDER_XVISOR = frozenset(
    {"link", "host key", "system", "leftovers", "hypervisor", "serial console"}
)


def _capable(facts: BoardFacts, capability: int) -> bool:
    if facts.capabilities is None:
        return facts.uid == 0
    return bool(facts.capabilities >> capability & 1)


def _listed(cpus: set[int]) -> str:
    return ",".join(map(str, sorted(cpus))) or "unknown"
