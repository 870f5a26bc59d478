"""Making guests of Xvisor, and loading what they run."""

from __future__ import annotations

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.plan import Plan, Step
from hvconsole.hypervisor.xvisor import checks, command, document, expect
from hvconsole.hypervisor.xvisor.checks import named
from hvconsole.model.hypervisor import Guest, Survey
from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain

_LOAD_S = 120.0


def create(action: do.Create, survey: Survey) -> Plan:
    """Return how a guest is made of its node, with what is loaded into it.

    Raises:
        UsageProblem: Its name or its description will not do.
    """
    if action.on_board:
        node = action.name or action.source.removeprefix("/guests/")
        one = document.Description(checks.new_name(node, survey))
    else:
        if action.name:
            checks.new_name(action.name, survey)
        one = document.read(action.config, action.source, name=action.name)
        checks.new_name(one.name, survey)
    make = Step(
        about=f"make guest '{one.name}'",
        argv=command.guest("create", one.name),
        expect=expect.state(one.name, "defined"),
        undo=command.when(one.name, command.ANY, command.guest("destroy", one.name)),
        keep_undo=True,
        timeout_s=_LOAD_S,
        strict=True,
    )
    steps = [make]
    steps += [_load_step(one.name, path, None) for path in one.lists]
    steps += [_load_step(one.name, path, at) for path, at in one.images]
    notes = [f"it is the node /guests/{one.name} of the board's device tree"]
    if action.paused or one.lists or one.images:
        notes.append("it stands in Reset until it is started")
    else:
        notes.append(
            "nothing is loaded into its memory: load its image before it is started, or it faults"
        )
    return Plan(title=make.about, steps=tuple(steps), notes=tuple(notes))


def load(guest: Guest, images: tuple[tuple[str, int | None], ...]) -> Plan:
    """Return how images get into a guest's memory.

    Raises:
        UsageProblem: None is named, one cannot be typed, or the guest runs.
    """
    title = f"load images into {named(guest)}"
    if not images:
        raise UsageProblem("no image is named", hint="FILE@0x40000000, or a list: FILE")
    if guest.state == "running":
        raise UsageProblem(
            f"{named(guest)} runs: what it executes would be overwritten", hint="stop it first"
        )
    steps = tuple(_load_step(guest.name, checks.path(path), at) for path, at in images)
    note = (
        "files of Xvisor's own file system; a FILE without @ADDRESS is a list of addresses and "
        "files. What is loaded cannot be read back: Xvisor's word is all there is, and no undo"
    )
    return Plan(title=title, steps=steps, notes=(note,))


def _load_step(name: str, path: str, at: int | None) -> Step:
    argv = command.load_list(name, path) if at is None else command.load(name, at, path)
    return Step(
        about=f"load {plain(path, 80)} into '{plain(name, 64)}'",
        argv=argv,
        expect=expect.made(name),
        timeout_s=_LOAD_S,
        strict=True,
    )
