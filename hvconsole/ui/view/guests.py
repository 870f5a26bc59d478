"""The Hypervisor screen in words: guests, vCPUs, pools and CPUs as rows of cells. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hvconsole.hypervisor.plan import Progress
from hvconsole.hypervisor.state import DeskState
from hvconsole.model.hypervisor import Guest, Pool, Survey, Vcpu
from hvconsole.model.text import ELLIPSIS, plain, width as wide, wrap
from hvconsole.ui.chart.cells import Role, Row, selected
from hvconsole.ui.view.aligned import aligned
from hvconsole.ui.view.line import Part, pad

Kind = Literal["guest", "vcpu", "pool", "cpu"]

_STATE_ROLES: Mapping[str, int] = {
    "running": Role.GOOD,
    "paused": Role.WARN,
    "stopped": Role.MUTED,
    "shutting down": Role.WARN,
    "crashed": Role.BAD,
    "failed": Role.BAD,
    "defined": Role.MUTED,
    "unknown": Role.WARN,
}
_STATE_SIGNS: Mapping[str, str] = {
    "running": "▶",
    "paused": "❚",
    "stopped": "■",
    "shutting down": "▼",
    "crashed": "✕",
    "failed": "✕",
    "defined": "○",
    "unknown": "?",
}
_STEP_SIGNS: Mapping[str, tuple[str, int]] = {
    "begun": ("…", Role.STRONG),
    "done": ("✓", Role.GOOD),
    "failed": ("✕", Role.BAD),
    "taken back": ("↺", Role.WARN),
    "stays": ("!", Role.BAD),
}
_NAME = 24
_WIDE = 400
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be selected: a guest, one of its vCPUs, a pool, or a CPU.

    Attributes:
        kind: What it is.
        key: The guest's key, or the pool's name; of a CPU the name of its pool.
        index: Number of the vCPU or the CPU.
    """

    kind: Kind
    key: str
    index: int = 0


def items(survey: Survey) -> list[Item]:
    """Return what can be selected, in the order in which it is shown."""
    out: list[Item] = []
    for guest in survey.guests:
        out.append(Item("guest", guest.key))
        out += [Item("vcpu", guest.key, vcpu.index) for vcpu in _shown_vcpus(guest, survey)]
    for pool in survey.pools:
        out.append(Item("pool", pool.name))
        out += [Item("cpu", pool.name, cpu) for cpu in sorted(pool.cpus)]
    return out


def _shown_vcpus(guest: Guest, survey: Survey) -> tuple[Vcpu, ...]:
    """Return the vCPUs that have a row: several, or the only one where it is pinned."""
    pinned = any(
        cpus is not None and not cpus >= survey.cpus
        for vcpu in guest.vcpus
        for cpus in (vcpu.hard, vcpu.soft)
    )
    return guest.vcpus if len(guest.vcpus) > 1 or pinned else ()


Line = tuple[Item, tuple[Part, list[Part]]]


def guest_rows(
    survey: Survey,
    chosen: Item | None,
    width: int,
    exits: Mapping[str, Mapping[str, float]] | None = None,
    load: Mapping[str, float] | None = None,
) -> list[tuple[Item, Row]]:
    """Return a row for each guest and vCPU, `width` cells wide.

    Args:
        survey: The state.
        chosen: What is selected.
        width: Cells that there are.
        exits: Exits a second, by guest and counter.
        load: CPU that each guest gets, in percent of one CPU.
    """
    lines: list[Line] = []
    for guest in survey.guests:
        rates, share = (exits or {}).get(guest.key, {}), (load or {}).get(guest.key)
        lines.append((Item("guest", guest.key), _guest(guest, rates, share)))
        lines += [
            (Item("vcpu", guest.key, vcpu.index), _vcpu(vcpu, survey))
            for vcpu in _shown_vcpus(guest, survey)
        ]
    return _laid_out(lines, chosen, width)


def pool_rows(survey: Survey, chosen: Item | None, width: int) -> list[tuple[Item, Row]]:
    """Return a row for each pool, and one for each of its CPUs with who is on it."""
    lines: list[Line] = []
    for pool in survey.pools:
        lines.append((Item("pool", pool.name), _pool(pool, survey)))
        lines += [
            (Item("cpu", pool.name, cpu), _cpu(cpu, pool, survey)) for cpu in sorted(pool.cpus)
        ]
    return _laid_out(lines, chosen, width)


