"""Actions on Jailhouse's cells as plans, once the cell that is meant is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.jailhouse.configs import Config, binary, copy_of
from hvconsole.hypervisor.jailhouse.images import load_command
from hvconsole.hypervisor.jailhouse.linux import linux_step
from hvconsole.hypervisor.plan import Expectation, Plan, Step
from hvconsole.model.hypervisor import Guest, GuestState, Survey
from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain

Argv = tuple[str, ...]

STOPPED = (
    "Jailhouse has parked the root cell's CPU: the serial line says at which address; only a reset "
    "helps (hvconsole boot BOARD jailhouse), then: hvconsole cell check"
)
"""Of a command that never comes back."""
_DESTROY = (
    'rm -f -- "$2"; grep -qxF -- "$1" /sys/devices/jailhouse/cells/*/name 2>/dev/null || exit 0; '
    'exec jailhouse cell destroy --name "$1"'
)
_DESTROY_OTHERS = (
    "for c in /sys/devices/jailhouse/cells/*/; do i=${c%/}; i=${i##*/}; "
    'case " $1 " in *" $i "*) ;; *) jailhouse cell destroy "$i" || exit 1 ;; esac; done'
)


def named(cell: Guest) -> str:
    """Return a cell as it is spoken of: ``cell 'inmate'``."""
    return f"cell '{plain(cell.name, 40)}'"


def create(action: do.Create, survey: Survey) -> Plan:
    """Return how a cell is created, and loaded and started where that is wanted.

    Raises:
        UsageProblem: Its configuration or its name will not do.
    """
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
        silence=STOPPED,
    )


def _start_step(about: str, key: str) -> Step:
    return Step(
        about=about,
        argv=("jailhouse", "cell", "start", key),
        expect=_state(key, "running"),
        undo=("jailhouse", "cell", "shutdown", key),
    )


def load(action: do.Load, cell: Guest) -> Plan:
    """Return how images get into a cell."""
    title = f"load {named(cell)}"
    step = _load_step(title, cell.key, action.images, action.contents)
    danger = f"{named(cell)} runs: loading stops it" if cell.state == "running" else ""
    note = "what lay in its memory there is not kept: it cannot be taken back"
    return Plan(title=title, steps=(step,), danger=danger, notes=(note,))


def start(cell: Guest) -> Plan:
    """Return how a cell begins to run."""
    title = f"start {named(cell)}"
    danger = f"{named(cell)} runs already: starting resets it" if cell.state == "running" else ""
    return Plan(title=title, steps=(_start_step(title, cell.key),), danger=danger)


def stop(cell: Guest) -> Plan:
    """Return how a cell is shut down."""
    title = f"shut {named(cell)} down"
    step = Step(
        about=title,
        argv=("jailhouse", "cell", "shutdown", cell.key),
        expect=_state(cell.key, "stopped"),
    )
    return Plan(title=title, steps=(step,), notes=("started again it begins from its image",))


def destroy(cell: Guest) -> Plan:
    """Return how a cell is destroyed."""
    title = f"destroy {named(cell)}"
    danger = f"{named(cell)} runs, and ends at once" if cell.state == "running" else ""
    step = Step(
        about=title,
        argv=("jailhouse", "cell", "destroy", cell.key),
        expect=Expectation(
            text=f"{named(cell)} is gone", holds=lambda seen: seen.guest(cell.key) is None
        ),
    )
    note = "it can be created again from its configuration; its memory is not kept"
    return Plan(title=title, steps=(step,), danger=danger, notes=(note,))


def _unless_gone(config: Config, path: str) -> Argv:
    return ("sh", "-c", _DESTROY, "undo", config.name, path)


def _named_cell(name: str) -> Expectation:
    def holds(seen: Survey) -> bool:
        return any(guest.name == name for guest in seen.guests)

    return Expectation(text=f"a cell '{plain(name, 40)}' is there", holds=holds)


def _state(key: str, wanted: GuestState) -> Expectation:
    def holds(seen: Survey) -> bool:
        guest = seen.guest(key)
        return guest is not None and guest.state == wanted

    return Expectation(text=f"cell {key} is {wanted}", holds=holds)
