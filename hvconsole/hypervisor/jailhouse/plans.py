"""Actions on Jailhouse and its cells as plans."""

from __future__ import annotations

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.jailhouse import cells, frequency
from hvconsole.hypervisor.jailhouse.cells import STOPPED, named
from hvconsole.hypervisor.jailhouse.configs import COPIES, binary, copy_of
from hvconsole.hypervisor.jailhouse.survey import CELLS_OWN_CPUS
from hvconsole.hypervisor.plan import Expectation, Plan, Step
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.text import plain

Argv = tuple[str, ...]

_ENABLE_S = 60.0
_HUNG = (
    "the board hangs: the configuration is another board's, or has fewer CPUs than are online; "
    "only a reset helps (hvconsole boot BOARD jailhouse), then: hvconsole cell check FILE --board "
    "BOARD"
)
_PINNED = (
    "a governor that changes the voltage would have its CPU parked: the frequency is kept, and "
    "'disable' gives the governors back"
)
_GIVE_BACK = (
    '[ "$(cat /sys/devices/jailhouse/enabled)" != 1 ] || jailhouse disable || exit 1; '
    '[ $# -eq 0 ] || rm -f -- "$@"'
)
_TIDY = f"rm -f {COPIES}"


def plan(action: do.Action, survey: Survey) -> Plan:  # noqa: PLR0911  # a table of cases
    """Return how an action is done in the surveyed state.

    Raises:
        UsageProblem: What was asked for makes no sense here.
        BoardProblem: Jailhouse cannot do that, or not now.
    """
    match action:
        case do.Enable():
            return _enable(action, survey)
        case do.Disable():
            return _disable(survey)
        case do.Create():
            return cells.create(action, _active(survey))
        case do.Load():
            return cells.load(action, _cell(survey, action.guest))
        case do.Start(guest=name):
            return cells.start(_cell(survey, name))
        case do.Stop(guest=name):
            return cells.stop(_cell(survey, name))
        case do.Restart(guest=name):
            cell = _cell(survey, name)
            again = (*cells.stop(cell).steps, *cells.start(cell).steps)
            note = "its memory stays as it is: a cell that changed it has to be loaded again"
            return Plan(title=f"restart {named(cell)}", steps=again, notes=(note,))
        case do.Destroy(guest=name):
            return cells.destroy(_cell(survey, name))
        case _:
            raise BoardProblem(
                f"Jailhouse cannot {do.kind(action)}",
                detail=CELLS_OWN_CPUS,
                hint="use Xen for that",
            )


def _enable(action: do.Enable, survey: Survey) -> Plan:
    if survey.active:
        return Plan(title="enable Jailhouse", notes=("it is enabled already",))
    reason = survey.abilities.get(do.kind(do.Enable), "")
    if reason:
        raise BoardProblem(
            "Jailhouse cannot be enabled",
            detail=reason,
            hint="boot with memory reserved: hvconsole boot BOARD jailhouse",
        )
    path, files, notes = _system(action, survey)
    load = Step(
        about="load Jailhouse's driver",
        argv=("sh", "-c", "[ -d /sys/module/jailhouse ] || modprobe jailhouse"),
    )
    enable = Step(
        about="enable Jailhouse",
        argv=("jailhouse", "enable", path),
        expect=_active_is(on=True),
        undo=("sh", "-c", _GIVE_BACK, "undo", *files),
        keep_undo=True,
        files=files,
        timeout_s=_ENABLE_S,
        silence=_HUNG,
    )
    danger = (
        "a configuration of another board, or with fewer CPUs than are online, hangs the whole "
        "board without a word; then only a reset helps"
    )
    pin = _pin(survey)
    notes += (_PINNED,) if pin else ()
    return Plan(title="enable Jailhouse", steps=(load, *pin, enable), danger=danger, notes=notes)


def _system(action: do.Enable, survey: Survey) -> tuple[str, dict[str, bytes], tuple[str, ...]]:
    """Return the configuration's path on the board, what to put there first, and what to know."""
    if action.content:
        config = binary(action.content, action.config, survey.config_revision, system=True)
        path = copy_of(config)
        return path, {path: config.data}, config.notes
    if not action.config.startswith("/"):
        raise UsageProblem(
            "no system configuration is named", hint="say its whole path on the board"
        )
    return action.config, {}, ()


def _pin(survey: Survey) -> tuple[Step, ...]:
    """Return the step that keeps the frequency where it is; none where nothing changes it."""
    if frequency.is_steady(survey.governors):
        return ()
    pinned = Expectation(
        text="no CPU's frequency follows its load",
        holds=lambda seen: frequency.is_steady(seen.governors),
    )
    step = Step(
        about=f"keep one frequency (governor '{frequency.GOVERNOR}')",
        argv=frequency.PIN,
        expect=pinned,
        undo=frequency.GIVE_BACK,
        keep_undo=True,
    )
    return (step,)


def _disable(survey: Survey) -> Plan:
    if not survey.active:
        return Plan(title="disable Jailhouse", notes=("it is not enabled",))
    others = [guest for guest in survey.guests if guest.role != "control"]
    danger = f"cells end at once: {', '.join(map(named, others))}" if others else ""
    step = Step(
        about="disable Jailhouse",
        argv=("jailhouse", "disable"),
        expect=_active_is(on=False),
        silence=STOPPED,
    )
    back = Step(about="give the CPUs their governors back", argv=frequency.GIVE_BACK)
    tidy = Step(about="remove the copies of configurations", argv=("sh", "-c", _TIDY))
    steps = (step, back, tidy) if survey.governors_kept else (step, tidy)
    return Plan(title="disable Jailhouse", steps=steps, danger=danger)


def _active(survey: Survey) -> Survey:
    if not survey.active:
        raise BoardProblem("Jailhouse is not enabled", hint="enable it first")
    return survey


def _cell(survey: Survey, name: str) -> Guest:
    found = _active(survey).guest(name)
    if found is None:
        there = ", ".join(plain(one.name, 40) for one in survey.guests)
        raise UsageProblem(f"there is no cell '{plain(name, 40)}'", hint=f"there are: {there}")
    if found.role == "control":
        raise BoardProblem(
            "that is the root cell: the Linux we are logged in to",
            hint="'disable' gives it the machine back",
        )
    return found


def _active_is(*, on: bool) -> Expectation:
    text = f"Jailhouse is {'enabled' if on else 'not enabled'}"
    return Expectation(text=text, holds=lambda seen: seen.active is on)