def _laid_out(lines: list[Line], chosen: Item | None, width: int) -> list[tuple[Item, Row]]:
    rows = aligned([line for _, line in lines], width)
    return [
        (item, [(text, selected(role)) for text, role in row] if item == chosen else row)
        for (item, _), row in zip(lines, rows, strict=True)
    ]


def survey_text(survey: Survey) -> str:
    """Return guests and pools as text for the clipboard."""
    rows = [*guest_rows(survey, None, _WIDE), *pool_rows(survey, None, _WIDE)]
    return "".join("".join(text for text, _ in row).rstrip() + "\n" for _, row in rows)


def step_rows(state: DeskState, width: int, height: int) -> list[Row]:
    """Return the newest steps of what is or was done, the title first."""
    rows: list[Row] = []
    if state.doing:
        rows.append(
            pad([("doing: ", int(Role.MUTED)), (plain(state.doing, 200), Role.STRONG)], width)
        )
    room = max(height - len(rows), 0)
    steps = [row for one in state.progress[-room:] for row in _step(one, width)] if room else []
    rows += steps[-room:]
    if not rows:
        rows.append(pad([("nothing was done yet", int(Role.MUTED))], width))
    return rows[:height]


def notes_rows(survey: Survey, width: int, height: int) -> list[Row]:
    """Return what a person should know about this system and build."""
    lines = [(note, Role.TEXT) for note in survey.notes]
    lines += [(f"not read: {one}", Role.WARN) for one in survey.incomplete]
    lines += [
        (f"{one.name}: {one.missing}", Role.MUTED) for one in survey.schedulers if one.missing
    ]
    rows = [
        pad([("  " if at else "· ", int(Role.MUTED)), (piece, int(role))], width)
        for text, role in lines
        for at, piece in enumerate(wrap(plain(text, _LONGEST), max(width - 2, 1)))
    ]
    return rows[:height]


def cost(state: DeskState) -> str:
    """Say what looking costs the board: the observer's own share."""
    if state.survey is None:
        return ""
    each = state.looked_s / max(state.looks, 1)
    looked = f"looked {state.looks}×, {each * 1e3:.0f} ms each"
    return f"{looked}, {state.load_cost}" if state.load_cost else looked


def system_title(survey: Survey) -> str:
    """Say which system this is."""
    version = plain(survey.version, 24)
    off = "" if survey.active else ", off"
    return f"{survey.system} {version}".strip() + off


def cpus_text(cpus: frozenset[int] | None, survey: Survey) -> str:
    """Say a set of CPUs."""
    if cpus is None or (cpus == survey.cpus and len(cpus) > 1):
        return "all"
    return ",".join(map(str, sorted(cpus))) or "none"


def values_text(values: Mapping[str, int], most: int = 40) -> str:
    """Say scheduler values, the first ones where all do not go into `most` cells."""
    words = [f"{name}={value}" for name, value in values.items()]
    while len(" ".join(words)) > most:
        words = [*words[:-2], ELLIPSIS] if words[-1] == ELLIPSIS else [*words[:-1], ELLIPSIS]
    return " ".join(words)


def _guest(
    guest: Guest, rates: Mapping[str, float], share: float | None
) -> tuple[Part, list[Part]]:
    role = _STATE_ROLES[guest.state]
    memory = "" if guest.memory_kib is None else f"{guest.memory_kib / 1024:,.0f} MiB"
    exits = guest.counters.get("total")
    here = " (here)" if guest.role == "control" else ""
    return Part(f"{_STATE_SIGNS[guest.state]} {plain(guest.name, _NAME)}{here}", Role.STRONG), [
        Part(guest.state, role, 90),
        Part(f"id {plain(guest.key, 8)}", Role.MUTED, 40),
        _place(guest),
        Part(values_text(guest.values), Role.RATE, 60),
        Part(memory, Role.MUTED, 30),
        Part("" if exits is None else f"{exits:,} exits", Role.MUTED, 45),
        Part(f"{rates['total']:,.0f}/s" if "total" in rates else "", Role.RATE, 65),
        Part("" if share is None else f"{share:.1f} %", Role.RATE, 70),
        Part("" if guest.time_s is None else f"{guest.time_s:,.1f} s", Role.TEXT, 50),
    ]


