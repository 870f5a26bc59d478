"""Actions on Jailhouse and its cells as plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.jailhouse import frequency
from hvconsole.hypervisor.jailhouse.configs import COPIES, Config, binary, copy_of
from hvconsole.hypervisor.jailhouse.images import load_command
from hvconsole.hypervisor.jailhouse.linux import linux_step
from hvconsole.hypervisor.jailhouse.survey import CELLS_OWN_CPUS
from hvconsole.hypervisor.plan import Expectation, Plan, Step
from hvconsole.model.hypervisor import Guest, GuestState, Survey
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.text import plain

Argv = tuple[str, ...]

_ENABLE_S = 60.0
_HUNG = (
    "the board hangs: the configuration is another board's, or has fewer CPUs than are online; "
    "only a reset helps (hvconsole boot BOARD jailhouse), then: hvconsole cell check FILE --board "
    "BOARD"
)
_STOPPED = (
    "Jailhouse has parked the root cell's CPU: the serial line says at which address; only a reset "
    "helps (hvconsole boot BOARD jailhouse), then: hvconsole cell check"
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
_DESTROY = (
    'rm -f -- "$2"; grep -qxF -- "$1" /sys/devices/jailhouse/cells/*/name 2>/dev/null || exit 0; '
    'exec jailhouse cell destroy --name "$1"'
)
_DESTROY_OTHERS = (
    "for c in /sys/devices/jailhouse/cells/*/; do i=${c%/}; i=${i##*/}; "
    'case " $1 " in *" $i "*) ;; *) jailhouse cell destroy "$i" || exit 1 ;; esac; done'
)


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
            return _create(action, _active(survey))
        case do.Load():
            return _load(action, _cell(survey, action.guest))
        case do.Start(guest=name):
            return _start(_cell(survey, name))
        case do.Stop(guest=name):
            return _stop(_cell(survey, name))
        case do.Restart(guest=name):
            cell = _cell(survey, name)
            again = (*_stop(cell).steps, *_start(cell).steps)
            note = "its memory stays as it is: a cell that changed it has to be loaded again"
            return Plan(title=f"restart {_named(cell)}", steps=again, notes=(note,))
        case do.Destroy(guest=name):
            return _destroy(_cell(survey, name))
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
    cells = [guest for guest in survey.guests if guest.role != "control"]
    danger = f"cells end at once: {', '.join(map(_named, cells))}" if cells else ""
    step = Step(
        about="disable Jailhouse",
        argv=("jailhouse", "disable"),
        expect=_active_is(on=False),
        silence=_STOPPED,
    )
    back = Step(about="give the CPUs their governors back", argv=frequency.GIVE_BACK)
    tidy = Step(about="remove the copies of configurations", argv=("sh", "-c", _TIDY))
    steps = (step, back, tidy) if survey.governors_kept else (step, tidy)
    return Plan(title="disable Jailhouse", steps=steps, danger=danger)


def _create(action: do.Create, survey: Survey) -> Plan:
    if action.linux is not None and not action.on_board:
        raise UsageProblem("the cell's configuration has to lie on the board", hint="put it there")
    if action.on_board:
        return _create_there(action, survey)
    config = binary(action.config, action.source, survey.config_revision)
    name = config.name
    if any(guest.name == name for guest in survey.guests):
        raise UsageProblem(f"a cell is named '{plain(name, 40)}' already", hint="destroy it first")
    path = copy_of(config)
    make = Step(
        about=f"create cell '{plain(name, 40)}'",
        argv=("jailhouse", "cell", "create", path),
        expect=_named_cell(name),
        undo=_unless_gone(config, path),
        keep_undo=True,
        files={path: config.data},
    )
    return _with_life(action, survey, make, config.notes)


def _create_there(action: do.Create, survey: Survey) -> Plan:
    """Create a cell from a file of the board: its name is known only afterwards."""
    if not action.source.startswith("/"):
        raise UsageProblem(f"'{plain(action.source, 60)}' is no whole path on the board")
    before = frozenset(guest.key for guest in survey.guests)
    new = Expectation(
        text="a new cell is there",
        holds=lambda seen: not {guest.key for guest in seen.guests} <= before,
    )
    undo = ("sh", "-c", _DESTROY_OTHERS, "undo", " ".join(sorted(before)))
    step = Step(
        about=f"create a cell from {plain(action.source, 60)}",
        argv=("jailhouse", "cell", "create", action.source),
        expect=new,
        undo=undo,
        keep_undo=True,
    )
    if action.linux is not None:
        step = linux_step(action, action.linux, survey, undo)
    return _with_life(action, survey, step, ())


def _with_life(action: do.Create, survey: Survey, make: Step, notes: tuple[str, ...]) -> Plan:
    """Return the plan of a new cell: made, and then loaded and started where that is wanted.

    Jailhouse gives a cell the lowest number that is free. Whether it did is read back before
    anything is loaded: an image would kill whatever cell it is loaded into.
    """
    notes = ("the root cell loses the CPUs that the configuration names", *notes)
    if not action.images and not action.start:
        return Plan(title=make.about, steps=(make,), notes=notes)
    taken = {guest.key for guest in survey.guests}
    key = next(str(number) for number in range(1, len(taken) + 2) if str(number) not in taken)
    made = make.expect
    there = Expectation(
        text=f"{made.text if made else make.about}, as number {key}",
        holds=lambda seen: (made is None or made.holds(seen)) and _stands_still(seen, key),
    )
    steps = [replace(make, expect=there)]
    # The cell goes as a whole where a later step fails.
    if action.images:
        load = _load_step(f"load cell {key}", key, action.images, action.contents)
        steps.append(replace(load, undo=make.undo))
    if action.start:
        steps.append(replace(_start_step(f"start cell {key}", key), undo=make.undo))
    also = "".join([", load it" if action.images else "", ", start it" if action.start else ""])
    return Plan(title=make.about + also, steps=tuple(steps), notes=notes)


def _stands_still(seen: Survey, key: str) -> bool:
    cell = seen.guest(key)
    return cell is not None and cell.key == key and cell.state == "stopped"


def _load_step(about: str, key: str, images: do.Images, contents: Mapping[str, bytes]) -> Step:
    argv, files = load_command(key, images, contents)
    return Step(
        about=about,
        argv=argv,
        files=files,
        expect=_state(key, "stopped"),
        strict=True,  # it is stopped whether or not the images arrived
        silence=_STOPPED,
    )


def _start_step(about: str, key: str) -> Step:
    return Step(
        about=about,
        argv=("jailhouse", "cell", "start", key),
        expect=_state(key, "running"),
        undo=("jailhouse", "cell", "shutdown", key),
    )


def _load(action: do.Load, cell: Guest) -> Plan:
    title = f"load {_named(cell)}"
    step = _load_step(title, cell.key, action.images, action.contents)
    danger = f"{_named(cell)} runs: loading stops it" if cell.state == "running" else ""
    note = "what lay in its memory there is not kept: it cannot be taken back"
    return Plan(title=title, steps=(step,), danger=danger, notes=(note,))


def _start(cell: Guest) -> Plan:
    title = f"start {_named(cell)}"
    danger = f"{_named(cell)} runs already: starting resets it" if cell.state == "running" else ""
    return Plan(title=title, steps=(_start_step(title, cell.key),), danger=danger)


def _stop(cell: Guest) -> Plan:
    title = f"shut {_named(cell)} down"
    step = Step(
        about=title,
        argv=("jailhouse", "cell", "shutdown", cell.key),
        expect=_state(cell.key, "stopped"),
    )
    return Plan(title=title, steps=(step,), notes=("started again it begins from its image",))


def _destroy(cell: Guest) -> Plan:
    title = f"destroy {_named(cell)}"
    danger = f"{_named(cell)} runs, and ends at once" if cell.state == "running" else ""
    step = Step(
        about=title,
        argv=("jailhouse", "cell", "destroy", cell.key),
        expect=Expectation(
            text=f"{_named(cell)} is gone", holds=lambda seen: seen.guest(cell.key) is None
        ),
    )
    note = "it can be created again from its configuration; its memory is not kept"
    return Plan(title=title, steps=(step,), danger=danger, notes=(note,))


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


def _named(cell: Guest) -> str:
    return f"cell '{plain(cell.name, 40)}'"


def _unless_gone(config: Config, path: str) -> Argv:
    return ("sh", "-c", _DESTROY, "undo", config.name, path)


def _active_is(*, on: bool) -> Expectation:
    text = f"Jailhouse is {'enabled' if on else 'not enabled'}"
    return Expectation(text=text, holds=lambda seen: seen.active is on)


def _named_cell(name: str) -> Expectation:
    def holds(seen: Survey) -> bool:
        return any(guest.name == name for guest in seen.guests)

    return Expectation(text=f"a cell '{plain(name, 40)}' is there", holds=holds)


def _state(key: str, wanted: GuestState) -> Expectation:
    def holds(seen: Survey) -> bool:
        guest = seen.guest(key)
        return guest is not None and guest.state == wanted

    return Expectation(text=f"cell {key} is {wanted}", holds=holds)
