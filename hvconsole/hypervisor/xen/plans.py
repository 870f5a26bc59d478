"""Actions on domains as plans; those on pools and schedulers stand in `pools` and `scheduling`."""

from __future__ import annotations

import re

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.masks import write_mask
from hvconsole.hypervisor.plan import Plan, Step
from hvconsole.hypervisor.xen import checks, expect, pools, scheduling
from hvconsole.hypervisor.xen.abilities import ALWAYS_ON
from hvconsole.hypervisor.xen.command import pin, pin_back, unless_gone, xl
from hvconsole.model.hypervisor import Guest, GuestState, Survey
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.text import plain

_NAME_LINE = re.compile(rb"""(?m)^[ \t]*name[ \t]*=[ \t]*(["'])(?P<name>[^"'\n]+)\1""")
_MOST_BYTES = 64 << 10
_CREATE_S = 120.0


def plan(action: do.Action, survey: Survey) -> Plan:  # noqa: C901, PLR0911, PLR0912  # a table of cases
    """Return how an action is done in the surveyed state.

    Raises:
        UsageProblem: What was asked for makes no sense here.
        BoardProblem: Xen, or this build of it, cannot do that.
    """
    match action:
        case do.Enable() | do.Disable():
            raise BoardProblem(ALWAYS_ON, hint="hvconsole boot BOARD native")
        case do.Load():
            raise BoardProblem(
                "images cannot be loaded into a domain",
                hint='name the kernel in the domain\'s configuration: kernel = "/boot/…"',
            )
        case do.Create():
            return _create(action, survey)
        case do.Start(guest=name) | do.Resume(guest=name):
            return _resume(checks.movable(survey, name, "resumed"))
        case do.Pause(guest=name):
            return _pause(checks.movable(survey, name, "paused"))
        case do.Stop(guest=name):
            return _stop(checks.movable(survey, name, "shut down from here"))
        case do.Restart(guest=name):
            return _restart(checks.movable(survey, name, "restarted from here"))
        case do.Destroy(guest=name):
            return _destroy(checks.movable(survey, name, "destroyed"))
        case do.Pin():
            return _pin(action, survey)
        case do.SetVcpus():
            return _vcpus(action, survey)
        case do.Schedule():
            return scheduling.schedule(action, survey)
        case do.SwitchScheduler():
            return pools.switch_scheduler(action, survey)
        case do.MakePool():
            return pools.make(action, survey)
        case do.DestroyPool(name=name):
            return pools.destroy(name, survey)
        case do.AddCpu():
            return pools.add_cpu(action, survey)
        case do.RemoveCpu():
            return pools.remove_cpu(action, survey)
        case do.Move():
            return pools.move(action, survey)


def _named(guest: Guest) -> str:
    return f"domain '{plain(guest.name, 64)}'"


def _create(action: do.Create, survey: Survey) -> Plan:
    if action.on_board:
        raise UsageProblem(
            "a domain is created from a configuration on this machine",
            hint="copy the board's here first, or begin with one of cells/xen",
        )
    if len(action.config) > _MOST_BYTES:
        raise UsageProblem(f"{plain(action.source, 80)} is too large for a domain's configuration")
    found = _NAME_LINE.search(action.config)
    name = action.name or (found["name"].decode("utf-8", "replace") if found else "")
    if not name:
        raise UsageProblem(
            f"{plain(action.source, 80)} names no domain", hint='add to it: name = "…"'
        )
    checks.new_name(name, [guest.name for guest in survey.guests], "domain")
    path = f"/tmp/hvconsole-{name}.cfg"  # noqa: S108  # on the board; taken away in the last step
    rename = (f'name="{name}"',) if action.name else ()
    state: GuestState = "paused" if action.paused else "running"
    make = Step(
        about=f"create domain '{name}'",
        argv=xl("create", *(["-p"] if action.paused else []), path, *rename),
        expect=expect.named(name, state=state),
        undo=unless_gone(name, xl("destroy", name)),
        keep_undo=True,
        files={path: action.config},
        timeout_s=_CREATE_S,
    )
    tidy = Step(about="remove the configuration's copy", argv=("rm", "-f", path))
    return Plan(title=f"create domain '{name}'", steps=(make, tidy))


