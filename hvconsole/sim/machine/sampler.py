"""A sampler on one CPU of a guest: the lane, what feeds it, and what runs beside it."""

from __future__ import annotations

import numpy as np

from hvconsole.model.ticks import I64
from hvconsole.sim.machine.chunk import Cause, Disturbances
from hvconsole.sim.machine.lane import Lane
from hvconsole.sim.machine.linux import Turns, sources, tick_phase, turns
from hvconsole.sim.machine.noise import F64
from hvconsole.sim.machine.profile import Guest
from hvconsole.sim.machine.source import Source
from hvconsole.sim.machine.thermal import FrequencyStep
from hvconsole.sim.machine.unit import Tape, Unit


class Sampler:
    """What a sampling thread on one CPU goes through.

    Args:
        cpu: CPU number within the guest.
        now: Tick of its first read.
        guest: The kernel it runs under.
        seed: The machine's.
        fifo: It runs under SCHED_FIFO.
        unit: The vCPU it runs on, None on the bare machine.
    """

    def __init__(
        self, cpu: int, now: int, guest: Guest, seed: int, *, fifo: bool, unit: Unit | None
    ) -> None:
        self.lane = Lane(cpu, now)
        self.unit = unit
        self._guest, self._seed, self._fifo = guest, seed, fifo
        self._phase = tick_phase(seed, cpu, guest)
        self._sources: list[Source] = []
        self._turns: Turns | None = None
        self._others = -1
        if unit is not None:
            self._new_tape(unit, now)

    @property
    def rate_hz(self) -> float:
        """Roughly how many events a second it meets."""
        return sum(24e6 * source.chance / source.period for source in self._sources)

    def follow_vcpu(self, now: int) -> None:
        """Be blind while the vCPU is offline, and see again when it is back."""
        if self.unit is None or self.unit.offline != self.lane.watched:
            return
        if self.unit.offline:
            self.lane.blind_from(now)
        else:
            self._new_tape(self.unit, now)
            self.lane.seen_from(now)

    @staticmethod
    def _new_tape(unit: Unit, now: int) -> None:
        unit.tape = Tape()
        if unit.cpu is None:
            unit.tape.leave(now, Cause.PREEMPTED)

    def retune(self, now: int, *, extra: float, storm_hz: float, others: int) -> None:
        """Let what surrounds the sampler change.

        Args:
            now: Tick.
            extra: Instructions the hypervisor adds to each interrupt.
            storm_hz: Rate of an interrupt flood aimed at this CPU.
            others: Busy tasks on the same CPU.
        """
        self._sources = sources(
            self._seed, self.lane.cpu, self._guest, extra=extra, storm_hz=storm_hz
        )
        if others != self._others:
            self.lane.end_task(now)
            self._turns = turns(self._phase, self._guest, now, others=others, fifo=self._fifo)
            self._others = others

    def feed(
        self, begin: int, end: int, ticks_per_instruction: float, speed: list[FrequencyStep]
    ) -> None:
        """Go through [begin, end).

        Args:
            begin: Tick.
            end: Tick.
            ticks_per_instruction: At the highest frequency.
            speed: Slowdowns, the first from `begin` on.
        """
        for step in speed:
            self.lane.note_pace(step.tick, step.slowdown)
        if not self.lane.watched:
            return
        rows = [
            (*source.between(begin, end), source.cause, source.line) for source in self._sources
        ]
        if self.unit is not None and self.unit.tape is not None:
            tape = self.unit.tape
            rows.append((*tape.collect(), Cause.HYPERVISOR, -1))
            aways, tape.aways = tape.aways, []
            self.lane.add_aways(aways, tape.away_since)
        for start, instructions, cause, line in rows:
            length = _ticks(start, instructions, ticks_per_instruction, speed)
            self.lane.add(Disturbances.of(start, length, cause, line))
        if self._turns is not None:
            self.lane.add_tasks(self._turns.between(begin, end))
        self.lane.settle(end)

    def stop_for(self, now: int, instructions: float, ticks_per_instruction: float) -> None:
        """Let the whole machine stand still from now on."""
        if self.lane.watched and instructions:
            start = np.array([now], dtype=np.int64)
            length = np.array([max(round(instructions * ticks_per_instruction), 1)])
            self.lane.add(Disturbances.of(start, length, Cause.MACHINE_STOP, -1))


def _ticks(
    start: I64, instructions: F64, ticks_per_instruction: float, speed: list[FrequencyStep]
) -> I64:
    """Turn instructions into whole ticks at the frequency of the moment; at least one."""
    length = instructions * ticks_per_instruction
    if len(speed) == 1:
        length *= speed[0].slowdown
    else:
        since = np.array([step.tick for step in speed])
        slowdown = np.array([step.slowdown for step in speed])
        length *= slowdown[np.searchsorted(since, start, side="right") - 1]
    np.rint(length, out=length)
    np.maximum(length, 1, out=length)
    return length.astype(np.int64)
