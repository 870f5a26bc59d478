"""Actions on Xvisor's guests as plans, its traps made safe.

A guest command does the vCPUs one after the other and stops at the first that refuses, so a guest
whose vCPUs are in different states is paused and resumed vCPU by vCPU: `guest resume` would start a
vCPU that is in Reset, from its reset vector. A Halted guest takes nothing but a reset.
"""

from __future__ import annotations

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.plan import Plan, Step
from hvconsole.hypervisor.xvisor import abilities, checks, command, expect, making, pinning
from hvconsole.hypervisor.xvisor.checks import named
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.text import plain

_LOAD_S = 120.0
_COMMAND_S = 20.0
_AWAKE = frozenset({"Ready", "Running"})
_IDLE = "an idle guest waits for an interrupt, and Xvisor calls that Paused, too"


def plan(action: do.Action, survey: Survey) -> Plan:  # noqa: C901, PLR0911, PLR0912  # a table of cases
    """Return how an action is done in the surveyed state.

    Raises:
        UsageProblem: What was asked for makes no sense here.
        BoardProblem: Xvisor cannot do that.
    """
    match action:
        case do.Enable() | do.Disable():
            raise BoardProblem(abilities.ALWAYS_ON, hint="hvconsole boot BOARD lists the modes")
        case do.Schedule():
            raise BoardProblem(abilities.NO_VALUES, hint="hvconsole hv BOARD pin GUEST --hard 1")
        case do.SwitchScheduler():
            raise BoardProblem(abilities.NO_SWITCH, hint="build Xvisor with the other one")
        case do.SetVcpus():
            raise BoardProblem(abilities.NO_COUNT, hint="boot with another device tree")
        case do.MakePool() | do.DestroyPool() | do.AddCpu() | do.RemoveCpu() | do.Move():
            raise BoardProblem(abilities.NO_POOLS, hint="hvconsole hv BOARD pin GUEST --hard 1")
        case do.Create():
            return making.create(action, survey)
        case do.Load(guest=name, images=images):
            return making.load(checks.guest(survey, name), images)
        case do.Start(guest=name):
            return _start(checks.guest(survey, name))
        case do.Stop(guest=name):
            return _halt(checks.guest(survey, name))
        case do.Restart(guest=name):
            return _restart(checks.guest(survey, name))
        case do.Pause(guest=name):
            return _pause(checks.guest(survey, name))
        case do.Resume(guest=name):
            return _resume(checks.guest(survey, name))
        case do.Destroy(guest=name):
            return _destroy(checks.guest(survey, name))
        case do.Pin():
            return pinning.pin(action, survey)


def _start(guest: Guest) -> Plan:
    title = f"start {named(guest)}"
    if guest.state == "paused":
        return _resume(guest)
    if guest.state == "running":
        return Plan(title=title, notes=("it runs already",))
    steps = [_kick_step(guest)]
    notes = ["what its memory holds is started: an image has to be loaded there (after a create)"]
    if guest.state != "defined":
        steps.insert(0, _reset_step(guest))
        notes.append("it is Halted, which only a reset ends: it begins anew")
    return Plan(title=title, steps=tuple(steps), notes=tuple(notes))


def _kick_step(guest: Guest) -> Step:
    return Step(
        about=f"start {named(guest)}",
        argv=command.guest("kick", guest.name),
        expect=expect.begun(guest.name),
        undo=command.when(guest.name, command.BEGUN, command.guest("reset", guest.name)),
        keep_undo=True,
        timeout_s=_COMMAND_S,
    )


def _reset_step(guest: Guest) -> Step:
    return Step(
        about=f"reset {named(guest)}",
        argv=command.guest("reset", guest.name),
        expect=expect.reset(guest.name),
        timeout_s=_COMMAND_S,
    )


def _restart(guest: Guest) -> Plan:
    title = f"restart {named(guest)}"
    danger = f"{named(guest)} is reset at once, without shutting down; what it did is lost"
    note = "its images stay as they are in its memory: what it has overwritten is not loaded again"
    if guest.state == "defined":
        return _start(guest)
    return Plan(
        title=title,
        steps=(_reset_step(guest), _kick_step(guest)),
        danger=danger,
        notes=(note,),
    )


