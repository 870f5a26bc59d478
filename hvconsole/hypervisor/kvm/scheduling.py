"""Shares, quotas and priorities of guests, and their CPUs: checked first, read back after.

Shares and quotas are those of cgroups, through libvirt; nice and FIFO are of the vCPUs' threads,
where no libvirt command reaches, so Linux's own tools set them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.cpus import cpus_there, vcpus_of
from hvconsole.hypervisor.kvm import checks, expect
from hvconsole.hypervisor.kvm.command import (
    VIRSH_S,
    Argv,
    limited,
    on_thread,
    unless_gone,
    unless_off,
    virsh,
)
from hvconsole.hypervisor.kvm.schedulers import CGROUP, PERIOD_US, THREAD
from hvconsole.hypervisor.kvm.text import NO_QUOTA
from hvconsole.hypervisor.masks import write_mask
from hvconsole.hypervisor.plan import Plan, Step
from hvconsole.model.hypervisor import Guest, Survey, Vcpu
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.text import plain

_UNITS = {one.name: one.unit for one in (*CGROUP, *THREAD)}
_TOOL_S = 10
_TIMEOUT_S = VIRSH_S + 30.0


def schedule(action: do.Schedule, survey: Survey) -> Plan:
    """Set shares, period and quota of a guest; nice and FIFO of its vCPUs, or of one.

    Raises:
        UsageProblem: A value is none of Linux's, or out of range.
        BoardProblem: The guest does not run, so it has no threads; or a pool is meant.
    """
    if action.pool:
        raise BoardProblem(
            "Linux has no values for a pool", hint="set those of each guest: cpu_shares, vcpu_quota"
        )
    guest = checks.guest(survey, action.guest)
    given = checks.values(action.values, guest)
    cgroup = {one.name: given[one.name] for one in CGROUP if one.name in given}
    thread = {one.name: given[one.name] for one in THREAD if one.name in given}
    if cgroup and action.vcpu is not None:
        raise UsageProblem(
            f"{', '.join(cgroup)}: of the whole guest, not of one vCPU",
            hint="leave the vCPU out; quota and period hold for each vCPU by itself",
        )
    steps = [_cgroup_step(guest, cgroup)] if cgroup else []
    for vcpu in vcpus_of(guest, action.vcpu) if thread else ():
        steps += _thread_steps(guest, vcpu, thread)
    return Plan(
        title=f"set {_told(given)} for '{plain(guest.name, 64)}'",
        steps=tuple(steps),
        danger=_danger(given),
        notes=tuple(_notes(guest, given)),
    )


def pin(action: do.Pin, survey: Survey) -> Plan:
    """Say which CPUs a guest's vCPUs may run on.

    Raises:
        UsageProblem: No such CPU or vCPU.
        BoardProblem: Preferred CPUs are asked for, which Linux does not have.
    """
    guest = checks.guest(survey, action.guest)
    if action.soft is not None:
        raise BoardProblem(
            "Linux has no CPUs that a vCPU prefers",
            detail="a thread may run on a CPU or may not",
            hint="say --hard alone",
        )
    cpus = cpus_there(action.hard if action.hard is not None else frozenset(), survey)
    vcpus = vcpus_of(guest, action.vcpu)
    which = f"vCPU {action.vcpu} of " if action.vcpu is not None else ""
    return Plan(
        title=f"pin {which}'{plain(guest.name, 64)}' to CPU {write_mask(cpus)}",
        steps=tuple(_pin_step(guest, vcpu, cpus, survey) for vcpu in vcpus),
    )


def _pin_step(guest: Guest, vcpu: Vcpu, cpus: frozenset[int], survey: Survey) -> Step:
    before = survey.cpus if vcpu.hard is None else vcpu.hard
    if checks.is_lkvm(guest):
        argv, undo = _taskset(vcpu, guest, cpus), _taskset(vcpu, guest, before, gone=0)
    else:
        argv = _vcpupin(guest, vcpu, cpus)
        undo = _unless_over(guest, _vcpupin(guest, vcpu, before))
    return Step(
        about=f"pin vCPU {vcpu.index} of '{plain(guest.name, 64)}' to CPU {write_mask(cpus)}",
        argv=argv,
        expect=expect.pinned(guest.key, vcpu.index, cpus),
        undo=undo,
        keep_undo=True,
        timeout_s=_TIMEOUT_S,
        strict=True,
    )


def _vcpupin(guest: Guest, vcpu: Vcpu, cpus: frozenset[int]) -> Argv:
    return virsh("vcpupin", guest.key, str(vcpu.index), write_mask(cpus), mode(guest))


def _taskset(vcpu: Vcpu, guest: Guest, cpus: frozenset[int], *, gone: int = 1) -> Argv:
    tid = _tid(vcpu, guest)
    words = limited(_TOOL_S, "taskset", "-p", "-c", write_mask(cpus), str(tid))
    return on_thread(tid, comm(guest, vcpu), words, gone=gone)


def mode(guest: Guest) -> str:
    """Return whether a change is to hold for the running domain, or for its next start."""
    return "--config" if guest.state == "defined" else "--live"


def comm(guest: Guest, vcpu: Vcpu) -> str:
    """Return the name of a vCPU's thread, with QEMU up to the slash."""
    return f"kvm-vcpu-{vcpu.index}" if checks.is_lkvm(guest) else f"CPU {vcpu.index}"


