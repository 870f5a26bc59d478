"""Whether a board's CPUs and clocks stand still enough to be measured."""

from __future__ import annotations

from hvconsole.board.doctor_visit import Answer, CannotCheckError, Visit

WARM_MILLICELSIUS = 70_000  # five degrees under where an A20 begins to throttle

_GOOD_CLOCKS = {"arch_sys_counter", "tsc"}


async def look_at_cpus(visit: Visit) -> Answer:
    """Judge which CPUs there are, and which of them we may use."""
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


async def look_at_frequency(visit: Visit) -> Answer:
    """Judge whether the CPUs keep one frequency."""
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


async def look_at_temperature(visit: Visit) -> Answer:
    """Judge whether the board is near throttling."""
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


async def look_at_throttle(visit: Visit) -> Answer:
    """Judge whether the kernel keeps time from real-time tasks."""
    facts = visit.facts
    if facts.rt_runtime_us is None or not facts.rt_period_us:
        raise CannotCheckError("the kernel does not tell")
    if facts.rt_runtime_us < 0 or facts.rt_runtime_us >= facts.rt_period_us:
        return "ok", "real-time tasks are not throttled", ""
    share = 100 * (1 - facts.rt_runtime_us / facts.rt_period_us)
    why = f"the kernel keeps {share:.0f} % of the time from real-time tasks; --fifo will show it"
    return "warning", why, "as root: sysctl kernel.sched_rt_runtime_us=-1"


async def look_at_clocksource(visit: Visit) -> Answer:
    """Judge whether the kernel keeps time by the sampled counter."""
    source = visit.facts.clocksource
    if not source:
        raise CannotCheckError("the kernel does not tell")
    if source in _GOOD_CLOCKS:
        return "ok", source, ""
    why = f"{source}: the kernel does not keep time by the sampled counter"
    return "warning", why, "boot with clocksource=arch_sys_counter (x86: clocksource=tsc)"


def _listed(cpus: set[int]) -> str:
    return ",".join(map(str, sorted(cpus))) or "unknown"