def _halt(guest: Guest) -> Plan:
    title = f"halt {named(guest)}"
    if guest.state == "stopped":
        return Plan(title=title, notes=("it is Halted already",))
    if guest.state == "defined":
        raise UsageProblem(f"{named(guest)} does not run", hint="start it first")
    danger = (
        f"{named(guest)} ends at once, without shutting down; it can only begin anew (start "
        "resets it)"
    )
    if _is_mixed(guest):
        steps = [
            _vcpu_halt(guest, one.index, one.number)
            for one in guest.vcpus
            if one.number is not None and one.state not in {"Halted", "Reset"}
        ]
        return Plan(title=title, steps=tuple(steps), danger=danger, notes=(_by_vcpu(guest),))
    step = Step(
        about=title,
        argv=command.guest("halt", guest.name),
        expect=expect.halted(guest.name),
        timeout_s=_COMMAND_S,
    )
    return Plan(title=title, steps=(step,), danger=danger)


def _vcpu_halt(guest: Guest, index: int, number: int) -> Step:
    return Step(
        about=f"halt vCPU {index} of {named(guest)}",
        argv=command.vcpu("halt", number),
        expect=expect.vcpu_state(guest.name, index, "Halted"),
        timeout_s=_COMMAND_S,
    )


def _pause(guest: Guest) -> Plan:
    title = f"pause {named(guest)}"
    if guest.state == "paused":
        return Plan(title=title, notes=(f"it is paused already, or idle: {_IDLE}",))
    _must_run(guest)
    if not _is_mixed(guest):
        step = Step(
            about=title,
            argv=command.guest("pause", guest.name),
            expect=expect.state(guest.name, "paused"),
            undo=command.when(guest.name, ("Paused",), command.guest("resume", guest.name)),
            keep_undo=True,
            timeout_s=_COMMAND_S,
        )
        return Plan(title=title, steps=(step,))
    steps = tuple(
        Step(
            about=f"pause vCPU {one.index} of {named(guest)}",
            argv=command.vcpu("pause", one.number),
            expect=expect.vcpu_state(guest.name, one.index, "Paused"),
            undo=command.when(pinning.vcpu_name(guest, one), ("Paused",), ("vcpu", "resume", "@")),
            keep_undo=True,
            timeout_s=_COMMAND_S,
        )
        for one in guest.vcpus
        if one.number is not None and one.state in _AWAKE
    )
    if not steps:
        return Plan(title=title, notes=(f"its vCPUs wait already: {_IDLE}",))
    return Plan(title=title, steps=steps, notes=(_by_vcpu(guest),))


def _resume(guest: Guest) -> Plan:
    title = f"let {named(guest)} run"
    if guest.state == "running":
        return Plan(title=title, notes=("it runs already",))
    if guest.state != "paused":
        hint = "start it"
        raise UsageProblem(f"{named(guest)} is {guest.words}, not paused", hint=hint)
    back = "to take that back, pause it"
    if not _is_mixed(guest):
        step = Step(
            about=title,
            argv=command.guest("resume", guest.name),
            expect=expect.state(guest.name, "running"),
            timeout_s=_COMMAND_S,
            strict=True,
        )
        return Plan(title=title, steps=(step,), notes=(back,))
    steps = tuple(
        Step(
            about=f"let vCPU {one.index} of {named(guest)} run",
            argv=command.vcpu("resume", one.number),
            expect=expect.state(guest.name, "running"),
            timeout_s=_COMMAND_S,
            strict=True,
        )
        for one in guest.vcpus
        if one.number is not None and one.state == "Paused"
    )
    return Plan(title=title, steps=steps, notes=(_by_vcpu(guest), back))


def _is_mixed(guest: Guest) -> bool:
    """Whether a command for the whole guest would fail halfway, or wake who is in Reset."""
    states = {"awake" if one.state in _AWAKE else one.state for one in guest.vcpus}
    return len(states) > 1


def _by_vcpu(guest: Guest) -> str:
    listed = ", ".join(f"{one.index} {one.state}" for one in guest.vcpus)
    return (
        f"vCPU by vCPU ({plain(listed, 120)}): for the whole guest Xvisor would stop halfway, or "
        "start the one in Reset"
    )


def _destroy(guest: Guest) -> Plan:
    title = f"destroy {named(guest)}"
    step = Step(
        about=title,
        argv=command.guest("destroy", guest.name),
        expect=expect.gone(guest.name),
        timeout_s=_LOAD_S,
    )
    danger = f"{named(guest)} ends at once and its memory is given back; what it did is lost"
    note = (
        "its node in the device tree stays, so it can be created again; its image then has to be "
        "loaded again"
    )
    return Plan(title=title, steps=(step,), danger=danger, notes=(note,))


def _must_run(guest: Guest) -> None:
    if guest.state not in {"running", "crashed"}:
        raise UsageProblem(f"{named(guest)} is {guest.words}: it does not run", hint="start it")