def _place(guest: Guest) -> Part:
    """Say where a guest runs: its pool, or the CPUs that are its own (a cell's)."""
    if guest.pool or guest.vcpus:
        return Part(plain(guest.pool, 16), Role.TEXT, 55)
    if guest.failed:
        return Part(f"CPU {_listed(guest.failed)} parked", Role.BAD, 85)
    return Part(f"CPU {_listed(guest.cpus)}" if guest.cpus else "", Role.TEXT, 85)


def _listed(cpus: frozenset[int]) -> str:
    return ",".join(map(str, sorted(cpus)))


def _vcpu(vcpu: Vcpu, survey: Survey) -> tuple[Part, list[Part]]:
    where = "offline" if not vcpu.online else f"on CPU {vcpu.cpu}" if vcpu.cpu is not None else ""
    hard = "" if vcpu.hard is None else f"pinned {cpus_text(vcpu.hard, survey)}"
    soft = "" if vcpu.soft is None else f"prefers {cpus_text(vcpu.soft, survey)}"
    # Who numbers vCPUs by themselves has each of them in a state of its own.
    state = plain(vcpu.state, 12) if vcpu.number is not None else ""
    return Part(f"  ╰ vCPU {vcpu.index}", Role.TEXT), [
        Part(where, Role.TEXT if vcpu.online else Role.MUTED, 80),
        Part(state, Role.TEXT, 70) if state else Part("", keep=0),
        Part("", keep=0),
        Part(" ".join(filter(None, (hard, soft))), Role.KEY, 60),
        Part("", keep=0),
        Part("", keep=0),
        Part("", keep=0),
        Part("", keep=0),
        Part("" if vcpu.time_s is None else f"{vcpu.time_s:,.1f} s", Role.TEXT, 50),
    ]


def _pool(pool: Pool, survey: Survey) -> tuple[Part, list[Part]]:
    inside = sum(guest.pool == pool.name for guest in survey.guests)
    who = f"{inside} guest{'' if inside == 1 else 's'}" if pool.cpus else "no CPU"
    return Part(f"◆ {plain(pool.name, _NAME)}", Role.STRONG), [
        Part(plain(pool.scheduler, 12), Role.RATE, 90),
        Part(values_text(pool.values), Role.MUTED, 30),
        Part(who, Role.MUTED if pool.cpus else Role.WARN, 80),
    ]


def _cpu(cpu: int, pool: Pool, survey: Survey) -> tuple[Part, list[Part]]:
    names = []
    for guest in survey.guests:
        if guest.pool and guest.pool != pool.name:
            continue
        on = [str(one.index) for one in guest.vcpus if one.cpu == cpu and one.online]
        if on:
            names.append(f"{plain(guest.name, 16)}/{','.join(on)}")
        elif not guest.vcpus and cpu in guest.cpus:
            names.append(plain(guest.name, 16))
    said = Part(" · ".join(names) or "nobody", Role.TEXT if names else Role.MUTED, 80)
    return Part(f"  ╰ CPU {cpu}", Role.TEXT), [Part("", keep=0), Part("", keep=0), said]


def _step(one: Progress, width: int) -> list[Row]:
    sign, role = _STEP_SIGNS[one.state]
    room = max(width - 2, 1)
    told: list[tuple[str, int]] = [(plain(one.step.about, _LONGEST), int(Role.TEXT))]
    if one.detail:
        told.append((plain(one.detail, _LONGEST), int(role)))
    elif one.state in {"taken back", "stays"}:
        told.append((one.state, int(role)))
    rows: list[Row] = []
    if len(told) > 1 and sum(wide(text) for text, _ in told) + 2 <= room:
        (about, text), (detail, how) = told
        rows = [[(about, text), (f": {detail}", how)]]
    else:
        rows = [[(piece, how)] for text, how in told for piece in wrap(text, room)]
    signed = [[(f"{sign} " if not at else "  ", int(role)), *row] for at, row in enumerate(rows)]
    return [pad(row, width) for row in signed]
