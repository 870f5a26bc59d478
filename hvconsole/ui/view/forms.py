"""What can be done with what is selected, as forms: the same for every hypervisor. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hvconsole.hypervisor import actions as do
from hvconsole.hypervisor.jailhouse.images import WRITTEN
from hvconsole.model.hypervisor import Guest, Parameter, Survey
from hvconsole.model.inspection import CellFile
from hvconsole.model.text import plain
from hvconsole.ui.view import words
from hvconsole.ui.view.form import Field, Form, refused
from hvconsole.ui.view.forms_board import board_forms
from hvconsole.ui.view.guests import Item


def forms(
    survey: Survey,
    item: Item | None,
    configs: Sequence[Path] = (),
    files: Sequence[CellFile] = (),
) -> list[Form]:
    """Return what can be done, what belongs to the selected item first.

    Args:
        survey: The state.
        item: What is selected, or None.
        configs: Guest configurations that are at hand on this machine.
        files: Configurations that lie on the board.
    """
    out: list[Form] = []
    guest = survey.guest(item.key) if item is not None and item.kind in {"guest", "vcpu"} else None
    if guest is not None and item is not None:
        out += _of_guest(survey, guest, item.index if item.kind == "vcpu" else None)
    if item is not None and item.kind in {"pool", "cpu"}:
        out += _of_pool(survey, item)
    of_board = board_forms(survey, configs, files)
    out += [form for form in of_board if _offered(form, survey)]
    return [_judged(form, survey) for form in out]


def _judged(form: Form, survey: Survey) -> Form:
    reason = survey.abilities.get(form.kind, "")
    return refused(form, reason) if reason else form


def _of_guest(survey: Survey, guest: Guest, vcpu: int | None) -> list[Form]:
    name = f"'{plain(guest.name, 32)}'"
    key = guest.key
    which = f"vCPU {vcpu} of {name}" if vcpu is not None else name
    found = (
        _schedule(survey, guest, vcpu, which),
        _pin(survey, guest, vcpu, which),
        _switch(survey, guest, name),
        _move(survey, guest, name),
    )
    out = [form for form in found if form is not None]
    if guest.role == "control":
        return [form for form in out if _offered(form, survey)]
    load = Form(
        kind="load",
        title=f"load images into {name}",
        fields=(Field(name="images", label="images", hint=f"{WRITTEN}; by blanks"),),
        build=lambda v: words.loading(key, v["images"]),
    )
    return [form for form in (*_turns(guest, name), *out, load) if _offered(form, survey)]


_TURNS: tuple[tuple[str, Callable[..., do.Action], str], ...] = (
    ("pause", do.Pause, "pause {}"),
    ("resume", do.Resume, "let {} go on"),
    ("start", do.Start, "start {}"),
    ("stop", do.Stop, "shut {} down"),
    ("restart", do.Restart, "restart {}"),
    ("destroy", do.Destroy, "destroy {}"),
)


def _turns(guest: Guest, name: str) -> list[Form]:
    """Return what needs no words: those that fit the guest's state."""
    match guest.state:
        case "running":
            hidden = {"resume", "start"}
        case "paused":
            hidden = {"pause", "start"}
        case _:
            hidden = {"pause", "resume"}

    def form(kind: str, make: Callable[..., do.Action], title: str) -> Form:
        return Form(kind=kind, title=title.format(name), build=lambda _: make(guest=guest.key))

    return [form(kind, make, title) for kind, make, title in _TURNS if kind not in hidden]


def _offered(form: Form, survey: Survey) -> bool:
    """Leave out what this system never has; what it lacks at present stays, with the reason."""
    return form.kind in survey.abilities


def _schedule(survey: Survey, guest: Guest, vcpu: int | None, which: str) -> Form | None:
    pool = survey.pool(guest.pool)
    scheduler = survey.scheduler(pool.scheduler) if pool is not None else None
    if scheduler is None:
        return None
    of_guest = () if vcpu is not None and scheduler.vcpu else scheduler.guest
    parameters = (*of_guest, *scheduler.vcpu)
    held: Mapping[str, int] = guest.values
    if vcpu is not None:
        held = next((one.values for one in guest.vcpus if one.index == vcpu), held)
    only = vcpu if scheduler.vcpu else None
    fields = tuple(_parameter(one, held.get(one.name)) for one in parameters)
    missing = "" if fields else f"{scheduler.name} has nothing to set"
    return Form(
        kind="schedule",
        title=f"set {scheduler.name}'s values of {which}",
        fields=fields,
        missing=missing,
        build=lambda v: do.Schedule(
            guest=guest.key, vcpu=only, values=words.numbers(v, parameters, held)
        ),
    )


