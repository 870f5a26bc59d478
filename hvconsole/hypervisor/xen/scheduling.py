"""Setting scheduler values: checked before they are sent, read back after."""

from __future__ import annotations

from collections.abc import Mapping

from hvconsole.hypervisor.actions import Schedule
from hvconsole.hypervisor.plan import Plan, Step
from hvconsole.hypervisor.xen import checks, expect
from hvconsole.hypervisor.xen.command import (
    set_domain,
    set_pool,
    set_rtds,
    unless_gone,
    unless_no_pool,
)
from hvconsole.model.hypervisor import Guest, Pool, Scheduler, Survey
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.text import plain

_OLDEST_CAP = 100


def schedule(action: Schedule, survey: Survey) -> Plan:
    """Set values of a domain, a vCPU or a pool.

    Raises:
        UsageProblem: A value is none of the scheduler's, or out of range.
        BoardProblem: That scheduler has no values.
    """
    if not action.guest:
        return _pool(action, survey)
    guest = checks.guest(survey, action.guest)
    own = _scheduler_of(guest, survey)
    if own.name == "rtds":
        return _rtds(guest, action, own)
    if action.vcpu is not None:
        raise UsageProblem(f"{own.name} has values for a whole domain, not for one vCPU")
    values = checks.checked(action.values, own.guest, own.name)
    step = Step(
        about=f"set {_told(values)} for domain '{plain(guest.name, 64)}'",
        argv=set_domain(own.name, guest.key, values),
        expect=expect.values(guest.key, None, values),
        undo=_domain_back(own.name, guest, values),
        keep_undo=True,
    )
    most = _OLDEST_CAP * max(len(guest.vcpus), 1)
    note = f"a cap above {most} % is no cap: the domain has {len(guest.vcpus)} vCPUs"
    return Plan(
        title=step.about, steps=(step,), notes=(note,) if values.get("cap", 0) > most else ()
    )


def reservation_step(key: str, name: str, vcpu: int | None, values: Mapping[str, int]) -> Step:
    """Give a domain's vCPUs an rtds reservation."""
    which = "all" if vcpu is None else str(vcpu)
    return Step(
        about=f"set {_told(values)} for domain '{plain(name, 64)}'",
        argv=set_rtds(key, [(which, values)]),
        expect=expect.values(key, vcpu, values),
    )


def _rtds(guest: Guest, action: Schedule, own: Scheduler) -> Plan:
    given = checks.checked(action.values, own.vcpu, own.name)
    if action.vcpu is not None and all(one.index != action.vcpu for one in guest.vcpus):
        raise UsageProblem(f"domain '{plain(guest.name, 64)}' has no vCPU {action.vcpu}")
    held = [one for one in guest.vcpus if action.vcpu in {None, one.index}]
    now = held[0].values if held else guest.values
    defaults = {one.name: one.default or 0 for one in own.vcpu}
    values = defaults | dict(now) | given
    danger = checks.reservation(values)
    step = reservation_step(guest.key, guest.name, action.vcpu, values)
    known = [(str(one.index), one.values) for one in held if one.values]
    undo = unless_gone(guest.key, set_rtds(guest.key, known)) if known else ()
    done = Step(about=step.about, argv=step.argv, expect=step.expect, undo=undo, keep_undo=True)
    return Plan(title=step.about, steps=(done,), danger=danger)


def _pool(action: Schedule, survey: Survey) -> Plan:
    pool = checks.pool(survey, action.pool)
    own = checks.scheduler(survey, pool.scheduler)
    if not own.pool:
        raise BoardProblem(
            f"{own.name} has nothing to set for a pool",
            hint="its values are each vCPU's" if own.vcpu else "",
        )
    values = checks.checked(action.values, own.pool, own.name)
    step = Step(
        about=f"set {_told(values)} for pool '{plain(pool.name, 64)}'",
        argv=set_pool(own.name, pool.name, values),
        expect=expect.pool_values(pool.name, values),
        undo=_pool_back(pool, values),
        keep_undo=True,
    )
    return Plan(title=step.about, steps=(step,))


def _domain_back(scheduler: str, guest: Guest, values: Mapping[str, int]) -> tuple[str, ...]:
    if any(name not in guest.values for name in values):
        return ()
    before = {name: guest.values[name] for name in values}
    return unless_gone(guest.key, set_domain(scheduler, guest.key, before))


def _pool_back(pool: Pool, values: Mapping[str, int]) -> tuple[str, ...]:
    if any(name not in pool.values for name in values):
        return ()
    before = {name: pool.values[name] for name in values}
    return unless_no_pool(pool.name, set_pool(pool.scheduler, pool.name, before))


def _scheduler_of(guest: Guest, survey: Survey) -> Scheduler:
    pool = survey.pool(guest.pool)
    name = pool.scheduler if pool is not None else survey.pools[0].scheduler if survey.pools else ""
    return checks.scheduler(survey, name)


def _told(values: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
