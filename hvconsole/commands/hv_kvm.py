"""What ``hvconsole hv`` can tell of KVM alone: exits of each vCPU, counted and timed."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hvconsole.commands.common import print_json
from hvconsole.model.problem import BoardProblem, UsageProblem
from hvconsole.model.text import plain

if TYPE_CHECKING:
    from hvconsole.hypervisor.driver import Driver
    from hvconsole.hypervisor.kvm.perf import Cause
    from hvconsole.link.protocol import Link
    from hvconsole.model.hypervisor import Guest, Survey

_TOTAL = "total"


async def look(
    link: Link, driver: Driver, before: Survey, arguments: argparse.Namespace, *, sudo: bool
) -> int:
    """Tell exits a second, and with ``--perf`` how long they took; nothing is changed.

    Raises:
        UsageProblem: No such guest, or a number out of range.
        BoardProblem: No guest runs, or perf does not work there.
    """
    from hvconsole.hypervisor.kvm.perf import FASTEST_S, SLOWEST_S
    from hvconsole.hypervisor.rates import exit_rates

    if not FASTEST_S <= arguments.seconds <= SLOWEST_S:
        raise UsageProblem(f"--seconds is from {FASTEST_S:g} to {SLOWEST_S:g}")
    guests = _chosen(before, arguments.guest)
    begun = time.monotonic()
    causes = await _perf(link, before, guests, arguments, sudo=sudo) if arguments.perf else ()
    await asyncio.sleep(max(0.0, begun + arguments.seconds - time.monotonic()))
    after = await driver.survey()
    # From the end of one look to the end of the next, which is when each was read, near enough.
    seconds = time.monotonic() - begun
    rates = exit_rates(before, after, seconds)
    if arguments.json:
        print_json({"board": arguments.board} | _document(after, guests, rates, seconds, causes))
    else:
        sys.stdout.write(exits_text(after, guests, rates, seconds) + "\n")
        if causes:
            sys.stdout.write("\n" + causes_text(causes) + "\n")
    return 0


def _chosen(survey: Survey, name: str) -> list[str]:
    """Return the keys of the guests that are meant.

    Raises:
        UsageProblem: There is none of that name.
        BoardProblem: None tells its exits.
    """
    there = [one for one in survey.guests if one.role != "control"]
    found = survey.guest(name) if name else None
    if name and (found is None or found.role == "control"):
        names = ", ".join(plain(one.name, 40) for one in there) or "none"
        raise UsageProblem(f"there is no guest '{plain(name, 40)}'", hint=f"there are: {names}")
    counted = [one.key for one in there if one.counters and found in (None, one)]
    if not counted:
        raise BoardProblem(
            "there are no exit counters",
            detail="of guests that run, QEMU from 7.1 on tells them, and debugfs does to root",
            hint="start a guest; mount debugfs at /sys/kernel/debug, and connect as root",
        )
    return counted


async def _perf(
    link: Link,
    survey: Survey,
    guests: Sequence[str],
    arguments: argparse.Namespace,
    *,
    sudo: bool,
) -> tuple[Cause, ...]:
    from hvconsole.hypervisor.kvm.perf import GRACE_S, SCRIPT, parse_report

    threads = [
        vcpu.thread
        for one in survey.guests
        if one.key in guests
        for vcpu in one.vcpus[:1]
        if vcpu.thread is not None
    ]
    if len(threads) != 1:
        raise UsageProblem("--perf looks at one guest that runs", hint="name it: stats GUEST")
    marker = secrets.token_hex(8)
    root = ("sudo", "-n") if sudo else ()
    done = await link.run(
        [*root, "sh", "-s", marker, str(threads[0]), f"{arguments.seconds:g}"],
        stdin=SCRIPT.encode(),
        timeout=arguments.seconds + GRACE_S,
    )
    return parse_report(done.text, marker)


def exits_text(
    survey: Survey,
    guests: Sequence[str],
    rates: Mapping[str, Mapping[str, float]],
    seconds: float,
) -> str:
    """Return exits a second as a table: a line for each vCPU, a column for each cause that moved.

    Args:
        survey: The newest state.
        guests: Keys of the guests that are wanted.
        rates: Exits a second, by guest and counter.
        seconds: Over how long.
    """
    from hvconsole.commands.hv_text import table

    rows = [
        (guest, head, own)
        for guest in survey.guests
        if guest.key in guests
        for head, own in by_vcpu(rates.get(guest.key, {}))
    ]
    names = sorted({name for _, _, own in rows for name, rate in own.items() if rate > 0})
    moved = [name for name in names if name != _TOTAL]
    lines = table(
        ("guest", "vCPU", "exits/s", *moved, "in all"),
        [
            (
                plain(guest.name, 32),
                head.removeprefix("vcpu"),
                f"{own.get(_TOTAL, 0):,.1f}",
                *(f"{own.get(name, 0):,.1f}" for name in moved),
                f"{_count(guest, head):,}",
            )
            for guest, head, own in rows
        ],
    )
    note = f"· over {seconds:.2f} s; what is left of exits/s are interrupts"
    return f"{lines}\n\n{note}"


def by_vcpu(rates: Mapping[str, float]) -> list[tuple[str, dict[str, float]]]:
    """Return a guest's rates by vCPU (``vcpu0``); under an empty name where only sums are known."""
    heads = sorted(
        {name.partition(" ")[0] for name in rates if name.startswith("vcpu")},
        key=lambda head: (len(head), head),
    )
    if not heads:
        return [("", dict(rates))] if rates else []
    return [
        (
            head,
            {
                name.removeprefix(f"{head} "): rate
                for name, rate in rates.items()
                if name.startswith(f"{head} ")
            },
        )
        for head in heads
    ]


def _count(guest: Guest, head: str) -> int:
    return guest.counters.get(f"{head} {_TOTAL}" if head else _TOTAL, 0)


def causes_text(causes: Sequence[Cause]) -> str:
    """Return what perf told as a table, times in µs."""
    from hvconsole.commands.hv_text import table

    return table(
        ("cause", "samples", "of the time", "shortest", "longest", "mean"),
        [
            (
                plain(one.name, 24),
                f"{one.samples:,}",
                f"{one.time_share:.1f} %",
                f"{one.low_us:,.1f} µs",
                f"{one.high_us:,.1f} µs",
                f"{one.mean_us:,.1f} µs",
            )
            for one in causes
        ],
    )


def _document(
    survey: Survey,
    guests: Sequence[str],
    rates: Mapping[str, Mapping[str, float]],
    seconds: float,
    causes: Sequence[Cause],
) -> dict[str, Any]:
    return {
        "seconds": round(seconds, 6),
        "guests": [
            {
                "key": one.key,
                "name": one.name,
                "counts": dict(one.counters),
                "rates": {name: round(rate, 3) for name, rate in rates.get(one.key, {}).items()},
            }
            for one in survey.guests
            if one.key in guests
        ],
        "perf": [
            {
                "cause": one.name,
                "samples": one.samples,
                "time_share": one.time_share,
                "low_us": one.low_us,
                "high_us": one.high_us,
                "mean_us": one.mean_us,
            }
            for one in causes
        ],
    }
