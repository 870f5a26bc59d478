"""Xvisor's state, from one line of commands; words that nobody can know stand between the answers.

The times of vCPUs are asked for by number, so from the second look on, when the numbers are known:
as many as fit into the line, in turn where there are more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hvconsole.hypervisor.xvisor import command, text
from hvconsole.hypervisor.xvisor.abilities import abilities
from hvconsole.model.hypervisor import Guest, GuestState, Survey, Vcpu
from hvconsole.model.problem import BoardProblem
from hvconsole.wire.xvisor_command import MAX_COMMAND

HOST_KEY = "xvisor"
# One letter each: a line holds 256 characters, and what they leave is for the times of vCPUs.
_VERSION, _HOST, _GUESTS, _VCPUS, _PORTS, _CPUS, _END = "xhgvpce"
_PARTS = (
    (_VERSION, command.VERSION),
    (_HOST, command.HOST),
    (_GUESTS, command.GUESTS),
    (_VCPUS, command.VCPUS),
    (_PORTS, command.PORTS),
    (_CPUS, command.HOST_CPUS),
)
_ONCE = frozenset({_VERSION, _HOST})
_MEMORY = re.compile(r"(?P<mib>\d{1,9}) MB")


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier looks have told.

    Attributes:
        version: Xvisor's, with when it was built; None before the first look.
        cpus: How many CPUs are online.
        memory_kib: Of the board.
        times: Each vCPU's times by its name, with the number it had.
    """

    version: str | None = None
    cpus: int = 0
    memory_kib: int | None = None
    times: Mapping[str, tuple[int, text.VcpuTimes]] = field(default_factory=dict)


def look(marker: str, known: Known, numbers: Sequence[int]) -> tuple[command.Argv, list[int]]:
    """Return the line that asks for everything, and the vCPUs whose times it asks for.

    Args:
        marker: A word that stands between the answers.
        known: What need not be asked again.
        numbers: vCPUs whose times are wanted, the most wanted first.
    """
    parts = [
        command.together(("echo", marker, name), argv)
        for name, argv in _PARTS
        if known.version is None or name not in _ONCE
    ]
    parts.append(("echo", marker, _END))
    asked: list[int] = []
    for number in numbers:
        # Behind the end: a vCPU that is gone by now ends the line.
        more = command.times(number)
        if len(" ".join(command.together(*parts, more)).replace(" ; ", ";")) > MAX_COMMAND:
            break
        parts.append(more)
        asked.append(number)
    return command.together(*parts), asked


