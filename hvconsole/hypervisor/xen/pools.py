"""Cpupools, and through them a domain's scheduler: live, step by step."""

from __future__ import annotations

from dataclasses import replace

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.masks import write_mask
from hvconsole.hypervisor.plan import Plan, Step
from hvconsole.hypervisor.xen import checks, expect
from hvconsole.hypervisor.xen.abilities import FIRST_POOL
from hvconsole.hypervisor.xen.command import make_pool, unless_gone, unless_no_pool, xl
from hvconsole.hypervisor.xen.scheduling import reservation_step
from hvconsole.model.hypervisor import Guest, Pool, Survey
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.text import plain


def make(action: do.MakePool, survey: Survey) -> Plan:
    """Make a pool; CPUs that belong to another one are taken out of it first.

    Raises:
        UsageProblem: The name or a CPU cannot be used.
        BoardProblem: The scheduler is not there, or no CPU can be spared.
    """
    name = checks.new_name(action.name, [one.name for one in survey.pools], "pool")
    checks.scheduler(survey, action.scheduler)
    cpus = action.cpus or _spare(survey)
    if not cpus <= survey.cpus:
        raise UsageProblem(
            f"there is no CPU {write_mask(cpus - survey.cpus)}",
            hint=f"the board has {write_mask(survey.cpus)}",
        )
    stays = checks.pool_stays(survey, action.scheduler)
    steps = [_take(cpu, survey, cpus) for cpu in sorted(cpus) if _owner(survey, cpu) is not None]
    steps.append(
        Step(
            about=f"make pool '{name}' with {action.scheduler} on CPU {write_mask(cpus)}",
            argv=make_pool(name, action.scheduler, cpus),
            expect=expect.pool(name, action.scheduler, cpus),
            undo=() if stays else unless_no_pool(name, xl("cpupool-destroy", name)),
            keep_undo=True,
        )
    )
    notes = [f"CPU {write_mask(cpus)} leaves Pool-0: dom0 has {len(_left(survey, cpus))} CPU left"]
    if stays:
        # Its CPU cannot come back before the next boot: that is no debt of this session.
        steps = [replace(step, keep_undo=False) for step in steps]
        notes.append(stays)
    return Plan(title=f"make pool '{name}'", steps=tuple(steps), notes=tuple(notes))


def destroy(name: str, survey: Survey) -> Plan:
    """Destroy a pool and give its CPUs back to Pool-0.

    Raises:
        UsageProblem: There is no such pool.
        BoardProblem: It is Pool-0, or domains are in it.
    """
    pool = checks.pool(survey, name)
    if pool.name == FIRST_POOL:
        raise BoardProblem("Pool-0 cannot be destroyed", detail="dom0 lives in it")
    inside = _members(survey, pool)
    if inside:
        raise BoardProblem(
            f"domains are in pool '{plain(name, 64)}'",
            detail=", ".join(plain(one.name, 64) for one in inside),
            hint="move them to another pool first",
        )
    title = f"destroy pool '{plain(name, 64)}'"
    gone = Step(
        about=title, argv=xl("cpupool-destroy", pool.name), expect=expect.no_pool(pool.name)
    )
    back = [_give(cpu, FIRST_POOL) for cpu in sorted(pool.cpus)]
    return Plan(title=title, steps=(gone, *back), danger=checks.emptying_crashes(survey, pool))


def add_cpu(action: do.AddCpu, survey: Survey) -> Plan:
    """Move a CPU into a pool.

    Raises:
        UsageProblem: There is no such pool or CPU.
        BoardProblem: It cannot be taken from where it is.
    """
    pool = checks.pool(survey, action.pool)
    if action.cpu not in survey.cpus:
        raise UsageProblem(
            f"there is no CPU {action.cpu}", hint=f"the board has {write_mask(survey.cpus)}"
        )
    title = f"move CPU {action.cpu} into pool '{plain(pool.name, 64)}'"
    owner = _owner(survey, action.cpu)
    if owner is pool:
        return Plan(title=title, notes=("it is there already",))
    taken = () if owner is None else (_take(action.cpu, survey, frozenset({action.cpu})),)
    return Plan(title=title, steps=(*taken, _give(action.cpu, pool.name)))


