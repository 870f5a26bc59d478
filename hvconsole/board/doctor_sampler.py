"""Whether the sampler can be put on a board, and may do there what it does."""

from __future__ import annotations

from hvconsole.board.deploy import Deployment
from hvconsole.board.doctor_visit import Answer, CannotCheckError, Visit
from hvconsole.board.facts import BoardFacts
from hvconsole.board.module_build import CROSS
from hvconsole.board.module_text import parse_probe
from hvconsole.board.module_ways import find_way
from hvconsole.board.places import usable_place

SAMPLER = "hvsampler"
MIN_LOCKED_KIB = 64 << 10  # the sampler locks its rings and its stacks

_CAP_IPC_LOCK, _CAP_SYS_NICE = 14, 23


async def look_at_room(visit: Visit) -> Answer:
    """Say where programs would be put."""
    if visit.is_here:
        return "skipped", "programs run from the cache of this machine", ""
    place = usable_place(visit.facts.places, visit.link.name)
    free = "" if place.free_kib is None else f", {place.free_kib // 1024} MiB free"
    passed = [f"{p.path}: {p.why_not}" for p in visit.facts.places if p.why_not]
    why = "; ".join([f"{place.path}{free}", *passed[:1]])
    return "ok", why, ""


async def look_at_build(visit: Visit) -> Answer:
    """Build the sampler and put it there."""
    deployment = Deployment(visit.link, visit.facts, visit.journal, cache=visit.cache)
    probe = (await deployment.programs([SAMPLER]))[SAMPLER]
    visit.sampler = probe.path
    return "ok", f"by {probe.built_by}, sha256 {probe.sha256[:16]}…", ""


async def look_at_counter(visit: Visit) -> Answer:
    """Say which counter can be read from user space."""
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


async def look_at_real_time(visit: Visit) -> Answer:
    """Judge whether SCHED_FIFO is allowed."""
    facts = visit.facts
    if _capable(facts, _CAP_SYS_NICE) or facts.rt_priority != 0:
        return "ok", "SCHED_FIFO is allowed", ""
    why = f"'{facts.user}' may not use SCHED_FIFO, so --fifo will not work"
    return "warning", why, "connect as root, or on the board: ulimit -r 99 (limits.conf: rtprio 99)"


async def look_at_memory_lock(visit: Visit) -> Answer:
    """Judge whether enough memory can be locked."""
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


def _capable(facts: BoardFacts, capability: int) -> bool:
    if facts.capabilities is None:
        return facts.uid == 0
    return bool(facts.capabilities >> capability & 1)
