"""The Board screen in words: facts, checks, boot modes, temperatures and frequencies. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from hvconsole.model import units
from hvconsole.model.boot import BootMode
from hvconsole.model.text import plain, width as wide, wrap
from hvconsole.ui.chart.cells import Role, Row
from hvconsole.ui.view.boot import about
from hvconsole.ui.view.line import pad

if TYPE_CHECKING:
    from hvconsole.board.facts import BoardFacts
    from hvconsole.board.look import BoardLook
    from hvconsole.model.check import Check

Lines = list[tuple[str, Row]]

_LONGEST = 300
_LABEL = 13
_NAME = 20
_ARM = ("arm", "aarch64")

# A sign and a word each, so that nobody has to tell them apart by colour.
_STATES = {
    "ok": ("✓", Role.GOOD),
    "warning": ("!", Role.WARN),
    "failed": ("✕", Role.BAD),
    "skipped": ("–", Role.MUTED),
}


def fact_rows(look: BoardLook, width: int) -> Lines:
    """Return what the board is, a row for each fact that is known."""
    if look.facts is None:
        return []
    out: Lines = []
    for label, text, role in _facts(look, look.facts):
        for at, piece in enumerate(_wrapped(text, width - _LABEL)):
            named = (f"{'' if at else label:<{_LABEL}}", int(Role.LABEL))
            out.append((f"{label} {at}" if at else label, pad([named, (piece, int(role))], width)))
    return out


def check_rows(checks: Sequence[Check], width: int) -> Lines:
    """Return what the doctor found; what is to be done stands below each check."""
    out: Lines = []
    size = max((wide(plain(check.name, _NAME)) for check in checks), default=0)
    for check in checks:
        sign, role = _STATES[check.state]
        name = plain(check.name, _NAME)
        head: Row = [
            (f"{sign} {check.state:<8}", int(role)),
            (f"{name:<{size}}  ", int(Role.STRONG)),
        ]
        room = max(width - 12 - size, 10)
        why = _wrapped(check.why, room)
        indent = " " * (12 + size)
        lines: list[Row] = [[*head, (why[0] if why else "", int(Role.TEXT))]]
        lines += [[(indent + text, int(Role.TEXT))] for text in why[1:]]
        for at, text in enumerate(_wrapped(check.fix, room - 2)):
            lines.append([(f"{indent}{' ' if at else '→'} {text}", int(Role.KEY))])
        out += [(f"{check.name} {at}", pad(row, width)) for at, row in enumerate(lines)]
    return out


def doctor_info(look: BoardLook) -> tuple[tuple[str, int], ...]:
    """Return what the frame around the checks says."""
    counts = {state: sum(check.state == state for check in look.checks) for state in _STATES}
    told = tuple(
        (
            f"{number} {state}{'s' if state == 'warning' and number > 1 else ''}",
            int(_STATES[state][1]),
        )
        for state, number in counts.items()
        if number
    )
    if look.checked:
        when = time.strftime("%H:%M:%S", time.localtime(look.checked))
        return (*told, (f"at {when}", int(Role.MUTED)))
    return told


def mode_rows(modes: Mapping[str, BootMode], current: str, width: int) -> Lines:
    """Return the ways to boot the board; the one it is known to be in is marked."""
    size = max(map(len, modes), default=0)
    return [
        (
            name,
            pad(
                [
                    (
                        "● " if name == current else "○ ",
                        int(Role.GOOD if name == current else Role.MUTED),
                    ),
                    (f"{plain(name, 32):<{size}}  ", int(Role.STRONG)),
                    (about(name, mode), int(Role.TEXT)),
                ],
                width,
            ),
        )
        for name, mode in modes.items()
    ]


def needs_module(look: BoardLook) -> bool:
    """Whether a counter module is of use there; where that is not known, it may be."""
    return look.facts is None or look.facts.machine.startswith(_ARM)


def as_text(lines: Lines) -> str:
    """Return rows as plain text for the clipboard."""
    return "".join("".join(text for text, _ in row).rstrip() + "\n" for _, row in lines)


def _facts(look: BoardLook, facts: BoardFacts) -> Iterator[tuple[str, str, Role]]:
    yield "model", plain(facts.model, _LONGEST), Role.STRONG
    yield "system", plain(facts.system, _LONGEST), Role.TEXT
    yield "kernel", plain(f"Linux {facts.kernel} {facts.machine}", _LONGEST), Role.TEXT
    yield "hypervisor", _hypervisor(facts), Role.TEXT
    yield "counter", *_module(look, facts)
    yield "CPUs", _cpus(facts), Role.TEXT
    yield "memory", _memory(facts), Role.TEXT
    yield "we are", plain(facts.user, 40) + (" (root)" if facts.uid == 0 else ""), Role.TEXT
    yield "clocksource", plain(facts.clocksource, 40), Role.TEXT
    yield "throttling", _throttling(facts), Role.TEXT
    compiler = facts.compilers[0] if facts.compilers else None
    yield (
        "compiler",
        plain(compiler.version or compiler.path, 80) if compiler else "none",
        Role.TEXT,
    )
    yield "load", f"{facts.load:.2f} when asked", Role.MUTED
    yield "host name", plain(facts.hostname, 60), Role.MUTED
    yield "booted with", plain(facts.cmdline, _LONGEST), Role.MUTED


def _module(look: BoardLook, facts: BoardFacts) -> tuple[str, Role]:
    if look.module:
        ours = "; unloaded when the console is left" if look.module_ours else ""
        return f"module loaded: {plain(look.module, 80)}{ours}", Role.GOOD
    if facts.machine.startswith(_ARM):
        return "module not loaded: CNTPCT may be closed to programs", Role.MUTED
    return "the time stamp counter needs no module", Role.MUTED


def _hypervisor(facts: BoardFacts) -> str:
    if not facts.hypervisor:
        return "none shows" + ("; this board can run KVM" if facts.kvm else "")
    return plain(facts.hypervisor, 40) + (" (we are dom0)" if facts.control_domain else "")


def _cpus(facts: BoardFacts) -> str:
    online = ",".join(map(str, facts.cpus_online))
    if set(facts.cpus_allowed) == set(facts.cpus_online):
        return plain(online, 80)
    return plain(f"{online}; ours: {','.join(map(str, facts.cpus_allowed))}", 80)


def _memory(facts: BoardFacts) -> str:
    total, free = facts.memory_kib
    return f"{units.size(total * 1024)}, {units.size(free * 1024)} free" if total else ""


def _throttling(facts: BoardFacts) -> str:
    if facts.rt_runtime_us is None:
        return ""
    if facts.rt_runtime_us < 0:
        return "real-time tasks are not throttled"
    return f"real-time tasks: {facts.rt_runtime_us} of {facts.rt_period_us} µs"


def _wrapped(text: str, room: int) -> list[str]:
    return [
        piece for line in text.splitlines() for piece in wrap(plain(line, _LONGEST), max(room, 8))
    ]