def remove_cpu(action: do.RemoveCpu, survey: Survey) -> Plan:
    """Take a CPU out of a pool.

    Raises:
        UsageProblem: There is no such pool, or the CPU is not in it.
        BoardProblem: It is the pool's last, and somebody needs it.
    """
    pool = checks.pool(survey, action.pool)
    if action.cpu not in pool.cpus:
        raise UsageProblem(
            f"CPU {action.cpu} is not in pool '{plain(pool.name, 64)}'",
            hint=f"it has {write_mask(pool.cpus) or 'none'}",
        )
    step = _take(action.cpu, survey, frozenset({action.cpu}))
    danger = checks.emptying_crashes(survey, pool) if pool.cpus == {action.cpu} else ""
    return Plan(title=step.about, steps=(step,), danger=danger)


def move(action: do.Move, survey: Survey) -> Plan:
    """Move a domain into a pool.

    Raises:
        UsageProblem: There is no such domain or pool.
        BoardProblem: It is dom0, or the pool has no CPU.
    """
    guest = checks.movable(survey, action.guest, "moved")
    pool = checks.pool(survey, action.pool)
    if not pool.cpus:
        raise BoardProblem(
            f"pool '{plain(pool.name, 64)}' has no CPU",
            detail="a domain in it would never run again",
            hint="give it a CPU first",
        )
    title = f"move domain '{plain(guest.name, 64)}' to pool '{plain(pool.name, 64)}'"
    if guest.pool == pool.name:
        return Plan(title=title, notes=("it is there already",))
    return Plan(title=title, steps=(_move(guest, pool.name),), notes=_crowded(guest, pool, survey))


def switch_scheduler(action: do.SwitchScheduler, survey: Survey) -> Plan:
    """Give a domain another scheduler: by a pool that has it, made where there is none.

    dom0 never leaves Pool-0, and Pool-0's scheduler is the one Xen was booted with: for dom0 the
    plan has no steps but the mode to boot.

    Raises:
        UsageProblem: There is no such domain or scheduler, or a value is out of range.
        BoardProblem: This build has not got the scheduler, or no CPU can be spared.
    """
    guest = checks.guest(survey, action.guest)
    wanted = checks.scheduler(survey, action.scheduler)
    title = f"schedule domain '{plain(guest.name, 64)}' by {wanted.name}"
    now = survey.pool(guest.pool)
    if now is not None and now.scheduler == wanted.name:
        return Plan(title=title, notes=(f"it is in pool '{plain(now.name, 64)}' with it already",))
    if guest.role == "control":
        note = "dom0 stays in Pool-0, whose scheduler is chosen on Xen's command line (sched=)"
        return Plan(title=title, notes=(note,), boot_mode=f"xen-{wanted.name}")
    values = (
        checks.checked(action.values, (*wanted.guest, *wanted.vcpu), wanted.name)
        if action.values
        else {}
    )
    ready = [one for one in survey.pools if one.scheduler == wanted.name and one.cpus]
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    if ready and not action.cpus:
        target = ready[0].name
        notes = (f"pool '{plain(target, 64)}' has it already", *_crowded(guest, ready[0], survey))
    else:
        target = _free_name(f"hv-{wanted.name}", survey)
        made = make(
            do.MakePool(name=target, scheduler=wanted.name, cpus=action.cpus or _spare(survey)),
            survey,
        )
        steps, notes = made.steps, made.notes
    steps = (*steps, _move(guest, target))
    danger = ""
    if wanted.name == "rtds" and values:
        values = {one.name: one.default or 0 for one in wanted.vcpu} | values
        danger = checks.reservation(values)
        steps = (*steps, reservation_step(guest.key, guest.name, None, values))
    return Plan(title=title, steps=steps, notes=notes, danger=danger)


