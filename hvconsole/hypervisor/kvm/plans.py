"""Actions on virtual machines as plans; those on shares and CPUs stand in `scheduling`."""

from __future__ import annotations

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.kvm import abilities, checks, document, expect, scheduling
from hvconsole.hypervisor.kvm.command import (
    LKVM_S,
    VIRSH_S,
    Argv,
    if_paused,
    if_running,
    lkvm,
    unless_gone,
    unless_off,
    virsh,
)
from hvconsole.hypervisor.plan import Plan, Step
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.text import plain

_START_S = 120
_GRACE_S = 20.0


def plan(action: do.Action, survey: Survey) -> Plan:  # noqa: C901, PLR0911, PLR0912  # a table of cases
    """Return how an action is done in the surveyed state.

    Raises:
        UsageProblem: What was asked for makes no sense here.
        BoardProblem: KVM, or lkvm, cannot do that.
    """
    match action:
        case do.Enable() | do.Disable():
            raise BoardProblem(abilities.ALWAYS_ON, hint="create and start a guest")
        case do.Load():
            raise BoardProblem(abilities.IMAGES_IN_XML, hint="<kernel> and <initrd> in <os>")
        case do.SwitchScheduler():
            raise BoardProblem(
                f"KVM cannot switch schedulers: {abilities.NO_SWITCH}",
                hint="hvconsole hv BOARD sched GUEST vcpu_quota=50000",
            )
        case do.MakePool() | do.DestroyPool() | do.AddCpu() | do.RemoveCpu() | do.Move():
            raise BoardProblem(abilities.NO_POOLS, hint="hvconsole hv BOARD pin GUEST --hard 1")
        case do.Create():
            return _define(action, survey)
        case do.Start(guest=name):
            return _start(checks.domain(survey, name, "start it"))
        case do.Stop(guest=name):
            return _stop(checks.guest(survey, name))
        case do.Restart(guest=name):
            return _reboot(checks.domain(survey, name, "let it boot again"))
        case do.Pause(guest=name):
            return _pause(checks.guest(survey, name))
        case do.Resume(guest=name):
            return _resume(checks.guest(survey, name))
        case do.Destroy(guest=name):
            return _destroy(checks.domain(survey, name, "destroy it"))
        case do.Pin():
            return scheduling.pin(action, survey)
        case do.SetVcpus():
            return _vcpus(action, survey)
        case do.Schedule():
            return scheduling.schedule(action, survey)


def _named(guest: Guest) -> str:
    return f"domain '{plain(guest.name, 64)}'"


def _define(action: do.Create, survey: Survey) -> Plan:
    if reason := survey.abilities.get(do.kind(do.Create)):
        raise BoardProblem(f"no domain can be defined: {reason}", hint="install libvirt there")
    if action.on_board:
        raise UsageProblem(
            "a domain is defined from XML on this machine",
            hint="copy the board's here first, or begin with one of cells/kvm",
        )
    if action.name:
        checks.new_name(action.name, survey)
    one = document.read(action.config, action.source, name=action.name)
    name = checks.new_name(one.name, survey)
    path = f"/tmp/hvconsole-{name}.xml"  # noqa: S108  # on the board; taken away in the last step
    make = Step(
        about=f"define domain '{name}'",
        argv=virsh("define", path),
        expect=expect.state(name, "defined"),
        undo=unless_gone(name, virsh("undefine", name)),
        keep_undo=True,
        files={path: one.content},
        timeout_s=VIRSH_S + _GRACE_S,
        strict=True,
    )
    tidy = Step(about="remove the XML's copy", argv=("rm", "-f", path))
    notes = ["it is shut off until it is started"]
    if one.kind != "kvm":
        notes.append(f"its type is '{plain(one.kind, 20)}', not 'kvm': it does not run under KVM")
    if one.files:
        notes.append("must lie on the board: " + ", ".join(plain(file, 80) for file in one.files))
    return Plan(title=make.about, steps=(make, tidy), notes=tuple(notes))


def _start(guest: Guest) -> Plan:
    if guest.state == "paused":
        return _resume(guest)
    title = f"start {_named(guest)}"
    if guest.state == "running":
        return Plan(title=title, notes=("it runs already",))
    step = Step(
        about=title,
        argv=virsh("start", guest.key, seconds=_START_S),
        expect=expect.state(guest.key, "running"),
        undo=unless_off(guest.key, virsh("destroy", guest.key)),
        keep_undo=True,
        timeout_s=_START_S + _GRACE_S,
    )
    return Plan(title=title, steps=(step,))


def _pause(guest: Guest) -> Plan:
    title = f"pause {_named(guest)}"
    if guest.state == "paused":
        return Plan(title=title, notes=("it is paused already",))
    _must_run(guest)
    name = guest.name
    step = _live_step(
        guest,
        title,
        (virsh("suspend", guest.key), if_paused(guest.key, virsh("resume", guest.key))),
        (lkvm("pause", name), lkvm("resume", name)),
        "paused",
    )
    return Plan(title=title, steps=(step,))


