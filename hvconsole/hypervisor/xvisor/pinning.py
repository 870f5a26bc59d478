"""Which CPUs the vCPUs of Xvisor's guests may run on."""

from __future__ import annotations

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.cpus import cpus_there, vcpus_of
from hvconsole.hypervisor.plan import Plan, Step
from hvconsole.hypervisor.xvisor import checks, command, expect
from hvconsole.hypervisor.xvisor.checks import named
from hvconsole.model.hypervisor import Guest, Survey, Vcpu
from hvconsole.model.problem import UsageProblem

_COMMAND_S = 20.0


def pin(action: do.Pin, survey: Survey) -> Plan:
    """Return how vCPUs get the CPUs that they may run on.

    Raises:
        UsageProblem: There is no such vCPU or CPU, or CPUs are to be preferred.
    """
    guest = checks.guest(survey, action.guest)
    if action.soft is not None:
        raise UsageProblem(
            "Xvisor knows no CPUs that a vCPU prefers", hint="say where it may run: --hard 1"
        )
    wanted = cpus_there(action.hard or frozenset(), survey)
    listed = ",".join(map(str, sorted(wanted)))
    which = named(guest) if action.vcpu is None else f"vCPU {action.vcpu} of {named(guest)}"
    title = f"let {which} run on CPU {listed} alone"
    steps: list[Step] = []
    for one in vcpus_of(guest, action.vcpu, numbered=True):
        number = one.number or 0
        allowed = survey.cpus if one.hard is None else one.hard
        if allowed == wanted:
            continue
        about = f"let vCPU {one.index} of {named(guest)} run on CPU {listed} alone"
        steps.append(
            Step(
                about=about,
                argv=command.affinity(number, wanted),
                expect=expect.pinned(guest.name, one.index, wanted),
                undo=_pin_back(guest, one, allowed),
                keep_undo=True,
                timeout_s=_COMMAND_S,
            )
        )
    if not steps:
        return Plan(title=title, notes=("it does already",))
    note = "a vCPU that is elsewhere now moves when it is next scheduled"
    return Plan(title=title, steps=tuple(steps), notes=(note,))


def _pin_back(guest: Guest, vcpu: Vcpu, allowed: frozenset[int]) -> command.Argv:
    """Return what gives a vCPU the CPUs back that it has now, whatever its number is by then."""
    words = ("vcpu", "set_affinity", "@", *map(str, sorted(allowed)))
    return command.when(vcpu_name(guest, vcpu), command.ANY, words)


def vcpu_name(guest: Guest, vcpu: Vcpu) -> str:
    """Return what Xvisor calls a vCPU: ``guest0/vcpu1``."""
    return f"{guest.name}/vcpu{vcpu.index}"