def _move(guest: Guest, pool: str) -> Step:
    return Step(
        about=f"move domain '{plain(guest.name, 64)}' to pool '{plain(pool, 64)}'",
        argv=xl("cpupool-migrate", guest.key, pool),
        expect=expect.in_pool(guest.key, pool),
        undo=unless_gone(guest.key, xl("cpupool-migrate", guest.key, guest.pool))
        if guest.pool
        else (),
        keep_undo=True,
    )


def _take(cpu: int, survey: Survey, all_taken: frozenset[int]) -> Step:
    """Take a CPU out of its pool; `all_taken` are those that leave in the same plan."""
    pool = _owner(survey, cpu)
    if pool is None:
        raise UsageProblem(f"CPU {cpu} is in no pool")
    if not pool.cpus - all_taken and (pool.name == FIRST_POOL or _members(survey, pool)):
        raise BoardProblem(
            f"CPU {cpu} is the last one of pool '{plain(pool.name, 64)}'",
            detail="dom0 would never run again"
            if pool.name == FIRST_POOL
            else "its domains would never run again",
            hint="leave it one CPU",
        )
    for guest in _members(survey, pool):
        for vcpu in guest.vcpus:
            if vcpu.hard is not None and vcpu.hard & pool.cpus <= all_taken and vcpu.online:
                raise BoardProblem(
                    f"vCPU {vcpu.index} of domain '{plain(guest.name, 64)}' is pinned to CPU {cpu}",
                    hint=f"pin it elsewhere first; it may use {write_mask(vcpu.hard)} only",
                )
    return Step(
        about=f"take CPU {cpu} out of pool '{plain(pool.name, 64)}'",
        argv=xl("cpupool-cpu-remove", pool.name, str(cpu)),
        expect=expect.cpu_free(cpu),
        undo=xl("cpupool-cpu-add", pool.name, str(cpu)),
        keep_undo=True,
    )


def _give(cpu: int, pool: str) -> Step:
    return Step(
        about=f"give CPU {cpu} to pool '{plain(pool, 64)}'",
        argv=xl("cpupool-cpu-add", pool, str(cpu)),
        expect=expect.cpu_in(pool, cpu),
        undo=xl("cpupool-cpu-remove", pool, str(cpu)),
    )


def _owner(survey: Survey, cpu: int) -> Pool | None:
    return next((pool for pool in survey.pools if cpu in pool.cpus), None)


def _members(survey: Survey, pool: Pool) -> list[Guest]:
    return [guest for guest in survey.guests if guest.pool == pool.name]


def _left(survey: Survey, taken: frozenset[int]) -> frozenset[int]:
    first = survey.pool(FIRST_POOL)
    return first.cpus - taken if first is not None else frozenset()


def _spare(survey: Survey) -> frozenset[int]:
    """Return a CPU for a new pool: a free one, or else the last of Pool-0 that it can spare."""
    free = survey.cpus - frozenset().union(*(pool.cpus for pool in survey.pools))
    if free:
        return frozenset({max(free)})
    first = survey.pool(FIRST_POOL)
    if first is None or len(first.cpus) < 2:  # noqa: PLR2004  # it keeps one
        raise BoardProblem(
            "no CPU can be spared for another pool",
            detail="dom0 lives in Pool-0, which must keep its last CPU",
            hint="destroy another pool first, or boot Xen with the scheduler that is wanted",
        )
    return frozenset({max(first.cpus)})


def _crowded(guest: Guest, pool: Pool, survey: Survey) -> tuple[str, ...]:
    """Say what the null scheduler does to more vCPUs than CPUs."""
    vcpus = sum(len(one.vcpus) for one in _members(survey, pool)) + len(guest.vcpus)
    if pool.scheduler == "null" and vcpus > len(pool.cpus):
        return (f"null gives each vCPU a CPU of its own: {vcpus - len(pool.cpus)} will wait",)
    return ()


def _free_name(wanted: str, survey: Survey) -> str:
    taken = {pool.name for pool in survey.pools}
    numbers = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (wanted, *numbers) if name not in taken)