def split(output: str, marker: str) -> dict[str, list[str]]:
    """Take the answer apart: lines by the word behind the marker."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in output.splitlines():
        head, _, name = line.partition(" ")
        if head == marker:
            lines = found.setdefault(name.strip(), [])
        else:
            lines.append(line)
    return found


def learn(answers: Mapping[str, Sequence[str]], known: Known) -> Known:
    """Return what is known with these answers."""
    version, cpus, memory = known.version, known.cpus, known.memory_kib
    if version is None:
        name, built = text.version(answers.get(_VERSION, []))
        version = f"{name} ({built})" if built else name
        host = text.fields(answers.get(_HOST, []))
        online = host.get("Total Online CPUs", "")
        cpus = int(online) if re.fullmatch(r"\d{1,4}", online) else 0
        ram = _MEMORY.fullmatch(host.get("Total RAM", ""))
        memory = int(ram["mib"]) * 1024 if ram else None
    rows = {row.name: row.id for row in text.vcpus(answers.get(_VCPUS, []))}
    # A number may be another vCPU's by now; an answer names whom it is about.
    times = {name: one for name, one in known.times.items() if rows.get(name) == one[0]}
    for told in _times(answers.get(_END, [])):
        if told.name in rows:
            times[told.name] = (rows[told.name], told)
    return Known(version, cpus, memory, times)


def _times(lines: Sequence[str]) -> list[text.VcpuTimes]:
    """Read the answers to ``vcpu dumpstat``, one behind the other; each names its vCPU first."""
    parts: list[list[str]] = []
    for line in lines:
        if line.startswith("Name "):
            parts.append([])
        if parts:
            parts[-1].append(line)
    return [told for part in parts if (told := text.times(part)) is not None]


def make_survey(
    answers: Mapping[str, Sequence[str]], known: Known, before: Known | None = None
) -> Survey:
    """Return the state that the answers describe.

    Args:
        answers: By section.
        known: What is known with them.
        before: What was known before: who has run since then does not stand still.

    Raises:
        BoardProblem: They are not whole.
    """
    if _END not in answers:
        raise BoardProblem("Xvisor did not tell its guests", hint="try again")
    rows = text.vcpus(answers.get(_VCPUS, []))
    host = text.host_cpus(answers.get(_CPUS, []))
    online = frozenset(range(known.cpus)) or frozenset(one.cpu for one in host)
    ports = text.ports(answers.get(_PORTS, []))
    ran = _ran(known, before)
    guests = [
        guest(
            row,
            [one for one in rows if one.name.startswith(f"{row.name}/")],
            ports,
            known,
            ran,
            online=online,
        )
        for row in sorted(text.guests(answers.get(_GUESTS, [])), key=lambda row: row.id)
    ]
    everybody = (
        Guest(
            key=HOST_KEY,
            name="Xvisor",
            role="control",
            state="running",
            words="the hypervisor itself",
            cpus=online,
            memory_kib=known.memory_kib,
        ),
        *guests,
    )
    return Survey(
        system="xvisor",
        version=known.version or "",
        cpus=online,
        guests=everybody,
        abilities=abilities(guests),
        notes=tuple(_notes(host, guests)),
        incomplete=tuple(_missing(guests, rows)),
    )


def _ran(known: Known, before: Known | None) -> frozenset[str]:
    """Return the vCPUs that have had a CPU between two looks, by name."""
    old = before.times if before is not None else {}
    return frozenset(
        name
        for name, (number, now) in known.times.items()
        if name in old
        and old[name][0] == number
        and old[name][1].resets == now.resets
        and now.running > old[name][1].running
    )


def guest(
    row: text.GuestRow,
    rows: Sequence[text.VcpuRow],
    ports: Sequence[str],
    known: Known,
    ran: frozenset[str],
    *,
    online: frozenset[int],
) -> Guest:
    """Return one guest.

    Args:
        row: Its row.
        rows: Its vCPUs'.
        ports: All guests' consoles.
        known: The vCPUs' times.
        ran: vCPUs that have run since the look before.
        online: All CPUs of the board.
    """
    vcpus = tuple(_vcpu(index, one, known, online) for index, one in enumerate(rows))
    states = [one.state for one in rows]
    busy = [one.name in ran for one in rows]
    times = [one.time_s for one in vcpus if one.time_s is not None]
    return Guest(
        key=str(row.id),
        name=row.name,
        state=_state(states, busy),
        words=", ".join(dict.fromkeys(states)) or "no vCPU",
        cpus=frozenset().union(*(one.affinity for one in rows)),
        time_s=sum(times) if times and len(times) == len(vcpus) else None,
        vcpus=vcpus,
        consoles=tuple(one for one in ports if one.startswith(f"{row.name}/")),
    )


def _vcpu(index: int, row: text.VcpuRow, known: Known, online: frozenset[int]) -> Vcpu:
    told = known.times.get(row.name)
    return Vcpu(
        index=index,
        cpu=row.cpu,
        state=row.state,
        hard=None if row.affinity >= online else row.affinity,
        time_s=told[1].running if told is not None else None,
        values={"prio": row.prio},
        number=row.id,
    )


def _state(states: Sequence[str], ran: Sequence[bool]) -> GuestState:
    """Return what a guest does.

    A vCPU that waits for an interrupt (WFI) is called Paused, as one that somebody paused is; who
    has run since the look before was only waiting.
    """
    if not states or "Unknown" in states:
        return "unknown"
    if "Halted" in states:
        return "crashed" if {"Ready", "Running"} & set(states) else "stopped"
    awake = any(
        state in {"Ready", "Running"} or (state == "Paused" and has_run)
        for state, has_run in zip(states, ran, strict=True)
    )
    if awake:
        return "running"
    return "paused" if "Paused" in states else "defined"


def _notes(host: Sequence[text.HostCpu], guests: Sequence[Guest]) -> list[str]:
    notes = [
        f"CPU {one.cpu}: {one.busy:.1f} % busy, {one.irqs:.1f} % IRQs, {one.vcpus} vCPUs"
        for one in host
    ]
    if any(one.state == "paused" for one in guests):
        notes.append(
            "Xvisor calls a vCPU Paused that waits for an interrupt, too: an idle guest looks so"
        )
    halted = [one.name for one in guests if "Halted" in one.words]
    if halted:
        notes.append(
            f"halted: {', '.join(halted)}; a Halted vCPU takes only a reset (start does both)"
        )
    return notes


def _missing(guests: Sequence[Guest], rows: Sequence[text.VcpuRow]) -> list[str]:
    told = [f"vCPUs of '{one.name}'" for one in guests if not one.vcpus]
    if not rows:
        told.append("the list of vCPUs")
    return told
