"""What ``hvconsole hv`` can tell of Xvisor alone: times, CPUs, interrupts, guests' consoles."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hvconsole.commands.common import print_json
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.text import plain

if TYPE_CHECKING:
    from hvconsole.hypervisor.xvisor.text import HostCpu, Irq, VcpuTimes
    from hvconsole.link.protocol import Link
    from hvconsole.model.hypervisor import Guest, Survey

_FASTEST_S, _SLOWEST_S = 0.2, 3600.0


@dataclass(frozen=True, slots=True)
class Moment:
    """What was read at one moment.

    Attributes:
        at_s: When, on this machine's clock.
        times: Each guest's vCPUs' times.
        irqs: Interrupts since the boot.
        cpus: Shares since Xvisor last reckoned them.
    """

    at_s: float
    times: Sequence[VcpuTimes]
    irqs: Sequence[Irq]
    cpus: Sequence[HostCpu]


async def look(link: Link, survey: Survey, arguments: argparse.Namespace) -> int:
    """Do ``stats`` or ``console``; nothing is changed but that a console's text is shown once.

    Raises:
        UsageProblem: No such guest, or a number out of range.
        BoardProblem: Xvisor does not answer as it should.
    """
    if arguments.action == "console":
        return await _console(link, survey, arguments)
    if not _FASTEST_S <= arguments.seconds <= _SLOWEST_S:
        raise UsageProblem(f"--seconds is from {_FASTEST_S:g} to {_SLOWEST_S:g}")
    guests = chosen(survey, arguments.guest)
    before = await _moment(link, guests)
    await asyncio.sleep(arguments.seconds)
    after = await _moment(link, guests)
    if arguments.json:
        print_json({"board": arguments.board} | document(before, after))
    else:
        sys.stdout.write(text(before, after) + "\n")
    return 0


def chosen(survey: Survey, name: str) -> list[Guest]:
    """Return the guests that are meant: one, or all.

    Raises:
        UsageProblem: There is none of that name.
    """
    there = [one for one in survey.guests if one.role == "guest"]
    if not name:
        return there
    found = survey.guest(name)
    if found is None or found not in there:
        names = ", ".join(plain(one.name, 40) for one in there) or "none"
        raise UsageProblem(f"there is no guest '{plain(name, 40)}'", hint=f"there are: {names}")
    return [found]


async def _moment(link: Link, guests: Sequence[Guest]) -> Moment:
    from hvconsole.hypervisor.xvisor import command, text as parse

    irqs = (await link.run(command.IRQS)).text.splitlines()
    cpus = (await link.run(command.HOST_CPUS)).text.splitlines()
    times = []
    for guest in guests:
        for vcpu in guest.vcpus:
            if vcpu.number is None:
                continue
            told = parse.times((await link.run(command.times(vcpu.number))).text.splitlines())
            # Numbers change when guests are made and destroyed: the answer says whose it is.
            if told is not None and told.name.startswith(f"{guest.name}/"):
                times.append(told)
    return Moment(time.monotonic(), times, parse.irqs(irqs), parse.host_cpus(cpus))


def shares(before: Moment, after: Moment) -> dict[str, dict[str, float]]:
    """Return each vCPU's time by what it did, in percent of the time between two moments.

    Over what Xvisor itself has counted, since a slow line makes our own clock late. A vCPU that was
    reset in between is left out.
    """
    old = {one.name: one for one in before.times}
    out = {}
    for now in after.times:
        was = old.get(now.name)
        if was is None or was.resets != now.resets:
            continue
        grown = {
            "running": now.running - was.running,
            "waiting": now.ready - was.ready,
            "paused": now.paused - was.paused,
            "halted": now.halted - was.halted,
        }
        over = max(sum(grown.values()), after.at_s - before.at_s)
        out[now.name] = {name: 100 * max(value, 0) / over for name, value in grown.items()}
    return out


def irq_rates(before: Moment, after: Moment) -> list[tuple[Irq, tuple[float, ...]]]:
    """Return interrupts a second on each CPU, for those that came at all."""
    seconds = after.at_s - before.at_s
    old = {(one.irq, one.name): one.counts for one in before.irqs}
    out = []
    for one in after.irqs:
        was = old.get((one.irq, one.name), one.counts)
        grown = tuple(
            max(now - then, 0) / seconds for now, then in zip(one.counts, was, strict=False)
        )
        if any(grown):
            out.append((one, grown))
    return out


def text(before: Moment, after: Moment) -> str:
    """Return what happened between two moments, as tables."""
    from hvconsole.commands.hv_text import table

    told = shares(before, after)
    vcpus = [
        (
            plain(one.name, 40),
            one.state,
            *(f"{told[one.name][what]:.1f} %" if one.name in told else "reset"
              for what in ("running", "waiting", "paused", "halted")),
            str(one.resets),
        )
        for one in after.times
    ]  # fmt: skip
    cpus = [
        (str(one.cpu), f"{one.busy:.1f} %", f"{one.irqs:.1f} %", str(one.vcpus))
        for one in after.cpus
    ]
    irqs = [
        (plain(one.name, 32), str(one.hwirq), *(f"{rate:,.1f}" for rate in rates))
        for one, rates in irq_rates(before, after)
    ]
    columns = len(irqs[0]) - 2 if irqs else 0
    note = (
        f"· over {after.at_s - before.at_s:.2f} s; paused is also a vCPU that waits for an "
        "interrupt. Our own line's interrupts are among them"
    )
    parts = [
        table(("vCPU", "state", "running", "waiting", "paused", "halted", "resets"), vcpus),
        table(("CPU", "busy", "in interrupts", "vCPUs"), cpus),
        table(("interrupt", "number", *(f"CPU {at} /s" for at in range(columns))), irqs),
        note,
    ]
    return "\n\n".join(part for part in parts if part)


def document(before: Moment, after: Moment) -> dict[str, Any]:
    """Return the same for ``--json``; shares in percent, times in seconds."""
    told = shares(before, after)
    return {
        "seconds": round(after.at_s - before.at_s, 6),
        "vcpus": [
            {
                "name": one.name,
                "state": one.state,
                "running_s": one.running,
                "ready_s": one.ready,
                "paused_s": one.paused,
                "halted_s": one.halted,
                "resets": one.resets,
                "shares": {what: round(value, 3) for what, value in told.get(one.name, {}).items()},
            }
            for one in after.times
        ],
        "cpus": [
            {"cpu": one.cpu, "busy": one.busy, "irqs": one.irqs, "vcpus": one.vcpus}
            for one in after.cpus
        ],
        "interrupts": [
            {
                "name": one.name,
                "number": one.hwirq,
                "counts": list(one.counts),
                "rates": [round(rate, 3) for rate in rates],
            }
            for one, rates in irq_rates(before, after)
        ],
    }


async def _console(link: Link, survey: Survey, arguments: argparse.Namespace) -> int:
    from hvconsole.hypervisor.xvisor import command
    from hvconsole.hypervisor.xvisor.text import guest_text

    if not arguments.guest:
        raise UsageProblem(
            "say whose console: hv BOARD console GUEST",
            detail="Xvisor's own is the serial line, which the Serial screen shows",
        )
    [guest] = chosen(survey, arguments.guest)
    if not guest.consoles:
        raise BoardProblem(f"'{plain(guest.name, 40)}' has no console")
    end = time.monotonic() + arguments.follow
    said: list[str] = []
    while True:
        for port in guest.consoles[:1]:
            done = await link.run(command.dump(port))
            lines = [plain(line, 500) for line in guest_text(done.text.splitlines(), port)]
            said += lines
            if not arguments.json and any(lines):
                sys.stdout.write("\n".join(lines) + "\n")
                sys.stdout.flush()
        if time.monotonic() >= end:
            break
        await asyncio.sleep(1.0)
    if arguments.json:
        print_json({"board": arguments.board, "console": guest.consoles[0], "lines": said})
    return 0
