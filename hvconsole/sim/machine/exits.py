"""How often Jailhouse is entered for an interrupt: once for each tick of a CPU of Linux's."""

from __future__ import annotations

from collections.abc import Mapping

from hvconsole.sim.machine.linux import tick_phase
from hvconsole.sim.machine.profile import Guest


class Exits:
    """Counts per CPU; between two notes a CPU's timer keeps one period.

    Args:
        guest: The Linux that ticks.
        seed: Of the ticks' phases.
        start: Tick at which counting begins.
    """

    def __init__(self, guest: Guest, seed: int, start: int) -> None:
        self._guest, self._seed = guest, seed
        self._counted: dict[int, int] = {}
        self._since = start

    def of(self, cpu: int, now: int, period: int | None) -> int:
        """Return how many there were until now.

        Args:
            cpu: Number of the CPU.
            now: The counter.
            period: Of the CPU's timer since the last note, in ticks; None where nothing of it goes
                through Jailhouse.
        """
        counted = self._counted.get(cpu, 0)
        if period is None:
            return counted
        phase = tick_phase(self._seed, cpu, self._guest)
        return counted + (now - phase - 1) // period - (self._since - phase - 1) // period

    def note(self, now: int, periods: Mapping[int, int | None]) -> None:
        """Keep what was counted: from now on, the timers may have other periods."""
        for cpu, period in periods.items():
            self._counted[cpu] = self.of(cpu, now, period)
        self._since = now