def _switch(survey: Survey, guest: Guest, name: str) -> Form | None:
    if not survey.schedulers:
        return None
    pool = survey.pool(guest.pool)
    now = pool.scheduler if pool is not None else ""
    choices = tuple((one.name, one.missing) for one in survey.schedulers if one.name != now)
    first = next((one for one, missing in choices if not missing), "")
    return Form(
        kind="switch scheduler",
        title=f"switch {name} to another scheduler",
        fields=(
            Field(name="scheduler", label="scheduler", value=first, choices=choices),
            Field(name="cpus", label="CPUs", hint="of a pool that has to be made; empty: one"),
        ),
        build=lambda v: do.SwitchScheduler(
            guest=guest.key,
            scheduler=v["scheduler"].strip(),
            cpus=words.cpus(v["cpus"]) or frozenset(),
        ),
    )


def _pin(survey: Survey, guest: Guest, vcpu: int | None, which: str) -> Form | None:
    if not guest.vcpus:
        return None
    there = ",".join(map(str, sorted(survey.cpus)))
    return Form(
        kind="pin",
        title=f"pin {which}",
        fields=(
            Field(name="hard", label="may run on", hint=f"CPUs of {there}; empty: as it is"),
            Field(name="soft", label="prefers", hint="empty: as it is"),
        ),
        build=lambda v: do.Pin(
            guest=guest.key, vcpu=vcpu, hard=words.cpus(v["hard"]), soft=words.cpus(v["soft"])
        ),
    )


def _move(survey: Survey, guest: Guest, name: str) -> Form | None:
    others = [pool for pool in survey.pools if pool.name != guest.pool]
    if not others or guest.role == "control":
        return None
    choices = tuple((pool.name, "" if pool.cpus else "it has no CPU") for pool in others)
    return Form(
        kind="move",
        title=f"move {name} to another pool",
        fields=(Field(name="pool", label="pool", value=others[0].name, choices=choices),),
        build=lambda v: do.Move(guest=guest.key, pool=v["pool"]),
    )


def _of_pool(survey: Survey, item: Item) -> list[Form]:
    pool = survey.pool(item.key)
    if pool is None:
        return []
    name = f"pool '{plain(pool.name, 32)}'"
    scheduler = survey.scheduler(pool.scheduler)
    parameters = scheduler.pool if scheduler is not None else ()
    out = []
    if item.kind == "cpu":
        out.append(
            Form(
                kind="remove cpu",
                title=f"take CPU {item.index} out of {name}",
                build=lambda _: do.RemoveCpu(pool=pool.name, cpu=item.index),
            )
        )
    if parameters:
        fields = tuple(_parameter(one, pool.values.get(one.name)) for one in parameters)
        out.append(
            Form(
                kind="schedule",
                title=f"set the values of {name}",
                fields=fields,
                build=lambda v: do.Schedule(
                    pool=pool.name, values=words.numbers(v, parameters, pool.values)
                ),
            )
        )
    out.append(
        Form(
            kind="add cpu",
            title=f"move a CPU into {name}",
            fields=(Field(name="cpu", label="CPU", hint=_others(survey, pool.cpus)),),
            build=lambda v: do.AddCpu(pool=pool.name, cpu=words.number(v["cpu"], "CPU")),
        )
    )
    out.append(
        Form(
            kind="destroy pool",
            title=f"destroy {name}",
            build=lambda _: do.DestroyPool(name=pool.name),
        )
    )
    return out


def _others(survey: Survey, own: frozenset[int]) -> str:
    others = survey.cpus - own
    return f"one of {','.join(map(str, sorted(others)))}" if others else "all are in it"


def _parameter(one: Parameter, value: int | None) -> Field:
    unit = f", {one.unit}" if one.unit else ""
    shown = value if value is not None else one.default
    return Field(
        name=one.name,
        label=f"{one.name}{unit}",
        value="" if shown is None else str(shown),
        hint=f"{one.range} · {one.about}",
    )
