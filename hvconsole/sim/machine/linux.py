"""What a guest's own Linux takes from a sampler on one of its CPUs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hvconsole.sim.machine.chunk import Cause
from hvconsole.sim.machine.lane import Absence
from hvconsole.sim.machine.noise import key_of, mix
from hvconsole.sim.machine.profile import Guest, Mix
from hvconsole.sim.machine.source import Source, at_random
from hvconsole.sim.machine.ticks import HZ, MS, SECOND

_TICK_LINE: Final = 0
_STORM_LINE: Final = 100
_STORM: Final = Mix(((0.9, 2_500), (0.1, 6_000)), spread=0.2)
_THROTTLE_PERIOD: Final = SECOND
_THROTTLE: Final = 50 * MS


@dataclass(frozen=True, slots=True)
class Turns:
    """Other tasks' turns: from `first`, every `period`, for `length` ticks."""

    first: int
    period: int
    length: int
    cause: Cause

    def between(self, begin: int, end: int) -> list[Absence]:
        """Return the turns that start in [begin, end)."""
        at = self.first + max(-(-(begin - self.first) // self.period), 0) * self.period
        return [
            Absence(start, start + self.length, self.cause) for start in range(at, end, self.period)
        ]


def tick_phase(seed: int, cpu: int, guest: Guest) -> int:
    """Return when, within its period, a CPU's timer tick comes (ticks)."""
    return mix(key_of(seed, f"phase of CPU {cpu}")) % guest.tick_period


def sources(seed: int, cpu: int, guest: Guest, *, extra: float, storm_hz: float) -> list[Source]:
    """Return what interrupts one CPU of a guest.

    Args:
        seed: The machine's.
        cpu: CPU number within the guest.
        guest: Its kernel.
        extra: Instructions the hypervisor adds to each interrupt.
        storm_hz: Interrupts a second of a flood aimed at this CPU, 0 for none.
    """
    phase = tick_phase(seed, cpu, guest)
    found = [
        Source(
            key_of(seed, f"tick {cpu}"),
            first=phase,
            period=guest.tick_period,
            lengths=guest.tick,
            cause=Cause.TICK,
            extra=extra,
            line=_TICK_LINE,
        ),
        # Its work is started by a tick, so it begins with one and makes that gap longer.
        Source(
            key_of(seed, f"housekeeping {cpu}"),
            first=phase + guest.tick_period,
            period=guest.hz * guest.tick_period,
            lengths=guest.housekeeping,
            cause=Cause.HOUSEKEEPING,
        ),
    ]
    for line, device in enumerate(guest.devices, start=1):
        if device.cpu == cpu:
            key = key_of(seed, f"device {device.name} {cpu}")
            found.append(
                at_random(
                    key, device.rate_hz, HZ, device.lengths, Cause.DEVICE, extra=extra, line=line
                )
            )
    if storm_hz:
        key = key_of(seed, f"storm {cpu}")
        found.append(
            at_random(key, storm_hz, HZ, _STORM, Cause.DEVICE, extra=extra, line=_STORM_LINE)
        )
    return found


def turns(phase: int, guest: Guest, now: int, *, others: int, fifo: bool) -> Turns | None:
    """Return when other tasks of the guest run instead of the sampler.

    Without SCHED_FIFO the kernel's fair scheduler decides at ticks, and equal tasks take turns;
    with it nobody gets a turn, but the real-time throttle takes 50 ms of each second.

    Args:
        phase: When the CPU's tick comes, see `tick_phase`.
        guest: Its kernel.
        now: When this begins, ticks.
        others: Busy tasks on the same CPU.
        fifo: The sampler runs under SCHED_FIFO.
    """
    if fifo:
        if not guest.rt_throttle:
            return None
        first = now // _THROTTLE_PERIOD * _THROTTLE_PERIOD + _THROTTLE_PERIOD - _THROTTLE
        return Turns(first, _THROTTLE_PERIOD, _THROTTLE, Cause.RT_THROTTLE)
    if not others:
        return None
    turn = guest.turn_ticks * guest.tick_period
    first = now + (phase - now) % guest.tick_period
    return Turns(first, (others + 1) * turn, others * turn, Cause.TASK)