def _resume(guest: Guest) -> Plan:
    title = f"let {_named(guest)} run"
    if guest.state == "running":
        return Plan(title=title, notes=("it runs already",))
    if guest.state == "defined":
        raise UsageProblem(f"{_named(guest)} is shut off, not paused", hint="start it")
    name = guest.name
    step = _live_step(
        guest,
        title,
        (virsh("resume", guest.key), if_running(guest.key, virsh("suspend", guest.key))),
        (lkvm("resume", name), lkvm("pause", name)),
        "running",
    )
    return Plan(title=title, steps=(step,))


def _live_step(
    guest: Guest,
    title: str,
    by_virsh: tuple[Argv, Argv],
    by_lkvm: tuple[Argv, Argv],
    becomes: str,
) -> Step:
    """Return a step that pauses or resumes: by whoever runs the guest, and how it is undone."""
    argv, undo = by_lkvm if checks.is_lkvm(guest) else by_virsh
    return Step(
        about=title,
        argv=argv,
        expect=expect.state(guest.key, "paused" if becomes == "paused" else "running"),
        undo=undo,
        keep_undo=becomes == "paused",
        timeout_s=VIRSH_S + _GRACE_S,
    )


def _stop(guest: Guest) -> Plan:
    if checks.is_lkvm(guest):
        return _end_lkvm(guest)
    title = f"shut {_named(guest)} down"
    if guest.state == "defined":
        return Plan(title=title, notes=("it is shut off already",))
    _must_run(guest)
    step = Step(
        about=title,
        argv=virsh("shutdown", guest.key),
        expect=expect.off(guest.key, slowly=True),
        timeout_s=VIRSH_S + _GRACE_S,
        strict=True,
    )
    note = "the guest does it itself (its power key); one that does not listen can be destroyed"
    return Plan(title=title, steps=(step,), notes=(note, "start it to take that back"))


def _end_lkvm(guest: Guest) -> Plan:
    title = f"stop {_named(guest)}"
    step = Step(
        about=title,
        argv=lkvm("stop", guest.name),
        expect=expect.gone(guest.key),
        timeout_s=LKVM_S + _GRACE_S,
    )
    danger = f"{_named(guest)} ends at once and is gone: lkvm keeps no definition to start again"
    return Plan(title=title, steps=(step,), danger=danger)


def _reboot(guest: Guest) -> Plan:
    title = f"restart {_named(guest)}"
    _must_run(guest)
    step = Step(
        about=title,
        argv=virsh("reboot", guest.key),
        expect=expect.state(guest.key, "running"),
        timeout_s=VIRSH_S + _GRACE_S,
        strict=True,
    )
    note = (
        "the guest does it itself (its power key), and cannot be seen to have done it from "
        "outside; to be sure, destroy it and start it. There is nothing to take back"
    )
    return Plan(title=title, steps=(step,), notes=(note,))


def _destroy(guest: Guest) -> Plan:
    """End a domain that runs; forget one that does not."""
    if guest.state == "defined":
        title = f"undefine {_named(guest)}"
        step = Step(
            about=title,
            argv=virsh("undefine", guest.key),
            expect=expect.gone(guest.key),
            timeout_s=VIRSH_S + _GRACE_S,
            strict=True,
        )
        danger = f"libvirt forgets {_named(guest)}; its XML is lost, its disks stay"
        return Plan(title=title, steps=(step,), danger=danger)
    title = f"destroy {_named(guest)}"
    step = Step(
        about=title,
        argv=virsh("destroy", guest.key),
        expect=expect.off(guest.key),
        timeout_s=VIRSH_S + _GRACE_S,
    )
    danger = f"{_named(guest)} ends at once, without shutting down; what it did not write is lost"
    note = "it stays defined; destroyed once more it is forgotten"
    return Plan(title=title, steps=(step,), danger=danger, notes=(note,))


def _vcpus(action: do.SetVcpus, survey: Survey) -> Plan:
    guest = checks.domain(survey, action.guest, "change its vCPUs")
    title = f"let {_named(guest)} use {action.count} vCPUs"
    most = len(guest.vcpus)
    if not 1 <= action.count <= most:
        raise UsageProblem(
            f"{_named(guest)} cannot use {action.count} vCPUs",
            hint=f"1 to {most}; more have to stand in its XML (<vcpu>)",
        )
    now = sum(one.online for one in guest.vcpus)
    if now == action.count:
        return Plan(title=title, notes=("it does already",))
    mode = scheduling.mode(guest)
    back = virsh("setvcpus", guest.key, str(now), mode)
    step = Step(
        about=title,
        argv=virsh("setvcpus", guest.key, str(action.count), mode),
        expect=expect.count(guest.key, action.count),
        undo=(unless_gone if mode == "--config" else unless_off)(guest.key, back),
        keep_undo=True,
        timeout_s=VIRSH_S + _GRACE_S,
        strict=True,
    )
    note = "Arm's QEMU cannot change them while the guest runs" if mode == "--live" else ""
    return Plan(title=title, steps=(step,), notes=(note,) if note else ())


def _must_run(guest: Guest) -> None:
    if guest.state == "defined":
        raise UsageProblem(f"{_named(guest)} is shut off", hint="start it first")