def _unless_over(guest: Guest, argv: Argv) -> Argv:
    """Return what takes a change back: a change of a running domain ends with it by itself."""
    wrap = unless_gone if guest.state == "defined" else unless_off
    return wrap(guest.key, argv)


def _cgroup_step(guest: Guest, given: Mapping[str, int]) -> Step:
    known = all(name in guest.values for name in given)
    before = {name: guest.values[name] for name in given} if known else {}
    return Step(
        about=f"set {_told(given)} for '{plain(guest.name, 64)}'",
        argv=_schedinfo(guest, given),
        expect=expect.values(guest.key, None, given),
        undo=_unless_over(guest, _schedinfo(guest, before)) if before else (),
        keep_undo=True,
        timeout_s=_TIMEOUT_S,
        strict=True,
    )


def _schedinfo(guest: Guest, given: Mapping[str, int]) -> Argv:
    words = [f"{name}={value}" for name, value in given.items()]
    return virsh("schedinfo", guest.key, mode(guest), "--set", *words)


def _thread_steps(guest: Guest, vcpu: Vcpu, given: Mapping[str, int]) -> list[Step]:
    tid = _tid(vcpu, guest)
    steps = []
    for name, value in given.items():
        argv, before = _priority(name, value, tid), vcpu.values.get(name)
        name_of = comm(guest, vcpu)
        back = _priority(name, before, tid) if before is not None else ()
        steps.append(
            Step(
                about=f"set {_told({name: value})} for vCPU {vcpu.index} of "
                f"'{plain(guest.name, 64)}'",
                argv=on_thread(tid, name_of, argv),
                expect=expect.values(guest.key, vcpu.index, {name: value}),
                undo=on_thread(tid, name_of, back, gone=0) if back else (),
                keep_undo=True,
                strict=True,
            )
        )
    return steps


def _priority(name: str, value: int, tid: int) -> Argv:
    if name == "nice":
        return limited(_TOOL_S, "renice", "-n", str(value), "-p", str(tid))
    policy = ("-f", "-p", str(value)) if value else ("-o", "-p", "0")
    return limited(_TOOL_S, "chrt", *policy, str(tid))


def _tid(vcpu: Vcpu, guest: Guest) -> int:
    if vcpu.thread is None:
        raise BoardProblem(
            f"vCPU {vcpu.index} of '{plain(guest.name, 64)}' has no thread",
            detail=f"the guest is {plain(guest.words or guest.state, 60)}",
            hint="start it first",
        )
    return vcpu.thread


def _danger(given: Mapping[str, int]) -> str:
    if not given.get("fifo"):
        return ""
    return (
        f"a vCPU with SCHED_FIFO {given['fifo']} takes its CPU from everything of less priority, "
        "this connection too; Linux leaves the others 5 % of the time, or nothing where "
        "sched_rt_runtime_us is -1"
    )


def _notes(guest: Guest, given: Mapping[str, int]) -> Sequence[str]:
    notes = []
    if "vcpu_quota" in given or "vcpu_period" in given:
        held = {**guest.values, **given}
        quota, period = held.get("vcpu_quota", NO_QUOTA), held.get("vcpu_period", PERIOD_US)
        if quota == NO_QUOTA:
            notes.append("without a quota each vCPU gets all the time that there is")
        else:
            share = min(100.0, 100.0 * quota / period)
            notes.append(f"each vCPU gets {share:.3g} % of a CPU: {quota} µs in every {period} µs")
        if quota > period:
            notes.append("a quota above the period limits nothing: a vCPU is one thread")
    cgroup = given.keys() & {one.name for one in CGROUP}
    if unknown := sorted(cgroup - guest.values.keys()):
        notes.append(f"what {', '.join(unknown)} was is not told: it cannot be taken back")
    if cgroup and guest.state == "defined":
        notes.append("it is shut off: this holds from its next start on")
    return notes


def _told(given: Mapping[str, int]) -> str:
    return ", ".join(
        f"{name} {value}{f' {_UNITS[name]}' if _UNITS.get(name) else ''}"
        for name, value in given.items()
    )