def _resume(guest: Guest) -> Plan:
    title = f"let {_named(guest)} run"
    if guest.state == "running":
        return Plan(title=title, notes=("it runs already",))
    step = Step(
        about=title,
        argv=xl("unpause", guest.key),
        expect=expect.state(guest.key, "running"),
        undo=unless_gone(guest.key, xl("pause", guest.key)),
    )
    return Plan(title=title, steps=(step,))


def _pause(guest: Guest) -> Plan:
    title = f"pause {_named(guest)}"
    if guest.state == "paused":
        return Plan(title=title, notes=("it is paused already",))
    step = Step(
        about=title,
        argv=xl("pause", guest.key),
        expect=expect.state(guest.key, "paused"),
        undo=unless_gone(guest.key, xl("unpause", guest.key)),
        keep_undo=True,
    )
    return Plan(title=title, steps=(step,))


def _stop(guest: Guest) -> Plan:
    title = f"shut {_named(guest)} down"
    note = "the guest does it itself; one that does not listen stays, and can be destroyed"
    step = Step(about=title, argv=xl("shutdown", guest.key), expect=expect.ended(guest.key))
    return Plan(title=title, steps=(step,), notes=(note,))


def _restart(guest: Guest) -> Plan:
    title = f"restart {_named(guest)}"
    step = Step(
        about=title,
        argv=xl("reboot", guest.key),
        expect=expect.named(guest.name, state="running", not_key=guest.key),
    )
    return Plan(title=title, steps=(step,), notes=("it gets a new number",))


def _destroy(guest: Guest) -> Plan:
    title = f"destroy {_named(guest)}"
    danger = f"{_named(guest)} ends at once, without shutting down; what it did not write is lost"
    step = Step(about=title, argv=xl("destroy", guest.key), expect=expect.gone(guest.key))
    return Plan(title=title, steps=(step,), danger=danger)


def _pin(action: do.Pin, survey: Survey) -> Plan:
    guest = checks.guest(survey, action.guest)
    if action.hard is None and action.soft is None:
        raise UsageProblem("nothing is to be pinned", hint="say CPUs: --hard 1, --soft 0,1")
    if action.vcpu is not None and all(one.index != action.vcpu for one in guest.vcpus):
        raise UsageProblem(f"{_named(guest)} has no vCPU {action.vcpu}")
    for mask in (action.hard, action.soft):
        if mask is not None and (not mask or not mask <= survey.cpus):
            raise UsageProblem(
                f"there is no CPU {write_mask((mask or frozenset()) - survey.cpus) or 'list'}",
                hint=f"the board has {write_mask(survey.cpus)}",
            )
    own = survey.pool(guest.pool)
    if own is not None and action.hard is not None and not action.hard & own.cpus:
        raise UsageProblem(
            f"{_named(guest)} could run nowhere",
            detail=f"its pool '{plain(own.name, 64)}' has {write_mask(own.cpus) or 'no CPU'} only",
            hint="move it to the pool that has the CPU, then pin it",
        )
    which = "all vCPUs" if action.vcpu is None else f"vCPU {action.vcpu}"
    back = pin_back(guest.key, action.vcpu, guest.vcpus)
    step = Step(
        about=f"pin {which} of {_named(guest)}",
        argv=pin(guest.key, action.vcpu, action.hard, action.soft),
        expect=expect.pinned(guest.key, action.vcpu, action.hard, action.soft),
        undo=unless_gone(guest.key, back) if back else (),
        keep_undo=True,
    )
    return Plan(title=step.about, steps=(step,))


def _vcpus(action: do.SetVcpus, survey: Survey) -> Plan:
    guest = checks.guest(survey, action.guest)
    if not 1 <= action.count <= len(guest.vcpus):
        raise UsageProblem(
            f"{_named(guest)} cannot use {action.count} vCPUs",
            hint=f"1 to {len(guest.vcpus)}; more have to stand in its configuration (maxvcpus)",
        )
    now = sum(one.online for one in guest.vcpus)
    step = Step(
        about=f"let {_named(guest)} use {action.count} vCPUs",
        argv=xl("vcpu-set", guest.key, str(action.count)),
        expect=expect.online(guest.key, action.count),
        undo=unless_gone(guest.key, xl("vcpu-set", guest.key, str(now))),
        keep_undo=True,
    )
    return Plan(title=step.about, steps=() if now == action.count else (step,))
